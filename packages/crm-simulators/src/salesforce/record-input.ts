import { parseFieldValue } from './field-input.ts';
import type { FieldValue, SalesforceObject, SalesforceRecord, StoredField } from './object-definition.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';

interface ObjectInStore {
  readonly store: SalesforceStore;
  readonly object: SalesforceObject;
}

/** The given fields as they are stored. Throws when one cannot be written, is not valid, or a required one is missing. */
export function parseFields(
  { store, object }: ObjectInStore,
  fields: Readonly<Record<string, unknown>>,
  mode: 'create' | 'update',
): Map<StoredField, FieldValue> {
  const parsed = new Map<StoredField, FieldValue>();
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'attributes' || name.toLowerCase() === 'id') continue;
    const field = store.field(object, name);
    if (field === undefined) {
      throw new SalesforceError(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`);
    }
    if (!(mode === 'create' ? field.createable : field.updateable)) {
      throw new SalesforceError(
        400,
        'INVALID_FIELD_FOR_INSERT_UPDATE',
        `Unable to create/update fields: ${field.name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
        [field.name],
      );
    }
    parsed.set(field, parseFieldValue(store, field, value));
  }
  const missing = object.fields.filter((field) => {
    if (field.nillable || field.defaultedOnCreate || !field.createable || field.type === 'boolean') return false;
    return mode === 'create' ? (parsed.get(field) ?? null) === null : parsed.has(field) && parsed.get(field) === null;
  });
  if (missing.length > 0) {
    const names = missing.map((field) => field.name);
    throw new SalesforceError(
      400,
      'REQUIRED_FIELD_MISSING',
      `Required fields are missing: [${names.join(', ')}]`,
      names,
    );
  }
  return parsed;
}

/** Throws DUPLICATE_VALUE when a live record other than the given ones has a value of a unique field. */
export function checkUnique(
  { store, object }: ObjectInStore,
  parsed: Map<StoredField, FieldValue>,
  ownIds: readonly string[],
): void {
  for (const [field, value] of parsed) {
    if (!field.unique || value === null) continue;
    for (const record of store.table(object).inIdOrder()) {
      if (ownIds.includes(record.id) || store.isDeleted(object, record) || record.values[field.slot] !== value)
        continue;
      throw new SalesforceError(
        400,
        'DUPLICATE_VALUE',
        `duplicate value found: ${field.name} duplicates value on record with id: ${record.id.slice(0, 15)}`,
      );
    }
  }
}

/** Throws when a record would be its own ancestor through a reference of its object to itself that people set. */
export function checkHierarchy({ store, object }: ObjectInStore, record: SalesforceRecord): void {
  for (const field of object.fields) {
    if (field.slot < 0 || !field.updateable || !field.reference?.objects.includes(object.name)) continue;
    let ancestor = record.values[field.slot] ?? null;
    for (let depth = 0; ancestor !== null && depth < 500; depth++) {
      if (ancestor === record.id) {
        throw new SalesforceError(400, 'CIRCULAR_DEPENDENCY', 'attempt to violate hierarchy constraints', [field.name]);
      }
      ancestor = store.table(object).get(String(ancestor))?.values[field.slot] ?? null;
    }
  }
}
