import { describe, expect, test } from '@jest/globals';
import { completenessRatio, createObjectMeasurement } from './measurement.ts';

function measured(...looks: readonly (readonly [mirror: number, crm?: number])[]) {
  const measurement = createObjectMeasurement();
  for (const [mirror, crm] of looks) {
    measurement.noteMirror(mirror);
    if (crm !== undefined) measurement.noteCrm(crm);
  }
  return measurement;
}

describe('a measurement of an object', () => {
  test('is settled when both sides have as many', () => {
    expect(measured([10, 10]).isSettled()).toBe(true);
    expect(measured([10, 11]).isSettled()).toBe(false);
  });

  test('takes a count that the mirror passed through for no difference, growing or shrinking', () => {
    const growing = measured([10, 14], [17]);
    expect([growing.isSettled(), growing.counts()]).toEqual([true, { crm: 14, mirror: 14 }]);
    const shrinking = measured([10, 8], [7]);
    expect([shrinking.isSettled(), shrinking.counts()]).toEqual([true, { crm: 8, mirror: 8 }]);
  });

  test('tells the last counts when records are missing on one side', () => {
    expect(measured([10, 14], [10, 14], [12, 15]).counts()).toEqual({ crm: 15, mirror: 12 });
    expect(measured([10, 8], [10]).counts()).toEqual({ crm: 8, mirror: 10 });
  });
});

test('the ratio falls below 1 whichever side has more', () => {
  expect(completenessRatio({ crm: 0, mirror: 0 })).toBe(1);
  expect(completenessRatio({ crm: 4, mirror: 3 })).toBe(0.75);
  expect(completenessRatio({ crm: 3, mirror: 4 })).toBe(0.75);
  expect(completenessRatio({ crm: 3, mirror: 0 })).toBe(0);
});
