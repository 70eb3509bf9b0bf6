import type { BlockIndex } from './block-index.ts';
import { type FoundBy, type JobName, jobs, type ParametersOf } from './jobs.ts';
import type { Pace } from './pace.ts';
import type { RecordStore } from './record-store.ts';
import type { SharedArray } from './shared-array.ts';

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

/** The index where everybody can read it. */
export function sharedIndex(crew: Crew, { starts, members, rowStarts, blocks, kinds }: BlockIndex): BlockIndex {
  return {
    starts: crew.shared(starts),
    members: crew.shared(members),
    rowStarts: crew.shared(rowStarts),
    blocks: crew.shared(blocks),
    kinds: crew.shared(kinds),
  };
}
