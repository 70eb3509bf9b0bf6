import { describe, expect, test } from '@jest/globals';
import { murmur2, partitionOf } from './partition.ts';

const encoder = new TextEncoder();

describe('partition of a key', () => {
  // The vectors of the unit test of Kafka's own Java client.
  const vectors: readonly (readonly [string, number])[] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];

  test.each(vectors)('murmur2 of %j is what the Java client computes', (key, hash) => {
    expect(murmur2(encoder.encode(key))).toBe(hash);
  });

  test('every key has one partition inside the topic, the same each time', () => {
    const seen = new Set<number>();
    for (let index = 0; index < 1_000; index += 1) {
      const partition = partitionOf(`default:sf:org:Contact:${index}é`, 12);
      expect(partition).toBe(partitionOf(`default:sf:org:Contact:${index}é`, 12));
      seen.add(partition);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });
});
