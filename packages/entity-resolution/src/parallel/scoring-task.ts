import type { BlockIndex } from '../block-index.ts';
import type { MatchModel } from '../model.ts';
import type { SharedStore } from '../record-store.ts';
import type { CandidateTurns } from '../row-clustering.ts';

/** What a thread needs to score a part of the candidate pairs. All arrays are shared. */
export interface ScoringTask {
  readonly model: Omit<MatchModel, 'frequencies'>;
  readonly store: SharedStore;
  readonly index: BlockIndex;
  readonly order: Int32Array;
  readonly floor: number;
  /** How many rows of `order` have been taken by any thread. */
  readonly taken: Int32Array;
}

/** Rows that a thread takes at once: few enough that all threads end at about the same time. */
const rowsAtOnce = 512;

/** Takes the next rows that nobody has taken and scores their pairs; false when there are none left. */
export function scoreNext(turns: CandidateTurns, { order, taken }: Pick<ScoringTask, 'order' | 'taken'>): boolean {
  const from = Atomics.add(taken, 0, rowsAtOnce);
  const to = Math.min(order.length, from + rowsAtOnce);
  for (let turn = from; turn < to; turn += 1) turns.score(order[turn] as number);
  return from < order.length;
}
