import { type BlockIndex, CandidateWalk, rowsByBlock, several } from './block-index.ts';
import type { Crew } from './crew.ts';
import type { PairSample, Stratum } from './estimation.ts';
import { countPatterns, type FilledPatterns } from './filled-patterns.ts';
import { KeyRule } from './key-kind.ts';
import type { Pace } from './pace.ts';
import type { PairScorer } from './pair-scorer.ts';
import type { Random } from './random.ts';
import type { RecordStore } from './record-store.ts';
import { SharingRows } from './sharing-pairs.ts';

/** Candidate pairs that are kept, at most. */
const mostKeptPairs = 1_200_000;
/** Rows whose candidate pairs are looked at in training: ascending, and as marks by row. */
export interface Seeds {
  readonly rows: Int32Array;
  readonly has: Uint8Array;
}

/** How many pairs an estimate is made from, at most. */
export interface PairAmounts {
  readonly candidates: number;
  /** That are no candidates although they share a value. */
  readonly sharing: number;
  /** That are no candidates and have no value in common, drawn at random. */
  readonly chance: number;
}
/** A pair drawn at random that stands for more pairs than this part of the records is taken for one of chance whatever it shows. */
const mostStoodFor = 0.05;

/**
 * Pairs of rows that stand for all pairs: candidates first, then pairs that are none although they share a value, then pairs drawn at random
 * from all the others.
 */
export interface DrawnPairs {
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  /** The kind of the one key that the two share, or `several`; of pairs that are no candidates too. */
  readonly shared: Uint8Array;
  readonly filled: FilledPatterns;
  /** How many of the pairs are candidates; they lead. */
  readonly kept: number;
  /** How many follow that are no candidates and share a value. */
  readonly sharing: number;
  /** Pairs of the data that each of these stands for. */
  readonly sharingStandsFor: number;
  /** Candidate pairs there are in all. */
  readonly candidates: number;
  /** Pairs there are in all. */
  readonly total: number;
  /** The kept pairs are all candidate pairs there are. */
  readonly isComplete: boolean;
}

/** Drawn pairs with how they agree. */
export type ComparedPairs = PairSample &
  Pick<DrawnPairs, 'lefts' | 'rights' | 'shared'> & {
    /** How many of the pairs are candidates; they lead. */
    readonly kept: number;
  };

/**
 * Draws the pairs that the estimate is made from; pairs that share a single key of any kind are among them. Where `seeds` are given, candidate
 * pairs of these rows stand for all candidate pairs, so that the work does not grow with the table.
 */
export async function drawPairs(
  store: RecordStore,
  index: BlockIndex,
  options: {
    readonly largestBlock: number;
    readonly strata: readonly Stratum[];
    readonly seeds: Seeds | null;
    readonly amounts: PairAmounts;
    readonly random: Random;
    readonly crew: Crew;
    readonly pace: Pace;
  },
): Promise<DrawnPairs> {
  const { largestBlock, strata, seeds, amounts, random, crew, pace } = options;
  const rows = index.rowStarts.length - 1;
  const order = crew.shared(rowsByBlock(index, largestBlock));
  const counts = await crew.run(
    'count',
    store,
    { index, order, largestBlock, marks: seeds?.has ?? null },
    { pace, phase: 'pair', total: rows },
  );
  crew.giveBack(order);
  const candidates = counts.reduce((sum, each) => sum + each.candidates, 0);
  const offered = counts.reduce((sum, each) => sum + each.offered, 0);
  const share = Math.min(1, mostKeptPairs / Math.max(1, offered));
  const total = (rows * (rows - 1)) / 2;
  const room = Math.ceil(offered * share * 1.1) + 1000 + amounts.sharing * 2 + amounts.chance;
  const lefts = crew.room(Int32Array, room);
  const rights = crew.room(Int32Array, room);
  const shared = crew.room(Uint8Array, room).fill(several);
  let count = 0;
  const add = (left: number, right: number, kind = several): void => {
    if (count === room) return;
    shared[count] = kind;
    lefts[count] = left;
    rights[count] = right;
    count += 1;
  };

  const walk = new CandidateWalk(index, largestBlock, new KeyRule(undefined));
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
    if (turn % 256 === 0 && pace.due()) await pace.pause('pair', turn, walked);
  }
  const kept = count;
  const others = Math.max(0, total - candidates);
  let sharing = 0;
  let sharingStandsFor = 1;
  if (others <= amounts.chance) {
    // So few are better taken all: of a small table chance would decide what is learned.
    for (let left = 0; left < rows; left += 1)
      for (let right = left + 1; right < rows; right += 1) if (!walk.share(left, right)) add(left, right);
  } else {
    const some = new SharingRows(store, random);
    const drawnFrom = some.rows.length;
    const told = some.eachPair(random, amounts.sharing, (x, y) => {
      const left = some.rows[x] as number;
      const right = some.rows[y] as number;
      if (!walk.share(left, right)) add(Math.min(left, right), Math.max(left, right));
    });
    sharing = count - kept;
    sharingStandsFor = total / ((drawnFrom * (drawnFrom - 1)) / 2) / told;
    const wanted = count + amounts.chance;
    for (let attempt = 0; attempt < amounts.chance * 3 && count < wanted; attempt += 1) {
      const x = random.below(drawnFrom);
      const y = random.below(drawnFrom);
      if (x === y || some.firstShared(x, y) >= 0) continue;
      const left = some.rows[Math.min(x, y)] as number;
      const right = some.rows[Math.max(x, y)] as number;
      if (!walk.share(left, right)) add(left, right);
    }
  }
  const stratumOf = stratumBySource(store, strata);
  return {
    kept,
    sharing,
    sharingStandsFor,
    candidates,
    total,
    isComplete: kept === candidates,
    lefts: lefts.subarray(0, count),
    rights: rights.subarray(0, count),
    shared: shared.subarray(0, count),
    filled: countPatterns(
      Int32Array.from({ length: rows }, (_, row) => store.maskOf(row)),
      Int32Array.from({ length: rows }, (_, row) => stratumOf.get(store.sourceOf(row)) ?? 0),
      strata.length,
    ),
  };
}

function stratumBySource(store: RecordStore, strata: readonly Stratum[]): ReadonlyMap<number, number> {
  return new Map(strata.flatMap(({ source }, at) => (source === null ? [] : [[store.sourceId(source), at] as const])));
}

/** Compares the drawn pairs; of more candidates than `most` a part that is spread evenly stands for all. */
export async function comparePairs(
  store: RecordStore,
  drawn: DrawnPairs,
  options: { readonly strata: readonly Stratum[]; readonly most: number; readonly crew: Crew; readonly pace: Pace },
): Promise<ComparedPairs> {
  const { kept, sharing, sharingStandsFor, candidates, total, filled } = drawn;
  const { strata, most, crew, pace } = options;
  const step = Math.max(1, kept / most);
  const chosen = Math.min(kept, most);
  const compared = chosen + sharing;
  const chance = drawn.lefts.length - kept - sharing;
  const count = compared + chance;
  const features = store.levels.length;
  const lefts = crew.room(Int32Array, count);
  const rights = crew.room(Int32Array, count);
  const levels = crew.room(Int8Array, count * features);
  const rarities = crew.room(Float32Array, count * features);
  const conflicts = crew.room(Uint8Array, count);
  const others = Math.max(0, total - candidates - sharing * sharingStandsFor) / Math.max(1, chance);
  const isChance = new Uint8Array(count);
  if (others > mostStoodFor * store.rows) isChance.fill(1, compared);
  const stratumOfPair = new Uint8Array(count);
  const patterns = new Int16Array(count);
  const shared = new Uint8Array(count);
  const stratumOf = stratumBySource(store, strata);
  for (let at = 0; at < count; at += 1) {
    const pair = at < chosen ? Math.floor(at * step) : kept + at - chosen;
    const left = drawn.lefts[pair] as number;
    const right = drawn.rights[pair] as number;
    lefts[at] = left;
    rights[at] = right;
    shared[at] = drawn.shared[pair] as number;
    patterns[at] = filled.indexOf(store.maskOf(left) & store.maskOf(right));
    const source = store.sourceOf(left);
    stratumOfPair[at] = source === store.sourceOf(right) ? (stratumOf.get(source) ?? 0) : 0;
  }
  await crew.run(
    'agree',
    store,
    { lefts, rights, levels, rarities, conflicts, onlySharing: false },
    { pace, phase: 'compare', total: count },
  );
  const weights = new Float64Array(count);
  weights.fill((candidates / Math.max(1, kept)) * step, 0, chosen);
  weights.fill(sharingStandsFor, chosen, compared);
  weights.fill(others, compared);
  return {
    count,
    kept: chosen,
    features,
    lefts,
    rights,
    shared,
    levels,
    rarities,
    weights,
    conflicts,
    chance: isChance,
    strata: stratumOfPair,
    patterns,
  };
}

/** Compares those pairs again that share something, after the store has taken over new frequencies. */
export async function repricePairs(
  store: RecordStore,
  { count, lefts, rights, levels, rarities, conflicts }: ComparedPairs,
  { crew, pace }: { readonly crew: Crew; readonly pace: Pace },
): Promise<void> {
  await crew.run(
    'agree',
    store,
    { lefts, rights, levels, rarities, conflicts, onlySharing: true },
    { pace, phase: 'compare', total: count },
  );
}

/** Weighs pairs that were compared before, by their place in the sample. */
export function weigherOf(
  scorer: PairScorer,
  {
    pairs,
    sample,
    strata,
  }: {
    readonly pairs: Pick<DrawnPairs, 'filled'>;
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
