import type { CanonicalRecord, LinkedRecord } from '@kempt/contracts';
import type { Schema } from '@kempt/entity-resolution';
import type { EntityKind } from './entity-kind.ts';

/** Comparable fields of a record by column name; lists hold several values of one field. */
export type ComparableFields = Readonly<Record<string, string | string[]>>;

/** What links are called in explanations: those of the native sync of HubSpot and Salesforce are the ones there are by default. */
const nativeSync = 'native sync';

/**
 * The id that a record of Salesforce has itself, which is no part of its fields, and the ids of Salesforce that another record keeps. Ids name the
 * instance of Salesforce that gave them, so no two orgs have one in common, but for a sandbox, of which the records are those of its original.
 */
export const ownIdColumn = 'record_id';
const links: Schema['columns'] = [
  { name: ownIdColumn, kind: 'recordId', group: nativeSync },
  { name: 'linked_record', kind: 'recordLink', group: nativeSync },
];

/** Which columns are compared, and what each of them means. */
export const schemas: Readonly<Record<EntityKind, Schema>> = {
  person: {
    entityKind: 'person',
    columns: [
      { name: 'given_name', kind: 'givenName' },
      { name: 'family_name', kind: 'familyName' },
      { name: 'suffix', kind: 'nameSuffix' },
      { name: 'email', kind: 'email' },
      { name: 'phone', kind: 'phone' },
      { name: 'street', kind: 'street' },
      { name: 'city', kind: 'city' },
      { name: 'region', kind: 'region' },
      { name: 'postal_code', kind: 'postalCode' },
      { name: 'country', kind: 'country' },
      { name: 'organisation', kind: 'organisation' },
      { name: 'birth_date', kind: 'date' },
      ...links,
    ],
  },
  organisation: {
    entityKind: 'organisation',
    columns: [
      { name: 'name', kind: 'organisation' },
      { name: 'domain', kind: 'domain' },
      { name: 'website', kind: 'domain' },
      { name: 'phone', kind: 'phone' },
      { name: 'street', kind: 'street' },
      { name: 'city', kind: 'city' },
      { name: 'region', kind: 'region' },
      { name: 'postal_code', kind: 'postalCode' },
      { name: 'country', kind: 'country' },
      { name: 'tax_id', kind: 'identifier' },
      ...links,
    ],
  },
};

/** The columns to train a model with: those of links, for which each record of Salesforce has one more key, only where records have any. */
export function schemaFor(kind: EntityKind, { linked }: { readonly linked: boolean }): Schema {
  const schema = schemas[kind];
  return linked ? schema : { ...schema, columns: schema.columns.filter((column) => !links.includes(column)) };
}

/** The comparable fields of a canonical record, blanks left out; undefined when it is neither person nor organisation. */
export function comparableFields(canonical: CanonicalRecord | undefined): ComparableFields | undefined {
  if (canonical?.kind.case === 'person') {
    const person = canonical.kind.value;
    return withoutBlanks({
      given_name: person.givenName === '' && person.familyName === '' ? person.fullName : person.givenName,
      family_name: person.familyName,
      suffix: person.suffix,
      email: person.emails,
      phone: person.phones,
      street: person.address?.street,
      city: person.address?.city,
      region: person.address?.region,
      postal_code: person.address?.postalCode,
      country: person.address?.country,
      organisation: person.organisationName,
      birth_date: person.birthDate,
      linked_record: linkedIds(person.linkedRecords),
    });
  }
  if (canonical?.kind.case === 'organisation') {
    const organisation = canonical.kind.value;
    return withoutBlanks({
      name: organisation.name,
      domain: organisation.domain,
      website: organisation.website,
      phone: organisation.phones,
      street: organisation.address?.street,
      city: organisation.address?.city,
      region: organisation.address?.region,
      postal_code: organisation.address?.postalCode,
      country: organisation.address?.country,
      tax_id: organisation.taxId,
      linked_record: linkedIds(organisation.linkedRecords),
    });
  }
  return undefined;
}

function linkedIds(records: readonly LinkedRecord[]): string[] {
  return records.filter(({ system }) => system === 'salesforce').map(({ recordId }) => recordId);
}

function withoutBlanks(fields: Record<string, string | readonly string[] | undefined>): ComparableFields {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value.length === 0) continue;
    if (typeof value === 'string') {
      kept[name] = value;
    } else {
      const filled = value.filter((entry) => entry !== '');
      if (filled.length > 0) kept[name] = filled;
    }
  }
  return kept;
}
