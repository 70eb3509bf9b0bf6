import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { EventRecord, TopicDeclaration } from '@kempt/contracts';
import type { EventBus } from '@kempt/event-bus';
import kafkajs, { type Admin } from 'kafkajs';
import { createKafkaEventBus } from './kafka-event-bus.ts';
import type { KafkaEventBusOptions } from './kafka-options.ts';
import { patchRequestQueue, requestQueueClass } from './request-queue-patch.ts';
import { collect, until } from './test-broker/collector.ts';
import { quickOptions } from './test-broker/conformance-child.ts';
import { describeWithKafka } from './testing.ts';

const { ConfigResourceTypes, Kafka, logLevel } = kafkajs;

await describeWithKafka('Kafka bus on its cluster', {}, (kafka) => {
  const prefix = `acme-${Date.now().toString(36)}.`;
  const raw = new Kafka({ brokers: [...kafka.brokers], clientId: 'kempt-test-raw', logLevel: logLevel.NOTHING });
  const opened: EventBus[] = [];
  let admin: Admin;
  let names = 0;

  function open(options: Partial<KafkaEventBusOptions> = {}): EventBus {
    // Brokers that somebody else runs admit no shorter session than this.
    const patient = kafka.origin === 'environment' ? { sessionTimeoutMs: 6_000 } : {};
    const bus = createKafkaEventBus({ ...quickOptions(kafka.brokers), ...patient, topicPrefix: prefix, ...options });
    opened.push(bus);
    return bus;
  }

  async function newTopic(bus: EventBus, wanted: Partial<TopicDeclaration> = {}): Promise<string> {
    names += 1;
    const name = `kempt.test.thing-changed-${names}.v1`;
    await bus.ensureTopics([{ name, partitions: 2, cleanup: 'delete', retentionMs: 3_600_000, ...wanted }]);
    return name;
  }

  const newGroup = () => `group-${(names += 1)}`;
  const event = (topic: string, key: string, value = 'value'): EventRecord => ({
    topic,
    key,
    headers: { ce_id: key },
    value: new TextEncoder().encode(value),
  });

  beforeAll(async () => {
    admin = raw.admin();
    await admin.connect();
  });
  afterEach(() => Promise.all(opened.splice(0).map((bus) => bus.close())));
  afterAll(() => admin.disconnect());

  test('a prefix stands before topics and groups on the cluster, and services never see it', async () => {
    const bus = open();
    const topic = await newTopic(bus);
    const group = newGroup();
    const collector = await collect(bus, { group, topics: [topic] });
    await bus.publish([event(topic, 'a')]);
    await until('the event', () => collector.received.length === 1);
    expect(collector.received[0]?.topic).toBe(topic);
    await until('the commit', async () => (await bus.lag(group)).every(({ records }) => records === 0n));
    expect((await bus.lag(group)).map((lag) => lag.topic)).toEqual([topic, topic]);
    expect(await admin.listTopics()).toContain(prefix + topic);
    expect((await admin.listGroups()).groups.map(({ groupId }) => groupId)).toContain(prefix + group);
    await collector.subscription.stop();
    await bus.seekGroup(group, topic, 'earliest');
    expect((await bus.lag(group)).reduce((sum, { records }) => sum + records, 0n)).toBe(1n);
  });

  test('topics are created with the cleaning that their declaration asks for', async () => {
    const { compaction: _, ...options } = quickOptions(kafka.brokers);
    const bus = createKafkaEventBus({
      ...options,
      topicPrefix: prefix,
      compaction: { maxCompactionLagMs: 86_400_000 },
    });
    opened.push(bus);
    const state = await newTopic(bus, { cleanup: 'compact' });
    const changes = await newTopic(bus, { cleanup: 'delete', retentionMs: 1_234_000, partitions: 3 });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [state, changes].map((topic) => ({ type: ConfigResourceTypes.TOPIC, name: prefix + topic })),
    });
    const configOf = (topic: string) =>
      Object.fromEntries(
        (resources.find(({ resourceName }) => resourceName === prefix + topic)?.configEntries ?? []).map(
          ({ configName, configValue }) => [configName, configValue],
        ),
      );
    expect(configOf(state)).toMatchObject({
      'cleanup.policy': 'compact',
      'segment.ms': '86400000',
      'min.compaction.lag.ms': '3600000',
      'max.compaction.lag.ms': '86400000',
      'delete.retention.ms': '604800000',
    });
    expect(configOf(changes)).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '1234000' });
    const metadata = await admin.fetchTopicMetadata({ topics: [prefix + changes] });
    expect(metadata.topics[0]?.partitions).toHaveLength(3);
  });

  test('a topic with another number of partitions than declared is left alone and named in the log', async () => {
    const warnings: string[] = [];
    const logger = {
      debug: () => {},
      info: () => {},
      warn: (_: object, message: string) => void warnings.push(message),
    };
    const bus = open({ logger });
    const topic = await newTopic(bus, { partitions: 2 });
    const other = await newTopic(bus, { partitions: 1 });
    expect(warnings).toEqual([]);
    const wrong = { name: topic, partitions: 5, cleanup: 'delete', retentionMs: 3_600_000 } as const;
    await bus.ensureTopics([wrong, { ...wrong, name: other, partitions: 1 }]);
    expect(warnings).toEqual([expect.stringMatching(`"${topic}" has 2 partitions, declared are 5`)]);
  });

  test('services that start at the same time may declare the same topics', async () => {
    const buses = [open(), open(), open()];
    const declaration = { name: `kempt.test.raced-${(names += 1)}.v1`, partitions: 3, cleanup: 'delete' } as const;
    await Promise.all(buses.map((bus) => bus.ensureTopics([{ ...declaration, retentionMs: 3_600_000 }])));
    await Promise.all(buses.map((bus) => bus.publish([event(declaration.name, 'key')])));
  });

  test.each(['gzip', 'zstd'] as const)(
    'events that were compressed by %s arrive as they were sent',
    async (compression) => {
      const bus = open({ compression });
      const topic = await newTopic(bus, { partitions: 1 });
      const collector = await collect(open(), { group: newGroup(), topics: [topic] });
      const sent = Array.from({ length: 50 }, (_, index) => event(topic, `key-${index}`, 'text '.repeat(index)));
      await bus.publish(sent);
      await until('the events', () => collector.received.length === 50);
      expect(collector.received.map(({ key, value }) => [key, String(value)])).toEqual(
        sent.map(({ key }, index) => [key, 'text '.repeat(index)]),
      );
    },
  );

  test('one publish may be larger than a request; its order is kept', async () => {
    const bus = open();
    const topic = await newTopic(bus, { partitions: 1 });
    const sent = Array.from({ length: 3_000 }, (_, index) => event(topic, 'key', `${index} ${'x'.repeat(1_000)}`));
    await bus.publish(sent);
    const collector = await collect(bus, { group: newGroup(), topics: [topic] });
    await until('the events', () => collector.received.length >= 3_000);
    expect(collector.received.map(({ value }) => Number.parseInt(String(value), 10))).toEqual(
      sent.map((_, index) => index),
    );
  });

  test('an event that the topic does not take is refused, and what was handed in with it arrives', async () => {
    const bus = open();
    const topic = await newTopic(bus, { partitions: 1 });
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: prefix + topic,
          configEntries: [{ name: 'max.message.bytes', value: '10000' }],
        },
      ],
    });
    const collector = await collect(bus, { group: newGroup(), topics: [topic] });
    const results = await Promise.allSettled([
      bus.publish([event(topic, 'small')]),
      bus.publish([event(topic, 'large', 'x'.repeat(20_000))]),
      bus.publish([event(topic, 'other')]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'record-too-large' } });
    await until('the small ones', () => collector.received.length === 2);
  });

  test('"latest" means everything after subscribe has resolved, and nothing from before', async () => {
    const bus = open();
    const topic = await newTopic(bus);
    await bus.publish(['a', 'b', 'c', 'd'].map((key) => event(topic, key, 'before')));
    const collector = await collect(bus, { group: newGroup(), topics: [topic], from: 'latest' });
    await bus.publish(['a', 'b', 'c', 'd'].map((key) => event(topic, key, 'after')));
    await until('the events', () => collector.received.length >= 4);
    expect(collector.received.map(({ value }) => String(value))).toEqual(['after', 'after', 'after', 'after']);
  });

  test('a member stays healthy while its group takes in another one', async () => {
    const bus = open();
    const topic = await newTopic(bus);
    const group = newGroup();
    const first = await bus.subscribe({ group, topics: [topic], eachChunk: async () => {} });
    await until('the first member', () => first.healthy());
    const heard: boolean[] = [];
    const listening = setInterval(() => heard.push(first.healthy()), 1);
    const second = await open().subscribe({ group, topics: [topic], eachChunk: async () => {} });
    await until('the second member', () => second.healthy());
    clearInterval(listening);
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.filter((healthy) => !healthy)).toEqual([]);
  });

  test('lag is known of a group that reads and has not committed yet', async () => {
    const bus = open();
    const topic = await newTopic(bus);
    const group = newGroup();
    await bus.publish(['a', 'b', 'c'].map((key) => event(topic, key)));
    await bus.subscribe({
      group,
      topics: [topic],
      eachChunk: ({ signal }) =>
        new Promise((_, reject) => {
          if (signal.aborted) reject(signal.reason);
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    const lag = await bus.lag(group);
    expect(lag.map(({ partition, committed }) => [partition, committed])).toEqual([
      [0, 0n],
      [1, 0n],
    ]);
    expect(lag.reduce((sum, { records }) => sum + records, 0n)).toBe(3n);
  });

  test('members of one group that read different topics each get all of theirs', async () => {
    const bus = open();
    const [one, two] = [await newTopic(bus, { partitions: 3 }), await newTopic(bus, { partitions: 3 })];
    const group = newGroup();
    const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
    const ofOne = await collect(open(), { group, topics: [one] });
    const ofTwo = await collect(open(), { group, topics: [two] });
    await bus.publish([one, two].flatMap((topic) => keys.map((key) => event(topic, key))));
    await until('all of both', () => ofOne.received.length >= 12 && ofTwo.received.length >= 12);
    expect(new Set(ofOne.received.map(({ topic }) => topic))).toEqual(new Set([one]));
    expect(new Set(ofTwo.received.map(({ topic }) => topic))).toEqual(new Set([two]));
  });

  test('a group whose place was removed by retention goes on with the oldest event and is told', async () => {
    const bus = open();
    const topic = await newTopic(bus, { partitions: 1 });
    const group = newGroup();
    const first = await collect(bus, { group, topics: [topic], from: 'latest' });
    await bus.publish([event(topic, 'a')]);
    await until('the first event', () => first.received.length === 1);
    await first.subscription.stop();
    await bus.publish(['b', 'c', 'd', 'e'].map((key) => event(topic, key)));
    await admin.fetchTopicOffsets(prefix + topic);
    await admin.deleteTopicRecords({ topic: prefix + topic, partitions: [{ partition: 0, offset: '3' }] });

    const second = await collect(bus, { group, topics: [topic], from: 'latest' });
    await until('what is left', () => second.received.length === 2);
    expect(second.received.map(({ key }) => key)).toEqual(['d', 'e']);
    expect(second.errors.map(String)).toEqual([expect.stringContaining(`topic "${topic}", partition 0`)]);
  });

  test('what other clients write arrives: no key, a header twice, a header without a value', async () => {
    const bus = open();
    const topic = await newTopic(bus, { partitions: 1 });
    const producer = raw.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({
      topic: prefix + topic,
      messages: [{ value: 'foreign', headers: { twice: ['first', 'second'], text: 'é' } }],
    });
    await producer.disconnect();
    const collector = await collect(bus, { group: newGroup(), topics: [topic] });
    await until('the event', () => collector.received.length === 1);
    expect(collector.received[0]).toMatchObject({ key: '', headers: { twice: 'first', text: 'é' } });
  });

  test('an idle producer and consumer set next to no timers; without the patch they set one each millisecond', async () => {
    const bus = open();
    const topic = await newTopic(bus);
    await collect(bus, { group: newGroup(), topics: [topic] });
    await bus.publish([event(topic, 'a')]);
    const timersIn = async (durationMs: number): Promise<number> => {
      const spy = jest.spyOn(globalThis, 'setTimeout');
      const done = Promise.withResolvers<void>();
      setTimeout(done.resolve, durationMs);
      await done.promise;
      const { length } = spy.mock.calls;
      spy.mockRestore();
      return length;
    };
    await timersIn(500);
    const patched = await timersIn(1_000);
    try {
      requestQueueClass.prototype.scheduleCheckPendingRequests = scheduleAsItComes;
      await timersIn(1_000);
      expect(await timersIn(1_000)).toBeGreaterThan(500);
    } finally {
      patchRequestQueue();
    }
    expect(patched).toBeLessThan(50);
  });
});

/** What kafkajs 2.2.4 does by itself. */
function scheduleAsItComes(this: InstanceType<typeof requestQueueClass>): void {
  if (this.throttleCheckTimeoutId !== null) return;
  const delayMs = this.pending.length > 0 ? 10 : this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    Math.max(delayMs, 0),
  );
}
