import { pipeline, Readable } from 'node:stream';
import type { CsvError, Info } from 'csv-parse';
import { headerOf, headLength } from './csv-header.ts';
import { type CsvRecord, CsvRecords, UnusualCsvError } from './csv-records.ts';
import { type Delimiter, sniffDelimiter } from './delimiter.ts';
import type { Fields } from './field-value.ts';
import type { TableRow } from './table.ts';
import { tableError } from './table-error.ts';
import { utf8Text } from './utf8-text.ts';

interface ParsedRow {
  readonly info: Pick<Info, 'lines'>;
  readonly record: readonly string[];
}

/**
 * The rows of an RFC 4180 file with a header, many at a time: quoted values, line breaks inside quotes, a byte order mark and any line ending
 * are understood; the delimiter is found out. Empty lines are skipped. What the quick reader does not understand is read once more by the
 * careful one, which knows more and says what is wrong.
 */
export async function* csvRows(file: string, signal?: AbortSignal): AsyncGenerator<readonly TableRow[]> {
  let given = 0;
  try {
    for await (const rows of quickRows(file, signal)) {
      yield rows;
      given += rows.length;
    }
    return;
  } catch (error) {
    if (!(error instanceof UnusualCsvError)) throw error;
  }
  for await (const row of carefulRows(file, signal)) {
    if (given === 0) yield [row];
    else given -= 1;
  }
}

async function* quickRows(file: string, signal?: AbortSignal): AsyncGenerator<readonly TableRow[]> {
  let head = '';
  let records: CsvRecords | undefined;
  let names: readonly string[] | undefined;
  const rowsOf = (found: readonly CsvRecord[]): TableRow[] => {
    const rows: TableRow[] = [];
    for (const { line, values } of found) {
      if (names === undefined) {
        names = headerOf(file, line, values);
        continue;
      }
      if (values.length !== names.length || names.includes('__proto__'))
        throw new UnusualCsvError('values differ in number');
      const fields: Record<string, string> = {};
      for (let at = 0; at < names.length; at += 1) fields[names[at] as string] = values[at] as string;
      rows.push({ line, fields });
    }
    return rows;
  };
  for await (const piece of utf8Text(file, signal)) {
    if (records !== undefined) {
      yield rowsOf(records.add(piece));
      continue;
    }
    head += piece;
    if (head.length < headLength) continue;
    records = new CsvRecords(sniffDelimiter(head));
    yield rowsOf(records.add(head));
  }
  if (records === undefined) {
    records = new CsvRecords(sniffDelimiter(head));
    yield rowsOf(records.add(head));
  }
  yield rowsOf(records.end());
  if (names === undefined) throw new UnusualCsvError('there is no header');
}

async function* carefulRows(file: string, signal?: AbortSignal): AsyncGenerator<TableRow> {
  const { CsvError, parse } = await import('csv-parse');
  const texts = utf8Text(file, signal);
  let head = '';
  let ended = false;
  while (head.length < headLength && !ended) {
    const next = await texts.next();
    if (next.done === true) ended = true;
    else head += next.value;
  }
  const delimiter = sniffDelimiter(head);
  const parser = parse({
    delimiter,
    info: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const whole = async function* (): AsyncGenerator<string> {
    yield head;
    head = '';
    yield* texts;
  };
  // Errors of the source reach the reader below through the parser.
  pipeline(Readable.from(whole()), parser, () => undefined);
  let names: readonly string[] | undefined;
  /** The parser counts a CRLF inside quotes as two lines. */
  let surplus = 0;
  try {
    for await (const { info, record } of parser as AsyncIterable<ParsedRow>) {
      for (const value of record) surplus += value.split('\r\n').length - 1;
      const line = info.lines - surplus;
      if (names === undefined) {
        names = headerOf(file, line, record);
        continue;
      }
      if (record.length !== names.length) throw unevenRow(file, line, { record, names, delimiter });
      yield { line, fields: Object.fromEntries(names.map((name, at) => [name, record[at]])) as Fields };
    }
  } catch (error) {
    throw error instanceof CsvError ? malformed(file, error, surplus) : error;
  }
  if (names === undefined) {
    throw tableError(
      { file },
      { code: 'table-empty', message: 'the file is empty; its first line must name the columns.' },
    );
  }
}

function unevenRow(
  file: string,
  line: number,
  {
    record,
    names,
    delimiter,
  }: { readonly record: readonly string[]; readonly names: readonly string[]; readonly delimiter: Delimiter },
): Error {
  const quoted = delimiter === '\t' ? 'a tab' : `"${delimiter}"`;
  return tableError(
    { file, line, column: Math.min(record.length, names.length) + 1 },
    {
      code: 'row-uneven',
      message: `the row has ${record.length} values and the header names ${names.length} columns; put values that contain ${quoted} or line breaks in quotes, and fill missing values with empty ones.`,
    },
  );
}

function malformed(file: string, error: CsvError, surplus: number): Error {
  const { lines, column } = error as unknown as { readonly lines?: number; readonly column?: number | string };
  return tableError(
    {
      file,
      line: lines === undefined ? undefined : lines - surplus,
      column: typeof column === 'number' ? column + 1 : column,
    },
    {
      code: 'csv-malformed',
      message:
        error.code === 'CSV_QUOTE_NOT_CLOSED'
          ? 'a quote is opened and never closed; close it, and double every quote inside a quoted value.'
          : 'a quote stands where none may stand; put the whole value in quotes and double every quote inside it.',
      cause: error,
    },
  );
}
