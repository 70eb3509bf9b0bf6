import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WordPool } from './word-pool.ts';

const require = createRequire(import.meta.url);
const referenceJaroWinkler = require('talisman/metrics/jaro-winkler') as (left: string, right: string) => number;
const referenceJaro = require('talisman/metrics/jaro') as (left: string, right: string) => number;
const referenceLevenshtein = require('talisman/metrics/levenshtein') as (left: string, right: string) => number;

/** Insertions, deletions, replacements and swaps of neighbours, each place edited once: the textbook recurrence. */
function plainEdits(left: string, right: string): number {
  const table = Array.from({ length: left.length + 1 }, (_, row) =>
    Array.from({ length: right.length + 1 }, (_, column) => (row === 0 ? column : column === 0 ? row : 0)),
  );
  const at = (row: number, column: number): number => (table[row] as number[])[column] as number;
  for (let row = 1; row <= left.length; row += 1) {
    for (let column = 1; column <= right.length; column += 1) {
      let best = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (left[row - 1] === right[column - 1] ? 0 : 1),
      );
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1])
        best = Math.min(best, at(row - 2, column - 2) + 1);
      (table[row] as number[])[column] = best;
    }
  }
  return at(left.length, right.length);
}

const words = fc.string({ unit: fc.constantFrom(...'abcde'), minLength: 0, maxLength: 44 });
const shortWords = fc.string({ unit: fc.constantFrom(...'abcdefghij'), minLength: 1, maxLength: 12 });

describe('string measures', () => {
  test('Jaro-Winkler equals the reference for words of up to 44 letters', () => {
    const pool = new WordPool();
    fc.assert(
      fc.property(fc.oneof(words, shortWords), fc.oneof(words, shortWords), (left, right) => {
        const found = pool.jaroWinkler(pool.intern(left), pool.intern(right));
        const jaro = left === right ? 1 : referenceJaro(left, right);
        const expected = left === right ? 1 : jaro > 0.7 ? referenceJaroWinkler(left, right) : jaro;
        expect(found).toBeCloseTo(expected, 10);
      }),
      { numRuns: 3_000, seed: 7 },
    );
  });

  test('the bound only ever hides values below it', () => {
    const pool = new WordPool();
    fc.assert(
      fc.property(
        fc.oneof(words, shortWords),
        fc.oneof(words, shortWords),
        fc.constantFrom(0.78, 0.85, 0.92),
        (left, right, least) => {
          const exact = pool.jaroWinkler(pool.intern(left), pool.intern(right));
          const bounded = pool.jaroWinkler(pool.intern(left), pool.intern(right), least);
          if (exact >= least) expect(bounded).toBe(exact);
          else expect(bounded).toBeLessThan(least);
        },
      ),
      { numRuns: 3_000, seed: 8 },
    );
  });

  test('edits equal the textbook recurrence and never exceed Levenshtein', () => {
    const pool = new WordPool();
    fc.assert(
      fc.property(fc.oneof(words, shortWords), fc.oneof(words, shortWords), (left, right) => {
        const found = pool.edits(pool.intern(left), pool.intern(right), 99);
        expect(found).toBe(plainEdits(left, right));
        expect(found).toBeLessThanOrEqual(referenceLevenshtein(left, right));
      }),
      { numRuns: 2_000, seed: 9 },
    );
  });

  test('edits beyond the limit answer one more than the limit', () => {
    const pool = new WordPool();
    fc.assert(
      fc.property(shortWords, shortWords, fc.integer({ min: 0, max: 3 }), (left, right, most) => {
        expect(pool.edits(pool.intern(left), pool.intern(right), most)).toBe(
          Math.min(plainEdits(left, right), most + 1),
        );
      }),
      { numRuns: 2_000, seed: 10 },
    );
  });
});
