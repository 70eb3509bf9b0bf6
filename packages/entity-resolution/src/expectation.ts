import type { PairSample } from './estimation.ts';
import { rarityLimitBits } from './levels.ts';

/** What is assumed of the kinds of pairs when their shares in each pair are worked out. Kinds are numbered; arrays run over kinds fastest. */
export interface PairKinds {
  readonly count: number;
  /** Where the levels of each comparison start. */
  readonly starts: Int32Array;
  /** Term-frequency factor of each level. */
  readonly factors: Float64Array;
  /** log2 of the probability of each level among chance pairs. */
  readonly logU: Float64Array;
  /** By level and kind: log2 of how much likelier the level is in this kind than by chance; 0 where it agrees as chance pairs do. */
  readonly ratios: Float64Array;
  /** By comparison and kind: 1 where the kind has ratios of its own, 0 where it agrees as chance pairs do. */
  readonly shares: Uint8Array;
  /** By kind: 1 where pairs of this kind have nothing in common but where they come from, so that pairs of chance may be of this kind. */
  readonly ofStrangers: Uint8Array;
  /** By stratum and kind: log2 odds against chance pairs. */
  readonly priors: Float64Array;
  /** By pattern of filled slots and kind: bits to add to the prior. */
  readonly shifts: Float64Array;
  /** Kinds below this number are matches, which pairs in conflict can never be. */
  readonly matchKinds: number;
}

/** Expected numbers of pairs of each kind, and of chance pairs. */
export interface ExpectedCounts {
  /** By level and kind. */
  readonly levels: Float64Array;
  /** By level, of chance pairs. */
  readonly chance: Float64Array;
  readonly total: Float64Array;
  /** By stratum and kind. */
  readonly strata: Float64Array;
  /** By pattern and kind. */
  readonly patterns: Float64Array;
}

/** Below this share of a pair a kind gets nothing of it. */
const negligible = 1e-7;
const impossible = -100;

/** The expectation step: how much of every pair belongs to which kind. */
export function expectCounts(sample: PairSample, kinds: PairKinds): ExpectedCounts {
  const { count, starts, factors, logU, ratios, shares, ofStrangers, priors, shifts } = kinds;
  const features = sample.features;
  const levels = new Float64Array(ratios.length);
  const chanceLevels = new Float64Array(logU.length);
  const totals = new Float64Array(count);
  const strata = new Float64Array(priors.length);
  const patterns = new Float64Array(shifts.length);
  const odds = new Float64Array(count);
  const places = new Int32Array(features);
  for (let pair = 0; pair < sample.count; pair += 1) {
    const base = pair * features;
    const stratum = (sample.strata[pair] as number) * count;
    const pattern = (sample.patterns[pair] as number) * count;
    for (let kind = 0; kind < count; kind += 1)
      odds[kind] = (priors[stratum + kind] as number) + (shifts[pattern + kind] as number);
    let known = 0;
    for (let feature = 0; feature < features; feature += 1) {
      const level = sample.levels[base + feature] as number;
      if (level < 0) continue;
      const at = (starts[feature] as number) + level;
      places[known] = at;
      known += 1;
      const rarity = sample.rarities[base + feature] as number;
      const factor = factors[at] as number;
      let gain = 0;
      if (rarity > 0 && factor > 0) {
        gain = rarity + (logU[at] as number);
        if (factor < 1) gain = Math.max(-rarityLimitBits, Math.min(rarityLimitBits, factor * gain));
      }
      const ratio = at * count;
      const share = feature * count;
      for (let kind = 0; kind < count; kind += 1)
        odds[kind] =
          (odds[kind] as number) + (ratios[ratio + kind] as number) + gain * (shares[share + kind] as number);
    }
    if (sample.conflicts[pair] === 1) odds.fill(impossible, 0, kinds.matchKinds);
    if (sample.chance[pair] === 1)
      for (let kind = 0; kind < count; kind += 1) if (ofStrangers[kind] === 0) odds[kind] = impossible;
    let total = 1;
    for (let kind = 0; kind < count; kind += 1) {
      const bits = odds[kind] as number;
      const value = bits < -40 ? 0 : Math.exp(Math.min(200, bits) * Math.LN2);
      odds[kind] = value;
      total += value;
    }
    const weight = sample.weights[pair] as number;
    const chance = weight / total;
    for (let at = 0; at < known; at += 1) {
      const place = places[at] as number;
      chanceLevels[place] = (chanceLevels[place] as number) + chance;
    }
    if (total <= 1 + negligible) continue;
    for (let kind = 0; kind < count; kind += 1) {
      const part = (odds[kind] as number) * chance;
      odds[kind] = part;
      totals[kind] = (totals[kind] as number) + part;
      strata[stratum + kind] = (strata[stratum + kind] as number) + part;
      patterns[pattern + kind] = (patterns[pattern + kind] as number) + part;
    }
    for (let at = 0; at < known; at += 1) {
      const place = (places[at] as number) * count;
      for (let kind = 0; kind < count; kind += 1)
        levels[place + kind] = (levels[place + kind] as number) + (odds[kind] as number);
    }
  }
  return { levels, chance: chanceLevels, total: totals, strata, patterns };
}
