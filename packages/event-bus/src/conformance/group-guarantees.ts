import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { EventBus, Subscription } from '../event-bus.ts';
import { type ConformanceRun, keysNamed, numbered, numberedRange, watchOrder } from './conformance-run.ts';

/** What consumer groups promise: every group sees everything, inside a group the partitions are shared out. */
export function testGroupGuarantees(run: ConformanceRun): void {
  test('every group gets every event', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus);
    const keys = keysNamed('key', 8);
    const orders = await Promise.all(
      [1, 2, 3].map(async () => {
        const order = watchOrder();
        await bus.subscribe({
          group: run.groupName(),
          topics: [topic],
          eachChunk: async ({ records }) => records.forEach(order.see),
        });
        return order;
      }),
    );
    await bus.publish(numberedRange(topic, keys, [1, 10]));
    await run.until('all events in all groups', () =>
      orders.every((order) => keys.every((key) => order.highest(key) === 10)),
    );
    expect(orders.flatMap((order) => order.faults)).toEqual([]);
  });

  test('consumers join and leave while events are published: nothing is lost, order is kept, no partition has two', async () => {
    const publisher = await run.bus();
    const topic = await run.topic(publisher, { partitions: 6 });
    const group = run.groupName();
    const keys = keysNamed('key', 24);
    const order = watchOrder();
    const faults: string[] = [];
    const atWork = new Map<number, string>();
    const partitionsOf = new Map<string, Set<number>>();

    async function join(name: string): Promise<{ readonly bus: EventBus; readonly subscription: Subscription }> {
      const bus = await run.bus();
      const seen = new Set<number>();
      partitionsOf.set(name, seen);
      const subscription = await bus.subscribe({
        group,
        topics: [topic],
        maxChunkRecords: 20,
        eachChunk: async ({ partition, records }) => {
          const other = atWork.get(partition);
          if (other !== undefined) faults.push(`partition ${partition} with ${name} and ${other}`);
          atWork.set(partition, name);
          seen.add(partition);
          records.forEach(order.see);
          await delay(3);
          atWork.delete(partition);
        },
      });
      return { bus, subscription };
    }

    let published = 0;
    let publishing = true;
    const publishes = (async () => {
      while (publishing) {
        published += 1;
        await publisher.publish(keys.map((key) => numbered(topic, key, published)));
        await delay(5);
      }
    })();
    const shares = (names: readonly string[]) => {
      for (const name of names) partitionsOf.get(name)?.clear();
      return run.until(`work for each of ${names.join(', ')}`, () =>
        names.every((name) => (partitionsOf.get(name)?.size ?? 0) > 0),
      );
    };

    const first = await join('first');
    await shares(['first']);
    const second = await join('second');
    await shares(['first', 'second']);
    await first.subscription.stop();
    partitionsOf.get('second')?.clear();
    await run.until('all partitions with the second', () => partitionsOf.get('second')?.size === 6);
    await join('third');
    await shares(['second', 'third']);
    await second.bus.close();
    partitionsOf.get('third')?.clear();
    await run.until('all partitions with the third', () => partitionsOf.get('third')?.size === 6);
    publishing = false;
    await publishes;
    await run.until('the last event of every key', () => keys.every((key) => order.highest(key) === published));
    expect(order.faults).toEqual([]);
    expect(faults).toEqual([]);
  });

  test('a new group begins at the earliest event unless it asks for the latest', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 1 });
    await bus.publish(numberedRange(topic, ['key'], [1, 5]));
    const received = { default: [] as string[], earliest: [] as string[], latest: [] as string[] };
    const subscribe = (name: keyof typeof received) =>
      bus.subscribe({
        group: run.groupName(),
        topics: [topic],
        ...(name === 'default' ? {} : { from: name }),
        eachChunk: async ({ records }) => {
          received[name].push(...records.map(({ headers }) => headers['ce_sequence'] ?? ''));
        },
      });
    await Promise.all([subscribe('default'), subscribe('earliest'), subscribe('latest')]);
    let sequence = 5;
    await run.until('an event at each group', async () => {
      // Joining takes a while, and "latest" means what comes once the partitions are assigned.
      sequence += 1;
      await bus.publish([numbered(topic, 'key', sequence)]);
      await delay(50);
      return Object.values(received).every((sequences) => sequences.some((text) => Number(text) > 5));
    });
    expect(received.default.slice(0, 5)).toEqual(['1', '2', '3', '4', '5']);
    expect(received.earliest.slice(0, 5)).toEqual(['1', '2', '3', '4', '5']);
    expect(received.latest.filter((text) => Number(text) <= 5)).toEqual([]);
  });

  test('lag counts what is published and not committed, and falls to nothing', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 3 });
    const group = run.groupName();
    expect(await bus.lag(group)).toEqual([]);
    let open = false;
    await bus.publish(numberedRange(topic, keysNamed('key', 10), [1, 5]));
    await bus.seekGroup(group, topic, 'earliest');
    const atRest = await bus.lag(group);
    expect(new Set(atRest.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2]));
    expect(atRest).toHaveLength(3);
    expect(atRest.reduce((sum, { records }) => sum + records, 0n)).toBe(50n);
    expect(await bus.lag(group, [topic, 'some.other.topic'])).toEqual(atRest);
    expect(await bus.lag(group, ['some.other.topic'])).toEqual([]);
    for (const { topic: lagTopic, committed, end, records } of atRest) {
      expect([lagTopic, committed, records]).toEqual([topic, 0n, end]);
    }
    await bus.subscribe({
      group,
      topics: [topic],
      eachChunk: async () => {
        while (!open) await delay(5);
      },
    });
    expect((await bus.lag(group)).reduce((sum, { records }) => sum + records, 0n)).toBe(50n);
    open = true;
    await run.until('no lag', async () => (await bus.lag(group)).every(({ records }) => records === 0n));
    for (const { committed, end } of await bus.lag(group)) expect(committed).toBe(end);
  });

  test('seekGroup to the earliest event replays the topic, to the latest skips it', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus, { partitions: 2 });
    const group = run.groupName();
    const keys = keysNamed('key', 6);
    await bus.publish(numberedRange(topic, keys, [1, 10]));
    const readAll = async (): Promise<number> => {
      let received = 0;
      const order = watchOrder();
      const subscription = await bus.subscribe({
        group,
        topics: [topic],
        eachChunk: async ({ records }) => {
          received += records.length;
          records.forEach(order.see);
        },
      });
      await run.until('no lag', async () => (await bus.lag(group)).every(({ records }) => records === 0n));
      await subscription.stop();
      expect(order.faults).toEqual([]);
      return received;
    };
    await bus.seekGroup(group, topic, 'earliest');
    expect(await readAll()).toBe(60);
    await bus.seekGroup(group, topic, 'earliest');
    expect(await readAll()).toBe(60);
    await bus.seekGroup(group, topic, 'earliest');
    await bus.seekGroup(group, topic, 'latest');
    expect((await bus.lag(group)).every(({ records }) => records === 0n)).toBe(true);
  });

  test('seekGroup is refused while a consumer of the group runs', async () => {
    const bus = await run.bus();
    const topic = await run.topic(bus);
    const group = run.groupName();
    const order = watchOrder();
    await bus.publish([numbered(topic, 'key', 1)]);
    const subscription = await bus.subscribe({
      group,
      topics: [topic],
      eachChunk: async ({ records }) => records.forEach(order.see),
    });
    await run.until('the event', () => order.highest('key') === 1);
    expect(subscription.healthy()).toBe(true);
    await expect(bus.seekGroup(group, topic, 'earliest')).rejects.toMatchObject({ code: 'group-running' });
    await subscription.stop();
    await bus.seekGroup(group, topic, 'earliest');
  });
}
