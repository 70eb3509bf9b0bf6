import { createRecordTable, type RecordTable } from '../records/record-table.ts';
import type { FieldValue, SalesforceObject, SalesforceRecord, StoredField } from './object-definition.ts';
import { formatRecordId, normaliseRecordId, recordSerial } from './record-id.ts';

/** What the connected user may see. Names in any case of letters. */
export interface Permissions {
  hideObject(name: string): void;
  hideField(object: string, field: string): void;
  /** Lets the client read the records of an object but not write them. */
  makeReadOnly(object: string): void;
  /** Lets the client read a record, by 18-character id, but not write it. */
  makeRecordReadOnly(id: string): void;
  isWritable(object: string, recordIds: readonly string[]): boolean;
  /** Takes every restriction back. */
  showAll(): void;
}

/** The records of an org, in tables by object, with nothing of the API around them. */
export interface SalesforceStore {
  readonly permissions: Permissions;
  /** An object by name, or undefined when it does not exist or is hidden. */
  object(name: string): SalesforceObject | undefined;
  /** Every object, hidden ones included. */
  allObjects(): Iterable<SalesforceObject>;
  visibleObjects(): readonly SalesforceObject[];
  /** A field by name, or undefined when it does not exist or is hidden. */
  field(object: SalesforceObject, name: string): StoredField | undefined;
  visibleFields(object: SalesforceObject): readonly StoredField[];
  table(object: SalesforceObject): RecordTable<SalesforceRecord>;
  /** A record by 15- or 18-character id, whatever its object. */
  find(id: string): { readonly object: SalesforceObject; readonly record: SalesforceRecord } | undefined;
  /** An id no record has had. */
  nextId(object: SalesforceObject): string;
  isDeleted(object: SalesforceObject, record: SalesforceRecord): boolean;
  set(object: SalesforceObject, record: SalesforceRecord, field: string, value: FieldValue): void;
}

export function createSalesforceStore(objects: ReadonlyMap<string, SalesforceObject>): SalesforceStore {
  const byIds = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
  const tables = new Map(
    [...objects.values()].map((object) => [object.name, createRecordTable<SalesforceRecord>(byIds)]),
  );
  const byPrefix = new Map([...objects.values()].map((object) => [object.keyPrefix, object]));
  const serials = new Map<string, number>();
  const hiddenObjects = new Set<string>();
  const hiddenFields = new Set<string>();
  const readOnly = new Set<string>();

  const table = (object: SalesforceObject): RecordTable<SalesforceRecord> => {
    const found = tables.get(object.name);
    if (found === undefined) throw new Error(`The object ${object.name} has no table.`);
    return found;
  };
  const isFieldVisible = (object: SalesforceObject, field: StoredField) =>
    hiddenFields.size === 0 || !hiddenFields.has(`${object.name}.${field.name}`.toLowerCase());

  return {
    permissions: {
      hideObject: (name) => void hiddenObjects.add(name.toLowerCase()),
      hideField: (object, field) => void hiddenFields.add(`${object}.${field}`.toLowerCase()),
      makeReadOnly: (object) => void readOnly.add(object.toLowerCase()),
      makeRecordReadOnly: (id) => void readOnly.add(normaliseRecordId(id) ?? id),
      isWritable: (object, recordIds) =>
        readOnly.size === 0 || !(readOnly.has(object.toLowerCase()) || recordIds.some((id) => readOnly.has(id))),
      showAll() {
        readOnly.clear();
        hiddenObjects.clear();
        hiddenFields.clear();
      },
    },
    object: (name) => (hiddenObjects.has(name.toLowerCase()) ? undefined : objects.get(name.toLowerCase())),
    allObjects: () => objects.values(),
    visibleObjects: () => [...objects.values()].filter((object) => !hiddenObjects.has(object.name.toLowerCase())),
    field(object, name) {
      const field = object.field(name);
      return field !== undefined && isFieldVisible(object, field) ? field : undefined;
    },
    visibleFields: (object) => object.fields.filter((field) => isFieldVisible(object, field)),
    table,
    find(id) {
      const normal = normaliseRecordId(id);
      const object = normal === null ? undefined : byPrefix.get(normal.slice(0, 3));
      const record = object === undefined || normal === null ? undefined : table(object).get(normal);
      return object === undefined || record === undefined ? undefined : { object, record };
    },
    nextId(object) {
      let serial = serials.get(object.name);
      const last = table(object).inIdOrder().at(-1);
      const highest = last === undefined ? 0 : recordSerial(last.id);
      serial = Math.max(serial ?? 0, highest) + 1;
      serials.set(object.name, serial);
      return formatRecordId(object.keyPrefix, serial);
    },
    isDeleted(object, record) {
      const field = object.field('IsDeleted');
      return field !== undefined && record.values[field.slot] === true;
    },
    set(object, record, name, value) {
      const field = object.field(name);
      if (field === undefined || field.slot < 0) throw new Error(`${object.name}.${name} is not a stored field.`);
      record.values[field.slot] = value;
    },
  };
}
