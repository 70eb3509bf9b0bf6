import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Cadence, lastDue, nextDue } from './task.ts';

const cadences: readonly Cadence[] = ['daily', 'weekly', 'monthly', 'quarterly', 'annual'];

describe('due times', () => {
  test.each([
    ['daily', '2026-03-01T01:59:59Z', '2026-02-28T02:00:00.000Z'],
    ['daily', '2026-03-01T02:00:00Z', '2026-03-01T02:00:00.000Z'],
    ['weekly', '2026-11-22T10:00:00Z', '2026-11-16T02:00:00.000Z'],
    ['weekly', '2026-11-23T01:00:00Z', '2026-11-16T02:00:00.000Z'],
    ['monthly', '2026-01-01T00:00:00Z', '2025-12-01T02:00:00.000Z'],
    ['quarterly', '2026-05-31T00:00:00Z', '2026-04-01T02:00:00.000Z'],
    ['annual', '2026-01-01T01:00:00Z', '2025-01-01T02:00:00.000Z'],
  ] as const)('the last %s one at %s is %s', (cadence, now, expected) => {
    expect(lastDue({ cadence, hour: 2 }, new Date(now)).toISOString()).toBe(expected);
  });

  test('the last one is not after, the next one is after, and nothing lies between', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...cadences),
        fc.integer({ min: 0, max: 23 }),
        fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
        (cadence, hour, now) => {
          const last = lastDue({ cadence, hour }, now);
          const next = nextDue({ cadence, hour }, now);
          expect(last.getTime()).toBeLessThanOrEqual(now.getTime());
          expect(next.getTime()).toBeGreaterThan(now.getTime());
          expect(lastDue({ cadence, hour }, next)).toEqual(next);
          expect(lastDue({ cadence, hour }, new Date(next.getTime() - 1))).toEqual(last);
        },
      ),
    );
  });
});
