import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countPatterns, filledMask } from './filled-patterns.ts';

describe('patterns of filled slots', () => {
  test('pairs are counted as if every pair had been looked at', () => {
    const row = fc.record({ mask: fc.integer({ min: 0, max: 15 }), stratum: fc.integer({ min: 0, max: 2 }) });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const patterns = countPatterns(
          Int32Array.from(rows, ({ mask }) => mask),
          Int32Array.from(rows, ({ stratum }) => stratum),
          3,
        );
        const expected = new Float64Array(patterns.pairs.length);
        rows.forEach((left, index) => {
          for (const right of rows.slice(index + 1)) {
            const stratum = left.stratum === right.stratum ? left.stratum : 0;
            const at = stratum * patterns.masks.length + patterns.indexOf(left.mask & right.mask);
            expected[at] = (expected[at] as number) + 1;
          }
        });
        expect([...patterns.pairs]).toEqual([...expected]);
      }),
    );
  });

  test('a slot counts as filled when it has a value', () => {
    expect(filledMask([['a'], [], ['b', 'c']])).toBe(0b101);
  });
});
