import { forgetKeys, indexKeys, joinKeys, noteJoined, writeKeys } from './key-jobs.ts';
import { agreeOnPairs, countCandidates, scoreCandidatePairs, scoreDrawnPairs } from './pair-jobs.ts';
import type { RecordStore } from './record-store.ts';

/** A piece of work on a table that several threads may share: turns that are taken one after the other, by whoever is free. */
export interface Job<R> {
  /** Takes some turns that nobody has taken; false when none was left. */
  next(): boolean;
  /** What came of all turns that were taken here. */
  found(): R;
}

/** By name, what begins a job in a thread. Parameters and findings are plain data. */
export const jobs = {
  /** Which keys the rows have. */
  writeKeys,
  /** Which keys several rows have. */
  indexKeys,
  /** Which keys come more than once when common ones are joined with further properties. */
  noteJoined,
  /** Which keys the common ones are when they are joined. */
  joinKeys,
  /** Nothing is joined. */
  forgetKeys,
  /** How many candidate pairs there are. */
  count: countCandidates,
  /** How drawn pairs agree. */
  agree: agreeOnPairs,
  /** Which drawn pairs are edges. */
  drawn: scoreDrawnPairs,
  /** Which candidate pairs are edges. */
  score: scoreCandidatePairs,
} satisfies Record<string, (store: RecordStore, parameters: never, taken: Int32Array) => Job<unknown>>;

export type JobName = keyof typeof jobs;
export type ParametersOf<N extends JobName> = Parameters<(typeof jobs)[N]>[1];
export type FoundBy<N extends JobName> = ReturnType<ReturnType<(typeof jobs)[N]>['found']>;
