import { confusionsFor } from './confusions.ts';
import type { FilledPatterns } from './filled-patterns.ts';
import { type LevelDefinition, levelsOf, mostDifferent, mostDifferentInConfusions, rarityLimitBits } from './levels.ts';
import {
  type CarelessnessModel,
  type ConfusionModel,
  type FeatureModel,
  type LevelModel,
  type MatchModel,
  onGrid,
} from './model.ts';
import type { Feature, FeatureKind } from './plan.ts';

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
  /** Index of the stratum each pair lies in. */
  readonly strata: Uint8Array;
  /** Index of the pattern of filled slots each pair has. */
  readonly patterns: Int16Array;
}

/** Pairs that share one prior: all pairs inside one source, or all others (`source` null, always the first stratum). */
export interface Stratum {
  readonly source: string | null;
  readonly records: number;
  readonly pairs: number;
}

export interface Estimate {
  readonly prior: number;
  readonly sourcePriors: Readonly<Record<string, number>>;
  readonly features: readonly FeatureModel[];
  readonly confusions: readonly ConfusionModel[];
  readonly carelessness: CarelessnessModel;
  readonly patternPriors: MatchModel['patternPriors'];
  readonly expectedMatches: number;
  readonly iterations: number;
}

/** How many imagined pairs the starting values of m count for, besides a share of the matches found. */
const priorPairs = 40;
const priorShare = 0.03;
const mostIterations = 30;
const settled = 1e-3;
/** Below this share of a pair a class gets nothing of it. */
const negligible = 1e-7;
/** A level of which fewer matches than this were expected among the pairs seen is called untrained. */
const enoughPairs = 5;

/** Matches come in two kinds: most records are kept with care, some are written down badly in all their fields at once. */
const careful = 0;
const careless = 1;
const matchKinds = 2;
/** Share of the careless among matches, at the start and at most. */
const carelessAtFirst = 0.2;
const mostCareless = 0.6;
/** How much less often than careful ones careless matches agree fully, at the start. */
const carelessAgreement = 0.4;
const mostSlack = 1;
const leastSlack = 0.01;

/** Matches that the general prior counts for in each pattern, and the bits that a pattern may differ from it. */
const patternStrength = 40;
const mostShiftBits = 5;

/** How many levels of names say that the name is one, slips included, and how much more often than matches confusions may show one. */
const slips: Readonly<Partial<Record<FeatureKind, number>>> = { given: 4, family: 4 };
const mostSlips = 1.5;

/** Level probabilities of every comparison in one flat array. */
interface Layout {
  readonly features: readonly Feature[];
  /** Where the levels of a comparison start. */
  readonly starts: Int32Array;
  readonly size: number;
  readonly m: Float64Array;
  readonly u: Float64Array;
  readonly factors: Float64Array;
}

function layoutOf(features: readonly Feature[]): Layout {
  const definitions = features.map((feature) => levelsOf[feature.kind]);
  const starts = new Int32Array(features.length + 1);
  definitions.forEach((levels, feature) => {
    starts[feature + 1] = (starts[feature] as number) + levels.length;
  });
  const all = definitions.flat();
  return {
    features,
    starts,
    size: all.length,
    m: Float64Array.from(definitions.flatMap((levels) => normalise(levels.map((level) => level.m)))),
    u: Float64Array.from(definitions.flatMap((levels) => normalise(levels.map((level) => level.u)))),
    factors: Float64Array.from(all, (level) => level.termFrequency),
  };
}

/** A kind of pair that is not a chance pair: matches first, careless matches second, then the confusions. */
interface PairClass {
  readonly shares: Uint8Array;
  readonly start: Float64Array;
  /** How many of the strongest levels of each comparison stay as they start. */
  readonly held: Uint8Array;
  /** Comparisons whose probabilities are those of matches. */
  readonly tied: Uint8Array;
  /** How often pairs of this class agree on each level; only read for comparisons it shares. */
  levels: Float64Array;
  /** Share of all pairs that are of this class. */
  share: number;
}

/**
 * Expectation maximisation over a stratified sample of all pairs, with three kinds of pairs: matches, confusions, and chance pairs. It starts
 * from what is generally known of each kind of comparison and keeps a little of it, so that columns nobody agrees on stay sane. The same
 * sample gives the same estimate.
 */
export function estimate(
  features: readonly Feature[],
  pairs: PairSample,
  population: { readonly strata: readonly Stratum[]; readonly filled: FilledPatterns },
): Estimate {
  const { strata, filled } = population;
  const patterns = filled.masks.length;
  const sample = foldPairs(pairs);
  const layout = layoutOf(features);
  const { starts, size, factors } = layout;
  const count = features.length;
  const totalPairs = Math.max(
    1,
    strata.reduce((sum, { pairs }) => sum + pairs, 0),
  );
  const records = (strata[0] as Stratum).records;
  const confusions = confusionsFor(features.map((feature) => feature.kind));
  const matchShare = Math.min(0.1, (0.3 * records) / Math.max(1, totalPairs));
  const matchClass = (start: Float64Array, part: number): PairClass => ({
    shares: new Uint8Array(count).fill(1),
    start,
    held: new Uint8Array(count),
    tied: new Uint8Array(count),
    levels: start.slice(),
    share: matchShare * part,
  });
  const classes: PairClass[] = [
    matchClass(layout.m, 1 - carelessAtFirst),
    matchClass(carelessStart(layout), carelessAtFirst),
    ...confusions.map(({ shared, held, tied }) => {
      const start = Float64Array.from(
        features.flatMap((feature) =>
          normalise([...(shared.get(feature.kind) ?? levelsOf[feature.kind].map((level) => level.m))]),
        ),
      );
      return {
        shares: Uint8Array.from(features, (feature) => (shared.has(feature.kind) ? 1 : 0)),
        start,
        held: Uint8Array.from(features, (feature) => held?.get(feature.kind) ?? 0),
        tied: Uint8Array.from(features, (feature) => (tied?.has(feature.kind) === true ? 1 : 0)),
        levels: start.slice(),
        share: Math.min(0.05, (0.1 * records) / Math.max(1, totalPairs)),
      };
    }),
  ];
  // Share of matches in each stratum; strata with few pairs lean on the whole.
  let matchShares = strata.map(() => matchShare);
  let carelessShare = carelessAtFirst;
  let u = layout.u.slice();
  const expected = new Float64Array(classes.length);
  let observed = new Float64Array(size);
  let iterations = 0;
  const odds = new Float64Array(classes.length);
  const shiftTrust = [
    1,
    1,
    ...confusions.map(({ held, mostPerMatch }) => (held !== undefined && mostPerMatch === undefined ? 1 : 0.5)),
  ];
  // Bits by which pairs of a pattern differ from the prior of their class, matches of both kinds taken together.
  let shifts = classes.map(() => new Float64Array(patterns));

  for (iterations = 1; iterations <= mostIterations; iterations += 1) {
    const logU = u.map(Math.log2);
    const ratios = classes.map(({ levels }) => levels.map((value, at) => Math.log2(value / (u[at] as number))));
    const rest = Math.max(1e-6, 1 - classes.reduce((sum, { share }) => sum + share, 0));
    const priors = classes.map(({ share }) => Math.log2(share / rest));
    const matchPriors = matchShares.map((share) => Math.log2(share / rest));
    const found = new Float64Array(strata.length);
    const foundByPattern = classes.map(() => new Float64Array(patterns));
    const hits = classes.map(() => new Float64Array(size));
    const misses = new Float64Array(size);
    expected.fill(0);
    for (let pair = 0; pair < sample.count; pair += 1) {
      const base = pair * count;
      const stratum = sample.strata[pair] as number;
      const pattern = sample.patterns[pair] as number;
      odds[careful] = (matchPriors[stratum] as number) + Math.log2(1 - carelessShare);
      odds[careless] = (matchPriors[stratum] as number) + Math.log2(carelessShare);
      for (let kind = matchKinds; kind < classes.length; kind += 1) odds[kind] = priors[kind] as number;
      for (let feature = 0; feature < count; feature += 1) {
        const level = sample.levels[base + feature] as number;
        if (level < 0) continue;
        const at = (starts[feature] as number) + level;
        const rarity = sample.rarities[base + feature] as number;
        const factor = factors[at] as number;
        let gain = 0;
        if (rarity > 0 && factor > 0) {
          gain = rarity + (logU[at] as number);
          if (factor < 1) gain = Math.max(-rarityLimitBits, Math.min(rarityLimitBits, factor * gain));
        }
        for (let kind = 0; kind < classes.length; kind += 1) {
          if (((classes[kind] as PairClass).shares[feature] as number) === 1) {
            odds[kind] = (odds[kind] as number) + ((ratios[kind] as Float64Array)[at] as number) + gain;
          }
        }
      }
      for (let kind = 0; kind < classes.length; kind += 1)
        odds[kind] = (odds[kind] as number) + ((shifts[kind] as Float64Array)[pattern] as number);
      if (sample.conflicts[pair] === 1) odds[careful] = odds[careless] = -100;
      let total = 1;
      for (let kind = 0; kind < classes.length; kind += 1) {
        odds[kind] = 2 ** Math.min(200, odds[kind] as number);
        total += odds[kind] as number;
      }
      const weight = sample.weights[pair] as number;
      const chance = weight / total;
      const notable = total > 1 + negligible;
      for (let kind = 0; kind < classes.length; kind += 1) {
        odds[kind] = ((odds[kind] as number) / total) * weight;
        expected[kind] = (expected[kind] as number) + (odds[kind] as number);
        const byPattern = foundByPattern[kind < matchKinds ? careful : kind] as Float64Array;
        byPattern[pattern] = (byPattern[pattern] as number) + (odds[kind] as number);
      }
      found[stratum] = (found[stratum] as number) + (odds[careful] as number) + (odds[careless] as number);
      for (let feature = 0; feature < count; feature += 1) {
        const level = sample.levels[base + feature] as number;
        if (level < 0) continue;
        const at = (starts[feature] as number) + level;
        misses[at] = (misses[at] as number) + chance;
        if (!notable) continue;
        for (let kind = 0; kind < classes.length; kind += 1) {
          const counts = hits[kind] as Float64Array;
          counts[at] = (counts[at] as number) + (odds[kind] as number);
        }
      }
    }
    let change = 0;
    let overall = (classes[careful] as PairClass).levels;
    classes.forEach((kind, index) => {
      if (index === matchKinds) overall = mixed(classes, carelessShare);
      const next = smooth(layout, hits[index] as Float64Array, { ...kind, confusion: index >= matchKinds });
      if (index >= matchKinds) followMatches(layout, next, { levels: overall, tied: kind.tied });
      if (index === careless) boundSlack(layout, next, (classes[careful] as PairClass).levels);
      for (let at = 0; at < size; at += 1)
        change = Math.max(change, Math.abs((next[at] as number) - (kind.levels[at] as number)));
      kind.levels = next;
      kind.share = Math.min(
        0.4,
        Math.max(0.2 / Math.max(2, totalPairs), ((expected[index] as number) + 0.5) / (totalPairs + 1)),
      );
    });
    matchShares = strata.map(({ pairs }, stratum) => {
      const overall = (classes[careful] as PairClass).share + (classes[careless] as PairClass).share;
      const strength = Math.min(2, overall * pairs) + 0.05;
      return Math.min(0.4, ((found[stratum] as number) + strength) / (pairs + strength / Math.max(overall, 1e-12)));
    });
    carelessShare = Math.min(
      mostCareless,
      ((expected[careless] as number) + priorPairs * carelessAtFirst) /
        ((expected[careful] as number) + (expected[careless] as number) + priorPairs),
    );
    shifts = classes.map(({ share }, kind) => {
      if (kind === careless) return new Float64Array(patterns);
      return Float64Array.from({ length: patterns }, (_, pattern) => {
        let foreseen = 0;
        for (let stratum = 0; stratum < strata.length; stratum += 1)
          foreseen +=
            (filled.pairs[stratum * patterns + pattern] as number) *
            (kind === careful ? (matchShares[stratum] as number) : share);
        const bits = Math.log2(
          (((foundByPattern[kind] as Float64Array)[pattern] as number) + patternStrength) /
            (foreseen + patternStrength),
        );
        return Math.max(0, Math.min(mostShiftBits, (shiftTrust[kind] as number) * bits));
      });
    });
    shifts[careless] = shifts[careful] as Float64Array<ArrayBuffer>;
    u = smoothChance(layout, misses);
    observed = (hits[careful] as Float64Array).map(
      (value, at) => value + ((hits[careless] as Float64Array)[at] as number),
    );
    if (change < settled) break;
  }

  const matches = classes[careful] as PairClass;
  const slack = classes[careless] as PairClass;
  const rest = Math.max(1e-6, 1 - classes.reduce((sum, { share }) => sum + share, 0));
  const levelsFor = (feature: number): number[] =>
    Array.from(
      { length: (starts[feature + 1] as number) - (starts[feature] as number) },
      (_, level) => (starts[feature] as number) + level,
    );
  return {
    prior: onGrid(Math.log2((strata.length === 2 ? (matchShares[1] as number) : (matchShares[0] as number)) / rest)),
    sourcePriors: Object.fromEntries(
      strata.flatMap(({ source }, stratum) =>
        source === null ? [] : [[source, onGrid(Math.log2((matchShares[stratum] as number) / rest))]],
      ),
    ),
    features: features.map((feature, index) => ({
      name: feature.name,
      kind: feature.kind,
      slot: feature.slot,
      levels: levelsFor(index).map((at, level): LevelModel => {
        const definition = levelsOf[feature.kind][level] as LevelDefinition;
        const m = matches.levels[at] as number;
        const chance = u[at] as number;
        return {
          label: definition.label,
          m,
          u: chance,
          weight: onGrid(Math.log2(m / chance)),
          termFrequency: definition.termFrequency,
          trained: (observed[at] as number) >= enoughPairs,
        };
      }),
    })),
    confusions: confusions.map(({ label, mostPerMatch }, index) => {
      const kind = classes[index + matchKinds] as PairClass;
      return {
        label,
        prior: onGrid(
          Math.log2(
            Math.min(kind.share, (mostPerMatch ?? Number.POSITIVE_INFINITY) * (matches.share + slack.share)) / rest,
          ),
        ),
        weights: features.map((_, feature) =>
          (kind.shares[feature] as number) === 1
            ? levelsFor(feature).map((at) => onGrid(Math.log2((kind.levels[at] as number) / (u[at] as number))))
            : null,
        ),
      };
    }),
    patternPriors: Object.fromEntries(
      filled.masks.flatMap((mask, pattern) => {
        const bits = shifts.flatMap((shift, kind) => (kind === careless ? [] : [onGrid(shift[pattern] as number)]));
        return mask < 0 || bits.every((bit) => Math.abs(bit) < 0.05) ? [] : [[String(mask), bits]];
      }),
    ),
    carelessness: {
      share: carelessShare,
      weights: features.map((_, feature) =>
        levelsFor(feature).map((at) =>
          onGrid(Math.log2((slack.levels[at] as number) / (matches.levels[at] as number))),
        ),
      ),
    },
    expectedMatches: (expected[careful] as number) + (expected[careless] as number),
    iterations: Math.min(iterations, mostIterations),
  };
}

/**
 * Adds up pairs that agree in the same way, rarities rounded to two bits. Chance pairs look alike, so that a few thousand kinds of agreement
 * stand for hundreds of thousands of pairs.
 */
function foldPairs(pairs: PairSample): PairSample {
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
    codes[features * 2] = (pairs.strata[pair] as number) * 2 + (pairs.conflicts[pair] as number);
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
    conflicts: Uint8Array.from(firsts, (pair) => pairs.conflicts[pair] as number),
    strata: Uint8Array.from(firsts, (pair) => pairs.strata[pair] as number),
    patterns: Int16Array.from(firsts, (pair) => pairs.patterns[pair] as number),
  };
}

/** Level probabilities from expected counts, held near the starting values where little was counted. */
function smooth(
  layout: Layout,
  counts: Float64Array,
  kindOfPair: { readonly start: Float64Array; readonly held: Uint8Array; readonly confusion: boolean },
): Float64Array {
  const { start, held, confusion } = kindOfPair;
  const next = start.slice();
  for (let feature = 0; feature < layout.features.length; feature += 1) {
    const to = layout.starts[feature + 1] as number;
    const from = (layout.starts[feature] as number) + (held[feature] as number);
    if (from >= to) continue;
    let free = 1;
    for (let at = layout.starts[feature] as number; at < from; at += 1) free -= start[at] as number;
    let total = 0;
    for (let at = from; at < to; at += 1) total += counts[at] as number;
    const strength = priorPairs + priorShare * total;
    for (let at = from; at < to; at += 1)
      next[at] = (free * ((counts[at] as number) + (strength * (start[at] as number)) / free)) / (total + strength);
    const kind = (layout.features[feature] as Feature).kind;
    const most = confusion ? mostDifferentInConfusions[kind] : mostDifferent[kind];
    const different = next[to - 1] as number;
    if (different > most && free === 1) {
      for (let at = from; at < to - 1; at += 1) next[at] = ((next[at] as number) * (1 - most)) / (1 - different);
      next[to - 1] = most;
    }
  }
  return next;
}

/** Level probabilities of careless matches before any data is seen: full agreement is rarer, all else as much more frequent. */
function carelessStart(layout: Layout): Float64Array {
  const start = layout.m.slice();
  for (let feature = 0; feature < layout.features.length; feature += 1) {
    const from = layout.starts[feature] as number;
    const to = layout.starts[feature + 1] as number;
    start[from] = (start[from] as number) * carelessAgreement;
    const total = start.subarray(from, to).reduce((sum, value) => sum + value, 0);
    for (let at = from; at < to; at += 1) start[at] = (start[at] as number) / total;
  }
  return start;
}

/** Carelessness makes errors; it does not make other names, numbers and addresses. Outright difference is hardly more frequent than with care. */
function boundSlack(layout: Layout, next: Float64Array, careful: Float64Array): void {
  for (let feature = 0; feature < layout.features.length; feature += 1) {
    const from = layout.starts[feature] as number;
    const last = (layout.starts[feature + 1] as number) - 1;
    const most = Math.max(leastSlack, mostSlack * (careful[last] as number));
    const different = next[last] as number;
    if (different <= most) continue;
    for (let at = from; at < last; at += 1) next[at] = ((next[at] as number) * (1 - most)) / (1 - different);
    next[last] = most;
  }
}

/** Level probabilities of all matches together. */
function mixed(classes: readonly PairClass[], carelessShare: number): Float64Array {
  const slack = (classes[careless] as PairClass).levels;
  return (classes[careful] as PairClass).levels.map(
    (value, at) => (1 - carelessShare) * value + carelessShare * (slack[at] as number),
  );
}

/**
 * Gives the tied comparisons of a confusion the probabilities of matches. Nor can different people spell a name as one more often than one
 * person does: rare slips such as swapped names would else be learned as the mark of a confusion.
 */
function followMatches(
  layout: Layout,
  next: Float64Array,
  matches: { readonly levels: Float64Array; readonly tied: Uint8Array },
): void {
  for (let feature = 0; feature < layout.features.length; feature += 1) {
    const from = layout.starts[feature] as number;
    const to = layout.starts[feature + 1] as number;
    const { kind } = layout.features[feature] as Feature;
    for (let at = from; at < to; at += 1) {
      if (matches.tied[feature] === 1) next[at] = matches.levels[at] as number;
      else if (kind in slips && at - from < (slips[kind] as number))
        next[at] = Math.min(next[at] as number, mostSlips * (matches.levels[at] as number));
    }
  }
}

function smoothChance(layout: Layout, counts: Float64Array): Float64Array<ArrayBuffer> {
  const next = new Float64Array(layout.size);
  const strength = 4;
  for (let feature = 0; feature < layout.features.length; feature += 1) {
    const from = layout.starts[feature] as number;
    const to = layout.starts[feature + 1] as number;
    let total = 0;
    for (let at = from; at < to; at += 1) total += counts[at] as number;
    let sum = 0;
    for (let at = from; at < to; at += 1) {
      next[at] = Math.max(
        1e-7,
        Math.min(layout.u[at] as number, 0.5 / (total + 1)),
        ((counts[at] as number) + strength * (layout.u[at] as number)) / (total + strength),
      );
      sum += next[at] as number;
    }
    for (let at = from; at < to; at += 1) next[at] = (next[at] as number) / sum;
  }
  return next;
}

function normalise(values: number[]): number[] {
  const total = values.reduce((left, right) => left + right, 0);
  return values.map((value) => value / total);
}
