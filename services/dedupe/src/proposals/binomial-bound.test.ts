import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lowerBound, successesMissing } from './binomial-bound.ts';

const confidence = 0.95;

describe('the lower confidence bound of a proportion', () => {
  test('is what tables of Clopper and Pearson say', () => {
    // Beta quantiles: qbeta(0.05, k, n - k + 1).
    expect(lowerBound({ successes: 10, failures: 0 }, confidence)).toBeCloseTo(0.05 ** (1 / 10), 9);
    expect(lowerBound({ successes: 9, failures: 1 }, confidence)).toBeCloseTo(0.60584, 4);
    expect(lowerBound({ successes: 8, failures: 2 }, confidence)).toBeCloseTo(0.4931, 4);
    expect(lowerBound({ successes: 95, failures: 5 }, 0.975)).toBeCloseTo(0.88717, 4);
    expect(lowerBound({ successes: 0, failures: 5 }, confidence)).toBe(0);
  });

  test('is below the share of successes, rises with successes and falls with failures', () => {
    const count = fc.integer({ min: 0, max: 600 });
    fc.assert(
      fc.property(count, count, (successes, failures) => {
        const bound = lowerBound({ successes, failures }, confidence);
        expect(bound).toBeGreaterThanOrEqual(0);
        if (successes + failures > 0) expect(bound).toBeLessThanOrEqual(successes / (successes + failures));
        expect(lowerBound({ successes: successes + 1, failures }, confidence)).toBeGreaterThan(bound);
        expect(lowerBound({ successes, failures: failures + 1 }, confidence)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 60 },
    );
  });

  test('is above the true proportion in at most five of a hundred cases', () => {
    for (const [proportion, count] of [
      [0.99, 300],
      [0.985, 500],
      [0.9, 40],
    ] as const) {
      // Exactly, by summing the probabilities of every outcome whose bound is too high.
      let probability = (1 - proportion) ** count;
      let wrong = 0;
      for (let successes = 0; successes <= count; successes += 1) {
        if (successes > 0) probability *= ((count - successes + 1) / successes) * (proportion / (1 - proportion));
        if (lowerBound({ successes, failures: count - successes }, confidence) > proportion) wrong += probability;
      }
      expect(wrong).toBeLessThanOrEqual(0.05);
    }
  });

  test('says how many successes are missing', () => {
    const target = { target: 0.99, confidence };
    expect(successesMissing({ successes: 0, failures: 0 }, target)).toBe(299);
    expect(successesMissing({ successes: 200, failures: 0 }, target)).toBe(99);
    expect(successesMissing({ successes: 299, failures: 0 }, target)).toBe(0);
    const missing = successesMissing({ successes: 300, failures: 1 }, target);
    expect(lowerBound({ successes: 300 + missing, failures: 1 }, confidence)).toBeGreaterThanOrEqual(0.99);
    expect(lowerBound({ successes: 299 + missing, failures: 1 }, confidence)).toBeLessThan(0.99);
  });
});
