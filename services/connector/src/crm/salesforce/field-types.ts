import type { FieldKind } from '../../schema/field-value.ts';
import { byName, type FieldSchema } from '../../schema/object-schema.ts';

/** What Kempt makes of a Salesforce field type; null for one it does not read: compound values and file contents. */
const kinds: Readonly<Record<string, FieldKind | null>> = {
  id: 'text',
  string: 'text',
  picklist: 'text',
  multipicklist: 'list',
  boolean: 'boolean',
  int: 'decimal',
  long: 'decimal',
  double: 'decimal',
  currency: 'decimal',
  percent: 'decimal',
  date: 'date',
  datetime: 'timestamp',
  time: 'text',
  email: 'text',
  phone: 'text',
  url: 'text',
  textarea: 'text',
  reference: 'text',
  combobox: 'text',
  encryptedstring: 'text',
  anyType: 'text',
  address: null,
  location: null,
  base64: null,
  complexvalue: null,
};

/** Fields that tell who looked at a record, not what it holds: they differ from one API user to the next. */
const viewFields = new Set(['LastViewedDate', 'LastReferencedDate']);

/** A field of a describe result, as far as it is read here. */
export interface DescribedField {
  readonly name: string;
  readonly type: string;
}

/** The fields to read, sorted by name. Types that are not in the table are read as text. */
export function readableFields(described: readonly DescribedField[]): FieldSchema[] {
  const fields: FieldSchema[] = [];
  for (const { name, type } of described) {
    const kind = kinds[type] === undefined ? 'text' : kinds[type];
    if (kind !== null && !viewFields.has(name)) fields.push({ name, kind, vendorType: type });
  }
  return fields.sort(byName);
}
