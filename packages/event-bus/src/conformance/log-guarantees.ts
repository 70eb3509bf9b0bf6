import { expect, test } from '@jest/globals';
import type { EventRecord, PositionedRecord } from '@kempt/contracts';
import type { EventBus } from '../event-bus.ts';
import { partitionOf } from '../partition.ts';
import { type ConformanceRun, keysNamed, numbered, numberedRange, textOf, watchOrder } from './conformance-run.ts';

/** Reads a topic from its beginning until `count` events are there. */
async function readFromStart(
  run: ConformanceRun,
  bus: EventBus,
  topic: string,
  count: number,
): Promise<PositionedRecord[]> {
  const received: PositionedRecord[] = [];
  const subscription = await bus.subscribe({
    group: run.groupName(),
    topics: [topic],
    eachChunk: async (chunk) => {
      received.push(...chunk.records);
    },
  });
  await run.until(`${count} events of ${topic}`, () => received.length >= count);
  await subscription.stop();
  return received;
}

/** What the log of a topic promises: order, durability, faithful content. */
export function testLogGuarantees(run: ConformanceRun): void {
  test('events of one key keep their order while several publishers write at once', async () => {
    const publishers = await Promise.all([run.bus(), run.bus(), run.bus()]);
    const topic = await run.topic(publishers[0]);
    const order = watchOrder();
    await publishers[0].subscribe({
      group: run.groupName(),
      topics: [topic],
      eachChunk: async (chunk) => chunk.records.forEach(order.see),
    });
    await Promise.all(
      publishers.map(async (publisher, index) => {
        const keys = keysNamed(`publisher-${index}`, 10);
        for (let sequence = 1; sequence <= 40; sequence += 4) {
          await publisher.publish(numberedRange(topic, keys, [sequence, sequence + 3]));
        }
      }),
    );
    const keys = publishers.flatMap((_, index) => keysNamed(`publisher-${index}`, 10));
    await run.until('the last event of every key', () => keys.every((key) => order.highest(key) === 40));
    expect(order.faults).toEqual([]);
  });

  test('calls of publish that overlap on one bus keep the order in which they were made', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus);
    await Promise.all(Array.from({ length: 50 }, (_, index) => bus.publish([numbered(topic, 'one-key', index + 1)])));
    const received = await readFromStart(run, bus, topic, 50);
    expect(received.map((record) => record.headers['ce_sequence'])).toEqual(
      Array.from({ length: 50 }, (_, index) => String(index + 1)),
    );
  });

  test('what publish resolved for is still there after the bus was closed and opened again', async () => {
    const writer = await run.bus();
    const topic = await run.topic(writer);
    await writer.publish(numberedRange(topic, keysNamed('key', 5), [1, 20]));
    await writer.close();
    const received = await readFromStart(run, await run.bus(), topic, 100);
    expect(received).toHaveLength(100);
  });

  test('key, headers and binary value arrive as they were sent', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 1 });
    const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const sent: EventRecord = {
      topic,
      key: 'ключ:"quoted" \\ back\nslash {brace},comma',
      headers: {
        ce_id: 'a',
        'content-type': 'application/protobuf',
        ce_subject: 'Zoë "Z" \\ \n {a},b; 名前 🦉',
        ce_empty: '',
      },
      value: allBytes,
    };
    const before = Date.now();
    await bus.publish([sent]);
    const [received] = await readFromStart(run, bus, topic, 1);
    expect({ ...received?.headers }).toEqual(sent.headers);
    expect(received?.key).toBe(sent.key);
    expect(received?.topic).toBe(topic);
    expect(Buffer.from(received?.value ?? []).equals(Buffer.from(allBytes))).toBe(true);
    expect(received?.partition).toBe(0);
    expect(received?.offset).toBe(0n);
    expect(Math.abs((received?.timestampMs ?? 0) - before)).toBeLessThan(60_000);
  });

  test('an empty value stays an empty value and a tombstone stays a tombstone', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 1 });
    await bus.publish([
      { topic, key: 'empty', headers: {}, value: new Uint8Array(0) },
      { topic, key: 'gone', headers: {}, value: null },
      { topic, key: 'text', headers: {}, value: new TextEncoder().encode('text') },
    ]);
    const received = await readFromStart(run, bus, topic, 3);
    expect(received.map((record) => [record.key, textOf(record)])).toEqual([
      ['empty', ''],
      ['gone', null],
      ['text', 'text'],
    ]);
  });

  test('values of 256 KiB arrive whole', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 2 });
    const sent = Array.from({ length: 12 }, (_, index) => ({
      topic,
      key: `large-${index}`,
      headers: { ce_id: `large-${index}` },
      value: Uint8Array.from({ length: 262_144 }, (_unused, at) => (at * 31 + index) & 0xff),
    }));
    await bus.publish(sent);
    const received = await readFromStart(run, bus, topic, sent.length);
    for (const { key, value } of sent) {
      const copy = received.find((record) => record.key === key);
      expect(Buffer.from(copy?.value ?? []).equals(Buffer.from(value))).toBe(true);
    }
  });

  test('the partition of a key is the one that the default partitioner of Kafka chooses', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 5 });
    const keys = keysNamed('default:sf:00D000000000001:Contact:003', 40);
    await bus.publish(keys.map((key) => numbered(topic, key, 1)));
    const received = await readFromStart(run, bus, topic, keys.length);
    for (const record of received) expect(record.partition).toBe(partitionOf(record.key, 5));
  });

  test('one publish may go to several topics and to none', async () => {
    const bus = await run.bus();
    const topics = [await run.topic(bus), await run.topic(bus), await run.topic(bus)];
    await bus.publish([]);
    await bus.publish(
      Array.from({ length: 60 }, (_, index) => numbered(topics[index % 3] ?? '', `key-${index % 6}`, index)),
    );
    for (const topic of topics) expect(await readFromStart(run, bus, topic, 20)).toHaveLength(20);
  });

  test('a topic that exists keeps its partitions whatever is declared later', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 3 });
    await bus.publish([numbered(topic, 'key', 1)]);
    await bus.ensureTopics([{ name: topic, partitions: 3, cleanup: 'delete', retentionMs: 86_400_000 }]);
    await bus.ensureTopics([{ name: topic, partitions: 7, cleanup: 'delete', retentionMs: 86_400_000 }]);
    const other = await run.bus();
    await other.publish([numbered(topic, 'key', 2)]);
    const received = await readFromStart(run, other, topic, 2);
    expect(received.map((record) => record.partition)).toEqual([partitionOf('key', 3), partitionOf('key', 3)]);
  });

  test('an event for a topic that nobody declared is refused', async () => {
    const bus = await run.bus();
    const undeclared = `${await run.topic(bus)}-undeclared`;
    await expect(bus.publish([numbered(undeclared, 'key', 1)])).rejects.toMatchObject({
      code: 'unknown-topic',
      retriable: false,
    });
  });

  test('a bus that answers is reachable, a closed one takes nothing any more', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus);
    await bus.ping();
    await bus.close();
    await bus.close();
    await expect(bus.publish([numbered(topic, 'key', 1)])).rejects.toMatchObject({ code: 'bus-closed' });
  });

  const { compact } = run.harness;
  if (compact) {
    test('compaction leaves the newest event of each key, removes a key by tombstone, and keeps the order', async () => {
      const bus = await run.bus();
      const topic = await run.topic(bus, { partitions: 2, cleanup: 'compact' });
      const keys = keysNamed('state', 12);
      for (let sequence = 1; sequence <= 5; sequence += 1) {
        await bus.publish(keys.map((key) => numbered(topic, key, sequence)));
      }
      const erased = keys.slice(0, 3);
      await bus.publish(erased.map((key) => ({ ...numbered(topic, key, 6), value: null })));
      const everything = await readFromStart(run, bus, topic, 63);
      await compact(topic);

      const kept = keys.slice(3);
      const received = await readFromStart(run, bus, topic, kept.length);
      expect(received).toHaveLength(kept.length);
      expect(new Map(received.map((record) => [record.key, textOf(record)]))).toEqual(
        new Map(kept.map((key) => [key, `event 5 of ${key}`])),
      );
      for (const record of received) {
        const original = everything.find(({ key, headers }) => key === record.key && headers['ce_sequence'] === '5');
        expect([record.partition, record.offset]).toEqual([original?.partition, original?.offset]);
      }
      for (const partition of [0, 1]) {
        const offsets = received.filter((record) => record.partition === partition).map((record) => record.offset);
        expect(offsets).toEqual([...offsets].sort((a, b) => Number(a - b)));
      }

      await bus.publish(erased.map((key) => numbered(topic, key, 7)));
      expect(await readFromStart(run, bus, topic, keys.length)).toHaveLength(keys.length);
    });
  }
}
