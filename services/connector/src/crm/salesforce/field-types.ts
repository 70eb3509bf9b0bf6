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
  readonly length?: unknown;
  readonly nillable?: unknown;
  readonly filterable?: unknown;
  readonly createable?: unknown;
  readonly updateable?: unknown;
  readonly restrictedPicklist?: unknown;
  readonly picklistValues?: unknown;
}

/** What a field holds; null for one that is not read. Types that are not in the table are read as text. */
export function kindOfField({ name, type }: DescribedField): FieldKind | null {
  if (viewFields.has(name)) return null;
  const kind = kinds[type];
  return kind === undefined ? 'text' : kind;
}

/** The fields to read, sorted by name. */
export function readableFields(described: readonly DescribedField[]): FieldSchema[] {
  const fields: FieldSchema[] = [];
  for (const field of described) {
    const kind = kindOfField(field);
    if (kind !== null) fields.push({ name: field.name, kind, vendorType: field.type });
  }
  return fields.sort(byName);
}
