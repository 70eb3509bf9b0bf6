import { type FoundBy, type JobName, jobs, type ParametersOf } from './jobs.ts';
import type { Pace } from './pace.ts';
import type { RecordStore } from './record-store.ts';
import type { ArrayKind, SharedArray } from './shared-array.ts';
import { giveBack } from './text-pool.ts';

/** How far a job is, as it is told. */
export interface JobProgress {
  readonly pace: Pace;
  readonly phase: string;
  /** Turns that there are in all. */
  readonly total: number;
}

/** Who does the work on a table: one thread alone, or several that read the same memory. What comes out does not depend on it. */
export interface Crew {
  /** The array where everybody can read it. If that is somewhere else, the given one must not be used any more. */
  shared<T extends SharedArray>(array: T): T;
  /** An array of so many zeros where everybody can read and write it. Room that is not used is not taken from the system. */
  room<T extends SharedArray>(kind: ArrayKind<T>, size: number): T;
  /** Takes the memory of arrays that came from `shared` or `room` back for others; none of them must be used any more. */
  giveBack(...arrays: readonly SharedArray[]): void;
  /** Everybody takes turns of a job until none is left; answers what each of them found. Arrays among the parameters have to be `shared`. */
  run<N extends JobName>(
    name: N,
    store: RecordStore,
    parameters: ParametersOf<N>,
    progress: JobProgress,
  ): Promise<FoundBy<N>[]>;
}

/** The thread that is here. */
export const alone: Crew = {
  shared: (array) => array,
  room: (kind, size) => new kind(size),
  giveBack: (...arrays) => {
    for (const array of arrays) giveBack(array);
  },
  async run(name, store, parameters, progress) {
    return [await work(name, store, { parameters, taken: new Int32Array(1), progress })];
  },
};

/** One thread's part in a job. `taken` counts the turns that anybody has taken. */
export async function work<N extends JobName>(
  name: N,
  store: RecordStore,
  task: { readonly parameters: ParametersOf<N>; readonly taken: Int32Array; readonly progress: JobProgress },
): Promise<FoundBy<N>> {
  const { pace, phase, total } = task.progress;
  const job = jobs[name](store, task.parameters as never, task.taken);
  while (job.next()) if (pace.due()) await pace.pause(phase, Math.min(total, Atomics.load(task.taken, 0)), total);
  return job.found() as FoundBy<N>;
}
