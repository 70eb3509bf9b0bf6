import path from 'node:path';
import type { FieldValue, InputRecord, Schema } from '@kempt/entity-resolution';
import type { CsvPiece } from '../tables/csv-pieces.ts';
import { UnusualCsvError } from '../tables/csv-records.ts';
import { scanCsv } from '../tables/csv-scan.ts';
import { type Fields, singleText } from '../tables/field-value.ts';
import { placeOf, type Table } from '../tables/table.ts';
import { tableError } from '../tables/table-error.ts';
import { recordId } from './record-id.ts';

/** One input file: what its records are called, and what was seen of its rows. */
export interface Source {
  readonly name: string;
  readonly table: Table;
  readonly rows: number;
  readonly columns: ReadonlySet<string>;
  /** The column with the ids; without one the number of the row is the id. */
  readonly idColumn: string | undefined;
  /** Rows spread evenly over the file. */
  readonly sample: readonly Fields[];
  /** The parts that several threads can read; null where only one can read the file. */
  readonly pieces: readonly CsvPiece[] | null;
}

/** Files by their names without folder and ending, or as they were given where those are the same. */
export function sourceNames(files: readonly string[]): string[] {
  const twice = files.find((file, at) => files.findIndex((other) => path.resolve(other) === path.resolve(file)) !== at);
  if (twice !== undefined) {
    throw tableError({ file: twice }, { code: 'file-twice', message: 'the file is given twice; name it once.' });
  }
  const short = files.map((file) => path.basename(file, path.extname(file)));
  return new Set(short).size === short.length ? short : [...files];
}

const idHeader = /^_?(id|uuid|guid|(unique|record|rec|row)_?id)$/i;
const mostSampled = 4_000;

/** Keeps every row, then every second one, every fourth ...: a sample that is spread evenly over a table of unknown length. */
class SpreadSample {
  #rows: Fields[] = [];
  #stride = 1;
  #seen = 0;

  /** Whether the next row is one of the sample. */
  get wants(): boolean {
    return this.#seen % this.#stride === 0;
  }

  skip(): void {
    this.#seen += 1;
  }

  take(fields: Fields): void {
    this.#seen += 1;
    this.#rows.push(fields);
    if (this.#rows.length < mostSampled) return;
    this.#rows = this.#rows.filter((_, at) => at % 2 === 0);
    this.#stride *= 2;
  }

  get rows(): readonly Fields[] {
    return this.#rows;
  }
}

export interface SurveyOptions {
  readonly idColumn?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onRow?: ((rows: number) => void) | undefined;
}

/**
 * Reads a table once and keeps a sample, the names of the columns and which of them holds the ids: the one that was named, whose values
 * must all be there and differ, or the first that is called like an id and fulfils that.
 */
export async function survey(table: Table, name: string, options: SurveyOptions): Promise<Source> {
  if (table.format === 'csv') {
    try {
      return await surveyPieces(table, name, options);
    } catch (error) {
      // What the quick reader does not understand is read by the careful one, which says what is wrong.
      if (!(error instanceof UnusualCsvError)) throw error;
    }
  }
  const { signal } = options;
  const surveyor = new Surveyor(table, options);
  for await (const batch of table.batches(signal))
    for (const { line, fields } of batch)
      surveyor.look(line, Object.keys(fields), { valueOf: (column) => fields[column], fields: () => fields });
  return { name, table, pieces: null, ...surveyor.seen() };
}

async function surveyPieces(table: Table, name: string, options: SurveyOptions): Promise<Source> {
  const surveyor = new Surveyor(table, options);
  const pieces: CsvPiece[] = [];
  for await (const { piece, rows } of scanCsv(table.file, options.signal)) {
    const { names } = piece;
    if (piece.rows > 0) pieces.push(piece);
    for (const row of rows) surveyor.look(row.line, names, row);
  }
  return { name, table, pieces, ...surveyor.seen() };
}

/** What is looked at of a row. */
interface SeenRow {
  valueOf(column: string): FieldValue | undefined;
  fields(): Fields;
}

/** Sees every row of a table once. */
class Surveyor {
  readonly #table: Table;
  readonly #options: SurveyOptions;
  readonly #sample = new SpreadSample();
  readonly #columns = new Set<string>();
  /** Line by id, for every column that may be the one. */
  readonly #lines = new Map<string, Map<string, number>>();
  readonly #refused = new Set<string>();
  #rows = 0;
  #previous: readonly string[] = [];

  constructor(table: Table, options: SurveyOptions) {
    this.#table = table;
    this.#options = options;
  }

  look(line: number, present: readonly string[], row: SeenRow): void {
    const { idColumn } = this.#options;
    if (!isAsBefore(present, this.#previous)) this.#meet(present);
    this.#previous = present;
    if (idColumn !== undefined && !present.includes(idColumn)) throw missingColumn(this.#table, line, idColumn);
    for (const [column, lines] of this.#lines) this.#meetId(column, lines, { line, value: row.valueOf(column) });
    if (this.#sample.wants) this.#sample.take(row.fields());
    else this.#sample.skip();
    this.#rows += 1;
    this.#options.onRow?.(this.#rows);
  }

  #meet(present: readonly string[]): void {
    const { idColumn } = this.#options;
    for (const column of present) {
      if (this.#columns.has(column)) continue;
      this.#columns.add(column);
      if (idColumn === undefined ? idHeader.test(column) : column === idColumn) {
        // A column that comes up later was missing before.
        if (this.#rows === 0) this.#lines.set(column, new Map());
        else this.#refused.add(column);
      }
    }
  }

  #meetId(
    column: string,
    lines: Map<string, number>,
    { line, value }: { readonly line: number; readonly value: FieldValue | undefined },
  ): void {
    const id = singleText(value ?? null);
    const earlier = lines.get(id);
    if (id !== '' && earlier === undefined) {
      lines.set(id, line);
    } else if (this.#options.idColumn === undefined) {
      this.#refused.add(column);
      this.#lines.delete(column);
    } else {
      throw tableError(
        { ...placeOf(this.#table, line), column },
        id === ''
          ? { code: 'id-missing', message: 'the id is empty; give every row an id, or leave out --id.' }
          : {
              code: 'id-twice',
              message: `the id ${id} stands in ${this.#table.format === 'parquet' ? 'row' : 'line'} ${earlier}, too; ids must differ within a file. Name another column, or leave out --id.`,
            },
      );
    }
  }

  seen(): Pick<Source, 'rows' | 'columns' | 'idColumn' | 'sample'> {
    const idColumn = [...this.#lines.keys()]
      .filter((column) => !this.#refused.has(column))
      .sort((a, b) => rankOf(a) - rankOf(b))[0];
    return { rows: this.#rows, columns: this.#columns, idColumn, sample: this.#sample.rows };
  }
}

function isAsBefore(present: readonly string[], previous: readonly string[]): boolean {
  return (
    present === previous ||
    (present.length === previous.length && present.every((column, at) => column === previous[at]))
  );
}

/** A column that is plainly called id goes first. */
function rankOf(column: string): number {
  return /^_?id$/i.test(column) ? 0 : 1;
}

function missingColumn(table: Table, line: number, column: string): Error {
  return tableError(
    { ...placeOf(table, line), column },
    { code: 'column-missing', message: 'there is no such column here; --id must name a column of every file.' },
  );
}

/** A record with the parts of its name. */
export interface LoadedRecord extends InputRecord {
  /** Its id inside its source. */
  readonly localId: string;
}

/** The columns of a file that are compared. */
export function comparedColumns({ columns }: Pick<Source, 'columns'>, schema: Schema): string[] {
  return schema.columns.filter(({ name, kind }) => kind !== 'ignored' && columns.has(name)).map(({ name }) => name);
}

/** Reads a table again and gives the ids and the columns that are compared, nothing else. */
export async function* loadRecords(
  source: Source,
  schema: Schema,
  options: Omit<SurveyOptions, 'idColumn'>,
): AsyncGenerator<readonly LoadedRecord[]> {
  const compared = comparedColumns(source, schema);
  let read = 0;
  for await (const batch of source.table.batches(options.signal)) {
    const last = batch.at(-1);
    if (last !== undefined && read + batch.length > source.rows) throw changed(source, last.line);
    yield batch.map(({ fields }): LoadedRecord => {
      read += 1;
      const localId = source.idColumn === undefined ? String(read) : singleText(fields[source.idColumn]);
      const kept: Record<string, FieldValue> = {};
      for (const name of compared) kept[name] = fields[name] ?? null;
      options.onRow?.(read);
      return { id: recordId(source.name, localId), source: source.name, localId, fields: kept };
    });
  }
  if (read !== source.rows) throw changed(source, read);
}

export function changed(source: Source, line: number): Error {
  return tableError(placeOf(source.table, line), {
    code: 'file-changed',
    message: 'the file has changed while it was read; run the command again when nobody writes to it.',
  });
}
