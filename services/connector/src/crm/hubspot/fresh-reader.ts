import { CrmError } from '../crm-error.ts';
import type { FreshRecord } from '../crm-writer.ts';
import type { HubSpotApi } from './api.ts';
import { readAssociations } from './association-reader.ts';
import type { ObjectCatalogue } from './object-catalogue.ts';
import { associatedObjects, createdProperty, isAssociation, stampProperty } from './property-types.ts';
import { type Associations, isObjectId, readObject } from './read-record.ts';

export interface FreshReader {
  /** The records with these ids, archived and merged ones included; unknown ids are absent. */
  read(object: string, ids: readonly string[], signal: AbortSignal): Promise<readonly FreshRecord[]>;
  /** At most 1,000 records that were created at or after a point in time, oldest first, as far as the index knows. */
  createdSince(object: string, sinceMs: number, signal: AbortSignal): Promise<readonly FreshRecord[]>;
}

interface ListAnswer {
  readonly results?: unknown;
  readonly paging?: { readonly next?: { readonly after?: unknown } };
}

interface BatchRead {
  readonly records: readonly unknown[];
  /** The ids that lead to no such record, as far as the answer says. */
  readonly absent: ReadonlySet<string>;
}

const idsPerCall = 100;
const recordsPerSearch = 200;
const mostCreated = 1_000;

const idOf = (raw: unknown): string => {
  const id = (raw as { id?: unknown } | null)?.id;
  return isObjectId(id) ? id : '';
};

/** The ids of the records that were merged into this one. */
const mergedInto = (raw: unknown): readonly string[] => {
  const { hs_merged_object_ids: ids } =
    (raw as { properties?: Readonly<Record<string, unknown>> } | null)?.properties ?? {};
  return typeof ids === 'string' ? ids.split(';').filter(isObjectId) : [];
};

function absentIds(answer: unknown): ReadonlySet<string> {
  const errors = (answer as { errors?: unknown } | null)?.errors;
  const listed = Array.isArray(errors) ? (errors as { context?: { ids?: unknown } }[]) : [];
  return new Set(listed.flatMap(({ context }) => (Array.isArray(context?.ids) ? context.ids.map(String) : [])));
}

function resultsOf(answer: unknown, object: string): readonly unknown[] {
  const results = (answer as ListAnswer | null)?.results;
  if (Array.isArray(results)) return results;
  throw new CrmError({
    kind: 'malformed',
    code: 'malformed-page',
    message: `HubSpot answered without records of ${object}.`,
  });
}

export function createFreshReader(options: {
  readonly api: HubSpotApi;
  readonly catalogue: ObjectCatalogue;
}): FreshReader {
  const { api, catalogue } = options;

  async function batchRead(
    request: { readonly object: string; readonly ids: readonly string[]; readonly archived: boolean },
    signal: AbortSignal,
  ): Promise<BatchRead> {
    const { object, ids, archived } = request;
    const properties = await propertiesOf(object, signal);
    const body = { properties, inputs: ids.map((id) => ({ id })) };
    const answer = await api.send(
      { method: 'POST', path: `/crm/v3/objects/${object}/batch/read`, query: { archived }, body },
      signal,
    );
    return { records: resultsOf(answer, object), absent: absentIds(answer) };
  }

  async function propertiesOf(object: string, signal: AbortSignal): Promise<readonly string[]> {
    const { fields } = await catalogue.object(object, signal);
    return fields.filter((field) => !isAssociation(field)).map(({ name }) => name);
  }

  /** The record that an id leads to when it is not that record's own: the survivor of a merge; null when there is none. */
  async function survivorOf(object: string, id: string, signal: AbortSignal): Promise<string | null> {
    try {
      const survivor = idOf(await api.send({ method: 'GET', path: `/crm/v3/objects/${object}/${id}` }, signal));
      return survivor === '' || survivor === id ? null : survivor;
    } catch (error) {
      if (error instanceof CrmError && error.kind === 'not-found') return null;
      throw error;
    }
  }

  async function readChunk(object: string, ids: readonly string[], signal: AbortSignal): Promise<FreshRecord[]> {
    const byId = new Map<string, unknown>();
    const present = await batchRead({ object, ids, archived: false }, signal);
    for (const raw of present.records) byId.set(idOf(raw), raw);
    const missing = ids.filter((id) => !byId.has(id));
    if (missing.length > 0) {
      const archived = await batchRead({ object, ids: missing, archived: true }, signal);
      for (const raw of archived.records) if (!byId.has(idOf(raw))) byId.set(idOf(raw), raw);
    }
    // The batch gives a survivor without saying for which of the ids; the survivor knows whom it took in.
    const survivors = new Map([...byId].flatMap(([id, raw]) => mergedInto(raw).map((merged) => [merged, id])));
    const leads = new Map<string, string>();
    for (const id of ids) {
      const known = byId.has(id) ? id : survivors.get(id);
      const found = known ?? (present.absent.has(id) ? null : await survivorOf(object, id, signal));
      if (found !== null) leads.set(id, found);
    }
    return await recordsOf({ object, byId, leads }, signal);
  }

  async function recordsOf(
    found: {
      readonly object: string;
      readonly byId: ReadonlyMap<string, unknown>;
      /** Which record each id leads to. */
      readonly leads: ReadonlyMap<string, string>;
    },
    signal: AbortSignal,
  ): Promise<FreshRecord[]> {
    const { object, byId, leads } = found;
    const { fields } = await catalogue.object(object, signal);
    const toObjects = associatedObjects(object);
    const alive = [...new Set(leads.values())].filter((id) => !isArchived(byId.get(id)));
    const associations: ReadonlyMap<string, Associations> =
      toObjects.length === 0 || alive.length === 0
        ? new Map()
        : await readAssociations(api, { object, toObjects, ids: alive }, signal);
    const records: FreshRecord[] = [];
    for (const [requestedId, recordId] of leads) {
      const raw = byId.get(recordId);
      if (raw === undefined) continue;
      const result = readObject(raw, {
        fields,
        stampProperty: stampProperty(object),
        associationsOf: (id) => associations.get(id) ?? new Map(),
      });
      if ('skipped' in result) throw unreadable(object, result.skipped);
      records.push({ ...result.record, requestedId });
    }
    return records;
  }

  async function read(object: string, ids: readonly string[], signal: AbortSignal): Promise<FreshRecord[]> {
    const wanted = [...new Set(ids.filter(isObjectId))];
    const records: FreshRecord[] = [];
    for (let from = 0; from < wanted.length; from += idsPerCall) {
      records.push(...(await readChunk(object, wanted.slice(from, from + idsPerCall), signal)));
    }
    return records;
  }

  return {
    read,
    async createdSince(object, sinceMs, signal) {
      const created = createdProperty(object);
      const ids: string[] = [];
      for (let after: string | null = '0'; after !== null && ids.length < mostCreated; ) {
        const answer: unknown = await api.send(
          {
            method: 'POST',
            path: `/crm/v3/objects/${object}/search`,
            body: {
              filterGroups: [{ filters: [{ propertyName: created, operator: 'GTE', value: String(sinceMs) }] }],
              sorts: [{ propertyName: created, direction: 'ASCENDING' }],
              properties: [created],
              limit: recordsPerSearch,
              after,
            },
          },
          signal,
        );
        ids.push(...resultsOf(answer, object).map(idOf).filter(isObjectId));
        const next: unknown = (answer as ListAnswer).paging?.next?.after;
        after = typeof next === 'string' && next !== '' ? next : null;
      }
      return await read(object, ids.slice(0, mostCreated), signal);
    },
  };
}

const isArchived = (raw: unknown): boolean => (raw as { archived?: unknown } | null)?.archived === true;

const unreadable = (object: string, skipped: { readonly recordId: string; readonly detail: string }): CrmError =>
  new CrmError({
    kind: 'malformed',
    code: 'unreadable-record',
    message: `The record ${skipped.recordId} of ${object} cannot be read: ${skipped.detail}`,
  });
