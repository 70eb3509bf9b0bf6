import type { Database, Transaction } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import { backoffMs } from './backoff.ts';
import { type ConsumerMetrics, noOutcomes } from './consumer-metrics.ts';
import { resolveDeadLetters } from './dead-letter-store.ts';
import type { RetryPauses } from './event-application.ts';
import type { AttemptResult, EventAttempts } from './event-attempt.ts';
import type { FailPoint } from './fail-point.ts';
import { readStreamState, type Stream } from './inbox-store.ts';
import { createLatch } from './latch.ts';
import {
  deleteParkedEvents,
  findDueWork,
  freeKeys,
  type ParkedEvent,
  pauseTenant,
  postponeKey,
  readParkedEvents,
  resumeTenant,
  takeAnyKey,
  takeDueKeys,
  takeDuePause,
} from './parked-event-store.ts';
import { pause } from './pause.ts';

export interface ParkedEventRetryOptions {
  readonly database: Database;
  readonly consumer: string;
  readonly topics: readonly string[];
  readonly attempts: EventAttempts;
  readonly pauses: RetryPauses;
  readonly metrics: ConsumerMetrics;
  readonly logger: Logger;
  readonly random: () => number;
  readonly failpoint: FailPoint;
  readonly pollIntervalMs: number;
}

/**
 * Tries parked events again when they are due. Any process of the consumer does that for any key: a key is locked while
 * its events are tried, and whoever receives events of it meanwhile waits for that lock.
 */
export interface ParkedEventRetry {
  /** Works until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Something new may be due. */
  wake(): void;
}

const keysTogether = 200;
const eventsTogether = 500;
const keysAlone = 20;
const eventsAlone = 50;

export function createParkedEventRetry(options: ParkedEventRetryOptions): ParkedEventRetry {
  const { database, consumer, attempts, pauses, metrics, logger, random, failpoint } = options;
  const latch = createLatch();

  async function finish(
    tx: Transaction,
    stream: Stream,
    { done, resolved }: { readonly done: readonly ParkedEvent[]; readonly resolved: readonly ParkedEvent[] },
  ): Promise<void> {
    await deleteParkedEvents(
      tx,
      stream.tenantId,
      done.map(({ position }) => position),
    );
    await resolveDeadLetters(tx, { ...stream, eventIds: resolved.map(({ eventId }) => eventId) });
  }

  /** Resolves to false when nothing was due. */
  async function retryTogether(stream: Stream): Promise<boolean> {
    let handlingFailed = false;
    let counts = noOutcomes();
    let found = false;
    try {
      await database.transaction(stream.tenantId, async (tx) => {
        handlingFailed = false;
        counts = noOutcomes();
        found = false;
        const state = await readStreamState(tx, stream);
        if (state.tenantPaused) return;
        const keys = [...(await takeDueKeys(tx, stream, keysTogether)).keys()];
        if (keys.length === 0) return;
        found = true;
        const events = await readParkedEvents(tx, stream, { keyDigests: keys, limit: eventsTogether });
        if (events.length > 0) {
          counts.handled = await attempts.together(tx, { ...stream, ...state }, events, () => {
            handlingFailed = true;
          });
          counts.repeated = events.length - counts.handled;
          await finish(tx, stream, { done: events, resolved: events });
        }
        // A full page says nothing about the keys that are not in it.
        await freeKeys(
          tx,
          stream,
          events.length < eventsTogether ? keys : [...new Set(events.map((one) => one.keyDigest))],
        );
        await failpoint('retried');
      });
    } catch (error) {
      if (!handlingFailed) throw error;
      await retryOneByOne(stream);
      return true;
    }
    metrics.count(stream.topic, counts);
    return found;
  }

  async function retryOneByOne(stream: Stream): Promise<void> {
    let counts = noOutcomes();
    await database.transaction(stream.tenantId, async (tx) => {
      counts = noOutcomes();
      const state = await readStreamState(tx, stream);
      if (state.tenantPaused) return;
      const failedAttempts = await takeDueKeys(tx, stream, keysAlone);
      const events = await readParkedEvents(tx, stream, { keyDigests: [...failedAttempts.keys()], limit: eventsAlone });
      const done: ParkedEvent[] = [];
      const resolved: ParkedEvent[] = [];
      const stuckKeys = new Set<string>();
      for (const event of events) {
        if (stuckKeys.has(event.keyDigest)) continue;
        const result = await attempts.alone(
          tx,
          { ...stream, ...state },
          { event, failedAttempts: failedAttempts.get(event.keyDigest) ?? 0, firstSeenAt: event.firstSeenAt },
        );
        if (result.outcome === 'tenant-stuck') {
          await stopTenant(tx, stream, { failedAttempts: 1, message: result.message });
          break;
        }
        if (result.outcome === 'stuck') {
          stuckKeys.add(event.keyDigest);
          await postpone(tx, stream, { event, stuck: result });
          continue;
        }
        // Attempts belong to the first event of a key; the next one begins anew.
        failedAttempts.set(event.keyDigest, 0);
        counts[result.outcome] += 1;
        done.push(event);
        if (result.outcome !== 'dead-lettered') resolved.push(event);
      }
      await finish(tx, stream, { done, resolved });
      const touched = new Set(done.map(({ keyDigest }) => keyDigest));
      await freeKeys(
        tx,
        stream,
        [...touched].filter((keyDigest) => !stuckKeys.has(keyDigest)),
      );
      await failpoint('retried-alone');
    });
    metrics.count(stream.topic, counts);
  }

  /**
   * Tries one event of a paused tenant: if the tenant is served again, everything else follows. Resolves to false when
   * another process does the same.
   */
  async function probeTenant(tenantId: string): Promise<boolean> {
    const tenant = { tenantId, consumer };
    let counts = noOutcomes();
    let topic = '';
    let found = false;
    await database.transaction(tenantId, async (tx) => {
      counts = noOutcomes();
      const failedPauses = await takeDuePause(tx, tenant);
      found = failedPauses !== undefined;
      if (failedPauses === undefined) return;
      const key = await takeAnyKey(tx, tenant, options.topics);
      if (key === undefined) return resumeTenant(tx, tenant);
      topic = key.topic;
      const stream = { ...tenant, topic };
      const state = await readStreamState(tx, stream);
      const [event] = await readParkedEvents(tx, stream, { keyDigests: [key.keyDigest], limit: 1 });
      if (event === undefined) return freeKeys(tx, stream, [key.keyDigest]);
      const result = await attempts.alone(
        tx,
        { ...stream, ...state },
        { event, failedAttempts: key.attempts, firstSeenAt: event.firstSeenAt },
      );
      if (result.outcome === 'tenant-stuck') {
        return stopTenant(tx, stream, { failedAttempts: failedPauses + 1, message: result.message });
      }
      await resumeTenant(tx, tenant);
      logger.info({ topic }, 'A tenant can be served again');
      if (result.outcome === 'stuck') return postpone(tx, stream, { event, stuck: result });
      counts[result.outcome] += 1;
      await finish(tx, stream, { done: [event], resolved: result.outcome === 'dead-lettered' ? [] : [event] });
      await freeKeys(tx, stream, [key.keyDigest]);
    });
    await failpoint('tenant-probed');
    metrics.count(topic, counts);
    return found;
  }

  async function stopTenant(
    tx: Transaction,
    stream: Stream,
    stopped: { readonly failedAttempts: number; readonly message: string },
  ): Promise<void> {
    const pauseMs = backoffMs(stopped.failedAttempts, pauses.tenant, random);
    await pauseTenant(tx, stream, { ...stopped, pauseMs });
  }

  async function postpone(
    tx: Transaction,
    stream: Stream,
    { event, stuck }: { readonly event: ParkedEvent; readonly stuck: AttemptResult & { readonly outcome: 'stuck' } },
  ): Promise<void> {
    const pauseMs = backoffMs(stuck.failedAttempts, pauses.record, random);
    await postponeKey(tx, stream, { keyDigest: event.keyDigest, ...stuck, pauseMs });
  }

  /** Does all that is due. Resolves to the time until something more is. */
  async function retryDue(signal: AbortSignal): Promise<number> {
    for (;;) {
      const due = await database.systemTransaction((tx) => findDueWork(tx, consumer), { readOnly: true });
      const streams = due.streams.filter(({ topic }) => options.topics.includes(topic));
      let progressed = false;
      for (const tenantId of due.pausedTenants) {
        if (signal.aborted) return 0;
        if (await probeTenant(tenantId)) progressed = true;
      }
      for (const stream of streams) {
        if (signal.aborted) return 0;
        if (await retryTogether({ ...stream, consumer })) progressed = true;
      }
      if (!progressed) return due.nextDueMs;
    }
  }

  return {
    wake: () => latch.open(),
    async run(signal) {
      let failures = 0;
      while (!signal.aborted) {
        try {
          const nextDueMs = await retryDue(signal);
          failures = 0;
          const pollMs = options.pollIntervalMs * (0.75 + random() / 2);
          await latch.wait(Math.max(10, Math.min(pollMs, nextDueMs)), signal);
        } catch (error) {
          failures += 1;
          const pauseMs = backoffMs(failures, pauses.record, random);
          logger.warn({ err: error, consumer, pauseMs }, 'Parked events could not be retried; trying again later');
          await pause(pauseMs, signal);
        }
      }
    },
  };
}
