import { expect, test } from '@jest/globals';
import { createMetrics } from '@kempt/telemetry';
import { registerBusMetrics } from './bus-metrics.ts';
import { createFakeEventBus } from './fake-event-bus.ts';

const topic = { name: 'thing-changed', partitions: 3, cleanup: 'delete', retentionMs: 60_000 } as const;
const events = Array.from({ length: 10 }, (_, index) => ({
  topic: topic.name,
  key: `key-${index}`,
  headers: {},
  value: null,
}));

async function samples(metrics: ReturnType<typeof createMetrics>): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text
    .split('\n')
    .filter((line) => /^kempt_(bus|consumer)_/.test(line))
    .map((line) => line.replace(/,?service="test",?/, ''));
}

test('published and consumed events and the lag of each group are counted', async () => {
  const fake = createFakeEventBus();
  const metrics = createMetrics('test');
  const bus = registerBusMetrics(metrics, fake);
  await bus.ensureTopics([topic]);
  await bus.publish(events);
  const reader = await bus.subscribe({ group: 'reader', topics: [topic.name], eachChunk: async () => {} });
  await bus.subscribe({
    group: 'stuck',
    topics: [topic.name],
    eachChunk: async () => {
      throw new Error('never');
    },
  });
  const deadline = performance.now() + 5_000;
  while (!(await bus.lag('reader')).every(({ records }) => records === 0n) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await reader.stop();
  await bus.publish(events.slice(0, 1));
  expect(await samples(metrics)).toEqual(
    expect.arrayContaining([
      'kempt_bus_published_total{topic="thing-changed"} 11',
      'kempt_bus_consumed_total{topic="thing-changed",group="reader"} 10',
      'kempt_consumer_lag_records{group="reader",topic="thing-changed"} 1',
      'kempt_consumer_lag_records{group="stuck",topic="thing-changed"} 11',
    ]),
  );
  await bus.close();
});

test('a group that is stuck is behind for longer with each scrape; one that has no lag is not, however long nothing comes', async () => {
  let timeMs = Date.now();
  const fake = createFakeEventBus();
  const metrics = createMetrics('test');
  const bus = registerBusMetrics(metrics, fake, () => timeMs);
  await bus.ensureTopics([topic]);
  let isStuck = false;
  await bus.subscribe({
    group: 'reader',
    topics: [topic.name],
    eachChunk: async () => {
      if (isStuck) throw new Error('stuck');
    },
  });
  const seconds = async (): Promise<number> => {
    const line = (await samples(metrics)).find((one) => one.startsWith('kempt_consumer_lag_seconds'));
    return Number(line?.split(' ').at(-1));
  };
  await bus.publish(events.slice(0, 1));
  const deadline = performance.now() + 5_000;
  while ((await seconds()) > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  timeMs += 3_600_000;
  expect(await seconds()).toBe(0);
  isStuck = true;
  await bus.publish(events.slice(0, 1));
  timeMs += 30_000;
  expect(await seconds()).toBe(30);
  timeMs += 30_000;
  expect(await seconds()).toBe(60);
  await bus.close();
});

test('a publish that failed is not counted, and a lag that cannot be read has no value', async () => {
  const fake = createFakeEventBus();
  const metrics = createMetrics('test');
  const bus = registerBusMetrics(metrics, fake);
  await bus.ensureTopics([topic]);
  await bus.subscribe({ group: 'reader', topics: [topic.name], eachChunk: async () => {} });
  fake.failNextPublishes(1);
  await expect(bus.publish(events)).rejects.toMatchObject({ retriable: true });
  expect((await samples(metrics)).some((line) => line.startsWith('kempt_consumer_lag_records'))).toBe(true);
  fake.broker.goAway();
  expect(await samples(metrics)).toEqual([]);
  fake.broker.comeBack();
  await bus.close();
});
