import { expect, test } from '@jest/globals';
import { backoffMs } from './backoff.ts';

test('pauses double up to their limit and are spread over the upper half', () => {
  const pause = (attempt: number, random: number) =>
    backoffMs(attempt, { baseMs: 100, maxMs: 1_000, random: () => random });
  expect([1, 2, 3, 4, 5, 1_000].map((attempt) => pause(attempt, 1))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect([1, 2, 3].map((attempt) => pause(attempt, 0))).toEqual([50, 100, 200]);
});
