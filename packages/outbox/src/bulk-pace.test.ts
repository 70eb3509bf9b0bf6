import { expect, test } from '@jest/globals';
import type { PartitionLag } from '@kempt/event-bus';
import { createLogger } from '@kempt/telemetry';
import { createBulkPace } from './bulk-pace.ts';

const topic = 'kempt.test.record-state.v1';
const behindMax = 1_000;

/** One topic, and groups that have handled so many of its events. */
function setUp(groups: Record<string, number | Error>) {
  const world = { nowMs: 1_000_000, end: 0, groups, released: 0, looks: 0 };
  const logs: string[] = [];
  const pace = createBulkPace({
    behindMax,
    readersOf: (name) => (name === topic ? Object.keys(world.groups) : []),
    now: () => world.nowMs,
    logger: createLogger({ service: 'test', level: 'warn', destination: { write: (line) => logs.push(line) } }),
    onRelease: () => {
      world.released += 1;
    },
    bus: {
      async lag(group): Promise<readonly PartitionLag[]> {
        world.looks += 1;
        const handled = world.groups[group];
        if (handled === undefined) return [];
        if (handled instanceof Error) throw handled;
        const [committed, end] = [BigInt(handled), BigInt(world.end)];
        return [{ topic, partition: 0, committed, end, records: end - committed }];
      },
    },
  });
  return {
    world,
    pace,
    logs,
    publish(count: number) {
      world.end += count;
      pace.notePublished(topic, count);
    },
    async look(afterMs: number) {
      world.nowMs += afterMs;
      pace.look();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('bulk events wait when the slowest group is as far behind as it may be, and go on when it has caught up', async () => {
  const { world, pace, publish, look } = setUp({ slow: 0, quick: 0 });
  publish(999);
  expect(pace.heldTopics()).toEqual([]);
  publish(1);
  expect(pace.heldTopics()).toEqual([topic]);
  world.groups = { slow: 0, quick: 1_000 };
  await look(500);
  expect([pace.heldTopics(), world.released]).toEqual([[topic], 0]);
  world.groups = { slow: 400, quick: 1_000 };
  await look(500);
  expect([pace.heldTopics(), world.released]).toEqual([[], 1]);
  publish(400);
  expect(pace.heldTopics()).toEqual([topic]);
});

test('readers are looked at twice a second at most, and not at all while no bulk flows', async () => {
  const { world, pace, publish, look } = setUp({ reader: 0 });
  await look(60_000);
  expect([world.looks, pace.lookDueMs()]).toEqual([0, Number.POSITIVE_INFINITY]);
  publish(10);
  expect(pace.lookDueMs()).toBe(0);
  await look(0);
  publish(10);
  await look(499);
  expect([world.looks, pace.lookDueMs()]).toEqual([1, 1]);
  await look(1);
  expect(world.looks).toBe(2);
});

test('a group that does not move for half a minute is not waited for, until it moves again', async () => {
  const { world, pace, publish, look } = setUp({ dead: 0 });
  publish(5_000);
  for (let passed = 0; passed < 30_500; passed += 500) {
    expect(pace.heldTopics()).toEqual([topic]);
    await look(500);
  }
  await look(500);
  expect(pace.heldTopics()).toEqual([]);
  publish(1);
  world.groups = { dead: 1 };
  await look(500);
  expect(pace.heldTopics()).toEqual([topic]);
});

test('a group that had nothing to do for an hour is waited for', async () => {
  const { pace, publish, look, world } = setUp({ reader: 0 });
  publish(1);
  world.groups = { reader: 1 };
  await look(500);
  publish(5_000);
  await look(3_600_000);
  expect(pace.heldTopics()).toEqual([topic]);
});

test('a group whose lag cannot be read is not waited for, and that is told once', async () => {
  const { pace, publish, look, logs } = setUp({ secret: new Error('not allowed') });
  for (let round = 0; round < 5; round += 1) {
    publish(2_000);
    await look(500);
    expect(pace.heldTopics()).toEqual([]);
  }
  expect(logs).toHaveLength(1);
  expect(logs[0]).toContain('not allowed');
});

test('topics that nobody reads never wait', () => {
  const { pace } = setUp({ reader: 0 });
  pace.notePublished('kempt.test.other.v1', 1_000_000);
  expect(pace.heldTopics()).toEqual([]);
});
