import type { FieldDefinition, FieldValue, ReadField, SalesforceFieldType } from './object-definition.ts';

type FieldOptions = Partial<Omit<FieldDefinition, 'name' | 'type'>>;

function labelOf(name: string): string {
  return name
    .replace(/__c$/, '')
    .replaceAll('_', ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/ Id$/, ' ID');
}

function field(name: string, type: SalesforceFieldType, options: FieldOptions = {}): FieldDefinition {
  return {
    name,
    label: labelOf(name),
    type,
    length: 0,
    nillable: true,
    createable: true,
    updateable: true,
    defaultedOnCreate: false,
    defaultValue: null,
    picklist: [],
    restrictedPicklist: false,
    externalId: false,
    unique: false,
    idLookup: false,
    caseSensitive: false,
    nameField: false,
    compoundFieldName: null,
    precision: 0,
    scale: 0,
    reference: null,
    formula: null,
    addressPrefix: null,
    isRare: false,
    ...options,
  };
}

const readOnly: FieldOptions = { createable: false, updateable: false };

export const text = (name: string, length: number, options: FieldOptions = {}) =>
  field(name, 'string', { length, ...options });
export const longText = (name: string, length: number, options: FieldOptions = {}) =>
  field(name, 'textarea', { length, ...options });
export const email = (name: string, options: FieldOptions = {}) =>
  field(name, 'email', { length: 80, idLookup: true, ...options });
export const phone = (name: string, options: FieldOptions = {}) => field(name, 'phone', { length: 40, ...options });
export const url = (name: string, options: FieldOptions = {}) => field(name, 'url', { length: 255, ...options });
export const picklist = (name: string, values: readonly string[], options: FieldOptions = {}) =>
  field(name, 'picklist', { length: 255, picklist: values, ...options });
export const checkbox = (name: string, options: FieldOptions = {}) =>
  field(name, 'boolean', { nillable: false, defaultedOnCreate: true, defaultValue: false, ...options });
export const integer = (name: string, options: FieldOptions = {}) => field(name, 'int', { precision: 8, ...options });
export const decimal = (name: string, precision: number, scale: number, options: FieldOptions = {}) =>
  field(name, 'double', { precision, scale, ...options });
export const currency = (name: string, options: FieldOptions = {}) =>
  field(name, 'currency', { precision: 18, scale: 2, ...options });
export const date = (name: string, options: FieldOptions = {}) => field(name, 'date', options);
export const dateTime = (name: string, options: FieldOptions = {}) => field(name, 'datetime', options);

/** A field worked out of others. */
export const formula = (
  name: string,
  type: SalesforceFieldType,
  work: (read: ReadField) => FieldValue,
  options: FieldOptions = {},
): FieldDefinition => field(name, type, { ...readOnly, formula: work, ...options });

/** A reference to one of several parents; `Owner` points at users and has no list on the parent. */
export const reference = (
  name: string,
  objects: readonly string[],
  options: FieldOptions & { children?: string; cascadeDelete?: boolean; relationship?: string | null } = {},
): FieldDefinition => {
  const { children, cascadeDelete, relationship, ...rest } = options;
  return field(name, 'reference', {
    length: 18,
    reference: {
      objects,
      relationshipName: relationship === undefined ? name.replace(/Id$/, '') : relationship,
      childRelationshipName: children ?? null,
      cascadeDelete: cascadeDelete ?? false,
    },
    ...rest,
  });
};

/** The parts of an address, and the compound field that shows them together. */
export function address(prefix: string, compound: string, isRare = false): FieldDefinition[] {
  const part: FieldOptions = { compoundFieldName: compound, isRare };
  return [
    longText(`${prefix}Street`, 255, part),
    text(`${prefix}City`, 40, part),
    text(`${prefix}State`, 80, part),
    text(`${prefix}PostalCode`, 20, part),
    text(`${prefix}Country`, 80, part),
    decimal(`${prefix}Latitude`, 18, 15, { ...part, isRare: true }),
    decimal(`${prefix}Longitude`, 18, 15, { ...part, isRare: true }),
    picklist(
      `${prefix}GeocodeAccuracy`,
      [
        'Address',
        'NearAddress',
        'Block',
        'Street',
        'ExtendedZip',
        'Zip',
        'Neighborhood',
        'City',
        'County',
        'State',
        'Unknown',
      ],
      { ...part, restrictedPicklist: true, isRare: true },
    ),
    field(compound, 'address', { ...readOnly, addressPrefix: prefix }),
  ];
}

/** The name of a person: two stored parts and the name that shows them together. */
export function personName(): FieldDefinition[] {
  return [
    text('LastName', 80, { nillable: false, compoundFieldName: 'Name' }),
    text('FirstName', 40, { compoundFieldName: 'Name' }),
    picklist('Salutation', ['Mr.', 'Ms.', 'Mrs.', 'Dr.', 'Prof.', 'Mx.'], { length: 40, compoundFieldName: 'Name' }),
    formula(
      'Name',
      'string',
      (read) => [read('FirstName'), read('LastName')].filter((part) => part !== null && part !== '').join(' '),
      { length: 121, nameField: true, nillable: false },
    ),
  ];
}

/** The fields at the head of every object. */
export function identity(): FieldDefinition[] {
  return [
    field('Id', 'id', { ...readOnly, length: 18, nillable: false, defaultedOnCreate: true, idLookup: true }),
    checkbox('IsDeleted', readOnly),
  ];
}

/** Who made and changed the record, and when. */
export function audit(): FieldDefinition[] {
  const stamp: FieldOptions = { ...readOnly, nillable: false, defaultedOnCreate: true };
  return [
    dateTime('CreatedDate', stamp),
    reference('CreatedById', ['User'], stamp),
    dateTime('LastModifiedDate', stamp),
    reference('LastModifiedById', ['User'], stamp),
    dateTime('SystemModstamp', stamp),
  ];
}

export const masterRecord = (object: string): FieldDefinition =>
  reference('MasterRecordId', [object], { ...readOnly, relationship: 'MasterRecord', isRare: true });

export const owner = (objects: readonly string[] = ['User']): FieldDefinition =>
  reference('OwnerId', objects, { nillable: false, defaultedOnCreate: true });
