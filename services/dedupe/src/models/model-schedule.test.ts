import { describe, expect, test } from '@jest/globals';
import { reasonToTrain } from './model-schedule.ts';

const newest = { trainedAt: new Date('2024-01-01T00:00:00Z'), trainedOn: 1000 };
const limits = { intervalHours: 168, growthMax: 0.5 };
const on = (day: string, records = 1000) => ({ now: new Date(`2024-01-${day}T00:00:00Z`), records });

describe('a candidate is trained', () => {
  test('when the newest model is old enough, and not before', () => {
    expect(reasonToTrain(newest, on('07'), limits)).toBeUndefined();
    expect(reasonToTrain(newest, on('08'), limits)).toBe('schedule');
  });

  test('when there are many more records, or many fewer', () => {
    expect(reasonToTrain(newest, on('02', 1500), limits)).toBeUndefined();
    expect(reasonToTrain(newest, on('02', 1501), limits)).toBe('growth');
    expect(reasonToTrain(newest, on('02', 499), limits)).toBe('growth');
  });

  test('on demand only when the interval is 0', () => {
    expect(reasonToTrain(newest, on('31', 9000), { ...limits, intervalHours: 0 })).toBeUndefined();
  });
});
