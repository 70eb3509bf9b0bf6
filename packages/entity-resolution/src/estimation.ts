import { type Confusion, confusionsFor } from './confusions.ts';
import { expectCounts } from './expectation.ts';
import type { FilledPatterns } from './filled-patterns.ts';
import {
  boundSlack,
  carelessStart,
  followMatches,
  layoutOf,
  mixed,
  nearby,
  normalise,
  priorPairs,
  smooth,
  smoothChance,
} from './level-fitting.ts';
import { type LevelDefinition, levelsOf } from './levels.ts';
import {
  type CarelessnessModel,
  type ConfusionModel,
  type FeatureModel,
  type LevelModel,
  type MatchModel,
  onGrid,
} from './model.ts';
import { foldPairs } from './pair-folding.ts';
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
  /**
   * 1 for pairs that were drawn at random and stand for so many that none of them may count as anything but chance: one that looks like a
   * match would stand for more matches than there are.
   */
  readonly chance: Uint8Array;
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

const enoughIterations = 30;
const settled = 1e-3;
/** A level of which fewer matches than this were expected among the pairs seen is called untrained. */
const enoughPairs = 5;

/** Matches come in two kinds: most records are kept with care, some are written down badly in all their fields at once. */
const careful = 0;
const careless = 1;
const matchKinds = 2;
/** Share of the careless among matches, at the start and at most. */
const carelessAtFirst = 0.2;
const mostCareless = 0.6;
/** Share of compatriots among all pairs at the start, and how much more often than strangers pairs with something in common agree otherwise. */
const strangersShare = 0.1;
const startNearness = 3;
/** So many pairs of a kind can show how near they are to each other; where there are fewer, they agree as strangers on what they do not share. */
const enoughToBeNear = 60;
/** Matches that the general prior counts for in each pattern, and the bits that a pattern may differ from it. */
const patternStrength = 40;
const mostShiftBits = 5;

/** A kind of pair that is not a chance pair: matches first, careless matches second, then the confusions. */
interface PairClass {
  readonly start: Float64Array;
  /** How many of the strongest levels of each comparison stay as they start. */
  readonly held: Uint8Array;
  /** Comparisons whose probabilities are those of matches. */
  readonly tied: Uint8Array;
  /** Comparisons on which such pairs agree somewhat more often than strangers. */
  readonly near: Uint8Array;
  readonly inOneHouse: boolean;
  /** How often pairs of this class agree on each level. */
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
  population: {
    readonly strata: readonly Stratum[];
    readonly filled: FilledPatterns;
    readonly mostIterations?: number;
  },
): Estimate {
  const { strata, filled, mostIterations = enoughIterations } = population;
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
  const confusions = confusionsFor(
    features.map((feature) => feature.kind),
    totalPairs,
  );
  const matchShare = Math.min(0.1, (0.3 * records) / Math.max(1, totalPairs));
  const matchClass = (start: Float64Array, part: number): PairClass => ({
    start,
    held: new Uint8Array(count),
    tied: new Uint8Array(count),
    near: new Uint8Array(count),
    inOneHouse: false,
    levels: start.slice(),
    share: matchShare * part,
  });
  const classes: PairClass[] = [
    matchClass(layout.m, 1 - carelessAtFirst),
    matchClass(carelessStart(layout), carelessAtFirst),
    ...confusions.map(({ shared, held, tied, inOneHouse = false }) => {
      const start = Float64Array.from(
        features.flatMap((feature, index) => {
          const levels = shared.get(feature.kind);
          return levels === undefined ? nearby(layout, index, layout.u, startNearness) : normalise([...levels]);
        }),
      );
      return {
        start,
        held: Uint8Array.from(features, (feature) => held?.get(feature.kind) ?? 0),
        tied: Uint8Array.from(features, (feature) => (tied?.has(feature.kind) === true ? 1 : 0)),
        near: Uint8Array.from(features, (feature) => (shared.has(feature.kind) ? 0 : 1)),
        inOneHouse,
        levels: start.slice(),
        share: shared.size === 0 ? strangersShare : Math.min(0.05, (0.1 * records) / Math.max(1, totalPairs)),
      };
    }),
  ];
  // Share of matches in each stratum; strata with few pairs lean on the whole.
  let matchShares = strata.map(() => matchShare);
  let carelessShare = carelessAtFirst;
  let u = layout.u.slice();
  let matchesFound = 0;
  const standsFor = pairs.weights.reduce((most, weight) => Math.max(most, weight), 0);
  let observed = new Float64Array(size);
  let iterations = 0;
  const sharesOf = ({ near, share }: PairClass, feature: number): boolean =>
    near[feature] === 0 || share * totalPairs >= enoughToBeNear;
  const featureOf = Int32Array.from(features.flatMap((feature, index) => levelsOf[feature.kind].map(() => index)));
  const ofStrangers = Uint8Array.from(classes, ({ near }) => (near.every((mark) => mark === 1) ? 1 : 0));
  const shiftTrust = [
    1,
    1,
    ...confusions.map(({ held, mostPerMatch }) => (held !== undefined && mostPerMatch === undefined ? 1 : 0.5)),
  ];
  // Bits by which pairs of a pattern differ from the prior of their class, matches of both kinds taken together.
  let shifts = classes.map(() => new Float64Array(patterns));

  for (iterations = 1; iterations <= mostIterations; iterations += 1) {
    const rest = Math.max(1e-6, 1 - classes.reduce((sum, { share }) => sum + share, 0));
    const kinds = classes.length;
    const shares = Uint8Array.from({ length: count * kinds }, (_, at) =>
      sharesOf(classes[at % kinds] as PairClass, Math.floor(at / kinds)) ? 1 : 0,
    );
    const ratios = new Float64Array(size * kinds);
    for (let at = 0; at < size; at += 1)
      for (let kind = 0; kind < kinds; kind += 1)
        if (shares[(featureOf[at] as number) * kinds + kind] === 1)
          ratios[at * kinds + kind] = Math.log2(
            ((classes[kind] as PairClass).levels[at] as number) / (u[at] as number),
          );
    const priors = new Float64Array(strata.length * kinds);
    matchShares.forEach((share, stratum) => {
      classes.forEach((kind, index) => {
        priors[stratum * kinds + index] = Math.log2((index < matchKinds ? share : kind.share) / rest);
      });
      priors[stratum * kinds + careful] = (priors[stratum * kinds + careful] as number) + Math.log2(1 - carelessShare);
      priors[stratum * kinds + careless] = (priors[stratum * kinds + careless] as number) + Math.log2(carelessShare);
    });
    const counts = expectCounts(sample, {
      count: kinds,
      starts,
      factors,
      logU: u.map(Math.log2),
      ratios,
      shares,
      ofStrangers,
      priors,
      shifts: Float64Array.from(
        { length: patterns * kinds },
        (_, at) => (shifts[at % kinds] as Float64Array)[Math.floor(at / kinds)] as number,
      ),
      matchKinds,
    });
    const expected = counts.total;
    const hits = classes.map((_, kind) =>
      Float64Array.from({ length: size }, (_each, at) => counts.levels[at * kinds + kind] as number),
    );
    const found = strata.map(
      (_, stratum) =>
        (counts.strata[stratum * kinds + careful] as number) + (counts.strata[stratum * kinds + careless] as number),
    );
    const foundIn = (kind: number, pattern: number): number =>
      kind === careful
        ? (counts.patterns[pattern * kinds + careful] as number) +
          (counts.patterns[pattern * kinds + careless] as number)
        : (counts.patterns[pattern * kinds + kind] as number);
    const household = confusions.findIndex(({ label }) => label === 'household');
    const householdsPerPair = ((expected[matchKinds + household] as number) + 0.5) / (totalPairs + 1);
    const within = (counted: number, bounds: Confusion['perHousehold']): number =>
      bounds === undefined || household < 0
        ? counted
        : Math.min(bounds.most * householdsPerPair, Math.max(bounds.least * householdsPerPair, counted));
    let change = 0;
    let overall = classes[careful]?.levels as Float64Array;
    classes.forEach((kind, index) => {
      if (index === matchKinds)
        overall = mixed((classes[careful] as PairClass).levels, (classes[careless] as PairClass).levels, carelessShare);
      const next = smooth(layout, hits[index] as Float64Array, { ...kind, confusion: index >= matchKinds, chance: u });
      if (index >= matchKinds) followMatches(layout, next, { levels: overall, tied: kind.tied });
      if (index === careless) boundSlack(layout, next, (classes[careful] as PairClass).levels);
      for (let at = 0; at < size; at += 1)
        change = Math.max(change, Math.abs((next[at] as number) - (kind.levels[at] as number)));
      kind.levels = next;
      const counted = ((expected[index] as number) + 0.5) / (totalPairs + 1);
      kind.share = Math.min(
        0.4,
        Math.max(0.2 / Math.max(2, totalPairs), within(counted, confusions[index - matchKinds]?.perHousehold)),
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
        const bits = Math.log2((foundIn(kind, pattern) + patternStrength) / (foreseen + patternStrength));
        return Math.max(0, Math.min(mostShiftBits, (shiftTrust[kind] as number) * bits));
      });
    });
    shifts[careless] = shifts[careful] as Float64Array<ArrayBuffer>;
    u = smoothChance(layout, counts.chance, standsFor);
    matchesFound = (expected[careful] as number) + (expected[careless] as number);
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
          sharesOf(kind, feature)
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
    expectedMatches: matchesFound,
    iterations: Math.min(iterations, mostIterations),
  };
}
