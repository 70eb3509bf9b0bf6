import { closeSync, openSync, readSync } from 'node:fs';
import { CsvRecords, UnusualCsvError } from './csv-records.ts';
import type { Delimiter } from './delimiter.ts';

/** A part of a CSV file that begins and ends between two rows, so that it can be read by itself. */
export interface CsvPiece {
  readonly file: string;
  readonly delimiter: Delimiter;
  readonly names: readonly string[];
  /** Bytes. */
  readonly from: number;
  readonly to: number;
  /** Its first record names the columns. */
  readonly hasHeader: boolean;
  /** How many rows stand before it in the file, how many in it, and the line that its last one ends in. */
  readonly before: number;
  readonly rows: number;
  readonly line: number;
}

/** Where pieces are read to, one after the other. */
let room = Buffer.allocUnsafe(1 << 17);

/** The rows of a piece; null where they are not those that were there when the file was walked through. */
export function rowsOfPiece({
  file,
  delimiter,
  names,
  from,
  to,
  hasHeader,
  rows,
}: CsvPiece): Iterable<readonly string[]> | null {
  if (to - from > room.length) room = Buffer.allocUnsafe(to - from);
  const bytes = room.subarray(0, to - from);
  const handle = openSync(file, 'r');
  try {
    for (let read = 0; read < bytes.length; ) {
      const more = readSync(handle, bytes, read, bytes.length - read, from + read);
      if (more === 0) return null;
      read += more;
    }
  } finally {
    closeSync(handle);
  }
  const records = new CsvRecords(delimiter);
  try {
    const found = [...records.addRaw(bytes.toString()), ...records.endRaw()];
    if (hasHeader) found.shift();
    if (found.length !== rows) return null;
    const cut = found.map(({ text, values }) => (text === null ? values : text.split(delimiter)));
    return cut.every(({ length }) => length === names.length) ? cut : null;
  } catch (error) {
    if (error instanceof UnusualCsvError) return null;
    throw error;
  }
}
