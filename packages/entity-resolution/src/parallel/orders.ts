import type { JobName } from '../jobs.ts';
import type { NormalRecord } from '../normal-record.ts';
import type { PackedRecords } from '../packed-records.ts';
import type { SharedStore } from '../record-store.ts';
import type { InputRecord, Schema } from '../schema.ts';

/**
 * Reads the records of one piece of the input; a module exports it as `readPiece`, so that every thread can load it. Null where the piece is
 * not what it was said to be. Records that are made one by one need not be kept all at once.
 */
export type PieceReader<P> = (piece: P) => Iterable<InputRecord> | null;

/** What a thread is told at its start. */
export interface WorkerStart {
  /** The folder in which the process keeps compiled code, where it does so. */
  readonly compileCache: string | undefined;
}

/** Places in the memory by which threads that read pieces agree: how many were taken, and how many went into the table. */
export const takenAt = 0;
export const enteredAt = 1;

/** Records of a piece in normal form; packed unless some value is not made of single bytes. */
export type PreparedRecords = PackedRecords | readonly NormalRecord[];

/** Read pieces until none is left. */
export interface ReadOrder {
  readonly kind: 'read';
  readonly reader: string;
  readonly schema: Schema;
  readonly pieces: readonly unknown[];
  readonly counters: Int32Array;
  /** A piece waits until all but so many of those before it have gone into the table, so that few are kept at a time. */
  readonly ahead: number;
}

/** Take part in a job. */
export interface JobOrder {
  readonly kind: 'job';
  readonly number: number;
  readonly name: JobName;
  readonly parameters: unknown;
  readonly taken: Int32Array;
  /** The store, where the thread does not have it yet. */
  readonly store: SharedStore | null;
}

export type Order = ReadOrder | JobOrder;

export type Report =
  | { readonly kind: 'piece'; readonly piece: number; readonly records: PreparedRecords | null }
  | { readonly kind: 'found'; readonly number: number; readonly found: unknown }
  | { readonly kind: 'failed'; readonly error: unknown };
