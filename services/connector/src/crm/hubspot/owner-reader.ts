import { convertJson, parseInstant } from '../../schema/convert-value.ts';
import type { FieldValue } from '../../schema/field-value.ts';
import { byName, type FieldSchema, type ObjectSchema } from '../../schema/object-schema.ts';
import type { CrmRecord, ObjectReader, Position, RecordPage, SkippedRecord } from '../crm-client.ts';
import { CrmError } from '../crm-error.ts';
import type { HubSpotApi } from './api.ts';
import { isObjectId } from './read-record.ts';

const ownersPerCall = 500;

const fields: readonly FieldSchema[] = [
  { name: 'archived', kind: 'boolean' as const, vendorType: 'bool' },
  { name: 'createdAt', kind: 'timestamp' as const, vendorType: 'datetime' },
  { name: 'email', kind: 'text' as const, vendorType: 'string' },
  { name: 'firstName', kind: 'text' as const, vendorType: 'string' },
  { name: 'id', kind: 'text' as const, vendorType: 'string' },
  { name: 'lastName', kind: 'text' as const, vendorType: 'string' },
  { name: 'type', kind: 'text' as const, vendorType: 'enumeration' },
  { name: 'updatedAt', kind: 'timestamp' as const, vendorType: 'datetime' },
  { name: 'userId', kind: 'text' as const, vendorType: 'number' },
].sort(byName);

export const ownerSchema: ObjectSchema = { object: 'owners', fields };

function readOwner(raw: unknown): { readonly record: CrmRecord } | { readonly skipped: SkippedRecord } {
  const owner = (raw ?? {}) as Readonly<Record<string, unknown>>;
  if (!isObjectId(owner.id)) return { skipped: { recordId: '', reason: 'missing-id', detail: 'The owner has no id.' } };
  const modifiedAtMs = typeof owner.updatedAt === 'string' ? parseInstant(owner.updatedAt) : undefined;
  if (modifiedAtMs === undefined) {
    return { skipped: { recordId: owner.id, reason: 'missing-stamp', detail: 'updatedAt holds no point in time.' } };
  }
  const read: Record<string, FieldValue> = {};
  for (const field of fields) {
    const raw = owner[field.name];
    const value = typeof raw === 'object' ? undefined : convertJson(field, raw);
    if (value !== undefined) read[field.name] = value;
  }
  return {
    // Somebody who left stays an owner of what they owned: archived owners are records, not deletions.
    record: {
      recordId: owner.id,
      modifiedAtMs,
      modifiedBy: '',
      deleted: false,
      mergedInto: null,
      mergedFrom: [],
      fields: read,
    },
  };
}

/** Reads the owners, which are few and cannot be searched: looking for changes reads all of them. */
export function createOwnerReader(api: HubSpotApi): ObjectReader {
  async function list(position: Position | null, signal: AbortSignal): Promise<RecordPage> {
    const archived = position?.archived === true;
    const after = typeof position?.after === 'string' ? position.after : undefined;
    const answer = (await api.send(
      { method: 'GET', path: '/crm/v3/owners', query: { limit: ownersPerCall, after, archived } },
      signal,
    )) as { results?: unknown; paging?: { next?: { after?: unknown } } } | null;
    if (!Array.isArray(answer?.results)) {
      throw new CrmError({ kind: 'malformed', code: 'malformed-page', message: 'HubSpot answered without owners.' });
    }
    const records: CrmRecord[] = [];
    const skipped: SkippedRecord[] = [];
    for (const raw of answer.results) {
      const read = readOwner(raw);
      if ('record' in read) records.push(read.record);
      else skipped.push(read.skipped);
    }
    const next = answer.paging?.next?.after;
    if (typeof next === 'string' && next !== '') return { records, skipped, next: { archived, after: next } };
    return { records, skipped, next: archived ? null : { archived: true } };
  }

  return {
    schema: ownerSchema,
    async count(signal) {
      let count = 0;
      for (let position: Position | null = null; ; ) {
        const { records, skipped, next }: RecordPage = await list(position, signal);
        count += records.length + skipped.length;
        if (next === null) return count;
        position = next;
      }
    },
    beginChanges: () => Promise.resolve({}),
    readAll: list,
    async readChanges(position, signal) {
      const { next, ...page } = await list('archived' in position ? position : null, signal);
      return { ...page, next: next ?? {}, more: next !== null };
    },
  };
}
