import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { foldPairs } from './pair-folding.ts';

const features = 2;
const pair = fc.record({
  levels: fc.tuple(fc.integer({ min: -1, max: 2 }), fc.integer({ min: -1, max: 1 })),
  rarities: fc.tuple(fc.constantFrom(0, 3.9, 4, 4.2), fc.constantFrom(0, 12)),
  conflict: fc.nat(1),
  chance: fc.nat(1),
  stratum: fc.nat(2),
  pattern: fc.nat(1),
  weight: fc.integer({ min: 1, max: 5 }),
});

test('pairs are added up exactly where they agree in the same way', () => {
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 2_000 }), (pairs) => {
      const folded = foldPairs({
        count: pairs.length,
        features,
        levels: Int8Array.from(pairs.flatMap(({ levels }) => levels)),
        rarities: Float32Array.from(pairs.flatMap(({ rarities }) => rarities)),
        weights: Float64Array.from(pairs, ({ weight }) => weight),
        conflicts: Uint8Array.from(pairs, ({ conflict }) => conflict),
        chance: Uint8Array.from(pairs, ({ chance }) => chance),
        strata: Uint8Array.from(pairs, ({ stratum }) => stratum),
        patterns: Int16Array.from(pairs, ({ pattern }) => pattern),
      });
      const expected = new Map<string, number>();
      for (const { levels, rarities, conflict, chance, stratum, pattern, weight } of pairs) {
        const bits = rarities.map((rarity) => Math.round(Math.fround(rarity) / 2) * 2);
        const kind = JSON.stringify([levels, bits, conflict, chance, stratum, pattern]);
        expected.set(kind, (expected.get(kind) ?? 0) + weight);
      }
      const found = Array.from({ length: folded.count }, (_, at): [string, number] => [
        JSON.stringify([
          [...folded.levels.subarray(at * features, (at + 1) * features)],
          [...folded.rarities.subarray(at * features, (at + 1) * features)],
          folded.conflicts[at],
          folded.chance[at],
          folded.strata[at],
          folded.patterns[at],
        ]),
        folded.weights[at] as number,
      ]);
      expect(found).toEqual([...expected]);
    }),
    { numRuns: 60 },
  );
});
