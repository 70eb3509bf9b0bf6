import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Chunk } from '../event-bus.ts';
import { type ConformanceRun, keysNamed, numbered, numberedRange, watchOrder } from './conformance-run.ts';

/** What a consumer may rely on for each chunk that it is given. */
export function testDeliveryGuarantees(run: ConformanceRun): void {
  test('a chunk holds consecutive events of one partition, no more than asked for, and never overlaps another', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 3 });
    const keys = keysNamed('key', 9);
    await bus.publish(numberedRange(topic, keys, [1, 30]));
    const sizes: number[] = [];
    const faults: string[] = [];
    const atWork = new Set<number>();
    const nextOffset = new Map<number, bigint>();
    let received = 0;
    await bus.subscribe({
      group: run.groupName(),
      topics: [topic],
      maxChunkRecords: 7,
      eachChunk: async ({ records, partition, topic: chunkTopic }) => {
        if (atWork.has(partition)) faults.push(`two chunks of partition ${partition} at once`);
        atWork.add(partition);
        sizes.push(records.length);
        for (const record of records) {
          if (record.partition !== partition || record.topic !== chunkTopic)
            faults.push('an event of another partition');
          const expected = nextOffset.get(partition) ?? 0n;
          if (record.offset !== expected) faults.push(`offset ${record.offset} instead of ${expected}`);
          nextOffset.set(partition, record.offset + 1n);
        }
        await delay(2);
        atWork.delete(partition);
        received += records.length;
      },
    });
    await run.until('270 events', () => received >= 270);
    expect(faults).toEqual([]);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(7);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  test('a chunk that rejects comes again after a pause, in the same order, and nothing overtakes it', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 1 });
    const attempts: { readonly atMs: number; readonly sequences: readonly number[] }[] = [];
    const order = watchOrder();
    const errors: unknown[] = [];
    const refusal = new Error('not yet');
    await bus.publish(numberedRange(topic, ['key'], [1, 6]));
    await bus.subscribe({
      group: run.groupName(),
      topics: [topic],
      maxChunkRecords: 3,
      onError: (error) => errors.push(error),
      eachChunk: async ({ records }) => {
        attempts.push({
          atMs: performance.now(),
          sequences: records.map(({ headers }) => Number(headers['ce_sequence'])),
        });
        if (attempts.length <= 3) throw refusal;
        records.forEach(order.see);
      },
    });
    await run.until('every event', () => order.highest('key') === 6);
    const first = attempts[0]?.sequences[0];
    expect(attempts.slice(0, 4).map(({ sequences }) => sequences[0])).toEqual([first, first, first, first]);
    expect(order.faults).toEqual([]);
    expect(errors.filter((error) => error === refusal)).toHaveLength(3);
    const pauses = attempts.slice(1, 4).map(({ atMs }, index) => atMs - (attempts[index]?.atMs ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThan(1);
  });

  test('a rejected chunk of one partition does not hold up the others', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 4 });
    const keys = keysNamed('key', 40);
    await bus.publish(numberedRange(topic, keys, [1, 3]));
    const order = watchOrder();
    let stuck: number | undefined;
    const stuckKeys = new Set<string>();
    await bus.subscribe({
      group: run.groupName(),
      topics: [topic],
      eachChunk: async ({ partition, records }) => {
        stuck ??= partition;
        if (partition === stuck) {
          for (const { key } of records) stuckKeys.add(key);
          throw new Error('this partition is stuck');
        }
        records.forEach(order.see);
      },
    });
    await run.until('the events of the other partitions', () => {
      const others = keys.filter((key) => !stuckKeys.has(key));
      return stuckKeys.size > 0 && others.every((key) => order.highest(key) === 3);
    });
    expect(stuckKeys.size).toBeLessThan(keys.length);
  });

  test('an effect that is guarded by the event id happens once, however often its event comes', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 2 });
    const keys = keysNamed('key', 6);
    const group = run.groupName();
    const inbox = new Set<string>();
    const effects: string[] = [];
    let deliveries = 0;
    let chunks = 0;
    await bus.subscribe({
      group,
      topics: [topic],
      maxChunkRecords: 10,
      eachChunk: async ({ records }) => {
        chunks += 1;
        for (const { headers } of records) {
          deliveries += 1;
          const id = headers['ce_id'] ?? '';
          if (inbox.has(id)) continue;
          inbox.add(id);
          effects.push(id);
        }
        if (chunks % 3 === 1) throw new Error('failed after the effect');
      },
    });
    const events = numberedRange(topic, keys, [1, 15]);
    await bus.publish(events);
    await run.until('everything committed', async () => {
      const lag = await bus.lag(group);
      return inbox.size === events.length && lag.length > 0 && lag.every((partition) => partition.records === 0n);
    });
    expect(effects).toHaveLength(events.length);
    expect(new Set(effects)).toEqual(new Set(events.map(({ headers }) => headers['ce_id'])));
    expect(deliveries).toBeGreaterThan(events.length);
  });

  test('stop waits for the chunk at hand and commits it, so that the next consumer goes on behind it', async () => {
    const first = await run.bus();
    const topic = await run.topic(first, { partitions: 1 });
    const group = run.groupName();
    await first.publish(numberedRange(topic, ['key'], [1, 20]));
    const done: string[] = [];
    let begun = false;
    const subscription = await first.subscribe({
      group,
      topics: [topic],
      maxChunkRecords: 5,
      eachChunk: async ({ records }) => {
        begun = true;
        await delay(100);
        done.push(...records.map(({ headers }) => headers['ce_sequence'] ?? ''));
      },
    });
    await run.until('the first chunk', () => begun);
    await Promise.all([subscription.stop(), subscription.stop()]);
    expect(subscription.healthy()).toBe(false);
    const doneAtStop = done.length;
    expect(doneAtStop).toBeGreaterThan(0);

    const second = await run.bus();
    await second.subscribe({
      group,
      topics: [topic],
      eachChunk: async ({ records }) => {
        done.push(...records.map(({ headers }) => headers['ce_sequence'] ?? ''));
      },
    });
    await run.until('the remaining events', () => done.length >= 20);
    expect(done).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 1)));
  });

  test.each(['stop', 'close'] as const)('%s is bounded while a chunk hangs, and its events come again', async (how) => {
    const first = await run.bus();
    const topic = await run.topic(first, { partitions: 1 });
    const group = run.groupName();
    await first.publish([numbered(topic, 'key', 1)]);
    let hanging: Chunk | undefined;
    const subscription = await first.subscribe({
      group,
      topics: [topic],
      eachChunk: (chunk) => {
        hanging = chunk;
        return new Promise(() => {});
      },
    });
    await run.until('a chunk that hangs', () => hanging !== undefined);
    const before = performance.now();
    await (how === 'stop' ? subscription.stop() : first.close());
    expect(performance.now() - before).toBeLessThan(run.harness.stopTimeoutMs);
    expect(hanging?.signal.aborted).toBe(true);

    const second = await run.bus();
    const order = watchOrder();
    await second.subscribe({ group, topics: [topic], eachChunk: async ({ records }) => records.forEach(order.see) });
    await run.until('the event of the chunk that hung', () => order.highest('key') === 1);
  });

  test('a slow chunk keeps its partition for as long as it heartbeats', async () => {
    const [slow, other] = await Promise.all([run.bus(), run.bus()]);
    const topic = await run.topic(slow, { partitions: 1 });
    const group = run.groupName();
    await slow.publish([numbered(topic, 'key', 1)]);
    const deliveries: string[] = [];
    const workMs = run.harness.sessionTimeoutMs * 3;
    let aborted = false;
    let finished = false;
    const subscribe = (bus: typeof slow, name: string) =>
      bus.subscribe({
        group,
        topics: [topic],
        eachChunk: async (chunk) => {
          deliveries.push(name);
          const end = performance.now() + workMs;
          while (performance.now() < end) {
            await delay(run.harness.sessionTimeoutMs / 10);
            await chunk.heartbeat();
          }
          aborted = chunk.signal.aborted;
          finished = true;
        },
      });
    await subscribe(slow, 'slow');
    await run.until('the chunk', () => deliveries.length > 0);
    const competitor = await other.subscribe({
      group,
      topics: [topic],
      eachChunk: async () => void deliveries.push('other'),
    });
    await run.until('the end of the slow chunk', () => finished);
    await run.until('the commit', async () => (await other.lag(group)).every(({ records }) => records === 0n));
    expect(deliveries).toEqual(['slow']);
    expect(aborted).toBe(false);
    await competitor.stop();
  });
}
