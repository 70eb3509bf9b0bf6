import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { csvRows } from './csv-table.ts';
import type { Fields } from './field-value.ts';
import { ndjsonRows } from './ndjson-table.ts';
import { tableError } from './table-error.ts';
import { unreadable } from './utf8-text.ts';

export interface TableRow {
  /** Where the row ends in a text, or its number in Parquet; both count from 1. */
  readonly line: number;
  readonly fields: Fields;
}

export type TableFormat = 'csv' | 'ndjson' | 'parquet';

/** A file of rows. It is read from its beginning at every call of `rows`, row by row. */
export interface Table {
  readonly file: string;
  readonly format: TableFormat;
  rows(signal?: AbortSignal): AsyncGenerator<TableRow>;
  /** The same rows, many at a time. */
  batches(signal?: AbortSignal): AsyncGenerator<readonly TableRow[]>;
}

const formats: Readonly<Record<string, TableFormat>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.parquet': 'parquet',
};

const readers = { csv: csvRows, ndjson: inBatches(ndjsonRows), parquet: inBatches(parquetRows) } as const;

type Reader<T> = (file: string, signal?: AbortSignal) => AsyncGenerator<T>;

const batchSize = 512;

function inBatches(read: Reader<TableRow>): Reader<readonly TableRow[]> {
  return async function* (file, signal) {
    let batch: TableRow[] = [];
    for await (const row of read(file, signal)) {
      batch.push(row);
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
    yield batch;
  };
}

/** The reader of Parquet is large, and most files are none. */
async function* parquetRows(file: string, signal?: AbortSignal): AsyncGenerator<TableRow> {
  yield* (await import('./parquet-table.ts')).parquetRows(file, signal);
}

async function* oneByOne(batches: AsyncGenerator<readonly TableRow[]>): AsyncGenerator<TableRow> {
  for await (const rows of batches) yield* rows;
}

/** Opens a CSV, NDJSON or Parquet file. The name's ending tells the format, else the first bytes do. */
export async function openTable(file: string): Promise<Table> {
  let isFile: boolean;
  let start: string;
  try {
    isFile = (await stat(file)).isFile();
    start = isFile ? await startOf(file) : '';
  } catch (error) {
    throw unreadable(file, error);
  }
  if (!isFile) {
    throw tableError(
      { file },
      {
        code: 'not-a-file',
        message: 'this is no regular file, and rows are read twice; write them to a file first.',
      },
    );
  }
  const format = formats[path.extname(file).toLowerCase()] ?? formatOf(start);
  const batches = (signal?: AbortSignal): AsyncGenerator<readonly TableRow[]> => readers[format](file, signal);
  return { file, format, batches, rows: (signal) => oneByOne(batches(signal)) };
}

async function startOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(256), position: 0 });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function formatOf(start: string): TableFormat {
  if (start.startsWith('PAR1')) return 'parquet';
  return /^\ufeff?\s*[{[]/.test(start) ? 'ndjson' : 'csv';
}

/** The place of a row for an error. */
export function placeOf(table: Table, line: number): { readonly file: string; line?: number; row?: number } {
  return table.format === 'parquet' ? { file: table.file, row: line } : { file: table.file, line };
}
