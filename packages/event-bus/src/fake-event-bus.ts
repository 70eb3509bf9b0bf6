import { setTimeout as sleep, setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { EventRecord } from '@kempt/contracts';
import type { EventBus, SubscribeOptions, Subscription } from './event-bus.ts';
import { EventBusError } from './event-bus-error.ts';
import { createFakeBroker, type FakeBroker } from './fake-broker.ts';
import type { FakeMember } from './fake-group.ts';

/** An event bus in memory for tests: it keeps every promise of the port, and fails when it is told to. */
export interface FakeEventBus extends EventBus {
  readonly broker: FakeBroker;
  /** Resolves when no consumer on the broker has anything left to do. */
  settled(options?: { readonly timeoutMs?: number }): Promise<void>;
  /**
   * The next publishes reject. With `afterAppend` the events are there nevertheless, as when an acknowledgement is lost
   * on its way. The default error is retriable.
   */
  failNextPublishes(count: number, options?: { readonly error?: Error; readonly afterAppend?: boolean }): void;
  /** From now on publishing takes `publishMs` longer and handing out a chunk `deliveryMs`. */
  delay(delays: { readonly publishMs?: number; readonly deliveryMs?: number }): void;
  /**
   * Every consumer of this bus dies without commit and without leaving its group in order; the bus is of no use
   * afterwards. Chunks at hand see their signal abort, since nothing in one process can stop them harder.
   */
  crash(): void;
}

export interface FakeEventBusOptions {
  /** Share one to have several buses, which then stand for several processes. */
  readonly broker?: FakeBroker;
  /** Pause before a chunk that rejected comes again. Default 10. */
  readonly redeliveryPauseMs?: number;
  /** How long `stop` waits for the chunk at hand before it aborts it. Default 1,000. */
  readonly stopTimeoutMs?: number;
}

export function createFakeEventBus(options: FakeEventBusOptions = {}): FakeEventBus {
  const broker = options.broker ?? createFakeBroker();
  const stopTimeoutMs = options.stopTimeoutMs ?? 1_000;
  const subscriptions = new Set<Subscription & { kill(): void }>();
  const delays = { publishMs: 0, deliveryMs: 0 };
  const failures: { readonly error: Error; readonly afterAppend: boolean }[] = [];
  let closed = false;

  function checkOpen(): void {
    if (closed) throw new EventBusError('bus-closed', 'This bus was closed; open another one.');
    if (!broker.available()) throw new EventBusError('bus-unavailable', 'The fake broker is away; try again later.');
  }

  function subscribe(subscribeOptions: SubscribeOptions): Subscription {
    const group = broker.group(subscribeOptions.group);
    const member: FakeMember = {
      options: subscribeOptions,
      redeliveryPauseMs: options.redeliveryPauseMs ?? 10,
      deliveryDelayMs: () => delays.deliveryMs,
    };
    let state: 'running' | 'stopping' | 'stopped' = 'running';
    let stopped: Promise<void> | undefined;
    group.join(member);

    async function stop(): Promise<void> {
      state = 'stopping';
      group.leave(member);
      const chunks = group.chunksOf(member);
      await within(stopTimeoutMs, Promise.all(chunks.map((chunk) => chunk.done)));
      group.kill(member);
      state = 'stopped';
      subscriptions.delete(subscription);
    }

    const subscription = {
      healthy: () => state === 'running' && broker.available(),
      stop: () => {
        stopped ??= state === 'stopped' ? Promise.resolve() : stop();
        return stopped;
      },
      kill: () => {
        state = 'stopped';
        group.kill(member);
        subscriptions.delete(subscription);
      },
    };
    subscriptions.add(subscription);
    return subscription;
  }

  return {
    broker,
    async ensureTopics(topics) {
      checkOpen();
      for (const topic of topics) broker.ensureTopic(topic);
    },
    async publish(records: readonly EventRecord[]) {
      checkOpen();
      // No real bus answers before the event loop has turned, and a loop of publishes must not starve the consumers.
      await (delays.publishMs > 0 ? sleep(delays.publishMs) : turnOfTheLoop());
      checkOpen();
      const failure = failures.shift();
      if (!failure || failure.afterAppend) broker.append(records);
      if (failure) throw failure.error;
    },
    async subscribe(subscribeOptions) {
      checkOpen();
      for (const topic of subscribeOptions.topics) broker.partitionsOf(topic);
      return subscribe(subscribeOptions);
    },
    async lag(group, topics) {
      checkOpen();
      return broker.lag(group).filter(({ topic }) => topics?.includes(topic) ?? true);
    },
    async seekGroup(group, topic, to) {
      checkOpen();
      broker.group(group).seek(topic, to);
    },
    async ping() {
      checkOpen();
    },
    async close() {
      closed = true;
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
    },
    settled: (settledOptions) => broker.settled(settledOptions),
    failNextPublishes(count, { error, afterAppend = false } = {}) {
      for (let index = 0; index < count; index += 1) {
        const cause = error ?? new EventBusError('bus-unavailable', 'This publish was told to fail.');
        failures.push({ error: cause, afterAppend });
      }
    },
    delay(wanted) {
      Object.assign(delays, wanted);
    },
    crash() {
      closed = true;
      for (const subscription of subscriptions) subscription.kill();
    },
  };
}

/** Waits for `work`, but no longer than `durationMs`. */
async function within(durationMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, durationMs);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
