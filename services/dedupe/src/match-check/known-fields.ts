import { longSalesforceId } from '@kempt/contracts';
import type { EntityKind } from '../matching/entity-kind.ts';
import { ownIdColumn, schemas } from '../matching/entity-schema.ts';

/** Canonical names of fields that are compared, and the columns they stand in. */
const canonicalColumns: Readonly<Record<EntityKind, Readonly<Record<string, string>>>> = {
  person: {
    fullName: 'full_name',
    givenName: 'given_name',
    familyName: 'family_name',
    suffix: 'suffix',
    email: 'email',
    emails: 'email',
    phone: 'phone',
    phones: 'phone',
    street: 'street',
    city: 'city',
    region: 'region',
    postalCode: 'postal_code',
    country: 'country',
    organisationName: 'organisation',
    birthDate: 'birth_date',
    linkedRecords: 'linked_record',
  },
  organisation: {
    name: 'name',
    domain: 'domain',
    website: 'website',
    phone: 'phone',
    phones: 'phone',
    street: 'street',
    city: 'city',
    region: 'region',
    postalCode: 'postal_code',
    country: 'country',
    taxId: 'tax_id',
    linkedRecords: 'linked_record',
  },
};

const salesforceAddress = (prefix: string) => ({
  [`${prefix}Street`]: 'street',
  [`${prefix}City`]: 'city',
  [`${prefix}State`]: 'region',
  [`${prefix}PostalCode`]: 'postal_code',
  [`${prefix}Country`]: 'country',
});

const salesforcePerson = {
  Name: 'full_name',
  FirstName: 'given_name',
  LastName: 'family_name',
  Suffix: 'suffix',
  Email: 'email',
  Phone: 'phone',
  MobilePhone: 'phone',
};

const hubspotAddress = { address: 'street', city: 'city', state: 'region', zip: 'postal_code', country: 'country' };

/** Vendor fields by object, as the connector projects them unless it is configured otherwise. */
const vendorColumns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Contact: {
    ...salesforcePerson,
    HomePhone: 'phone',
    OtherPhone: 'phone',
    Birthdate: 'birth_date',
    ...salesforceAddress('Mailing'),
  },
  Lead: { ...salesforcePerson, Company: 'organisation', ...salesforceAddress('') },
  Account: { Name: 'name', Website: 'website', Phone: 'phone', ...salesforceAddress('Billing') },
  contacts: {
    firstname: 'given_name',
    lastname: 'family_name',
    email: 'email',
    hs_additional_emails: 'email',
    phone: 'phone',
    mobilephone: 'phone',
    company: 'organisation',
    date_of_birth: 'birth_date',
    salesforcecontactid: 'linked_record',
    salesforceleadid: 'linked_record',
    ...hubspotAddress,
  },
  companies: {
    name: 'name',
    domain: 'domain',
    website: 'website',
    phone: 'phone',
    salesforceaccountid: 'linked_record',
    ...hubspotAddress,
  },
};

/** Objects whose vendor fields are known. */
export const knownObjects = Object.keys(vendorColumns);

export type GivenFields = Readonly<Record<string, string | readonly string[] | null>>;

export interface ReadFields {
  /** By column of the match model, blanks left out. */
  readonly columns: Readonly<Record<string, string | string[]>>;
  /** Names of fields that are not compared, sorted. */
  readonly ignored: readonly string[];
}

/**
 * The comparable fields of a record that does not exist yet, from vendor names of its object, canonical names, or the names that clusters are shown
 * with. Several fields of one column are its several values.
 */
export function readFields(kind: EntityKind, object: string | undefined, given: GivenFields): ReadFields {
  const known = new Set([...schemas[kind].columns.map((column) => column.name), 'full_name']);
  const vendor = object === undefined ? {} : (vendorColumns[object] ?? {});
  const values = new Map<string, string[]>();
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const column = own(vendor, name) ?? own(canonicalColumns[kind], name) ?? (known.has(name) ? name : undefined);
    if (column === undefined || !known.has(column)) {
      ignored.push(name);
      continue;
    }
    const parts = typeof value === 'string' ? splitList(name, value) : (value ?? []);
    const filled = parts.map((part) => written(column, part.trim())).filter((part) => part !== '');
    if (filled.length > 0) values.set(column, [...(values.get(column) ?? []), ...filled]);
  }
  const fullName = values.get('full_name');
  values.delete('full_name');
  // As of a record that only has a full name: it stands where the given name does, and is taken apart there.
  if (fullName !== undefined && !values.has('given_name') && !values.has('family_name')) {
    values.set('given_name', fullName.slice(0, 1));
  }
  return {
    columns: Object.fromEntries(
      [...values].map(([column, found]) => [column, found.length === 1 ? (found[0] as string) : [...new Set(found)]]),
    ),
    ignored: ignored.toSorted(),
  };
}

function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Ids of Salesforce are kept in their long form. */
function written(column: string, text: string): string {
  return column === 'linked_record' || column === ownIdColumn ? longSalesforceId(text) : text;
}

/** HubSpot keeps further addresses in one text. */
function splitList(name: string, value: string): string[] {
  return name === 'hs_additional_emails' ? value.split(';') : [value];
}
