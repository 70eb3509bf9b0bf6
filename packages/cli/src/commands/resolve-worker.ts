import type { InputRecord } from '@kempt/entity-resolution';
import { type CsvPiece, rowsOfPiece } from '../tables/csv-pieces.ts';
import { singleText } from '../tables/field-value.ts';
import { recordId } from './record-id.ts';

/** A part of an input file, and what its records are called. */
export interface RecordPiece {
  readonly csv: CsvPiece;
  readonly source: string;
  /** The column with the ids; without one the number of the row is the id. */
  readonly idColumn: string | undefined;
  readonly compared: readonly string[];
}

/** The records of a piece, in whatever thread; null where the file has changed since it was looked at. */
export function readPiece(piece: RecordPiece): Iterable<InputRecord> | null {
  const rows = rowsOfPiece(piece.csv);
  return rows === null ? null : recordsOf(piece, rows);
}

function* recordsOf(
  { csv, source, idColumn, compared }: RecordPiece,
  rows: Iterable<readonly string[]>,
): Generator<InputRecord> {
  const idAt = idColumn === undefined ? -1 : csv.names.indexOf(idColumn);
  const places = compared.map((name) => csv.names.indexOf(name));
  let read = csv.before;
  for (const values of rows) {
    read += 1;
    const fields: Record<string, string> = {};
    for (let at = 0; at < places.length; at += 1)
      fields[compared[at] as string] = values[places[at] as number] as string;
    const localId = idAt < 0 ? String(read) : singleText(values[idAt] as string);
    yield { id: recordId(source, localId), source, fields };
  }
}
