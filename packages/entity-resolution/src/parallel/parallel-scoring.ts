import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type BlockIndex, rowsByBlock } from '../block-index.ts';
import { PairScorer } from '../pair-scorer.ts';
import type { CandidateScoring } from '../resolve.ts';
import { byLeft, CandidateTurns, type RowEdges } from '../row-clustering.ts';
import { type ScoringTask, scoreNext } from './scoring-task.ts';

/** A thread takes a third of a second to begin, so that it has to have so many rows to be worth it. */
const rowsPerThread = 100_000;

/**
 * Scores candidate pairs in several threads, this one among them. The prepared values move into memory that all threads share; none is copied for
 * them. The result is the same bit for bit whatever the number of threads.
 * @param options.workers threads in all, by default as many as the machine runs at once; 0 and 1 mean this one alone
 * @param options.rowsPerWorker rows that a further thread is started for
 */
export function createParallelScoring(
  options: { readonly workers?: number | undefined; readonly rowsPerWorker?: number } = {},
): CandidateScoring {
  return async ({ table, model, index, floor, pace }) => {
    const rows = index.rowStarts.length - 1;
    const threads = Math.min(
      options.workers ?? availableParallelism(),
      Math.floor(rows / (options.rowsPerWorker ?? rowsPerThread)),
    );
    if (threads < 2) return null;
    const store = table.store.share();
    if (store === null) return null;
    const { frequencies: _, ...kept } = model;
    const { largestBlock } = model.blocking;
    const task: ScoringTask = {
      model: kept,
      store,
      index: shared(index),
      order: inSharedMemory(rowsByBlock(index, largestBlock)),
      floor,
      taken: inSharedMemory(new Int32Array(1)),
    };
    const workers = Array.from({ length: threads - 1 }, () => startWorker(task));
    try {
      const turns = new CandidateTurns(new PairScorer(model, table.store), task.index, {
        blocking: model.blocking,
        floor,
      });
      while (scoreNext(turns, task))
        if (pace.due()) await pace.pause('score', Math.min(rows, Atomics.load(task.taken, 0)), rows);
      const found = await Promise.all(workers.map(({ edges }) => edges));
      return byLeft([turns.edges(), ...found], rows);
    } finally {
      await Promise.all(workers.map(({ worker }) => worker.terminate()));
    }
  };
}

function startWorker(task: ScoringTask): { readonly worker: Worker; readonly edges: Promise<RowEdges> } {
  const file = import.meta.url.endsWith('.ts') ? './scoring-worker.ts' : './scoring-worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: task });
  const edges = new Promise<RowEdges>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread that scores pairs ended with ${code}`)));
  });
  // Nobody waits for it when this thread fails first.
  edges.catch(() => undefined);
  return { worker, edges };
}

function shared({ starts, members, rowStarts, blocks, kinds }: BlockIndex): BlockIndex {
  return {
    starts: inSharedMemory(starts),
    members: inSharedMemory(members),
    rowStarts: inSharedMemory(rowStarts),
    blocks: inSharedMemory(blocks),
    kinds: inSharedMemory(kinds),
  };
}

function inSharedMemory<T extends Int32Array | Uint8Array>(from: T): T {
  const to = new (from.constructor as new (memory: SharedArrayBuffer) => T)(new SharedArrayBuffer(from.byteLength));
  to.set(from);
  return to;
}
