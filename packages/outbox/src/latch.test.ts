import { expect, test } from '@jest/globals';
import { backoffMs } from './backoff.ts';
import { createLatch } from './latch.ts';

const never = new AbortController().signal;

test('a call that came before the wait is not lost, and counts once', async () => {
  const latch = createLatch();
  latch.open();
  await latch.wait(600_000, never);
  let waited = false;
  const second = latch.wait(600_000, never).then(() => {
    waited = true;
  });
  await Promise.resolve();
  expect(waited).toBe(false);
  latch.open();
  await second;
});

test('a wait ends with its time or with its signal', async () => {
  const latch = createLatch();
  await latch.wait(1, never);
  const abort = new AbortController();
  const waiting = latch.wait(600_000, abort.signal);
  abort.abort();
  await waiting;
  await latch.wait(600_000, abort.signal);
});

test('pauses double up to the longest one, and chance takes at most half of each', () => {
  const backoff = { baseMs: 100, maxMs: 1_000 };
  const full = [1, 2, 3, 4, 5, 60].map((failures) => backoffMs(failures, backoff, () => 0.999_999));
  expect(full).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect([1, 2, 5].map((failures) => backoffMs(failures, backoff, () => 0))).toEqual([50, 100, 500]);
});
