import { expect, test } from '@jest/globals';
import { createReadPace } from './read-pace.ts';

test('the first round, and one after a quiet moment, begins at once', () => {
  const pace = createReadPace({ shortestMs: 10, longestMs: 150 });
  expect(pace.waitMs(0)).toBeLessThanOrEqual(0);
  pace.begin(0);
  pace.end(20);
  expect(pace.waitMs(1_000)).toBeLessThanOrEqual(0);
});

test('rounds follow each other at twice their own length, within bounds', () => {
  const pace = createReadPace({ shortestMs: 10, longestMs: 150 });
  const waitAfter = (roundMs: number) => {
    pace.begin(1_000);
    pace.end(1_000 + roundMs);
    return pace.waitMs(1_000 + roundMs);
  };
  expect(waitAfter(30)).toBe(30);
  expect(waitAfter(1)).toBe(9);
  expect(waitAfter(100)).toBe(50);
  expect(waitAfter(500)).toBeLessThanOrEqual(0);
});

test('a round that does not end holds the next one up for the longest interval only', () => {
  const pace = createReadPace({ shortestMs: 10, longestMs: 150 });
  pace.begin(0);
  expect(pace.waitMs(100)).toBe(50);
  expect(pace.waitMs(150)).toBe(0);
});
