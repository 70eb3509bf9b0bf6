import type { FieldValue, SalesforceObject, SalesforceRecord, StoredField } from './object-definition.ts';
import { soqlError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';
import type { FieldPath } from './soql-syntax.ts';

/** A field path bound to an object: what it ends at and how to read it from a record. */
export interface BoundPath {
  readonly field: StoredField;
  /** The relationships walked, with their canonical names. */
  readonly relationships: readonly StoredField[];
  readonly read: (record: SalesforceRecord) => FieldValue;
}

export function noSuchColumn(soql: string, position: number, field: string, object: string) {
  return soqlError(
    'INVALID_FIELD',
    soql,
    position,
    `No such column '${field}' on entity '${object}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
  );
}

/** The parent a record points at through a reference field, deleted ones included. */
export function followReference(
  store: SalesforceStore,
  record: SalesforceRecord,
  field: StoredField,
): { object: SalesforceObject; record: SalesforceRecord } | undefined {
  const id = field.slot >= 0 ? record.values[field.slot] : null;
  return typeof id === 'string' ? store.find(id) : undefined;
}

/** Binds `Account.Owner.Name` and the like, or throws INVALID_FIELD. */
export function bindPath(store: SalesforceStore, start: SalesforceObject, path: FieldPath, soql: string): BoundPath {
  let object = start;
  let parts = path.parts;
  if (
    parts.length > 1 &&
    (parts[0] as string).toLowerCase() === object.name.toLowerCase() &&
    object.relationship(parts[0] as string) === undefined
  ) {
    parts = parts.slice(1);
  }
  const relationships: StoredField[] = [];
  for (const part of parts.slice(0, -1)) {
    const relationship = object.relationship(part);
    const parent = relationship?.reference?.objects
      .map((name) => store.object(name))
      .find((found) => found !== undefined);
    if (relationship === undefined || parent === undefined || store.field(object, relationship.name) === undefined) {
      throw soqlError(
        'INVALID_FIELD',
        soql,
        path.position,
        `Didn't understand relationship '${part}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
      );
    }
    relationships.push(relationship);
    object = parent;
  }
  const last = parts.at(-1) as string;
  const field = store.field(object, last);
  if (field === undefined) throw noSuchColumn(soql, path.position, last, object.name);
  if (relationships.length === 0) {
    const { slot } = field;
    return {
      field,
      relationships,
      read: slot >= 0 ? (record) => record.values[slot] ?? null : (record) => start.read(record, field),
    };
  }
  return {
    field,
    relationships,
    read(record) {
      let current = record;
      let currentObject = start;
      for (const relationship of relationships) {
        const parent = followReference(store, current, relationship);
        if (parent === undefined) return null;
        current = parent.record;
        currentObject = parent.object;
      }
      const target = currentObject.field(field.name);
      return target === undefined ? null : currentObject.read(current, target);
    },
  };
}
