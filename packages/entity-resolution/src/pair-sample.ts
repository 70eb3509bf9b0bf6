import { type BlockIndex, CandidateWalk, several } from './block-index.ts';
import type { PairSample, Stratum } from './estimation.ts';
import { countPatterns, type FilledPatterns } from './filled-patterns.ts';
import { KeyRule } from './key-kind.ts';
import type { Pace } from './pace.ts';
import type { PairScorer } from './pair-scorer.ts';
import type { Random } from './random.ts';
import type { RecordStore } from './record-store.ts';

/** Candidate pairs that are kept with their agreement, at most. */
const mostKeptPairs = 1_200_000;
/** Rows whose candidate pairs are looked at in training: ascending, and as marks by row. */
export interface Seeds {
  readonly rows: Int32Array;
  readonly has: Uint8Array;
}

/** Pairs that are no candidates, drawn at random. */
const chancePairs = 80_000;

export type ThinPairs = PairSample & Pick<ComparedPairs, 'lefts' | 'rights' | 'shared'>;

/** Pairs of rows with how they agree: kept candidates first, then pairs drawn at random from all the others. */
export interface ComparedPairs extends PairSample {
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  /** The kind of the one key that the two share, or `several`; of pairs that are no candidates too. */
  readonly shared: Uint8Array;
  readonly filled: FilledPatterns;
  /** How many of the pairs are candidates; they lead. */
  readonly kept: number;
  /** Candidate pairs there are in all. */
  readonly candidates: number;
  /** The kept pairs are all candidate pairs there are. */
  readonly isComplete: boolean;
}

/**
 * Draws the pairs that the estimate is made from and compares them; pairs that share a single key of any kind are among them. Where `seeds` are given, candidate pairs of these rows stand for all
 * candidate pairs, so that the work does not grow with the table.
 */
export async function comparePairs(
  store: RecordStore,
  index: BlockIndex,
  options: {
    readonly largestBlock: number;
    readonly strata: readonly Stratum[];
    readonly seeds: Seeds | null;
    readonly random: Random;
    readonly pace: Pace;
  },
): Promise<ComparedPairs> {
  const { largestBlock, strata, seeds, random, pace } = options;
  const anyKey = new KeyRule(undefined);
  const counting = new CandidateWalk(index, largestBlock, anyKey);
  const { rows } = counting;
  let candidates = 0;
  let offered = 0;
  for (let row = 0; row < rows; row += 1) {
    const found = counting.after(row);
    candidates += found;
    if (seeds === null || seeds.has[row] === 1) offered += found;
    else for (let at = 0; at < found; at += 1) offered += seeds.has[counting.candidates[at] as number] as number;
    if (row % 256 === 0 && pace.due()) await pace.pause('pair', row, rows);
  }
  const share = Math.min(1, mostKeptPairs / Math.max(1, offered));
  const total = (rows * (rows - 1)) / 2;
  const room = Math.ceil(offered * share * 1.1) + 1000 + chancePairs;
  const features = store.levels.length;
  const lefts = new Int32Array(room);
  const rights = new Int32Array(room);
  const levels = new Int8Array(room * features);
  const rarities = new Float32Array(room * features);
  const conflicts = new Uint8Array(room);
  const stratumOfPair = new Uint8Array(room);
  const patterns = new Int16Array(room);
  const shared = new Uint8Array(room).fill(several);
  const stratumOf = new Map(
    strata.flatMap(({ source }, at) => (source === null ? [] : [[store.sourceId(source), at] as const])),
  );
  const filled = countPatterns(
    Int32Array.from({ length: rows }, (_, row) => store.maskOf(row)),
    Int32Array.from({ length: rows }, (_, row) => stratumOf.get(store.sourceOf(row)) ?? 0),
    strata.length,
  );
  let count = 0;
  const add = (left: number, right: number, kind = several): void => {
    if (count === room) return;
    shared[count] = kind;
    store.compare(left, right);
    lefts[count] = left;
    rights[count] = right;
    levels.set(store.levels, count * features);
    rarities.set(store.rarities, count * features);
    conflicts[count] = store.conflict(left, right) ? 1 : 0;
    patterns[count] = filled.indexOf(store.maskOf(left) & store.maskOf(right));
    const source = store.sourceOf(left);
    stratumOfPair[count] = source === store.sourceOf(right) ? (stratumOf.get(source) ?? 0) : 0;
    count += 1;
  };

  const walk = new CandidateWalk(index, largestBlock, anyKey);
  const drawn = seeds?.rows ?? null;
  const walked = drawn?.length ?? rows;
  for (let turn = 0; turn < walked; turn += 1) {
    const row = drawn === null ? turn : (drawn[turn] as number);
    const found = drawn === null ? walk.after(row) : walk.around(row);
    for (let at = 0; at < found; at += 1) {
      const other = walk.candidates[at] as number;
      // A pair of two seeds comes up twice.
      if (seeds !== null && other < row && seeds.has[other] === 1) continue;
      if (share === 1 || random.next() < share) add(Math.min(row, other), Math.max(row, other), walk.sharedKind(other));
    }
    if (turn % 64 === 0 && pace.due()) await pace.pause('compare', turn, walked);
  }
  const kept = count;
  const others = Math.max(0, total - candidates);
  if (others <= chancePairs) {
    // So few are better taken all: of a small table chance would decide what is learned.
    for (let left = 0; left < rows; left += 1)
      for (let right = left + 1; right < rows; right += 1) if (!walk.share(left, right)) add(left, right);
  } else {
    for (let attempt = 0; attempt < chancePairs * 3 && count - kept < chancePairs; attempt += 1) {
      const left = random.below(rows);
      const right = random.below(rows);
      if (left !== right && !walk.share(left, right)) add(Math.min(left, right), Math.max(left, right));
    }
  }
  const weights = new Float64Array(count);
  weights.fill(candidates / Math.max(1, kept), 0, kept);
  weights.fill(Math.max(0, total - candidates) / Math.max(1, count - kept), kept);
  return {
    count,
    kept,
    candidates,
    isComplete: kept === candidates,
    features,
    lefts: lefts.subarray(0, count),
    rights: rights.subarray(0, count),
    levels: levels.subarray(0, count * features),
    rarities: rarities.subarray(0, count * features),
    conflicts: conflicts.subarray(0, count),
    strata: stratumOfPair.subarray(0, count),
    patterns: patterns.subarray(0, count),
    shared: shared.subarray(0, count),
    filled,
    weights,
  };
}

/** Compares those pairs again that share something, after the store has taken over new frequencies. */
export function repricePairs(store: RecordStore, pairs: ThinPairs): void {
  const { features } = pairs;
  for (let pair = 0; pair < pairs.count; pair += 1) {
    let shares = false;
    for (let at = pair * features; at < (pair + 1) * features && !shares; at += 1)
      shares = (pairs.rarities[at] as number) > 0;
    if (!shares) continue;
    store.compare(pairs.lefts[pair] as number, pairs.rights[pair] as number);
    pairs.levels.set(store.levels, pair * features);
    pairs.rarities.set(store.rarities, pair * features);
  }
}

/** A part of the pairs that is enough to estimate from; the weights of the rest are spread over it. */
export function thin(pairs: ComparedPairs, most: number): ThinPairs {
  if (pairs.kept <= most) return pairs;
  const step = pairs.kept / most;
  const chosen = Int32Array.from({ length: most + pairs.count - pairs.kept }, (_, at) =>
    at < most ? Math.floor(at * step) : pairs.kept + at - most,
  );
  const { features } = pairs;
  const levels = new Int8Array(chosen.length * features);
  const rarities = new Float32Array(chosen.length * features);
  chosen.forEach((pair, at) => {
    levels.set(pairs.levels.subarray(pair * features, (pair + 1) * features), at * features);
    rarities.set(pairs.rarities.subarray(pair * features, (pair + 1) * features), at * features);
  });
  return {
    count: chosen.length,
    features,
    lefts: Int32Array.from(chosen, (pair) => pairs.lefts[pair] as number),
    rights: Int32Array.from(chosen, (pair) => pairs.rights[pair] as number),
    levels,
    rarities,
    weights: Float64Array.from(chosen, (pair, at) => (pairs.weights[pair] as number) * (at < most ? step : 1)),
    conflicts: Uint8Array.from(chosen, (pair) => pairs.conflicts[pair] as number),
    strata: Uint8Array.from(chosen, (pair) => pairs.strata[pair] as number),
    patterns: Int16Array.from(chosen, (pair) => pairs.patterns[pair] as number),
    shared: Uint8Array.from(chosen, (pair) => pairs.shared[pair] as number),
  };
}

/** Weighs pairs that were compared before, by their place in the sample. */
export function weigherOf(
  scorer: PairScorer,
  {
    pairs,
    sample,
    strata,
  }: {
    readonly pairs: Pick<ComparedPairs, 'filled'>;
    readonly sample: PairSample;
    readonly strata: readonly Stratum[];
  },
): (pair: number) => number {
  const sources = strata.map(({ source }) => (source === null ? -1 : scorer.store.sourceId(source)));
  return (pair) =>
    scorer.weighAgreement(sample.levels, sample.rarities, pair * sample.features, {
      sameSource: sources[sample.strata[pair] as number] as number,
      conflict: sample.conflicts[pair] === 1,
      mask: pairs.filled.masks[sample.patterns[pair] as number] as number,
    });
}
