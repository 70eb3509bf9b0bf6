import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashText } from './hash.ts';
import { TextPool } from './text-pool.ts';

const texts = fc.array(
  fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 }),
    fc.constantFrom('', '\u00ff', '\u01ff', '\ud800', 'x'.repeat(5_000)),
  ),
  { maxLength: 700 },
);

test('every distinct text has a number of its own, comes back as it was and is hashed as hashText does', () => {
  fc.assert(
    fc.property(texts, (list) => {
      const pool = new TextPool();
      const expected = new Map<string, number>();
      for (const text of list) {
        if (!expected.has(text)) expected.set(text, expected.size);
        expect(pool.intern(text)).toBe(expected.get(text));
      }
      expect(pool.size).toBe(expected.size);
      for (const [text, id] of expected) {
        expect(pool.textOf(id)).toBe(text);
        expect(pool.hashOf(id)).toBe(hashText(text));
      }
    }),
    { numRuns: 60, seed: 3 },
  );
});
