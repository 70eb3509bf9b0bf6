import { levelsOf, rarityLimitBits } from './levels.ts';
import { type FeatureModel, type LevelModel, onGrid } from './model.ts';
import type { Feature } from './plan.ts';

/**
 * Compared pairs that stand for all pairs of the data: candidate pairs, and a random sample of the rest. `weights` says how many pairs of the
 * data one pair stands for.
 */
export interface PairSample {
  readonly count: number;
  readonly features: number;
  /** `count` rows of one level a comparison, -1 for no evidence. */
  readonly levels: Int8Array;
  readonly rarities: Float32Array;
  readonly weights: Float64Array;
  readonly conflicts: Uint8Array;
}

export interface Estimate {
  readonly prior: number;
  readonly features: readonly FeatureModel[];
  readonly expectedMatches: number;
  readonly iterations: number;
}

/** How many imagined pairs the starting values of m count for, besides a share of the matches found. */
const priorPairs = 12;
const priorShare = 0.03;
const mostIterations = 40;
const settled = 1e-4;
/** A level of which fewer pairs than this were seen on both sides is called untrained. */
const enoughPairs = 5;

/**
 * Expectation maximisation over a stratified sample of all pairs. It starts from what is generally known of each kind of comparison, and
 * keeps a little of it, so that columns nobody agrees on stay sane. The same sample gives the same estimate.
 */
export function estimate(features: readonly Feature[], sample: PairSample, records: number): Estimate {
  const count = sample.features;
  const definitions = features.map((feature) => levelsOf[feature.kind]);
  let m = definitions.map((levels) => normalise(levels.map((level) => level.m)));
  let u = definitions.map((levels) => normalise(levels.map((level) => level.u)));
  const totalPairs = sample.weights.reduce((sum, weight) => sum + weight, 0);
  let lambda = Math.min(0.2, (0.3 * records) / Math.max(1, totalPairs));
  const probabilities = new Float64Array(sample.count);
  const observed = definitions.map((levels) => new Float64Array(levels.length));
  let expected = 0;
  let iterations = 0;

  for (iterations = 1; iterations <= mostIterations; iterations += 1) {
    const weights = m.map((levels, feature) =>
      levels.map((value, level) => Math.log2(value / ((u[feature] as number[])[level] as number))),
    );
    const logU = u.map((levels) => levels.map((value) => Math.log2(value)));
    const prior = Math.log2(lambda / (1 - lambda));
    const matched = definitions.map((levels) => new Float64Array(levels.length));
    const unmatched = definitions.map((levels) => new Float64Array(levels.length));
    expected = 0;
    for (let pair = 0; pair < sample.count; pair += 1) {
      let weight = prior;
      const base = pair * count;
      for (let feature = 0; feature < count; feature += 1) {
        const level = sample.levels[base + feature] as number;
        if (level < 0) continue;
        weight += (weights[feature] as number[])[level] as number;
        const rarity = sample.rarities[base + feature] as number;
        const factor = ((definitions[feature] ?? [])[level] as { termFrequency: number }).termFrequency;
        if (rarity > 0 && factor > 0) {
          const gain = rarity + ((logU[feature] as number[])[level] as number);
          weight += factor === 1 ? gain : Math.max(-rarityLimitBits, Math.min(rarityLimitBits, factor * gain));
        }
      }
      const probability =
        sample.conflicts[pair] === 1 ? 0 : weight >= 0 ? 1 / (1 + 2 ** -weight) : 2 ** weight / (1 + 2 ** weight);
      probabilities[pair] = probability;
      const share = sample.weights[pair] as number;
      expected += probability * share;
      for (let feature = 0; feature < count; feature += 1) {
        const level = sample.levels[base + feature] as number;
        if (level < 0) continue;
        const hits = matched[feature] as Float64Array;
        hits[level] = (hits[level] as number) + probability * share;
        const misses = unmatched[feature] as Float64Array;
        misses[level] = (misses[level] as number) + (1 - probability) * share;
      }
    }
    const nextM = matched.map((hits, feature) => {
      const total = sum(hits);
      const strength = priorPairs + priorShare * total;
      return normalise(
        (definitions[feature] ?? []).map(
          (level, index) => ((hits[index] as number) + strength * level.m) / (total + strength),
        ),
      );
    });
    const nextU = unmatched.map((misses, feature) => {
      const total = sum(misses);
      const strength = 4;
      const least = Math.max(1e-7, 0.5 / (total + 1));
      return normalise(
        (definitions[feature] ?? []).map((level, index) =>
          Math.max(least, ((misses[index] as number) + strength * level.u) / (total + strength)),
        ),
      );
    });
    let change = 0;
    nextM.forEach((levels, feature) => {
      levels.forEach((value, level) => {
        change = Math.max(change, Math.abs(value - ((m[feature] as number[])[level] as number)));
      });
    });
    m = nextM;
    u = nextU;
    lambda = Math.min(0.5, Math.max(0.5 / Math.max(2, totalPairs), (expected + 0.5) / (totalPairs + 1)));
    matched.forEach((hits, feature) => {
      hits.forEach((value, level) => {
        (observed[feature] as Float64Array)[level] = value;
      });
    });
    if (change < settled) break;
  }

  return {
    prior: onGrid(Math.log2(lambda / (1 - lambda))),
    features: features.map((feature, index) => ({
      name: feature.name,
      kind: feature.kind,
      slot: feature.slot,
      levels: (definitions[index] ?? []).map((definition, level): LevelModel => {
        const mValue = (m[index] as number[])[level] as number;
        const uValue = (u[index] as number[])[level] as number;
        return {
          label: definition.label,
          m: mValue,
          u: uValue,
          weight: onGrid(Math.log2(mValue / uValue)),
          termFrequency: definition.termFrequency,
          trained: ((observed[index] as Float64Array)[level] as number) >= enoughPairs,
        };
      }),
    })),
    expectedMatches: expected,
    iterations: Math.min(iterations, mostIterations),
  };
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function normalise(values: number[]): number[] {
  const total = values.reduce((left, right) => left + right, 0);
  return values.map((value) => value / total);
}
