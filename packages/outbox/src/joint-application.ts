import type { ApplicationControls, ApplyEvents } from './event-application.ts';
import type { Stream } from './inbox-store.ts';
import type { IncomingEvent } from './parked-event-store.ts';

interface Waiting {
  readonly events: readonly IncomingEvent[];
  readonly controls: ApplicationControls;
  readonly done: PromiseWithResolvers<void>;
}

interface Turns {
  running: number;
  /** What came in this turn of the event loop is still being collected. */
  collecting: boolean;
  readonly waiting: Waiting[];
}

/**
 * Applies what several partitions bring for one tenant and topic together, for handlers that work on one tenant in one transaction at a
 * time anyway: what comes in one turn of the event loop, as the partitions of one fetch do, shares a transaction, and what comes while that
 * runs waits and then shares the next one, so that few events a second cost few transactions.
 * A second transaction begins beside the first only when so many events wait that it would be full.
 *
 * Events of one call stay in order and together. When the transaction fails, every call that shared it does.
 */
export function createJointApplication(apply: ApplyEvents, maxEvents: number): ApplyEvents {
  const turnsOf = new Map<string, Turns>();

  function next(name: string, stream: Stream, turns: Turns): void {
    while (turns.waiting.length > 0) {
      const count = turns.waiting.reduce((sum, { events }) => sum + events.length, 0);
      if (turns.running > 1 || (turns.running === 1 && count < maxEvents)) return;
      void run(name, stream, turns, takeGroup(turns.waiting));
    }
    if (turns.running === 0 && !turns.collecting) turnsOf.delete(name);
  }

  function takeGroup(waiting: Waiting[]): Waiting[] {
    let count = 0;
    let taken = 0;
    for (const { events } of waiting) {
      if (taken > 0 && count + events.length > maxEvents) break;
      count += events.length;
      taken += 1;
    }
    return waiting.splice(0, taken);
  }

  async function run(name: string, stream: Stream, turns: Turns, taken: readonly Waiting[]): Promise<void> {
    turns.running += 1;
    const group = taken.filter(({ controls, done }) => {
      if (controls.signal.aborted) done.reject(controls.signal.reason);
      return !controls.signal.aborted;
    });
    try {
      if (group.length > 0) {
        await apply(
          stream,
          group.flatMap(({ events }) => events),
          {
            signal: AbortSignal.any(group.map(({ controls }) => controls.signal)),
            async heartbeat() {
              for (const { controls } of group) await controls.heartbeat();
            },
          },
        );
      }
      for (const { done } of group) done.resolve();
    } catch (error) {
      for (const { done } of group) done.reject(error);
    } finally {
      turns.running -= 1;
      next(name, stream, turns);
    }
  }

  return (stream, events, controls) => {
    const name = `${stream.tenantId}\n${stream.topic}`;
    const turns = turnsOf.get(name) ?? { running: 0, collecting: false, waiting: [] };
    turnsOf.set(name, turns);
    const done = Promise.withResolvers<void>();
    turns.waiting.push({ events, controls, done });
    if (!turns.collecting) {
      turns.collecting = true;
      setImmediate(() => {
        turns.collecting = false;
        next(name, stream, turns);
      });
    }
    return done.promise;
  };
}
