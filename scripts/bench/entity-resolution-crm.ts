import { longSalesforceId } from '../../packages/contracts/src/index.ts';
import type { FieldValue, Schema } from '../../packages/entity-resolution/src/index.ts';

/** The part of the simulators' population that scoring reads. */
export interface CrmPopulation {
  readonly salesforce: {
    readonly objects: readonly {
      readonly object: string;
      readonly fields: readonly string[];
      readonly rows: Iterable<readonly unknown[]>;
    }[];
  };
  readonly hubspot: {
    readonly objects: readonly {
      readonly object: string;
      readonly properties: readonly string[];
      readonly rows: Iterable<{
        readonly id?: string;
        readonly archivedAt?: number | null;
        readonly values: readonly unknown[];
      }>;
    }[];
  };
  readonly salesforceOrigins: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly hubspotOrigins: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export interface CrmSet {
  readonly name: string;
  readonly schema: Schema;
  readonly rows: readonly {
    readonly id: string;
    readonly source: string;
    readonly fields: Record<string, FieldValue>;
  }[];
  readonly truth: ReadonlyMap<string, string>;
}

const personSchema: Schema = {
  entityKind: 'person',
  columns: [
    { name: 'givenName', kind: 'givenName' },
    { name: 'familyName', kind: 'familyName' },
    { name: 'suffix', kind: 'nameSuffix' },
    { name: 'emails', kind: 'email' },
    { name: 'phones', kind: 'phone' },
    { name: 'street', kind: 'street' },
    { name: 'city', kind: 'city' },
    { name: 'region', kind: 'region' },
    { name: 'postalCode', kind: 'postalCode' },
    { name: 'country', kind: 'country' },
    { name: 'organisationName', kind: 'organisation' },
    { name: 'birthDate', kind: 'date' },
  ],
};

const organisationSchema: Schema = {
  entityKind: 'organisation',
  columns: [
    { name: 'name', kind: 'organisation' },
    { name: 'domain', kind: 'domain' },
    { name: 'website', kind: 'domain' },
    { name: 'phones', kind: 'phone' },
    { name: 'street', kind: 'street' },
    { name: 'city', kind: 'city' },
    { name: 'region', kind: 'region' },
    { name: 'postalCode', kind: 'postalCode' },
    { name: 'country', kind: 'country' },
  ],
};

/** With links of the native sync a record has its own id, or the ids that it keeps of the other CRM. */
export interface CrmSetOptions {
  readonly links?: boolean;
}

function withLinks(schema: Schema): Schema {
  return {
    ...schema,
    columns: [
      ...schema.columns,
      { name: 'record', kind: 'recordId', group: 'native sync' },
      { name: 'linked', kind: 'recordLink', group: 'native sync' },
    ],
  };
}

type Read = (name: string) => string;

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function* salesforceRows(population: CrmPopulation, object: string): Generator<{ id: string; read: Read }> {
  const load = population.salesforce.objects.find((each) => each.object === object);
  if (load === undefined) return;
  const at = new Map(load.fields.map((name, index) => [name, index]));
  for (const row of load.rows) {
    const read: Read = (name) => textOf(row[at.get(name) ?? -1]);
    if (read('IsDeleted') !== 'true') yield { id: read('Id'), read };
  }
}

function* hubspotRows(population: CrmPopulation, object: string): Generator<{ id: string; read: Read }> {
  const load = population.hubspot.objects.find((each) => each.object === object);
  if (load === undefined) return;
  const at = new Map(load.properties.map((name, index) => [name, index]));
  for (const row of load.rows) {
    if (row.archivedAt != null) continue;
    yield { id: String(row.id), read: (name) => textOf(row.values[at.get(name) ?? -1]) };
  }
}

const some = (...values: string[]): string[] => values.filter((value) => value !== '');

/** Contacts of both CRMs in the fields that the connector's canonical projection has, links of the native sync only if they are asked for. */
export function crmPersons(population: CrmPopulation, { links = false }: CrmSetOptions = {}): CrmSet {
  const rows: { id: string; source: string; fields: Record<string, FieldValue> }[] = [];
  const truth = new Map<string, string>();
  const add = (source: string, id: string, entity: string | undefined, fields: Record<string, FieldValue>): void => {
    rows.push({ id: `${source}:${id}`, source, fields });
    if (entity !== undefined) truth.set(`${source}:${id}`, entity);
  };
  for (const { id, read } of salesforceRows(population, 'Contact')) {
    add('sf', id, population.salesforceOrigins.get('Contact')?.get(id), {
      givenName: read('FirstName'),
      familyName: read('LastName'),
      suffix: read('Suffix'),
      emails: some(read('Email')),
      phones: some(read('Phone'), read('MobilePhone'), read('HomePhone')),
      street: read('MailingStreet'),
      city: read('MailingCity'),
      region: read('MailingState'),
      postalCode: read('MailingPostalCode'),
      country: read('MailingCountry'),
      birthDate: read('Birthdate'),
      ...(links && { record: id }),
    });
  }
  for (const { id, read } of hubspotRows(population, 'contacts')) {
    add('hs', id, population.hubspotOrigins.get('contacts')?.get(id), {
      givenName: read('firstname'),
      familyName: read('lastname'),
      emails: some(read('email'), ...read('hs_additional_emails').split(';')),
      phones: some(read('phone'), read('mobilephone')),
      street: read('address'),
      city: read('city'),
      region: read('state'),
      postalCode: read('zip'),
      country: read('country'),
      organisationName: read('company'),
      birthDate: read('date_of_birth'),
      ...(links && {
        linked: some(read('salesforcecontactid'), read('salesforceleadid')).map((to) => longSalesforceId(to)),
      }),
    });
  }
  return { name: 'crm persons', schema: links ? withLinks(personSchema) : personSchema, rows, truth };
}

/** Accounts and companies of both CRMs in the fields that the connector's canonical projection has. */
export function crmOrganisations(population: CrmPopulation, { links = false }: CrmSetOptions = {}): CrmSet {
  const rows: { id: string; source: string; fields: Record<string, FieldValue> }[] = [];
  const truth = new Map<string, string>();
  const add = (source: string, id: string, entity: string | undefined, fields: Record<string, FieldValue>): void => {
    rows.push({ id: `${source}:${id}`, source, fields });
    if (entity !== undefined) truth.set(`${source}:${id}`, entity);
  };
  for (const { id, read } of salesforceRows(population, 'Account')) {
    add('sf', id, population.salesforceOrigins.get('Account')?.get(id), {
      name: read('Name'),
      website: read('Website'),
      phones: some(read('Phone')),
      street: read('BillingStreet'),
      city: read('BillingCity'),
      region: read('BillingState'),
      postalCode: read('BillingPostalCode'),
      country: read('BillingCountry'),
      ...(links && { record: id }),
    });
  }
  for (const { id, read } of hubspotRows(population, 'companies')) {
    add('hs', id, population.hubspotOrigins.get('companies')?.get(id), {
      name: read('name'),
      domain: read('domain'),
      website: read('website'),
      phones: some(read('phone')),
      street: read('address'),
      city: read('city'),
      region: read('state'),
      postalCode: read('zip'),
      country: read('country'),
      ...(links && { linked: some(read('salesforceaccountid')).map((to) => longSalesforceId(to)) }),
    });
  }
  return { name: 'crm organisations', schema: links ? withLinks(organisationSchema) : organisationSchema, rows, truth };
}
