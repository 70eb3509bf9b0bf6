import { jsonText } from '../json-text.ts';
import type { SalesforceObject } from './object-definition.ts';
import type { ChangeAuthor, SalesforceRecordChanges } from './record-changes.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';

export interface UpsertInput {
  readonly object: SalesforceObject;
  readonly fieldName: string;
  readonly value: unknown;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type UpsertOutcome =
  | { readonly id: string; readonly created: boolean; readonly matches?: undefined }
  /** Several records have the value: nothing was written. */
  | { readonly matches: readonly string[] };

/** Updates the record whose external id has the value, or makes one. */
export function upsertRecord(
  { store, changes }: { readonly store: SalesforceStore; readonly changes: SalesforceRecordChanges },
  { object, fieldName, value, fields }: UpsertInput,
  author: ChangeAuthor,
): UpsertOutcome {
  const field = store.field(object, fieldName);
  if (field === undefined || !field.externalId) {
    throw new SalesforceError(
      404,
      'NOT_FOUND',
      `Provided external ID field does not exist or is not accessible: ${fieldName}`,
    );
  }
  const key = jsonText(value ?? '');
  if (key === '') {
    throw new SalesforceError(400, 'MISSING_ARGUMENT', `${field.name} not specified in an upsert call`, [field.name]);
  }
  const matches = store
    .table(object)
    .inIdOrder()
    .filter((record) => record.values[field.slot] === key && !store.isDeleted(object, record));
  const [match] = matches;
  if (matches.length > 1) return { matches: matches.map((record) => record.id) };
  if (match === undefined) {
    return { id: changes.create(object.name, { ...fields, [field.name]: key }, author), created: true };
  }
  changes.update(object.name, match.id, { ...fields, [field.name]: key }, author);
  return { id: match.id, created: false };
}
