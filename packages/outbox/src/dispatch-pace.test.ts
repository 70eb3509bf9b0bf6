import { expect, test } from '@jest/globals';
import { createDispatchPace } from './dispatch-pace.ts';

function paceAt(nowMs: { value: number }) {
  return createDispatchPace({ now: () => nowMs.value, pollIntervalMs: 5_000 });
}

test('a dispatcher that starts, or was busy, looks after pauses that double, then waits for notifications', () => {
  const pace = paceAt({ value: 0 });
  const waits = Array.from({ length: 11 }, () => pace.waitMs());
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_000, 5_000]);
});

test('fifty batches within a second make it busy, 300 ms without any make it quiet', () => {
  const now = { value: 0 };
  const pace = paceAt(now);
  for (let batch = 1; batch <= 50; batch += 1) {
    expect(pace.busy).toBe(false);
    now.value += 15;
    pace.noteRead(1);
  }
  expect(pace.busy).toBe(true);
  expect(pace.waitMs()).toBe(10);
  now.value += 300;
  pace.noteRead(0);
  expect(pace.busy).toBe(true);
  now.value += 1;
  pace.noteRead(0);
  expect(pace.busy).toBe(false);
  expect([pace.waitMs(), pace.waitMs()]).toEqual([10, 20]);
});

test('the same number of batches over a longer time does not', () => {
  const now = { value: 0 };
  const pace = paceAt(now);
  for (let batch = 0; batch < 500; batch += 1) {
    now.value += 25;
    pace.noteRead(1);
  }
  expect(pace.busy).toBe(false);
});
