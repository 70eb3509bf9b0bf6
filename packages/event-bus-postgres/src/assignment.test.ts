import { describe, expect, test } from '@jest/globals';
import { type AssignableMember, type AssignablePartition, assignPartitions } from './assignment.ts';

function membersOf(topicIds: readonly number[], ...ids: string[]): AssignableMember[] {
  return ids.map((memberId) => ({ memberId, topicIds: new Set(topicIds) }));
}

function partitionsOf(topicId: number, count: number): AssignablePartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topicId, partition, holder: null }));
}

function held(partitions: readonly AssignablePartition[], holders: readonly (string | null)[]): AssignablePartition[] {
  return partitions.map((partition, index) => ({ ...partition, holder: holders[index] ?? null }));
}

function countsOf(holders: readonly (string | null)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const holder of holders) if (holder !== null) counts[holder] = (counts[holder] ?? 0) + 1;
  return counts;
}

describe('assignment of partitions', () => {
  test('every partition of a topic goes to a reader of it, and to nobody where there is none', () => {
    const partitions = [...partitionsOf(1, 3), ...partitionsOf(2, 2)];
    const holders = assignPartitions(partitions, membersOf([1], 'a', 'b'));
    expect(holders.slice(0, 3).every((holder) => holder === 'a' || holder === 'b')).toBe(true);
    expect(holders.slice(3)).toEqual([null, null]);
  });

  test('shares differ by one at most, over all topics together', () => {
    for (const members of [2, 3, 5, 7]) {
      const ids = Array.from({ length: members }, (_, index) => `member-${index}`);
      const partitions = [12, 12, 3, 6, 1, 1, 1].flatMap((count, topicId) => partitionsOf(topicId, count));
      const counts = Object.values(countsOf(assignPartitions(partitions, membersOf([0, 1, 2, 3, 4, 5, 6], ...ids))));
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  test('what is fair stays as it is', () => {
    const partitions = [...partitionsOf(1, 12), ...partitionsOf(2, 5), ...partitionsOf(3, 1)];
    const members = membersOf([1, 2, 3], 'a', 'b', 'c', 'd');
    const first = assignPartitions(partitions, members);
    expect(assignPartitions(held(partitions, first), [...members].reverse())).toEqual(first);
  });

  test('a newcomer takes its share and no other partition moves', () => {
    const partitions = partitionsOf(1, 12);
    const before = assignPartitions(partitions, membersOf([1], 'a', 'b'));
    const after = assignPartitions(held(partitions, before), membersOf([1], 'a', 'b', 'c'));
    expect(countsOf(after)).toEqual({ a: 4, b: 4, c: 4 });
    for (const [index, holder] of after.entries()) if (holder !== 'c') expect(holder).toBe(before[index]);
  });

  test('the partitions of one that left are shared out and no other partition moves', () => {
    const partitions = partitionsOf(1, 12);
    const before = assignPartitions(partitions, membersOf([1], 'a', 'b', 'c'));
    const after = assignPartitions(held(partitions, before), membersOf([1], 'a', 'c'));
    expect(countsOf(after)).toEqual({ a: 6, c: 6 });
    for (const [index, holder] of before.entries()) if (holder !== 'b') expect(after[index]).toBe(holder);
  });

  test('members without a partition are left when there are more of them than partitions', () => {
    const holders = assignPartitions(partitionsOf(1, 2), membersOf([1], 'a', 'b', 'c'));
    expect(Object.values(countsOf(holders))).toEqual([1, 1]);
  });
});
