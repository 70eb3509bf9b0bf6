import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { headerOf, headLength } from './csv-header.ts';
import type { CsvPiece } from './csv-pieces.ts';
import { UnusualCsvError } from './csv-records.ts';
import { type Delimiter, sniffDelimiter } from './delimiter.ts';
import type { Fields } from './field-value.ts';
import { unreadable } from './utf8-text.ts';

const lineFeed = 10;
const carriageReturn = 13;
const quote = 34;
const mark = Buffer.of(0xef, 0xbb, 0xbf);

/** So much of a file is a piece. */
const pieceBytes = 1 << 16;

/** One row of a file, of which only what is asked for is made into text. It is another one after the next step of the walk. */
export interface ScannedRow {
  readonly line: number;
  valueOf(column: string): string | undefined;
  fields(): Fields;
}

/** Rows as they follow each other, with the piece that they are. */
export interface ScannedPiece {
  readonly piece: CsvPiece;
  readonly rows: Iterable<ScannedRow>;
}

/**
 * Walks through a CSV file byte by byte without making texts of its values, which is most of the work of reading one. Anything that RFC 4180 does
 * not know, and text that is not UTF-8, is refused with UnusualCsvError.
 */
export async function* scanCsv(file: string, signal?: AbortSignal): AsyncGenerator<ScannedPiece> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const bytes = new FileBytes(handle);
    await bytes.readHead();
    const delimiter = sniffDelimiter(bytes.text());
    const scanner = new RowScanner(delimiter);
    let names: readonly string[] | undefined;
    let before = 0;
    while (true) {
      signal?.throwIfAborted();
      const { length, rows } = scanner.scan(bytes.all, bytes.isWhole, names?.length);
      if (!isUtf8(bytes.all.subarray(0, length))) throw new UnusualCsvError('the text is not UTF-8');
      const hasHeader = names === undefined && rows > 0;
      names ??= rows > 0 ? headerOf(file, scanner.lineOf(0), scanner.valuesOf(0)) : undefined;
      if (names?.includes('__proto__') === true)
        throw new UnusualCsvError('a column has a name that no field can have');
      const first = hasHeader ? 1 : 0;
      const { from } = bytes;
      const line = rows > first ? scanner.lineOf(rows - 1) : 0;
      const place = { from, to: from + length, hasHeader, before, rows: rows - first, line };
      before += rows - first;
      yield { piece: { file, delimiter, names: names ?? [], ...place }, rows: scanner.rows(first, names ?? []) };
      if (bytes.isWhole) break;
      await bytes.readOn(length);
    }
    if (names === undefined) throw new UnusualCsvError('there is no header');
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    await handle?.close();
  }
}

/** The part of a file that is looked at. */
class FileBytes {
  readonly #handle: FileHandle;
  #room = Buffer.allocUnsafe(2 * pieceBytes);
  #size = 0;
  /** Where the part begins in the file. */
  from = 0;
  /** The part goes up to the end of the file. */
  isWhole = false;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  get all(): Buffer {
    return this.#room.subarray(0, this.#size);
  }

  text(): string {
    return new TextDecoder().decode(this.all, { stream: !this.isWhole });
  }

  /** Reads as much as is looked at to find the delimiter, without a byte order mark. */
  async readHead(): Promise<void> {
    do await this.#read();
    while (!this.isWhole && this.text().length < headLength);
    if (this.all.subarray(0, mark.length).equals(mark)) this.#drop(mark.length);
  }

  /** Goes on behind so many bytes. */
  async readOn(done: number): Promise<void> {
    this.#drop(done);
    await this.#read();
  }

  #drop(bytes: number): void {
    this.#room.copyWithin(0, bytes, this.#size);
    this.#size -= bytes;
    this.from += bytes;
  }

  async #read(): Promise<void> {
    if (this.#size + pieceBytes > this.#room.length) {
      const room = Buffer.allocUnsafe(this.#room.length * 2);
      this.#room.copy(room, 0, 0, this.#size);
      this.#room = room;
    }
    const { bytesRead } = await this.#handle.read(this.#room, this.#size, pieceBytes, this.from + this.#size);
    this.#size += bytesRead;
    this.isWhole = bytesRead === 0;
  }
}

/** Finds where rows and their values lie. */
class RowScanner {
  readonly #delimiter: Delimiter;
  /** By byte, 1 where something begins or ends by it. */
  readonly #special = new Uint8Array(256);
  #bytes: Buffer = Buffer.of();
  #rows = 0;
  #line = 0;
  /** By row, the line that it ends in, where it begins, and where in `#ends` its values do. */
  readonly #lines: number[] = [];
  readonly #starts: number[] = [];
  readonly #firsts: number[] = [];
  /** Where values end, row by row. */
  readonly #ends: number[] = [];
  /** By row, whether one of its values is in quotes. */
  readonly #quoted: boolean[] = [];

  constructor(delimiter: Delimiter) {
    this.#delimiter = delimiter;
    for (const code of [delimiter.charCodeAt(0), lineFeed, carriageReturn, quote]) this.#special[code] = 1;
  }

  /**
   * Finds the rows that are whole; answers how many, and how long they are together with the lines between them. `width` is how many values each of
   * them has to have, by default as many as the first one.
   */
  scan(bytes: Buffer, isEnd: boolean, width: number | undefined): { readonly length: number; readonly rows: number } {
    this.#bytes = bytes;
    this.#rows = 0;
    for (const list of [this.#lines, this.#starts, this.#firsts, this.#ends, this.#quoted]) list.length = 0;
    let wanted = width;
    let length = 0;
    while (length < bytes.length) {
      const found = this.#ends.length;
      const next = this.#row(length, isEnd);
      if (next < 0) {
        this.#ends.length = found;
        break;
      }
      length = next;
      const count = this.#ends.length - found;
      if (count === 0) continue;
      wanted ??= count;
      if (count !== wanted) throw new UnusualCsvError('values differ in number');
    }
    this.#firsts[this.#rows] = this.#ends.length;
    return { length, rows: this.#rows };
  }

  lineOf(row: number): number {
    return this.#lines[row] as number;
  }

  valuesOf(row: number): string[] {
    const from = this.#starts[row] as number;
    const first = this.#firsts[row] as number;
    const last = (this.#firsts[row + 1] as number) - 1;
    if (this.#quoted[row] !== true)
      return this.#bytes.toString('utf8', from, this.#ends[last] as number).split(this.#delimiter);
    return Array.from({ length: last - first + 1 }, (_, at) => this.#valueAt(row, at));
  }

  /** The rows from one on, one after the other. */
  *rows(from: number, names: readonly string[]): Generator<ScannedRow> {
    let row = from;
    const lines = this.#lines;
    const scanned: ScannedRow = {
      get line() {
        return lines[row] as number;
      },
      valueOf: (column) => {
        const at = names.indexOf(column);
        return at < 0 ? undefined : this.#valueAt(row, at);
      },
      fields: () => {
        const fields: Record<string, string> = {};
        const values = this.valuesOf(row);
        for (let at = 0; at < names.length; at += 1) fields[names[at] as string] = values[at] as string;
        return fields;
      },
    };
    for (; row < this.#rows; row += 1) yield scanned;
  }

  #valueAt(row: number, at: number): string {
    const place = (this.#firsts[row] as number) + at;
    const from = at === 0 ? (this.#starts[row] as number) : (this.#ends[place - 1] as number) + 1;
    const to = this.#ends[place] as number;
    return this.#bytes[from] === quote && from < to
      ? this.#bytes.toString('utf8', from + 1, to - 1).replaceAll('""', '"')
      : this.#bytes.toString('utf8', from, to);
  }

  /** Finds the row that begins at a place; answers where the next one does, -1 where the bytes end before the row. An empty line is none. */
  #row(from: number, isEnd: boolean): number {
    const bytes = this.#bytes;
    const special = this.#special;
    const ends = this.#ends;
    const { length } = bytes;
    const first = ends.length;
    let isQuoted = false;
    let lines = 1;
    let at = from;
    let end = -1;
    while (end < 0) {
      if (at < length && bytes[at] === quote) {
        isQuoted = true;
        const close = this.#closing(at, isEnd);
        if (close < 0) return -1;
        lines += this.#linesBetween(at, close);
        at = close + 1;
        if (at < length && special[bytes[at] as number] === 0)
          throw new UnusualCsvError('a value goes on after its quote');
      } else {
        while (at < length && special[bytes[at] as number] === 0) at += 1;
      }
      if (at === length) {
        if (!isEnd) return -1;
        end = at;
      } else if (bytes[at] === lineFeed) {
        end = at;
      } else if (bytes[at] === carriageReturn) {
        if (at + 1 === length && !isEnd) return -1;
        if (bytes[at + 1] !== lineFeed) throw new UnusualCsvError('a line ends in a carriage return alone');
        end = at;
      } else if (bytes[at] === quote) {
        throw new UnusualCsvError('a quote stands inside a value');
      } else {
        ends.push(at);
        at += 1;
      }
    }
    this.#line += lines;
    if (end > from) {
      ends.push(end);
      this.#lines.push(this.#line);
      this.#starts.push(from);
      this.#firsts.push(first);
      this.#quoted.push(isQuoted);
      this.#rows += 1;
    }
    return Math.min(length, end + (bytes[end] === carriageReturn ? 2 : 1));
  }

  /** Where the quote stands that closes the value which one opens; -1 where the bytes end before that is sure. */
  #closing(open: number, isEnd: boolean): number {
    const bytes = this.#bytes;
    for (let at = bytes.indexOf(quote, open + 1); at >= 0; at = bytes.indexOf(quote, at + 2)) {
      if (at + 1 === bytes.length && !isEnd) return -1;
      if (bytes[at + 1] !== quote) return at;
    }
    if (isEnd) throw new UnusualCsvError('a quote is never closed');
    return -1;
  }

  /** How many lines end between two places. */
  #linesBetween(from: number, to: number): number {
    const bytes = this.#bytes;
    let lines = 0;
    for (let at = from; at < to; at += 1) {
      if (bytes[at] === lineFeed) lines += 1;
      if (bytes[at] === carriageReturn && bytes[at + 1] !== lineFeed)
        throw new UnusualCsvError('a line in quotes ends in a carriage return alone');
    }
    return lines;
  }
}
