import { afterEach, describe, expect, test } from '@jest/globals';
import type { TopicDeclaration } from '@kempt/contracts';
import { describeEventBusConformance } from './conformance.ts';
import { createFakeBroker } from './fake-broker.ts';
import { createFakeEventBus, type FakeEventBus } from './fake-event-bus.ts';

const conformanceBroker = createFakeBroker();

describeEventBusConformance('fake', {
  topicPrefix: 'conformance.',
  sessionTimeoutMs: 100,
  stopTimeoutMs: 1_000,
  createBus: async () => createFakeEventBus({ broker: conformanceBroker, stopTimeoutMs: 200 }),
  killConsumer: async (bus) => (bus as FakeEventBus).crash(),
  restartBroker: async () => {
    conformanceBroker.goAway();
    await new Promise((resolve) => setTimeout(resolve, 60));
    conformanceBroker.comeBack();
  },
  compact: async () => conformanceBroker.cleanUp(),
});

describe('faults of the fake', () => {
  const topic: TopicDeclaration = { name: 'thing-changed', partitions: 2, cleanup: 'delete', retentionMs: 1_000 };
  const event = { topic: topic.name, key: 'key', headers: {}, value: new Uint8Array([1]) };
  const opened: FakeEventBus[] = [];

  async function open(options: Parameters<typeof createFakeEventBus>[0] = {}): Promise<FakeEventBus> {
    const bus = createFakeEventBus(options);
    opened.push(bus);
    await bus.ensureTopics([topic]);
    return bus;
  }

  afterEach(() => Promise.all(opened.splice(0).map((bus) => bus.close())));

  test('publishes fail as often as told, with the events there only when asked for', async () => {
    const bus = await open();
    const refusal = new Error('refused');
    bus.failNextPublishes(1, { error: refusal });
    bus.failNextPublishes(1, { afterAppend: true });
    await expect(bus.publish([event])).rejects.toBe(refusal);
    expect(bus.broker.records()).toHaveLength(0);
    await expect(bus.publish([event])).rejects.toMatchObject({ code: 'bus-unavailable', retriable: true });
    expect(bus.broker.records()).toHaveLength(1);
    await bus.publish([event]);
    expect(bus.broker.records(topic.name)).toHaveLength(2);
  });

  test('a broker that is away refuses everything and makes subscriptions unhealthy until it is back', async () => {
    const bus = await open();
    const subscription = await bus.subscribe({ group: 'group', topics: [topic.name], eachChunk: async () => {} });
    bus.broker.goAway();
    expect(subscription.healthy()).toBe(false);
    for (const call of [
      bus.publish([event]),
      bus.ping(),
      bus.lag('group'),
      bus.seekGroup('group', topic.name, 'latest'),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'bus-unavailable', retriable: true });
    }
    bus.broker.comeBack();
    expect(subscription.healthy()).toBe(true);
    await bus.publish([event]);
    await bus.settled();
    expect(await bus.lag('group')).toEqual(expect.arrayContaining([expect.objectContaining({ committed: 1n })]));
  });

  test('publishing and handing out can be slowed down', async () => {
    const bus = await open();
    bus.delay({ publishMs: 30, deliveryMs: 30 });
    let receivedAtMs = 0;
    await bus.subscribe({
      group: 'group',
      topics: [topic.name],
      eachChunk: async () => {
        receivedAtMs = performance.now();
      },
    });
    const before = performance.now();
    await bus.publish([event]);
    const publishedAtMs = performance.now();
    await bus.settled();
    expect(publishedAtMs - before).toBeGreaterThan(25);
    expect(receivedAtMs - publishedAtMs).toBeGreaterThan(20);
  });

  test('settled names what is left when it gives up', async () => {
    const bus = await open();
    const failing = async () => {
      throw new Error('never');
    };
    await bus.subscribe({ group: 'stuck-group', topics: [topic.name], eachChunk: failing });
    await bus.publish([event]);
    await expect(bus.settled({ timeoutMs: 30 })).rejects.toThrow('stuck-group at thing-changed/');
  });

  test('events older than the retention of their topic are dropped, and offsets go on', async () => {
    let nowMs = 10_000;
    const bus = await open({ broker: createFakeBroker({ now: () => nowMs }) });
    await bus.publish([event, event]);
    nowMs += 2_000;
    await bus.publish([event]);
    bus.broker.cleanUp();
    expect(bus.broker.records().map(({ offset, timestampMs }) => [offset, timestampMs])).toEqual([[2n, 12_000]]);
  });

  test('an event above the largest size is refused for good', async () => {
    const bus = await open({ broker: createFakeBroker({ maxRecordBytes: 10 }) });
    await expect(bus.publish([{ ...event, value: new Uint8Array(11) }])).rejects.toMatchObject({
      code: 'record-too-large',
      retriable: false,
    });
  });

  test('what a consumer writes into an event does not reach another one', async () => {
    const bus = await open();
    const values: (number | undefined)[] = [];
    for (const group of ['one', 'two']) {
      await bus.subscribe({
        group,
        topics: [topic.name],
        eachChunk: async ({ records }) => {
          values.push(records[0]?.value?.[0]);
          records[0]?.value?.fill(9);
        },
      });
    }
    await bus.publish([event]);
    await bus.settled();
    expect(values).toEqual([1, 1]);
  });
});
