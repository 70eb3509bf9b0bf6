import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BlockIndexBuilder } from './block-index.ts';
import { hashText } from './hash.ts';
import { hashOfKind } from './key-kind.ts';
import { SharedHashes } from './shared-hashes.ts';

const hashOf = (number: number): number => hashOfKind(number % 5, hashText(String(number)));

test('what came twice is always told to be shared, and hardly anything that came once is', () => {
  const shared = new SharedHashes(50_000);
  for (let number = 0; number < 50_000; number += 1) shared.note(hashOf(number));
  for (let number = 0; number < 50_000; number += 10) shared.note(hashOf(number));
  let wrong = 0;
  for (let number = 0; number < 50_000; number += 1) {
    if (number % 10 === 0) expect(shared.mayBeShared(hashOf(number))).toBe(true);
    else if (shared.mayBeShared(hashOf(number))) wrong += 1;
  }
  expect(wrong / 45_000).toBeLessThan(0.25);
  expect(shared.mayBeShared(hashOf(50_001)) && shared.mayBeShared(hashOf(50_002))).toBe(false);
});

test('an index of the keys that several rows have is the index of all keys', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(fc.nat(60), { maxLength: 8 }), { minLength: 1, maxLength: 30 }), (rows) => {
      const keys = rows.map((numbers) => numbers.map(hashOf));
      const all = new BlockIndexBuilder();
      for (const row of keys) all.addRow(row);
      const shared = new SharedHashes(10);
      for (const row of keys) for (const hash of row) shared.note(hash);
      const few = new BlockIndexBuilder(rows.length, true);
      for (const row of keys) few.addShared(row, shared);
      expect(few.costUpTo(10)).toBe(all.costUpTo(10));
      expect(new Set(few.hashesAbove(2))).toEqual(new Set(all.hashesAbove(2)));
      expect(few.build()).toEqual(all.build());
    }),
    { numRuns: 200 },
  );
});
