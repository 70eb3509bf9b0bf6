import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultRules } from '../rules/default-rules.ts';
import { scoreOf } from './score.ts';

const counts = fc.uniqueArray(
  fc
    .record({
      rule: fc.constantFrom(...defaultRules),
      checked: fc.nat(1_000),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ rule, checked, share }) => ({ ruleId: rule.id, checked, failed: Math.round(checked * share) })),
  { selector: ({ ruleId }) => ruleId, maxLength: 12 },
);

describe('a score', () => {
  test('lies between 0 and 100, and what the rules take away sums to what is missing', () => {
    fc.assert(
      fc.property(counts, (some) => {
        const { score, losses, dimensions } = scoreOf(some, defaultRules);
        if (score === null) return expect(some.every(({ checked }) => checked === 0)).toBe(true);
        expect(score).toBeGreaterThanOrEqual(-1e-9);
        expect(score).toBeLessThanOrEqual(100 + 1e-9);
        expect(losses.reduce((sum, { points }) => sum + points, score)).toBeCloseTo(100, 6);
        expect(dimensions.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
      }),
    );
  });

  test('never rises when one more check fails', () => {
    fc.assert(
      fc.property(counts, fc.nat(), (some, pick) => {
        const candidates = some.filter(({ checked, failed }) => failed < checked);
        const chosen = candidates[pick % Math.max(1, candidates.length)];
        if (chosen === undefined) return;
        const worse = some.map((count) => (count === chosen ? { ...count, failed: count.failed + 1 } : count));
        const before = scoreOf(some, defaultRules).score ?? Number.NaN;
        expect(scoreOf(worse, defaultRules).score ?? Number.NaN).toBeLessThanOrEqual(before + 1e-9);
      }),
    );
  });

  test('is worked out as the formula says', () => {
    const { score, losses } = scoreOf(
      [
        { ruleId: 'person-email', checked: 10, failed: 5 },
        { ruleId: 'person-owner', checked: 10, failed: 0 },
        { ruleId: 'person-unique', checked: 10, failed: 1 },
      ],
      defaultRules,
    );
    // Completeness 100 x (1 - 2*5 / (2*10 + 1*10)) = 66.67, uniqueness 90; weights .35 and .2 of .55.
    expect(score).toBeCloseTo((0.35 * (200 / 3) + 0.2 * 90) / 0.55, 9);
    expect(losses.map(({ ruleId }) => ruleId)).toEqual(['person-email', 'person-unique']);
  });
});
