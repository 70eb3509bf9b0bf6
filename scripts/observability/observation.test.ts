import { expect, test } from '@jest/globals';
import type { Proof } from '@kempt/observability';
import { answerOf, complaintBefore, isExpectedAfter } from './observation.ts';

const proof: Proof = { stimulus: 'changes', of: { a: '1' }, before: [0, 1], after: { to: [2, 3] } };

test('the answer is the sum of the chosen series, and no answer is not zero', () => {
  const samples = [
    { labels: { a: '1', b: 'x' }, value: 2 },
    { labels: { a: '1', b: 'y' }, value: 3 },
    { labels: { a: '2' }, value: 100 },
  ];
  expect(answerOf(samples, proof)).toBe(5);
  expect(answerOf([{ labels: { a: '1' }, value: Number.NaN }], proof)).toBeUndefined();
  expect(answerOf(samples.slice(2), proof)).toBeUndefined();
});

test('an answer that is missing or outside is complained of before, and never taken for the one after', () => {
  expect(complaintBefore(proof, 1)).toBeUndefined();
  expect(complaintBefore(proof, 2)).toMatch(/got 2/);
  expect(complaintBefore(proof, undefined)).toMatch(/no answer/);
  expect(complaintBefore({ ...proof, before: 'absent' }, 0)).toMatch(/got 0/);
  expect(isExpectedAfter(proof, 2, 0)).toBe(true);
  expect(isExpectedAfter(proof, 4, 0)).toBe(false);
  expect(isExpectedAfter(proof, undefined, 0)).toBe(false);
  expect(isExpectedAfter({ ...proof, after: { plus: [2, 3] } }, 7, 5)).toBe(true);
  expect(isExpectedAfter({ ...proof, after: { plus: [2, 3] } }, 7, 6)).toBe(false);
});
