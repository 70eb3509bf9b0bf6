import { describe, expect, test } from '@jest/globals';
import { partitionOf } from '@kempt/event-bus';
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';

describe('partition of a key', () => {
  test('is the one that the default partitioner of kafkajs chooses, for any text and any number of partitions', () => {
    const partitioner = Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.integer({ min: 1, max: 97 }), (key, count) => {
        const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
          partitionId,
          leader: 1,
          partitionErrorCode: 0,
          replicas: [1],
          isr: [1],
        }));
        const chosen = partitioner({ topic: 't', partitionMetadata, message: { key, value: null } });
        expect(partitionOf(key, count)).toBe(chosen);
      }),
      { numRuns: 500 },
    );
  });
});
