import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assignPartitions } from './partition-assigner.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('assignment of partitions', () => {
  test('a topic goes to those members only that read it', () => {
    const assigned = assignPartitions(
      [
        { memberId: 'old', topics: ['a'] },
        { memberId: 'new', topics: ['a', 'b'] },
      ],
      [
        { topic: 'a', partitions: range(4) },
        { topic: 'b', partitions: range(2) },
      ],
    );
    expect(assigned.get('old')).toEqual(new Map([['a', [1, 3]]]));
    expect(assigned.get('new')).toEqual(
      new Map([
        ['a', [0, 2]],
        ['b', [0, 1]],
      ]),
    );
  });

  test('every partition has exactly one owner, who reads its topic, and equal members differ by one at most', () => {
    const topicNames = ['a', 'b', 'c'];
    const readers = fc.uniqueArray(
      fc.record({ memberId: fc.uuid(), topics: fc.subarray(topicNames, { minLength: 1 }) }),
      { minLength: 1, maxLength: 6, selector: ({ memberId }) => memberId },
    );
    fc.assert(
      fc.property(readers, fc.array(fc.nat(13), { minLength: 3, maxLength: 3 }), (members, counts) => {
        const topics = topicNames.map((topic, index) => ({ topic, partitions: range(counts[index] ?? 0) }));
        const assigned = assignPartitions(members, topics);
        for (const { topic, partitions } of topics) {
          const owners = members.filter(({ topics: read }) => read.includes(topic));
          const given = members.flatMap(({ memberId }) => assigned.get(memberId)?.get(topic) ?? []);
          expect(given.sort((a, b) => a - b)).toEqual(owners.length > 0 ? partitions : []);
        }
        for (const { memberId, topics: read } of members) {
          expect([...(assigned.get(memberId)?.keys() ?? [])].every((topic) => read.includes(topic))).toBe(true);
        }
        if (members.every(({ topics: read }) => read.length === topicNames.length)) {
          const sizes = members.map(({ memberId }) => [...(assigned.get(memberId)?.values() ?? [])].flat().length);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test('whoever is the leader, the same members get the same partitions', () => {
    const members = ['x', 'y', 'z'].map((memberId) => ({ memberId, topics: ['a'] }));
    const topics = [{ topic: 'a', partitions: range(7) }];
    expect(assignPartitions([...members].reverse(), topics)).toEqual(assignPartitions(members, topics));
  });
});
