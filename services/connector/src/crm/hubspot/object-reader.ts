import { parseInstant } from '../../schema/convert-value.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { beginWindow, openReading, positionOf, type StampPlace, windowAfterPage, windowOf } from '../change-window.ts';
import type { ChangePage, CrmRecord, ObjectReader, Position, RecordPage, SkippedRecord } from '../crm-client.ts';
import { CrmError } from '../crm-error.ts';
import type { HubSpotApi } from './api.ts';
import { readAssociations } from './association-reader.ts';
import { countRecords } from './count.ts';
import { associatedObjects, isAssociation, stampProperty } from './property-types.ts';
import {
  type Associations,
  type HubSpotObject,
  inlineAssociations,
  isObjectId,
  type ReadOptions,
  readObject,
} from './read-record.ts';

export interface HubSpotReaderOptions {
  readonly api: HubSpotApi;
  readonly schema: ObjectSchema;
  /** Records that one reading takes together, in calls of at most 100. */
  readonly pageRecords: number;
  /** Longest list of properties in the address of a request; longer ones go into the body of a second request. */
  readonly fieldListCharacters: number;
  readonly overlapMs: number;
  readonly now: () => number;
}

interface ListAnswer {
  readonly results?: unknown;
  readonly paging?: { readonly next?: { readonly after?: unknown } };
}

const recordsPerCall = 100;
const recordsPerSearch = 200;

function resultsOf(answer: unknown, what: string): readonly unknown[] {
  const results = (answer as ListAnswer | null)?.results;
  if (Array.isArray(results)) return results;
  throw new CrmError({ kind: 'malformed', code: 'malformed-page', message: `HubSpot answered without ${what}.` });
}

const afterOf = (answer: unknown): string | null => {
  const after = (answer as ListAnswer | null)?.paging?.next?.after;
  return typeof after === 'string' && after !== '' ? after : null;
};

const idOf = (raw: unknown): string => {
  const id = (raw as { id?: unknown } | null)?.id;
  return isObjectId(id) ? id : '';
};

/**
 * Reads an object of a portal. The full reading lists by id, which is stable while records change. Changes are found by
 * search and then read from the store itself, since the index may lag behind in values as well. Every page of changes is
 * a search of its own from the last stamp on: paging by position skips records when one before it moves to the end, and
 * ends after 10,000.
 */
export function createHubSpotReader(options: HubSpotReaderOptions): ObjectReader {
  const { api, schema } = options;
  const object = schema.object;
  const stamp = stampProperty(object);
  const toObjects = associatedObjects(object);
  const properties = schema.fields.filter((field) => !isAssociation(field)).map((field) => field.name);
  const fitsAddress = properties.join(',').length <= options.fieldListCharacters;

  function read(raws: readonly unknown[], associations: ReadonlyMap<string, Associations>) {
    const readOptions: ReadOptions = {
      fields: schema.fields,
      stampProperty: stamp,
      associationsOf: (id) => associations.get(id) ?? new Map(),
    };
    const records: CrmRecord[] = [];
    const skipped: SkippedRecord[] = [];
    for (const raw of raws) {
      const result = readObject(raw, readOptions);
      if ('record' in result) records.push(result.record);
      else skipped.push(result.skipped);
    }
    return { records, skipped };
  }

  /** The objects with these ids as they are now; those that are archived or gone are missing. */
  async function readObjects(
    ids: readonly string[],
    archived: boolean,
    signal: AbortSignal,
  ): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    for (let from = 0; from < ids.length; from += recordsPerCall) {
      const inputs = ids.slice(from, from + recordsPerCall).map((id) => ({ id }));
      const answer = await api.send(
        {
          method: 'POST',
          path: `/crm/v3/objects/${object}/batch/read`,
          query: { archived },
          body: { properties, inputs },
        },
        signal,
      );
      // Another id than was asked for is the survivor of a merge; it is read when its own change comes.
      const asked = new Set(inputs.map(({ id }) => id));
      found.push(
        ...resultsOf(answer, `records of ${object}`).filter((raw) => idOf(raw) === '' || asked.has(idOf(raw))),
      );
    }
    return found;
  }

  async function readFresh(ids: readonly string[], signal: AbortSignal) {
    const raws = await readObjects(ids, false, signal);
    const present = raws.map(idOf).filter((id) => id !== '');
    const associations =
      toObjects.length === 0
        ? new Map<string, Associations>()
        : await readAssociations(api, { object, toObjects, ids: present }, signal);
    return read(raws, associations);
  }

  /** Associations of a listed page; those that the list cut are read on their own. */
  async function listedAssociations(raws: readonly unknown[], signal: AbortSignal): Promise<Map<string, Associations>> {
    const found = new Map<string, Associations>();
    const cut: string[] = [];
    for (const raw of raws) {
      const inline = inlineAssociations(raw, toObjects);
      if (inline === null) cut.push(idOf(raw));
      else found.set(idOf(raw), inline);
    }
    if (cut.length > 0) {
      for (const [id, associations] of await readAssociations(api, { object, toObjects, ids: cut }, signal)) {
        found.set(id, associations);
      }
    }
    return found;
  }

  async function list(position: Position | null, archived: boolean, signal: AbortSignal): Promise<RecordPage> {
    const records: CrmRecord[] = [];
    const skipped: SkippedRecord[] = [];
    let after = typeof position?.after === 'string' ? position.after : null;
    for (let calls = Math.max(1, Math.ceil(options.pageRecords / recordsPerCall)); calls > 0; calls -= 1) {
      const answer = await api.send(
        {
          method: 'GET',
          path: `/crm/v3/objects/${object}`,
          query: {
            limit: recordsPerCall,
            after: after ?? undefined,
            archived,
            properties: fitsAddress ? properties : [stamp],
            // Archived records have lost their associations.
            associations: archived || toObjects.length === 0 ? undefined : toObjects,
          },
        },
        signal,
      );
      const listed = resultsOf(answer, `records of ${object}`);
      const raws = fitsAddress ? listed : await withProperties(listed, archived, signal);
      const page = read(raws, archived ? new Map() : await listedAssociations(listed, signal));
      records.push(...page.records);
      skipped.push(...page.skipped);
      after = afterOf(answer);
      if (after === null) return { records, skipped, next: null };
    }
    return { records, skipped, next: { after } };
  }

  /** Listed objects with all their properties, where there are too many of them for an address. */
  async function withProperties(
    listed: readonly unknown[],
    archived: boolean,
    signal: AbortSignal,
  ): Promise<readonly unknown[]> {
    const ids = listed.map(idOf).filter((id) => id !== '');
    const byId = new Map((await readObjects(ids, archived, signal)).map((raw) => [idOf(raw), raw]));
    return listed.flatMap((raw) => (idOf(raw) === '' ? [raw] : (byId.get(idOf(raw)) ?? [])));
  }

  interface Search {
    readonly filters: readonly { readonly propertyName: string; readonly operator: string; readonly value: string }[];
    readonly sort: string;
    readonly direction?: 'DESCENDING';
    readonly limit: number;
  }

  async function search(request: Search, signal: AbortSignal): Promise<{ id: string; stampMs: number }[]> {
    const answer = await api.send(
      {
        method: 'POST',
        path: `/crm/v3/objects/${object}/search`,
        body: {
          filterGroups: request.filters.length === 0 ? [] : [{ filters: request.filters }],
          sorts: [{ propertyName: request.sort, direction: request.direction ?? 'ASCENDING' }],
          properties: [stamp],
          limit: request.limit,
        },
      },
      signal,
    );
    return resultsOf(answer, `search results of ${object}`).flatMap((raw) => {
      const found = raw as Partial<HubSpotObject> | null;
      const text = found?.properties?.[stamp] ?? found?.updatedAt;
      const stampMs = typeof text === 'string' ? parseInstant(text) : undefined;
      return isObjectId(found?.id) && stampMs !== undefined ? [{ id: found.id, stampMs }] : [];
    });
  }

  /** A page of changed ids from a place on, and the place of the next page; null when there is none. */
  async function searchPage(
    start: StampPlace,
    signal: AbortSignal,
  ): Promise<{ ids: string[]; newestMs: number | null; at: StampPlace | null }> {
    const { stampMs, id } = start;
    const inStamp = id !== '';
    const rows = await search(
      inStamp
        ? {
            filters: [
              { propertyName: stamp, operator: 'EQ', value: String(stampMs) },
              { propertyName: 'hs_object_id', operator: 'GT', value: id },
            ],
            sort: 'hs_object_id',
            limit: recordsPerSearch,
          }
        : {
            filters: [{ propertyName: stamp, operator: 'GTE', value: String(stampMs) }],
            sort: stamp,
            limit: recordsPerSearch,
          },
      signal,
    );
    const ids = rows.map((row) => row.id);
    const last = rows.at(-1);
    const isFull = rows.length >= recordsPerSearch;
    if (inStamp) {
      // The records of one stamp are read by their ids; what is newer comes after them.
      return {
        ids,
        newestMs: stampMs,
        at: isFull && last ? { stampMs, id: last.id } : { stampMs: stampMs + 1, id: '' },
      };
    }
    if (!isFull || last === undefined) return { ids, newestMs: last?.stampMs ?? null, at: null };
    const isStuck = last.stampMs === stampMs;
    return { ids, newestMs: last.stampMs, at: isStuck ? { stampMs, id: '0' } : { stampMs: last.stampMs, id: '' } };
  }

  return {
    schema,

    count: (signal) => countRecords(api, object, signal),

    async beginChanges(signal) {
      const [newest] = await search({ filters: [], sort: stamp, direction: 'DESCENDING', limit: 1 }, signal);
      return positionOf(beginWindow(newest?.stampMs ?? 0, { nowMs: options.now(), overlapMs: options.overlapMs }));
    },

    readAll: (position, signal) => list(position, false, signal),

    async readChanges(position, signal): Promise<ChangePage> {
      const window = openReading(windowOf(position), { nowMs: options.now(), overlapMs: options.overlapMs });
      const { ids, newestMs, at } = await searchPage(window.reading.at, signal);
      const page = await readFresh(ids, signal);
      // Everything up to the newest stamp was read, so the next reading begins one millisecond later.
      const seen = newestMs === null ? null : { stampMs: newestMs + 1, id: '' };
      const next = windowAfterPage(window, { seen, next: at, nowMs: options.now() });
      return { ...page, next: positionOf(next), more: at !== null };
    },

    readDeleted: (position, signal) => list(position, true, signal),

    async readByIds(ids, signal) {
      return { ...(await readFresh(ids, signal)), next: null };
    },

    async readDeletedByIds(ids, signal) {
      // Archived records have lost their associations.
      return { ...read(await readObjects(ids, true, signal), new Map()), next: null };
    },
  };
}
