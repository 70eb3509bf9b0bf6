import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createPostgresTestBed, eventOf, type PostgresTestBed, until } from './postgres-test-bed.ts';

let bed: PostgresTestBed;

beforeAll(async () => {
  bed = await createPostgresTestBed();
});
afterEach(() => bed.closeBuses());
afterAll(() => bed.stop());

/** Makes everything that a topic holds older. */
async function age(topic: string, byMs: number): Promise<void> {
  const [row] = await bed.query<{ topic_id: number }>('SELECT topic_id FROM topic WHERE name = $1', [topic]);
  await bed.query(`UPDATE event_${row?.topic_id} SET appended_ms = appended_ms - $1`, [byMs]);
}

async function keysLeft(topic: string): Promise<string[]> {
  const [row] = await bed.query<{ topic_id: number }>('SELECT topic_id FROM topic WHERE name = $1', [topic]);
  const rows = await bed.query<{ key: string; sequence: string }>(
    `SELECT key, headers->>'ce_sequence' AS sequence FROM event_${row?.topic_id} ORDER BY partition, "offset"`,
  );
  return rows.map(({ key, sequence }) => `${key}#${sequence}`);
}

test('events older than the retention of their topic go, younger ones and other topics stay', async () => {
  const bus = bed.open();
  const topic = await bed.topic(bus, { partitions: 1, retentionMs: 60_000 });
  const other = await bed.topic(bus, { partitions: 1, retentionMs: 600_000 });
  await bus.publish([eventOf(topic, 'old', 1), eventOf(topic, 'old', 2), eventOf(other, 'other', 1)]);
  await age(topic, 120_000);
  await age(other, 120_000);
  await bus.publish([eventOf(topic, 'young', 1)]);
  expect(await bus.housekeep()).toEqual({ expired: 2, superseded: 0, tombstones: 0 });
  expect(await keysLeft(topic)).toEqual(['young#1']);
  expect(await keysLeft(other)).toEqual(['other#1']);
});

test('a group that is behind the retention goes on at the oldest event that is left, and so does its lag', async () => {
  const bus = bed.open();
  const topic = await bed.topic(bus, { partitions: 1, retentionMs: 60_000 });
  await bus.publish([eventOf(topic, 'old', 1), eventOf(topic, 'old', 2)]);
  await bus.seekGroup('behind', topic, 'earliest');
  await age(topic, 120_000);
  await bus.publish([eventOf(topic, 'young', 1)]);
  await bus.housekeep();
  expect(await bus.lag('behind')).toEqual([{ topic, partition: 0, committed: 2n, end: 3n, records: 1n }]);
  const received: bigint[] = [];
  await bus.subscribe({
    group: 'behind',
    topics: [topic],
    eachChunk: async ({ records }) => void received.push(...records.map(({ offset }) => offset)),
  });
  await until('the event that is left', () => received.length > 0);
  expect(received).toEqual([2n]);
});

test('compaction goes on where it stopped and leaves young events and young tombstones alone', async () => {
  const bus = bed.open({ compactionLagMs: 60_000, tombstoneRetentionMs: 600_000 });
  const topic = await bed.topic(bus, { partitions: 1, cleanup: 'compact' });
  await bus.publish([eventOf(topic, 'a', 1), eventOf(topic, 'b', 1), eventOf(topic, 'a', 2)]);
  expect(await bus.housekeep()).toMatchObject({ superseded: 0 });
  await age(topic, 120_000);
  await bus.publish([eventOf(topic, 'a', 3), { ...eventOf(topic, 'b', 2), value: null }]);
  expect(await bus.housekeep()).toEqual({ expired: 0, superseded: 1, tombstones: 0 });
  expect(await keysLeft(topic)).toEqual(['b#1', 'a#2', 'a#3', 'b#2']);
  await age(topic, 120_000);
  expect(await bus.housekeep()).toEqual({ expired: 0, superseded: 2, tombstones: 0 });
  expect(await keysLeft(topic)).toEqual(['a#3', 'b#2']);
  await age(topic, 600_000);
  expect(await bus.housekeep()).toEqual({ expired: 0, superseded: 0, tombstones: 1 });
  expect(await keysLeft(topic)).toEqual(['a#3']);
});

test('more than one step holds is removed in several, and processes that clean at once do no harm', async () => {
  const buses = [bed.open(), bed.open()] as const;
  const topic = await bed.topic(buses[0], { partitions: 1, retentionMs: 60_000 });
  for (let batch = 0; batch < 6; batch += 1) {
    await buses[0].publish(Array.from({ length: 1_000 }, (_, index) => eventOf(topic, `key-${index}`, batch)));
  }
  await age(topic, 120_000);
  const reports = await Promise.all(buses.map((bus) => bus.housekeep()));
  const last = await buses[0].housekeep();
  expect([...reports, last].reduce((sum, { expired }) => sum + expired, 0)).toBe(6_000);
  expect(await keysLeft(topic)).toEqual([]);
});

test('housekeeping runs by itself, and for each topic only when it is due', async () => {
  const bus = bed.open({ retentionIntervalMs: 200 });
  const topic = await bed.topic(bus, { partitions: 1, retentionMs: 60_000 });
  await bus.publish([eventOf(topic, 'old')]);
  await age(topic, 120_000);
  await until('an empty topic', async () => (await keysLeft(topic)).length === 0);
});

test('declaring a topic again changes its retention, and compaction can be switched on later', async () => {
  const bus = bed.open({ compactionLagMs: 0 });
  const topic = await bed.topic(bus, { partitions: 1 });
  await bus.publish([eventOf(topic, 'a', 1), eventOf(topic, 'a', 2)]);
  await bus.ensureTopics([{ name: topic, partitions: 1, cleanup: 'compact', retentionMs: 0 }]);
  expect(await bus.housekeep()).toMatchObject({ superseded: 1 });
  expect(await keysLeft(topic)).toEqual(['a#2']);
});
