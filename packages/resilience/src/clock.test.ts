import { expect, test } from '@jest/globals';
import { systemClock } from './clock.ts';

test('sleeps for the time, and ends at once with the reason of the signal', async () => {
  const startedAt = systemClock.now();
  await systemClock.sleep(20, new AbortController().signal);
  expect(systemClock.now() - startedAt).toBeGreaterThanOrEqual(19);
  const stop = new AbortController();
  const sleeping = systemClock.sleep(60_000, stop.signal);
  stop.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
  await expect(systemClock.sleep(1, stop.signal)).rejects.toThrow('enough');
});
