import { expect, test } from '@jest/globals';
import { hashText } from './hash.ts';
import { hashOfKind } from './key-kind.ts';
import { SharedHashes } from './shared-hashes.ts';

const hashOf = (number: number): number => hashOfKind(number % 5, hashText(String(number)));

test('what came twice is always told to be shared, and hardly anything that came once is', () => {
  const shared = new SharedHashes(new Int32Array(SharedHashes.wordsFor(50_000)));
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
