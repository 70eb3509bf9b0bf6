import type { PairSample } from './estimation.ts';

/**
 * Adds up pairs that agree in the same way, rarities rounded to two bits. Chance pairs look alike, so that a few thousand kinds of agreement
 * stand for hundreds of thousands of pairs.
 */
export function foldPairs(pairs: PairSample): PairSample {
  const { features } = pairs;
  const kinds = new Map<string, number>();
  const firsts: number[] = [];
  const weights: number[] = [];
  const codes = new Array<number>(features * 2 + 2);
  for (let pair = 0; pair < pairs.count; pair += 1) {
    for (let feature = 0; feature < features; feature += 1) {
      codes[feature] = (pairs.levels[pair * features + feature] as number) + 1;
      codes[features + feature] = Math.round((pairs.rarities[pair * features + feature] as number) / 2);
    }
    codes[features * 2] =
      (pairs.strata[pair] as number) * 4 + (pairs.chance[pair] as number) * 2 + (pairs.conflicts[pair] as number);
    codes[features * 2 + 1] = pairs.patterns[pair] as number;
    const key = String.fromCharCode(...codes);
    const known = kinds.get(key);
    if (known === undefined) {
      kinds.set(key, firsts.length);
      firsts.push(pair);
      weights.push(pairs.weights[pair] as number);
    } else {
      weights[known] = (weights[known] as number) + (pairs.weights[pair] as number);
    }
  }
  const levels = new Int8Array(firsts.length * features);
  const rarities = new Float32Array(firsts.length * features);
  firsts.forEach((pair, index) => {
    levels.set(pairs.levels.subarray(pair * features, (pair + 1) * features), index * features);
    for (let feature = 0; feature < features; feature += 1)
      rarities[index * features + feature] = Math.round((pairs.rarities[pair * features + feature] as number) / 2) * 2;
  });
  return {
    count: firsts.length,
    features,
    levels,
    rarities,
    weights: Float64Array.from(weights),
    chance: Uint8Array.from(firsts, (pair) => pairs.chance[pair] as number),
    conflicts: Uint8Array.from(firsts, (pair) => pairs.conflicts[pair] as number),
    strata: Uint8Array.from(firsts, (pair) => pairs.strata[pair] as number),
    patterns: Int16Array.from(firsts, (pair) => pairs.patterns[pair] as number),
  };
}
