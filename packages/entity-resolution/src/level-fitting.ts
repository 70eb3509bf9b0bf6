import { levelsOf, mostDifferent, mostDifferentInConfusions, otherValues } from './levels.ts';
import type { Feature, FeatureKind } from './plan.ts';

/** How many imagined pairs the starting values of m count for, besides a share of the matches found. */
export const priorPairs = 40;
const priorShare = 0.03;
/** How much less often than careful ones careless matches agree fully, at the start. */
const carelessAgreement = 0.4;
const leastSlack = 0.01;

/** How many levels of names say that the name is one, slips included, and how much more often than matches confusions may show one. */
const slips: Readonly<Partial<Record<FeatureKind, number>>> = { given: 4, family: 4 };
const mostSlips = 1.5;

/**
 * How many times as often as is generally known matches may show another value where a single comparison is all there is. Nothing else could tell
 * that pairs which agree this little are matches, and estimating would take all of them for such, since they are many.
 */
const mostOthersAlone = 3;
/** How often, at most, those who live in one house show another address. */
const mostElsewhere = 0.4;
/** How much more often than strangers people with one thing in common may agree on others. */
const mostNearness = 16;

/** Level probabilities of every comparison in one flat array. */
export interface Layout {
  readonly features: readonly Feature[];
  /** Where the levels of a comparison start. */
  readonly starts: Int32Array;
  readonly size: number;
  readonly m: Float64Array;
  readonly u: Float64Array;
  readonly factors: Float64Array;
  /** A single comparison is all there is. */
  readonly isAlone: boolean;
}

export function layoutOf(features: readonly Feature[]): Layout {
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
    isAlone: features.filter(({ kind }) => kind !== 'legalForm').length === 1,
  };
}

/** Level probabilities from expected counts, held near the starting values where little was counted. */
export function smooth(
  layout: Layout,
  counts: Float64Array,
  kindOfPair: {
    readonly start: Float64Array;
    readonly held: Uint8Array;
    readonly near: Uint8Array;
    readonly inOneHouse: boolean;
    readonly confusion: boolean;
    readonly chance: Float64Array;
  },
): Float64Array {
  const { start, held, near, inOneHouse, confusion, chance } = kindOfPair;
  const next = start.slice();
  for (let feature = 0; feature < layout.features.length; feature += 1) {
    if (near[feature] === 1) {
      next.set(smoothNear(layout, feature, { counts, chance }), layout.starts[feature] as number);
      continue;
    }
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
    if (!confusion && layout.isAlone && kind !== 'legalForm')
      capFrom(next, start, { from, to, first: from + otherValues[kind], times: mostOthersAlone });
    if (inOneHouse && (kind === 'address' || kind === 'position'))
      boundFrom(next, { from, to, first: from + otherValues[kind], most: mostElsewhere });
  }
  return next;
}

/** Holds each level from `first` on at so many times what it starts from; those before take the rest. */
function capFrom(
  levels: Float64Array,
  start: Float64Array,
  {
    from,
    to,
    first,
    times,
  }: { readonly from: number; readonly to: number; readonly first: number; readonly times: number },
): void {
  let taken = 0;
  for (let at = first; at < to; at += 1) {
    const most = times * (start[at] as number);
    taken += Math.max(0, (levels[at] as number) - most);
    levels[at] = Math.min(levels[at] as number, most);
  }
  let others = 0;
  for (let at = from; at < first; at += 1) others += levels[at] as number;
  for (let at = from; at < first; at += 1) levels[at] = (levels[at] as number) * (1 + taken / others);
}

/** Scales the levels from `first` on so that they are no more than `most` together; those before take the rest. */
function boundFrom(
  levels: Float64Array,
  {
    from,
    to,
    first,
    most,
  }: { readonly from: number; readonly to: number; readonly first: number; readonly most: number },
): void {
  let sum = 0;
  for (let at = first; at < to; at += 1) sum += levels[at] as number;
  if (sum <= most) return;
  for (let at = from; at < to; at += 1)
    levels[at] = (levels[at] as number) * (at < first ? (1 - most) / (1 - sum) : most / sum);
}

/** Level probabilities of a comparison that pairs agree on so many times as often as strangers; the weakest level makes up for it. */
export function nearby(layout: Layout, feature: number, chance: Float64Array, times: number): number[] {
  const levels = [...chance.subarray(layout.starts[feature] as number, layout.starts[feature + 1] as number)];
  return weakestTakesRest(levels.map((u) => Math.min(0.9 / levels.length, u * times)));
}

/** The same from expected counts, between once and several times as often as strangers. */
function smoothNear(
  layout: Layout,
  feature: number,
  { counts, chance }: { readonly counts: Float64Array; readonly chance: Float64Array },
): number[] {
  const from = layout.starts[feature] as number;
  const to = layout.starts[feature + 1] as number;
  let total = 0;
  for (let at = from; at < to; at += 1) total += counts[at] as number;
  const strength = priorPairs + priorShare * total;
  return weakestTakesRest(
    Array.from({ length: to - from }, (_, level) => {
      const u = chance[from + level] as number;
      return Math.min(mostNearness * u, ((counts[from + level] as number) + strength * u) / (total + strength));
    }),
  );
}

function weakestTakesRest(levels: number[]): number[] {
  const stronger = levels.slice(0, -1);
  const sum = stronger.reduce((left, right) => left + right, 0);
  const scale = Math.min(1, 0.95 / Math.max(1e-12, sum));
  return [...stronger.map((value) => value * scale), 1 - sum * scale];
}

/** Level probabilities of careless matches before any data is seen: full agreement is rarer, all else as much more frequent. */
export function carelessStart(layout: Layout): Float64Array {
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

/**
 * Carelessness makes errors; it does not make other names, numbers and addresses. Levels that show another value, not the same one badly
 * written, are hardly more frequent than with care.
 */
export function boundSlack(layout: Layout, next: Float64Array, careful: Float64Array): void {
  layout.features.forEach(({ kind }, feature) => {
    const from = layout.starts[feature] as number;
    const to = layout.starts[feature + 1] as number;
    const firstOther = from + otherValues[kind];
    let taken = 0;
    for (let at = firstOther; at < to; at += 1) {
      const most = Math.max(leastSlack, careful[at] as number);
      taken += Math.max(0, (next[at] as number) - most);
      next[at] = Math.min(next[at] as number, most);
    }
    if (taken === 0) return;
    let rest = 0;
    for (let at = from; at < firstOther; at += 1) rest += next[at] as number;
    for (let at = from; at < firstOther; at += 1) next[at] = (next[at] as number) * (1 + taken / rest);
  });
}

/** Level probabilities of all matches together. */
export function mixed(careful: Float64Array, careless: Float64Array, carelessShare: number): Float64Array {
  return careful.map((value, at) => (1 - carelessShare) * value + carelessShare * (careless[at] as number));
}

/**
 * Gives the tied comparisons of a confusion the probabilities of matches. Nor can different people spell a name as one more often than one
 * person does: rare slips such as swapped names would else be learned as the mark of a confusion.
 */
export function followMatches(
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

/**
 * Level probabilities of chance pairs from their numbers. Where a single comparison is all there is, pairs that agree a little share no key and
 * only come up among those drawn at random, each of which stands for `standsFor`: a level that none of them shows may be as frequent as the
 * drawing lets it be.
 */
export function smoothChance(layout: Layout, counts: Float64Array, standsFor: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(layout.size);
  const half = layout.isAlone ? standsFor / 2 : 0;
  const strength = 4;
  for (let feature = 0; feature < layout.features.length; feature += 1) {
    const from = layout.starts[feature] as number;
    const to = layout.starts[feature + 1] as number;
    let total = 0;
    for (let at = from; at < to; at += 1) total += counts[at] as number;
    let sum = 0;
    for (let at = from; at < to; at += 1) {
      const start = layout.u[at] as number;
      next[at] = Math.max(
        1e-7,
        at > from && half > 0 ? half / (total + half / start) : 0,
        Math.min(start, 0.5 / (total + 1)),
        ((counts[at] as number) + strength * start) / (total + strength),
      );
      sum += next[at] as number;
    }
    for (let at = from; at < to; at += 1) next[at] = (next[at] as number) / sum;
  }
  return next;
}

export function normalise(values: number[]): number[] {
  const total = values.reduce((left, right) => left + right, 0);
  return values.map((value) => value / total);
}
