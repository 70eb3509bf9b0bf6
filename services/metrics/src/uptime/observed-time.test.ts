import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hourOf, observedTime, uptimeRatio } from './observed-time.ts';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1, 10) + seconds * 1_000);
const sum = (shares: ReturnType<typeof observedTime>): [number, number] => [
  shares.reduce((total, { upMs }) => total + upMs, 0),
  shares.reduce((total, { downMs }) => total + downMs, 0),
];

describe('observed time', () => {
  test('is what lies between two probes, in the state that the first one found', () => {
    expect(sum(observedTime({ at: at(0), up: true, intervalMs: 15_000 }, at(14)))).toEqual([14_000, 0]);
    expect(sum(observedTime({ at: at(0), up: false, intervalMs: 15_000 }, at(16)))).toEqual([0, 16_000]);
  });

  test('ends one and a half intervals after a probe: what comes then was not observed', () => {
    expect(sum(observedTime({ at: at(0), up: true, intervalMs: 10_000 }, at(3_000)))).toEqual([15_000, 0]);
  });

  test('is divided among the hours that it lies in, and nothing is lost or counted twice', () => {
    fc.assert(
      fc.property(
        fc.nat(7_200_000),
        fc.nat(20_000_000),
        fc.integer({ min: 100, max: 9_000_000 }),
        (from, gap, interval) => {
          const begin = at(from / 1_000);
          const next = new Date(begin.getTime() + gap);
          const shares = observedTime({ at: begin, up: true, intervalMs: interval }, next);
          expect(sum(shares)[0]).toBeCloseTo(Math.min(gap, interval * 1.5), 3);
          for (const { hour, upMs } of shares) {
            expect(hour).toEqual(hourOf(hour));
            expect(upMs).toBeLessThanOrEqual(3_600_000);
          }
        },
      ),
    );
  });

  test('gives the ratio; nothing observed is no ratio', () => {
    expect(uptimeRatio({ upMs: 999, downMs: 1 })).toBe(0.999);
    expect(uptimeRatio({ upMs: 0, downMs: 0 })).toBeNull();
  });
});
