import { parseInstant } from '../../schema/convert-value.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { beginWindow, openReading, positionOf, type StampPlace, windowAfterPage, windowOf } from '../change-window.ts';
import type { ChangePage, CrmRecord, ObjectReader, Position, RecordPage, SkippedRecord } from '../crm-client.ts';
import { CrmError } from '../crm-error.ts';
import { countRecords } from './count.ts';
import { readRow, type SalesforceRow } from './read-record.ts';
import { afterId, afterPlace, fieldParts, type PageQuery, pageQuery, upToId, upToPlace } from './soql.ts';

export interface SalesforceReaderOptions {
  readonly schema: ObjectSchema;
  /** Runs a query over all records, deleted ones included, and gives the rows of its first page. */
  readonly query: (soql: string, signal: AbortSignal) => Promise<QueryPage>;
  readonly pageRecords: number;
  readonly overlapMs: number;
  /** Longest list of fields in one query. */
  readonly fieldListCharacters: number;
  readonly now: () => number;
}

export interface QueryPage {
  readonly rows: readonly unknown[];
  /** False when the result has more rows than the page. */
  readonly done: boolean;
}

interface ReadPage {
  readonly records: readonly CrmRecord[];
  readonly skipped: readonly SkippedRecord[];
  /** The last row that can be continued after. */
  readonly last: StampPlace | null;
  readonly more: boolean;
}

const rowId = (row: unknown): string => {
  const id = (row as SalesforceRow | null)?.Id;
  return typeof id === 'string' ? id : '';
};

function placeOf(row: unknown): StampPlace | null {
  const stamp = (row as SalesforceRow | null)?.SystemModstamp;
  const stampMs = typeof stamp === 'string' ? parseInstant(stamp) : undefined;
  const id = rowId(row);
  return stampMs === undefined || id === '' ? null : { stampMs, id };
}

/**
 * Reads an object by queries of their own for every page, each beginning after the last row of the one before. Nothing
 * is kept open in the org: a page can be asked for again at any time, after a restart too.
 */
export function createSalesforceReader(options: SalesforceReaderOptions): ObjectReader {
  const { schema, pageRecords } = options;
  const object = schema.object;
  const keys = ['Id', 'SystemModstamp'];
  const parts = fieldParts(
    schema.fields.map((field) => field.name),
    { keys, maxCharacters: options.fieldListCharacters },
  );

  /** Reads the first part of the fields, then the others of the same rows. */
  async function readPage(
    page: {
      readonly after: string;
      readonly upTo: (last: StampPlace) => string;
      readonly orderBy: PageQuery['orderBy'];
    },
    signal: AbortSignal,
  ): Promise<ReadPage> {
    const [first = keys, ...others] = parts;
    const query = (fields: readonly string[], upTo: string) =>
      options.query(
        pageQuery({ object, fields, where: [page.after, upTo], orderBy: page.orderBy, limit: pageRecords }),
        signal,
      );
    const { rows, done } = await query(first, '');
    const last = rows.map(placeOf).findLast((place) => place !== null) ?? null;
    const more = !done || rows.length >= pageRecords;
    if (more && last === null) {
      throw new CrmError({
        kind: 'malformed',
        code: 'malformed-page',
        message: `Salesforce sent a page of ${object} in which no row has an Id and a SystemModstamp.`,
      });
    }
    const whole = last === null ? rows : await addParts(rows, others, (fields) => query(fields, page.upTo(last)));
    const records: CrmRecord[] = [];
    const skipped: SkippedRecord[] = [];
    for (const row of whole) {
      const read = readRow(row, schema.fields);
      if ('record' in read) records.push(read.record);
      else skipped.push(read.skipped);
    }
    return { records, skipped, last, more };
  }

  return {
    schema,

    count: (signal) => countRecords(options, signal),

    async beginChanges(signal) {
      const { rows } = await options.query(
        pageQuery({ object, fields: keys, where: [], orderBy: 'SystemModstamp DESC', limit: 1 }),
        signal,
      );
      const newestMs = placeOf(rows[0])?.stampMs ?? 0;
      return positionOf(beginWindow(newestMs, { nowMs: options.now(), overlapMs: options.overlapMs }));
    },

    async readAll(position, signal): Promise<RecordPage> {
      const after = afterId(typeof position?.afterId === 'string' ? position.afterId : '');
      const page = await readPage({ after, upTo: ({ id }) => upToId(id), orderBy: 'Id' }, signal);
      const next: Position | null = page.more && page.last !== null ? { afterId: page.last.id } : null;
      return { records: page.records, skipped: page.skipped, next };
    },

    async readChanges(position, signal): Promise<ChangePage> {
      const window = openReading(windowOf(position), { nowMs: options.now(), overlapMs: options.overlapMs });
      const after = afterPlace(window.reading.at);
      const page = await readPage({ after, upTo: upToPlace, orderBy: 'SystemModstamp, Id' }, signal);
      const next = windowAfterPage(window, {
        seen: page.last,
        next: page.more ? page.last : null,
        nowMs: options.now(),
      });
      return { records: page.records, skipped: page.skipped, next: positionOf(next), more: page.more };
    },
  };
}

/**
 * Puts the parts of each row together. A row that changed between two parts is left out: its stamp has moved on, so it
 * comes again among the changes.
 */
export async function addParts(
  rows: readonly unknown[],
  others: readonly (readonly string[])[],
  query: (fields: readonly string[]) => Promise<QueryPage>,
): Promise<readonly unknown[]> {
  let whole = rows;
  for (const fields of others) {
    const { rows: more } = await query(fields);
    const byId = new Map(more.map((row) => [rowId(row), row]));
    whole = whole.flatMap((row) => {
      const other = byId.get(rowId(row));
      if (placeOf(row) === null) return [row];
      const isSame = placeOf(other)?.stampMs === placeOf(row)?.stampMs;
      return isSame ? [{ ...(other as SalesforceRow), ...(row as SalesforceRow) }] : [];
    });
  }
  return whole;
}
