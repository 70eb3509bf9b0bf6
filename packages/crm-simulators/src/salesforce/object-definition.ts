import type { TableRecord } from '../records/record-table.ts';

/** Datetimes are milliseconds since the epoch, dates `YYYY-MM-DD`, references 18-character ids. */
export type FieldValue = string | number | boolean | null;

/** A stored record: values sit in the slots of the fields of its object; those missing at the end are null. */
export interface SalesforceRecord extends TableRecord {
  readonly values: FieldValue[];
}

export type SalesforceFieldType =
  | 'id'
  | 'string'
  | 'picklist'
  | 'multipicklist'
  | 'boolean'
  | 'int'
  | 'double'
  | 'currency'
  | 'percent'
  | 'date'
  | 'datetime'
  | 'email'
  | 'phone'
  | 'url'
  | 'textarea'
  | 'reference'
  | 'address';

export interface ParentReference {
  /** Objects the field may point at. */
  readonly objects: readonly string[];
  /** The name of the parent in field paths (`Account` in `Account.Name`); null when it has none. */
  readonly relationshipName: string | null;
  /** The name of the list on the parent (`Contacts`); null when it has none. */
  readonly childRelationshipName: string | null;
  /** Deleting the parent deletes the child. */
  readonly cascadeDelete: boolean;
}

export type ReadField = (name: string) => FieldValue;

export interface FieldDefinition {
  readonly name: string;
  readonly label: string;
  readonly type: SalesforceFieldType;
  readonly length: number;
  readonly nillable: boolean;
  readonly createable: boolean;
  readonly updateable: boolean;
  readonly defaultedOnCreate: boolean;
  readonly defaultValue: FieldValue;
  readonly picklist: readonly string[];
  readonly restrictedPicklist: boolean;
  readonly externalId: boolean;
  readonly unique: boolean;
  readonly idLookup: boolean;
  readonly caseSensitive: boolean;
  readonly nameField: boolean;
  readonly compoundFieldName: string | null;
  readonly precision: number;
  readonly scale: number;
  readonly reference: ParentReference | null;
  /** Works the value out of other fields of the same record; absent for stored fields. */
  readonly formula: ((read: ReadField) => FieldValue) | null;
  /** For compound addresses: the prefix of the parts, e.g. `Mailing`. */
  readonly addressPrefix: string | null;
  /** Seldom filled in: kept behind the other values, so that records without it are shorter. */
  readonly isRare: boolean;
}

export interface ObjectDefinition {
  readonly name: string;
  readonly label: string;
  readonly labelPlural: string;
  readonly keyPrefix: string;
  readonly custom: boolean;
  readonly createable: boolean;
  readonly deletable: boolean;
  readonly mergeable: boolean;
  /** Supports the lists of updated and deleted records. */
  readonly replicateable: boolean;
  readonly fields: readonly FieldDefinition[];
}

export interface StoredField extends FieldDefinition {
  /** Position in `SalesforceRecord.values`; -1 for a value that is worked out. */
  readonly slot: number;
}

/** An object definition with its fields found by name, in any case of letters. */
export interface SalesforceObject extends Omit<ObjectDefinition, 'fields'> {
  readonly fields: readonly StoredField[];
  readonly slotCount: number;
  field(name: string): StoredField | undefined;
  /** The field whose parent goes by this relationship name. */
  relationship(name: string): StoredField | undefined;
  read(record: SalesforceRecord, field: StoredField): FieldValue;
  readByName(record: SalesforceRecord, name: string): FieldValue;
}

export function compileObject(definition: ObjectDefinition): SalesforceObject {
  const isStored = (field: FieldDefinition) =>
    field.formula === null && field.type !== 'address' && field.name !== 'Id' && field.name !== 'SystemModstamp';
  const stored = definition.fields.filter(isStored);
  const inSlots = [...stored.filter((field) => !field.isRare), ...stored.filter((field) => field.isRare)];
  const slots = new Map(inSlots.map((field, slot) => [field.name, slot]));
  const slotCount = inSlots.length;
  const fields: StoredField[] = definition.fields.map((field) => ({ ...field, slot: slots.get(field.name) ?? -1 }));
  const byName = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
  const byRelationship = new Map<string, StoredField>();
  for (const field of fields) {
    const name = field.reference?.relationshipName;
    if (name != null) byRelationship.set(name.toLowerCase(), field);
  }
  const read = (record: SalesforceRecord, field: StoredField): FieldValue => {
    if (field.slot >= 0) return record.values[field.slot] ?? null;
    if (field.name === 'Id') return record.id;
    if (field.name === 'SystemModstamp') return record.modifiedAt;
    if (field.formula !== null) return field.formula((name) => readByName(record, name));
    return null;
  };
  const readByName = (record: SalesforceRecord, name: string): FieldValue => {
    const field = byName.get(name.toLowerCase());
    if (field === undefined) throw new Error(`${definition.name} has no field ${name}.`);
    return read(record, field);
  };
  return {
    ...definition,
    fields,
    slotCount,
    field: (name) => byName.get(name.toLowerCase()),
    relationship: (name) => byRelationship.get(name.toLowerCase()),
    read,
    readByName,
  };
}
