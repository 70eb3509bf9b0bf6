import { afterEach, expect, test } from '@jest/globals';
import type { EventRecord } from '@kempt/contracts';
import type { EventBus } from '@kempt/event-bus';
import { createKafkaEventBus } from './kafka-event-bus.ts';
import { collect, until } from './test-broker/collector.ts';
import { quickOptions } from './test-broker/conformance-child.ts';
import { freePorts } from './test-broker/free-ports.ts';
import { describeWithKafka } from './testing.ts';

await describeWithKafka('Kafka bus while the broker is away', { own: true }, (kafka) => {
  const topic = 'outage.thing-changed.v1';
  const declaration = { name: topic, partitions: 2, cleanup: 'delete', retentionMs: 3_600_000 } as const;
  const event = (key: string): EventRecord => ({ topic, key, headers: { ce_id: key }, value: new Uint8Array([1]) });
  const opened: EventBus[] = [];

  function open(options: Parameters<typeof createKafkaEventBus>[0] = quickOptions(kafka.brokers)): EventBus {
    const bus = createKafkaEventBus({
      ...options,
      publishTimeoutMs: 2_000,
      pingTimeoutMs: 1_000,
      adminTimeoutMs: 5_000,
    });
    opened.push(bus);
    return bus;
  }

  async function durationMs(work: Promise<unknown>): Promise<number> {
    const before = performance.now();
    await work;
    return performance.now() - before;
  }

  afterEach(() => Promise.all(opened.splice(0).map((bus) => bus.close())));

  test('a broker that is away at the start: calls reject in bounded time and say why', async () => {
    const [port] = await freePorts(1);
    const bus = open(quickOptions([`127.0.0.1:${port}`]));
    for (const call of [() => bus.ping(), () => bus.publish([event('a')]), () => bus.lag('group')]) {
      const refused = expect(call()).rejects.toMatchObject({
        code: 'bus-unavailable',
        retriable: true,
        message: expect.stringContaining('ECONNREFUSED'),
      });
      expect(await durationMs(refused)).toBeLessThan(4_000);
    }
  });

  test('a broker that goes away and comes back: who was consuming goes on, who subscribes meanwhile begins', async () => {
    const bus = open();
    await bus.ensureTopics([declaration]);
    const running = await collect(bus, { group: 'away-in-the-middle', topics: [topic] });
    await bus.publish([event('before')]);
    await until('the event from before', () => running.received.some(({ key }) => key === 'before'));
    expect(running.subscription.healthy()).toBe(true);

    await kafka.control.kill();
    const late = await collect(open(), { group: 'away-at-start', topics: [topic] });
    expect(late.subscription.healthy()).toBe(false);
    expect(late.errors).toContainEqual(expect.objectContaining({ code: 'bus-unavailable', retriable: true }));
    await until('an unhealthy subscription', () => !running.subscription.healthy());
    await expect(bus.publish([event('during')])).rejects.toMatchObject({ retriable: true });

    await kafka.control.restart();
    await until('a publish that works', () =>
      bus.publish([event('after')]).then(
        () => true,
        () => false,
      ),
    );
    await until('the event from after', () => running.received.some(({ key }) => key === 'after'));
    await until('everything for the late one', () =>
      ['before', 'after'].every((wanted) => late.received.some(({ key }) => key === wanted)),
    );
    await until('healthy subscriptions', () => running.subscription.healthy() && late.subscription.healthy());
  });

  test('a broker that takes connections and never answers: publish, ping and close are bounded all the same', async () => {
    const bus = open();
    await bus.ensureTopics([declaration]);
    const collector = await collect(bus, { group: 'frozen', topics: [topic] });
    await bus.publish([event('before')]);
    await until('the event from before', () => collector.received.some(({ key }) => key === 'before'));

    await kafka.control.freeze();
    try {
      const publish = expect(bus.publish([event('during')])).rejects.toMatchObject({ retriable: true });
      expect(await durationMs(publish)).toBeLessThan(4_000);
      expect(await durationMs(expect(bus.ping()).rejects.toMatchObject({ retriable: true }))).toBeLessThan(2_500);
      await until('an unhealthy subscription', () => !collector.subscription.healthy());
      expect(await durationMs(bus.close())).toBeLessThan(8_000);
    } finally {
      await kafka.control.thaw();
    }
    const after = open();
    await until('the broker', () =>
      after.ping().then(
        () => true,
        () => false,
      ),
    );
  });

  for (const loss of ['kill', 'freeze'] as const) {
    test(`a broker that is lost (${loss}) before it took the offset of a chunk does not hold up close`, async () => {
      // With the limits of production, which leave a publish 30 s.
      const bus = createKafkaEventBus({
        ...quickOptions(kafka.brokers),
        publishTimeoutMs: 30_000,
        stopTimeoutMs: 10_000,
      });
      await bus.ensureTopics([declaration]);
      const lost = Promise.withResolvers<void>();
      await bus.subscribe({
        group: `lost-by-${loss}`,
        topics: [topic],
        eachChunk: async () => {
          await kafka.control[loss]();
          lost.resolve();
        },
      });
      const published = bus.publish([event('last')]).catch(() => {});
      await lost.promise;
      try {
        const unconfirmed = bus.publish([event('too late')]).catch(() => {});
        expect(await durationMs(bus.close())).toBeLessThan(9_000);
        await Promise.all([published, unconfirmed]);
      } finally {
        await (loss === 'kill' ? kafka.control.restart() : kafka.control.thaw());
      }
    });
  }
});
