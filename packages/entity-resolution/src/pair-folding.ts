import type { PairSample } from './estimation.ts';
import { finishHash, hashBasisHigh, hashBasisLow } from './hash.ts';
import { KeyIds } from './key-ids.ts';
import { widened } from './text-pool.ts';

/**
 * Adds up pairs that agree in the same way, rarities rounded to two bits. Chance pairs look alike, so that a few thousand kinds of agreement
 * stand for hundreds of thousands of pairs.
 */
export function foldPairs(pairs: PairSample): PairSample {
  const { features } = pairs;
  const kinds = new AgreementKinds(features * 2 + 2);
  const firsts: number[] = [];
  const weights: number[] = [];
  const { codes } = kinds;
  for (let pair = 0; pair < pairs.count; pair += 1) {
    for (let feature = 0; feature < features; feature += 1) {
      codes[feature] = (pairs.levels[pair * features + feature] as number) + 1;
      codes[features + feature] = Math.round((pairs.rarities[pair * features + feature] as number) / 2);
    }
    codes[features * 2] =
      (pairs.strata[pair] as number) * 4 + (pairs.chance[pair] as number) * 2 + (pairs.conflicts[pair] as number);
    codes[features * 2 + 1] = pairs.patterns[pair] as number;
    const kind = kinds.number();
    if (kind === firsts.length) {
      firsts.push(pair);
      weights.push(pairs.weights[pair] as number);
    } else {
      weights[kind] = (weights[kind] as number) + (pairs.weights[pair] as number);
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

/** Numbers lists of so many codes in order of arrival. */
class AgreementKinds {
  /** The list at hand. */
  readonly codes: Int32Array;
  readonly #ids = new KeyIds();
  /** The lists that came, one after the other. */
  #known: Int32Array;

  constructor(width: number) {
    this.codes = new Int32Array(width);
    this.#known = new Int32Array(width * 1024);
  }

  /** The number of the list at hand. */
  number(): number {
    const { codes } = this;
    let low = hashBasisLow;
    let high = hashBasisHigh;
    for (let at = 0; at < codes.length; at += 1) {
      const code = codes[at] as number;
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995);
      high ^= high >>> 15;
    }
    // Where two lists have one hash, the second one takes the next that is free.
    for (let hash = finishHash(low, high, codes.length); ; hash = hash === Number.MAX_SAFE_INTEGER ? 0 : hash + 1) {
      const before = this.#ids.size;
      const id = this.#ids.idOf(hash);
      const from = id * codes.length;
      if (id === before) {
        if (from + codes.length > this.#known.length) this.#known = widened(this.#known, from + codes.length);
        this.#known.set(codes, from);
        return id;
      }
      let same = 0;
      while (same < codes.length && this.#known[from + same] === codes[same]) same += 1;
      if (same === codes.length) return id;
    }
  }
}
