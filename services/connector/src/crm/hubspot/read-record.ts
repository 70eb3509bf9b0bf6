import { convertJson, parseInstant, UnexpectedValueError } from '../../schema/convert-value.ts';
import type { FieldValue } from '../../schema/field-value.ts';
import type { FieldSchema } from '../../schema/object-schema.ts';
import type { CrmRecord, SkippedRecord } from '../crm-client.ts';
import { associationField, isAssociation } from './property-types.ts';

/** A record of an answer. */
export interface HubSpotObject {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly updatedAt?: unknown;
  readonly archived?: unknown;
  readonly archivedAt?: unknown;
}

/** Ids of associated records by the object they belong to, in the order in which they are kept. */
export type Associations = ReadonlyMap<string, readonly string[]>;

export type ReadObject = { readonly record: CrmRecord } | { readonly skipped: SkippedRecord };

export interface ReadOptions {
  /** Sorted by name. */
  readonly fields: readonly FieldSchema[];
  readonly stampProperty: string;
  readonly associationsOf: (recordId: string) => Associations;
}

const skip = (recordId: string, reason: SkippedRecord['reason'], detail: string): ReadObject => ({
  skipped: { recordId, reason, detail },
});

const instantOf = (value: unknown): number | undefined => (typeof value === 'string' ? parseInstant(value) : undefined);

export const isObjectId = (value: unknown): value is string => typeof value === 'string' && /^\d{1,20}$/.test(value);

/** Makes a record of an object of an answer, or says why it is none. */
export function readObject(raw: unknown, options: ReadOptions): ReadObject {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return skip('', 'not-a-record', 'The entry is not an object.');
  }
  const object = raw as Partial<HubSpotObject>;
  if (!isObjectId(object.id)) return skip('', 'missing-id', 'The entry has no id.');
  const recordId = object.id;
  const properties = object.properties;
  if (typeof properties !== 'object' || properties === null) {
    return skip(recordId, 'not-a-record', 'The record has no properties.');
  }
  const stampMs = instantOf(properties[options.stampProperty]) ?? instantOf(object.updatedAt);
  if (stampMs === undefined) {
    return skip(recordId, 'missing-stamp', `The property ${options.stampProperty} holds no point in time.`);
  }
  const deleted = object.archived === true;
  const fields: Record<string, FieldValue> = {};
  const associations = options.associationsOf(recordId);
  try {
    for (const field of options.fields) {
      if (isAssociation(field)) {
        const ids = associations.get(field.name);
        if (ids !== undefined && ids.length > 0) fields[field.name] = ids;
        continue;
      }
      const value = properties[field.name];
      if (value === null || value === undefined) continue;
      const converted = convertJson(field, value);
      if (converted !== undefined) fields[field.name] = converted;
    }
  } catch (error) {
    if (error instanceof UnexpectedValueError) return skip(recordId, 'unexpected-value', error.message);
    throw error;
  }
  const merged = properties.hs_merged_object_ids;
  const changedBy = properties.hs_updated_by_user_id;
  return {
    record: {
      recordId,
      modifiedAtMs: deleted ? Math.max(stampMs, instantOf(object.archivedAt) ?? 0) : stampMs,
      modifiedBy: typeof changedBy === 'string' ? changedBy : '',
      deleted,
      mergedInto: null,
      mergedFrom: typeof merged === 'string' ? merged.split(';').filter(isObjectId) : [],
      fields,
    },
  };
}

interface InlineAssociation {
  readonly id?: unknown;
  readonly type?: unknown;
}

/** Associated ids without repetition: the primary one first, the others in the order of their numbers. */
export function associatedIds(entries: readonly { readonly id: string; readonly primary: boolean }[]): string[] {
  const primary = new Set(entries.filter((entry) => entry.primary).map((entry) => entry.id));
  const byNumber = (left: string, right: string): number => left.length - right.length || (left < right ? -1 : 1);
  return [...new Set(entries.map((entry) => entry.id))].sort(
    (left, right) => Number(primary.has(right)) - Number(primary.has(left)) || byNumber(left, right),
  );
}

/** The associations in an entry of a list; null when the list was cut and has to be read on its own. */
export function inlineAssociations(raw: unknown, toObjects: readonly string[]): Associations | null {
  const found = new Map<string, readonly string[]>();
  const groups = (raw as { associations?: Readonly<Record<string, unknown>> } | null)?.associations ?? {};
  for (const toObject of toObjects) {
    const group = groups[toObject] as { results?: unknown; paging?: unknown } | undefined;
    if (group?.paging != null) return null;
    const results = Array.isArray(group?.results) ? (group.results as InlineAssociation[]) : [];
    const entries = results.flatMap(({ id, type }) =>
      isObjectId(id)
        ? [{ id, primary: toObject === 'companies' && typeof type === 'string' && !type.endsWith('_unlabeled') }]
        : [],
    );
    found.set(associationField(toObject), associatedIds(entries));
  }
  return found;
}
