import module from 'node:module';
import { Worker } from 'node:worker_threads';
import { alone, type Crew, type JobProgress, work } from '../crew.ts';
import type { FoundBy, JobName, ParametersOf } from '../jobs.ts';
import { createPace, type PaceOptions } from '../pace.ts';
import type { RecordStore } from '../record-store.ts';
import { type RecordTable, RecordTableBuilder } from '../record-table.ts';
import type { Schema } from '../schema.ts';
import type { ArrayKind, SharedArray } from '../shared-array.ts';
import { giveBack } from '../text-pool.ts';
import {
  enteredAt,
  type JobOrder,
  type PreparedRecords,
  type ReadOrder,
  type Report,
  takenAt,
  type WorkerStart,
} from './orders.ts';
import { createPiecePacker } from './piece-packer.ts';

export type { PieceReader } from './orders.ts';

/** A piece of the input is not what it was said to be. */
export class PieceUnreadableError extends Error {
  readonly piece: number;

  constructor(piece: number) {
    super(`piece ${piece} of the input cannot be read`);
    this.name = 'PieceUnreadableError';
    this.piece = piece;
  }
}

/** Threads that work on one table after the other. */
export interface ThreadCrew extends Crew {
  /**
   * Makes a table of an input that comes in pieces: threads read and normalise them, and this one puts their values into the table, in their
   * order, and reads some, too, when it has nothing else to do.
   * @param reader the address of a module that exports a PieceReader as `readPiece`
   */
  prepare(
    pieces: readonly unknown[],
    schema: Schema,
    options: PaceOptions & { readonly reader: URL; readonly expected: number },
  ): Promise<RecordTable>;
  /** Ends the threads; the crew is of no use afterwards. */
  end(): Promise<void>;
}

/** Each thread begins with small room for what lives shortly: it makes little garbage. */
const youngMegabytes = 24;
/** Pieces that may be read before their turn, for every thread. */
const piecesAhead = 8;

/**
 * Starts threads at once, which takes each of them a third of a second, a tenth where the process keeps compiled code: worth it from about 20,000
 * records on. They read the same memory; nothing is copied for them, and what comes out is the same bit for bit whatever their number.
 * @param options.workers threads in all, this one among them; 0 and 1 mean this one alone
 */
export function createCrew({ workers }: { readonly workers: number }): ThreadCrew {
  return new Threads(Math.max(0, workers - 1));
}

class Threads implements ThreadCrew {
  readonly #threads: readonly Thread[];
  /** The store that the threads know. */
  #store: RecordStore | null = null;
  #jobs = 0;
  /** What threads share is freed only once none of them remembers it, which may be never; so it is used again. */
  readonly #spare: SharedArrayBuffer[] = [];

  constructor(others: number) {
    this.#threads = Array.from({ length: others }, () => new Thread());
  }

  shared<T extends SharedArray>(array: T): T {
    if (this.#threads.length === 0 || array.buffer instanceof SharedArrayBuffer) return array;
    const to = this.room(array.constructor as ArrayKind<T>, array.length);
    to.set(array as never);
    giveBack(array);
    return to;
  }

  room<T extends SharedArray>(kind: ArrayKind<T>, size: number): T {
    if (this.#threads.length === 0) return new kind(size);
    const bytes = size * kind.BYTES_PER_ELEMENT;
    const fits = this.#spare.filter(({ byteLength }) => byteLength >= bytes);
    const memory = fits.reduce<SharedArrayBuffer | undefined>(
      (best, each) => (best === undefined || each.byteLength < best.byteLength ? each : best),
      undefined,
    );
    if (memory === undefined) return new kind(new SharedArrayBuffer(bytes));
    this.#spare.splice(this.#spare.indexOf(memory), 1);
    return new kind(memory, 0, size).fill(0) as T;
  }

  giveBack(...arrays: readonly SharedArray[]): void {
    for (const array of arrays) {
      if (array.buffer instanceof SharedArrayBuffer) this.#spare.push(array.buffer);
      else giveBack(array);
    }
  }

  async run<N extends JobName>(
    name: N,
    store: RecordStore,
    parameters: ParametersOf<N>,
    progress: JobProgress,
  ): Promise<FoundBy<N>[]> {
    const given = this.#threads.length === 0 || store === this.#store ? null : store.share();
    if (this.#threads.length === 0 || (given === null && store !== this.#store))
      return alone.run(name, store, parameters, progress);
    this.#store = store;
    this.#jobs += 1;
    const taken = new Int32Array(new SharedArrayBuffer(4));
    const order: JobOrder = { kind: 'job', number: this.#jobs, name, parameters, taken, store: given };
    const others = this.#threads.map((thread) => thread.takePart<FoundBy<N>>(order));
    try {
      return [await work(name, store, { parameters, taken, progress }), ...(await Promise.all(others))];
    } finally {
      // Where this thread failed the others need not go on.
      Atomics.store(taken, 0, 0x3fffffff);
    }
  }

  async prepare(
    pieces: readonly unknown[],
    schema: Schema,
    options: PaceOptions & { readonly reader: URL; readonly expected: number },
  ): Promise<RecordTable> {
    const { reader, expected } = options;
    const pace = createPace(options);
    const builder = new RecordTableBuilder(schema, expected);
    const counters = new Int32Array(new SharedArrayBuffer(8));
    const ahead = piecesAhead * (this.#threads.length + 1);
    const ready = new Map<number, PreparedRecords>();
    const order: ReadOrder = { kind: 'read', reader: reader.href, schema, pieces, counters, ahead };
    let failure: unknown;
    let wake = (): void => undefined;
    const take = (piece: number, records: PreparedRecords | null): void => {
      if (records === null) failure ??= new PieceUnreadableError(piece);
      else ready.set(piece, records);
    };
    const ends = this.#threads.map((thread) =>
      thread.read(order, (result) => {
        if (result.kind === 'piece') take(result.piece, result.records);
        else if (result.kind === 'failed') failure ??= result.error;
        wake();
      }),
    );
    const pack = await createPiecePacker(reader.href, schema);
    try {
      for (let next = 0; next < pieces.length; ) {
        if (failure !== undefined) throw failure;
        const records = ready.get(next);
        if (records !== undefined) {
          ready.delete(next);
          if ('codes' in records) {
            builder.addPacked(records);
            // The memory is free at once, not when the garbage collector comes by.
            for (const array of [records.codes, records.lengths, records.counts, records.sourceOf]) giveBack(array);
          } else for (const record of records) builder.addNormal(record);
          next += 1;
          Atomics.store(counters, enteredAt, next);
          Atomics.notify(counters, enteredAt);
        } else if (Atomics.load(counters, takenAt) < Math.min(pieces.length, next + ahead)) {
          const piece = Atomics.add(counters, takenAt, 1);
          if (piece < pieces.length) take(piece, pack(pieces[piece]));
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        // What the threads report is heard between two turns of the event loop only.
        await pace.pause('normalise', builder.rows, Math.max(builder.rows, expected));
      }
    } finally {
      Atomics.store(counters, takenAt, pieces.length);
      Atomics.store(counters, enteredAt, pieces.length);
      Atomics.notify(counters, enteredAt);
      for (const end of ends) end();
    }
    return builder.build();
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }
}

/** A thread that does what it is told. */
class Thread {
  readonly #worker: Worker;
  #hear: (report: Report) => void = () => undefined;

  constructor() {
    const file = import.meta.url.endsWith('.ts') ? './crew-worker.ts' : './crew-worker.js';
    const start: WorkerStart = { compileCache: module.getCompileCacheDir?.() };
    this.#worker = new Worker(new URL(file, import.meta.url), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
    });
    this.#worker.on('message', (report: Report) => this.#hear(report));
    this.#worker.on('error', (error) => this.#hear({ kind: 'failed', error }));
    this.#worker.on('exit', (code) => this.#hear({ kind: 'failed', error: new Error(`a thread ended with ${code}`) }));
    // A thread that has nothing to do keeps no process from ending.
    this.#worker.unref();
  }

  /** Begins to read; answers what ends the listening. */
  read(order: ReadOrder, hear: (report: Report) => void): () => void {
    this.#worker.ref();
    this.#hear = hear;
    this.#worker.postMessage(order);
    return () => {
      this.#hear = () => undefined;
      this.#worker.unref();
    };
  }

  takePart<R>(order: JobOrder): Promise<R> {
    this.#worker.ref();
    const found = new Promise<R>((resolve, reject) => {
      this.#hear = (report) => {
        if (report.kind === 'found' && report.number === order.number) resolve(report.found as R);
        else if (report.kind === 'failed') reject(report.error as Error);
      };
    }).finally(() => this.#worker.unref());
    // Nobody waits for it when the thread that asked fails first.
    found.catch(() => undefined);
    this.#worker.postMessage(order);
    return found;
  }

  async end(): Promise<void> {
    this.#hear = () => undefined;
    await this.#worker.terminate();
  }
}
