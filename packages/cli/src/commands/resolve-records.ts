import path from 'node:path';
import type { FieldValue, InputRecord, Schema } from '@kempt/entity-resolution';
import { type Fields, singleText } from '../tables/field-value.ts';
import { placeOf, type Table, type TableRow } from '../tables/table.ts';
import { tableError } from '../tables/table-error.ts';

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

  offer(fields: Fields): void {
    if (this.#seen % this.#stride === 0) {
      this.#rows.push(fields);
      if (this.#rows.length === mostSampled) {
        this.#rows = this.#rows.filter((_, at) => at % 2 === 0);
        this.#stride *= 2;
      }
    }
    this.#seen += 1;
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
  const { idColumn, signal } = options;
  const sample = new SpreadSample();
  const columns = new Set<string>();
  /** Line by id, for every column that may be the one. */
  const seen = new Map<string, Map<string, number>>();
  const refused = new Set<string>();
  let rows = 0;
  let previous: readonly string[] = [];
  const look = ({ line, fields }: TableRow): void => {
    const present = Object.keys(fields);
    const isAsBefore = present.length === previous.length && present.every((column, at) => column === previous[at]);
    previous = present;
    for (const column of isAsBefore ? [] : present) {
      if (columns.has(column)) continue;
      columns.add(column);
      if (idColumn === undefined ? idHeader.test(column) : column === idColumn) {
        // A column that comes up later was missing before.
        if (rows === 0) seen.set(column, new Map());
        else refused.add(column);
      }
    }
    if (idColumn !== undefined && !Object.hasOwn(fields, idColumn)) throw missingColumn(table, line, idColumn);
    for (const [column, lines] of seen) {
      const id = singleText(fields[column]);
      const earlier = lines.get(id);
      if (id !== '' && earlier === undefined) {
        lines.set(id, line);
      } else if (idColumn === undefined) {
        refused.add(column);
        seen.delete(column);
      } else {
        throw tableError(
          { ...placeOf(table, line), column },
          id === ''
            ? { code: 'id-missing', message: 'the id is empty; give every row an id, or leave out --id.' }
            : {
                code: 'id-twice',
                message: `the id ${id} stands in ${table.format === 'parquet' ? 'row' : 'line'} ${earlier}, too; ids must differ within a file. Name another column, or leave out --id.`,
              },
        );
      }
    }
    sample.offer(fields);
    rows += 1;
    options.onRow?.(rows);
  };
  for await (const batch of table.batches(signal)) for (const row of batch) look(row);
  const found = [...seen.keys()].filter((column) => !refused.has(column)).sort((a, b) => rankOf(a) - rankOf(b))[0];
  return { name, table, rows, columns, idColumn: found, sample: sample.rows };
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

/** Reads a table again and gives the ids and the columns that are compared, nothing else. */
export async function* loadRecords(
  source: Source,
  schema: Schema,
  options: Omit<SurveyOptions, 'idColumn'>,
): AsyncGenerator<readonly LoadedRecord[]> {
  const compared = schema.columns
    .filter(({ name, kind }) => kind !== 'ignored' && source.columns.has(name))
    .map(({ name }) => name);
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
      return { id: `${source.name}\u001f${localId}`, source: source.name, localId, fields: kept };
    });
  }
  if (read !== source.rows) throw changed(source, read);
}

function changed(source: Source, line: number): Error {
  return tableError(placeOf(source.table, line), {
    code: 'file-changed',
    message: 'the file has changed while it was read; run the command again when nobody writes to it.',
  });
}
