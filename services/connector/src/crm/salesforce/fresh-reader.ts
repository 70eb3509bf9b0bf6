import { isSalesforceId, longSalesforceId } from '@kempt/contracts';
import { CrmError } from '../crm-error.ts';
import type { FreshRecord } from '../crm-writer.ts';
import type { ObjectCatalogue } from './object-catalogue.ts';
import { addParts, type QueryPage } from './object-reader.ts';
import { readRow, type SalesforceRow } from './read-record.ts';
import { fieldParts, instantLiteral, pageQuery, withIds } from './soql.ts';

export interface FreshReader {
  /** The records with these ids, deleted ones included; unknown ids are absent. */
  read(object: string, ids: readonly string[], signal: AbortSignal): Promise<readonly FreshRecord[]>;
  /** At most 1,000 records that were created at or after a point in time, oldest first. */
  createdSince(object: string, sinceMs: number, signal: AbortSignal): Promise<readonly FreshRecord[]>;
}

export interface FreshReaderOptions {
  readonly catalogue: ObjectCatalogue;
  /** Runs a query over all records, deleted ones included. */
  readonly query: (soql: string, signal: AbortSignal) => Promise<QueryPage>;
  /** Longest list of fields in one query. */
  readonly fieldListCharacters: number;
}

const idsPerQuery = 100;
/** Room in the address of a query for the ids. */
const idCharacters = 3_000;
const mostCreated = 1_000;
/** How often a record that changes between the parts of one reading is read again. */
const readings = 5;

export function createFreshReader({ catalogue, query, fieldListCharacters }: FreshReaderOptions): FreshReader {
  const keys = ['Id', 'SystemModstamp'];

  async function readRows(object: string, ids: readonly string[], signal: AbortSignal): Promise<readonly unknown[]> {
    const { fields } = await catalogue.object(object, signal);
    const [first = keys, ...others] = fieldParts(
      fields.map(({ name }) => name),
      { keys, maxCharacters: Math.max(1_000, fieldListCharacters - idCharacters) },
    );
    const found = new Map<string, unknown>();
    let missing = ids;
    for (let reading = 1; missing.length > 0; reading += 1) {
      const ask = async (part: readonly string[], wanted: readonly string[]) =>
        await query(
          pageQuery({ object, fields: part, where: [withIds(wanted)], orderBy: 'Id', limit: idsPerQuery }),
          signal,
        );
      const { rows } = await ask(first, missing);
      const present = rows.map((row) => String((row as SalesforceRow | null)?.Id));
      // A row that changed between two parts is left out, and read again.
      for (const row of await addParts(rows, others, (part) => ask(part, present))) {
        found.set(String((row as SalesforceRow).Id), row);
      }
      missing = present.filter((id) => !found.has(id));
      if (missing.length > 0 && reading >= readings) throw restless(object, missing);
    }
    return [...found.values()];
  }

  async function read(object: string, ids: readonly string[], signal: AbortSignal): Promise<FreshRecord[]> {
    const wanted = [...new Set(ids.filter(isSalesforceId).map(longSalesforceId))];
    const { fields } = await catalogue.object(object, signal);
    const records: FreshRecord[] = [];
    for (let from = 0; from < wanted.length; from += idsPerQuery) {
      for (const row of await readRows(object, wanted.slice(from, from + idsPerQuery), signal)) {
        const result = readRow(row, fields);
        if ('skipped' in result) throw unreadable(object, result.skipped);
        records.push({ ...result.record, requestedId: result.record.recordId });
      }
    }
    return records;
  }

  return {
    read,
    async createdSince(object, sinceMs, signal) {
      const { rows } = await query(
        pageQuery({
          object,
          fields: ['Id', 'CreatedDate'],
          where: [`CreatedDate >= ${instantLiteral(Math.floor(sinceMs / 1_000) * 1_000)}`],
          orderBy: 'CreatedDate, Id',
          limit: mostCreated,
        }),
        signal,
      );
      const ids = rows.map((row) => (row as SalesforceRow | null)?.Id).filter(isSalesforceId);
      const byId = new Map((await read(object, ids, signal)).map((record) => [record.recordId, record]));
      return ids.flatMap((id) => byId.get(longSalesforceId(id)) ?? []);
    },
  };
}

const unreadable = (object: string, skipped: { readonly recordId: string; readonly detail: string }): CrmError =>
  new CrmError({
    kind: 'malformed',
    code: 'unreadable-record',
    message: `The record ${skipped.recordId} of ${object} cannot be read: ${skipped.detail}`,
  });

const restless = (object: string, ids: readonly string[]): CrmError =>
  new CrmError({
    kind: 'unavailable',
    code: 'record-keeps-changing',
    message: `The record ${ids.join(', ')} of ${object} changed each time while it was read. Try again.`,
  });
