import { type BlockIndex, CandidateWalk, several } from './block-index.ts';
import type { Job } from './jobs.ts';
import { KeyRule } from './key-kind.ts';
import type { BlockingModel } from './model.ts';
import { PairScorer, type ScoringModel } from './pair-scorer.ts';
import type { RecordStore } from './record-store.ts';
import { EdgeList, type RowEdges } from './row-edges.ts';

/** Turns that a thread takes at once: few enough that all threads end at about the same time. */
const rowsAtOnce = 512;
const pairsAtOnce = 4_096;

/** Takes so many turns of `total` that nobody has taken yet; false when none was left. */
function takeTurns(
  taken: Int32Array,
  { total, atOnce }: { readonly total: number; readonly atOnce: number },
  each: (turn: number) => void,
): boolean {
  const from = Atomics.add(taken, 0, atOnce);
  const to = Math.min(total, from + atOnce);
  for (let turn = from; turn < to; turn += 1) each(turn);
  return from < total;
}

export interface CandidateCount {
  /** Candidate pairs in all, and those of which one row at least is marked. */
  readonly candidates: number;
  readonly offered: number;
}

/** Counts the candidate pairs of an index; without marks every row counts as marked. */
export function countCandidates(
  _: RecordStore,
  {
    index,
    order,
    largestBlock,
    marks,
  }: {
    readonly index: BlockIndex;
    /** Rows in the order in which they are best looked at. */
    readonly order: Int32Array;
    readonly largestBlock: number;
    readonly marks: Uint8Array | null;
  },
  taken: Int32Array,
): Job<CandidateCount> {
  const walk = new CandidateWalk(index, largestBlock, new KeyRule(undefined));
  let candidates = 0;
  let offered = 0;
  const count = (turn: number): void => {
    const row = order[turn] as number;
    const found = walk.after(row);
    candidates += found;
    if (marks === null || marks[row] === 1) offered += found;
    else for (let at = 0; at < found; at += 1) offered += marks[walk.candidates[at] as number] as number;
  };
  return {
    next: () => takeTurns(taken, { total: order.length, atOnce: rowsAtOnce }, count),
    found: () => ({ candidates, offered }),
  };
}

/** Compares pairs and writes how they agree to their places. */
export function agreeOnPairs(
  store: RecordStore,
  {
    lefts,
    rights,
    levels,
    rarities,
    conflicts,
    onlySharing,
  }: {
    readonly lefts: Int32Array;
    readonly rights: Int32Array;
    readonly levels: Int8Array;
    readonly rarities: Float32Array;
    readonly conflicts: Uint8Array;
    /** Pairs that were compared before and have no rarity stay as they are: other frequencies change nothing for them. */
    readonly onlySharing: boolean;
  },
  taken: Int32Array,
): Job<null> {
  const features = store.levels.length;
  const shares = (pair: number): boolean => {
    for (let at = pair * features; at < (pair + 1) * features; at += 1) if ((rarities[at] as number) > 0) return true;
    return false;
  };
  const compare = (pair: number): void => {
    if (onlySharing && !shares(pair)) return;
    const left = lefts[pair] as number;
    const right = rights[pair] as number;
    store.compare(left, right);
    const base = pair * features;
    for (let feature = 0; feature < features; feature += 1) {
      levels[base + feature] = store.levels[feature] as number;
      rarities[base + feature] = store.rarities[feature] as number;
    }
    conflicts[pair] = store.conflict(left, right) ? 1 : 0;
  };
  return {
    next: () => takeTurns(taken, { total: lefts.length, atOnce: pairsAtOnce }, compare),
    found: () => null,
  };
}

/** Scores drawn candidate pairs and keeps those of at least `floor` bits. */
export function scoreDrawnPairs(
  store: RecordStore,
  {
    model,
    lefts,
    rights,
    shared,
    kept,
    weakKinds,
    floor,
  }: {
    readonly model: ScoringModel;
    readonly lefts: Int32Array;
    readonly rights: Int32Array;
    /** The kind of the one key that the two share, or `several`. */
    readonly shared: Uint8Array;
    /** So many of the pairs are candidates; they lead. */
    readonly kept: number;
    readonly weakKinds: readonly string[] | undefined;
    readonly floor: number;
  },
  taken: Int32Array,
): Job<RowEdges> {
  const scorer = new PairScorer(model, store);
  const { weak } = new KeyRule(weakKinds);
  const edges = new EdgeList();
  const score = (pair: number): void => {
    const kind = shared[pair] as number;
    if (kind !== several && weak[kind] === 1) return;
    const left = lefts[pair] as number;
    const right = rights[pair] as number;
    const weight = scorer.weigh(left, right, floor);
    if (weight >= floor) edges.push(left, right, weight);
  };
  return {
    next: () => takeTurns(taken, { total: kept, atOnce: pairsAtOnce }, score),
    found: () => edges.take(),
  };
}

/** Scores all candidate pairs of an index and keeps those of at least `floor` bits. */
export function scoreCandidatePairs(
  store: RecordStore,
  {
    model,
    index,
    order,
    blocking,
    floor,
  }: {
    readonly model: ScoringModel;
    readonly index: BlockIndex;
    /** Rows in the order in which they are best looked at. */
    readonly order: Int32Array;
    readonly blocking: Pick<BlockingModel, 'largestBlock' | 'weakKinds'>;
    readonly floor: number;
  },
  taken: Int32Array,
): Job<RowEdges> {
  const scorer = new PairScorer(model, store);
  const walk = new CandidateWalk(index, blocking.largestBlock, new KeyRule(blocking.weakKinds));
  const edges = new EdgeList();
  const score = (turn: number): void => {
    const row = order[turn] as number;
    const count = walk.after(row);
    for (let at = 0; at < count; at += 1) {
      const other = walk.candidates[at] as number;
      const weight = scorer.weigh(row, other, floor);
      if (weight >= floor) edges.push(row, other, weight);
    }
  };
  return {
    next: () => takeTurns(taken, { total: order.length, atOnce: rowsAtOnce }, score),
    found: () => edges.take(),
  };
}
