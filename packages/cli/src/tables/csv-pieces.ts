import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { headerOf, headLength } from './csv-header.ts';
import { CsvRecords, ownText, type RawCsvRecord, UnusualCsvError } from './csv-records.ts';
import { type Delimiter, sniffDelimiter } from './delimiter.ts';
import type { Fields } from './field-value.ts';
import { unreadable, utf8Text } from './utf8-text.ts';

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

/** One row of a file of which only what is asked for is cut out of its line. */
export class ScannedRow {
  readonly #record: RawCsvRecord;
  readonly #piece: Pick<CsvPiece, 'names' | 'delimiter'>;

  constructor(record: RawCsvRecord, piece: Pick<CsvPiece, 'names' | 'delimiter'>) {
    this.#record = record;
    this.#piece = piece;
  }

  get line(): number {
    return this.#record.line;
  }

  valueOf(column: string): string | undefined {
    const at = this.#piece.names.indexOf(column);
    const { text, values } = this.#record;
    if (at < 0) return undefined;
    return text === null ? values[at] : ownText(partAt(text, this.#piece.delimiter, at));
  }

  fields(): Fields {
    const { names, delimiter } = this.#piece;
    const { text, values } = this.#record;
    const found = text === null ? values : ownText(text).split(delimiter);
    const fields: Record<string, string> = {};
    for (let at = 0; at < names.length; at += 1) fields[names[at] as string] = found[at] as string;
    return fields;
  }
}

/** Rows as they follow each other, with the piece that they are. */
export interface ScannedPiece {
  readonly piece: CsvPiece;
  readonly rows: Iterable<ScannedRow>;
}

/**
 * Walks through a CSV file without cutting its rows into values, which is most of the work of reading one. Anything that RFC 4180 does not know is
 * refused with UnusualCsvError.
 */
export async function* scanCsv(file: string, signal?: AbortSignal): AsyncGenerator<ScannedPiece> {
  let head = '';
  let names: readonly string[] | undefined;
  let delimiter: Delimiter = ',';
  let records: CsvRecords | undefined;
  let from = 0;
  let before = 0;
  let decoded = await markBytes(file);
  const pieceOf = (found: RawCsvRecord[]): ScannedPiece => {
    const hasHeader = names === undefined && found.length > 0;
    if (hasHeader) {
      const first = found.shift();
      if (first !== undefined) names = headerOf(file, first.line, valuesOf(first, delimiter));
    }
    const known = names ?? [];
    const to = decoded - Buffer.byteLength(records?.rest ?? '');
    const place = { from, to, hasHeader, before, rows: found.length, line: found.at(-1)?.line ?? 0 };
    from = to;
    before += found.length;
    const piece = { file, delimiter, names: known, ...place };
    return { piece, rows: scannedRows(found, piece) };
  };
  for await (const text of utf8Text(file, signal)) {
    decoded += Buffer.byteLength(text);
    if (records !== undefined) {
      yield pieceOf(records.addRaw(text));
      continue;
    }
    head += text;
    if (head.length < headLength) continue;
    delimiter = sniffDelimiter(head);
    records = new CsvRecords(delimiter);
    yield pieceOf(records.addRaw(head));
  }
  if (records === undefined) {
    delimiter = sniffDelimiter(head);
    records = new CsvRecords(delimiter);
    yield pieceOf(records.addRaw(head));
  }
  yield pieceOf(records.endRaw());
  if (names === undefined) throw new UnusualCsvError('there is no header');
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
    return found.every((record) => sizeOf(record, delimiter) === names.length) ? eachCut(found, delimiter) : null;
  } catch (error) {
    if (error instanceof UnusualCsvError) return null;
    throw error;
  }
}

function* eachCut(records: readonly RawCsvRecord[], delimiter: Delimiter): Generator<readonly string[]> {
  for (const record of records) yield valuesOf(record, delimiter);
}

function sizeOf({ text, values }: RawCsvRecord, delimiter: Delimiter): number {
  return text === null ? values.length : countOf(text, delimiter);
}

function valuesOf({ text, values }: RawCsvRecord, delimiter: Delimiter): string[] {
  return text === null ? [...values] : text.split(delimiter);
}

function* scannedRows(
  records: readonly RawCsvRecord[],
  piece: Pick<CsvPiece, 'names' | 'delimiter'>,
): Generator<ScannedRow> {
  const { names, delimiter } = piece;
  if (names.includes('__proto__')) throw new UnusualCsvError('a column has a name that no field can have');
  for (const record of records) {
    if (sizeOf(record, delimiter) !== names.length) throw new UnusualCsvError('values differ in number');
    yield new ScannedRow(record, piece);
  }
}

function countOf(text: string, delimiter: Delimiter): number {
  let count = 1;
  for (let at = text.indexOf(delimiter); at >= 0; at = text.indexOf(delimiter, at + 1)) count += 1;
  return count;
}

function partAt(text: string, delimiter: Delimiter, column: number): string {
  let from = 0;
  for (let before = 0; before < column; before += 1) from = text.indexOf(delimiter, from) + 1;
  const to = text.indexOf(delimiter, from);
  return text.slice(from, to < 0 ? text.length : to);
}

/** The bytes of a byte order mark, which is no part of the text. */
async function markBytes(file: string): Promise<number> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(3), position: 0 });
      return bytesRead === 3 && buffer.equals(Buffer.of(0xef, 0xbb, 0xbf)) ? 3 : 0;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}
