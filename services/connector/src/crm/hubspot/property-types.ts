import type { FieldKind } from '../../schema/field-value.ts';
import { byName, type FieldSchema } from '../../schema/object-schema.ts';
import type { WritableField } from '../crm-writer.ts';

/** What Kempt makes of a HubSpot property type. Values arrive as text, whatever the type. */
const kinds: Readonly<Record<string, FieldKind>> = {
  string: 'text',
  number: 'decimal',
  bool: 'boolean',
  date: 'date',
  datetime: 'timestamp',
  enumeration: 'text',
  phone_number: 'text',
  object_coordinates: 'text',
  json: 'text',
};

/** Properties that hold several values between semicolons without being check boxes. */
const listProperties = new Set([
  'hs_additional_emails',
  'hs_additional_domains',
  'hs_merged_object_ids',
  'hs_calculated_merged_vids',
]);

/** A property of a discovery answer, as far as it is read here. */
export interface DescribedProperty {
  readonly name: string;
  readonly type: string;
  readonly fieldType?: unknown;
  readonly archived?: unknown;
  readonly calculated?: unknown;
  readonly options?: unknown;
  readonly externalOptions?: unknown;
  readonly modificationMetadata?: { readonly readOnlyValue?: unknown } | null;
}

/** The associations of an object that are read with it. */
const associations: Readonly<Record<string, readonly string[]>> = {
  contacts: ['companies'],
  deals: ['companies', 'contacts'],
  tickets: ['companies', 'contacts'],
  tasks: ['companies', 'contacts', 'deals'],
  calls: ['companies', 'contacts', 'deals'],
  meetings: ['companies', 'contacts', 'deals'],
  emails: ['companies', 'contacts', 'deals'],
  notes: ['companies', 'contacts', 'deals'],
};

export const associatedObjects = (object: string): readonly string[] => associations[object] ?? [];

/** The field that holds the ids of associated records. */
export const associationField = (toObject: string): string => `associations.${toObject}`;

/** The property with the modification stamp. The other name exists nowhere else, and filtering by it finds nothing. */
export const stampProperty = (object: string): string =>
  object === 'contacts' ? 'lastmodifieddate' : 'hs_lastmodifieddate';

/** The property with the time of creation. */
export const createdProperty = (object: string): string =>
  withPlainCreated.has(object) || /^(?:0-[1235]|2-\d+|p\d+_.*)$/.test(object) ? 'createdate' : 'hs_createdate';

const withPlainCreated = new Set(['contacts', 'companies', 'deals', 'tickets', 'products', 'line_items']);

function kindOf(property: DescribedProperty): FieldKind {
  if (listProperties.has(property.name)) return 'list';
  if (property.type === 'enumeration' && property.fieldType === 'checkbox') return 'list';
  return kinds[property.type] ?? 'text';
}

/** The properties and associations to read, sorted by name. */
export function readableProperties(object: string, described: readonly DescribedProperty[]): FieldSchema[] {
  const fields = described
    .filter((property) => property.archived !== true)
    .map((property): FieldSchema => ({ name: property.name, kind: kindOf(property), vendorType: property.type }));
  for (const toObject of associatedObjects(object)) {
    fields.push({ name: associationField(toObject), kind: 'list', vendorType: 'association' });
  }
  return fields.sort(byName);
}

/** Longest text of a property. */
const longestText = 65_536;

/** What may be written to each property, by its name. */
export function writableProperties(described: readonly DescribedProperty[]): ReadonlyMap<string, WritableField> {
  const found = new Map<string, WritableField>();
  for (const property of described) {
    if (property.archived === true) continue;
    const kind = kindOf(property);
    const isWritable = property.modificationMetadata?.readOnlyValue !== true && property.calculated !== true;
    found.set(property.name, {
      name: property.name,
      kind,
      type: property.type,
      updateable: isWritable,
      createable: isWritable,
      nillable: true,
      maxLength: kind === 'text' ? longestText : null,
      choices: choicesOf(property),
    });
  }
  return found;
}

/** The options of an enumeration that has them; owners and the like are looked up elsewhere. */
function choicesOf(property: DescribedProperty): readonly string[] | null {
  if (property.type !== 'enumeration' || property.externalOptions === true) return null;
  const options = Array.isArray(property.options) ? (property.options as { value?: unknown }[]) : [];
  const values = options.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
  return values.length === 0 ? null : values;
}

export const isAssociation = (field: FieldSchema): boolean => field.vendorType === 'association';
