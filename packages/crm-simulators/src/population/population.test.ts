import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { HubSpotLoad } from '../hubspot/hubspot-load.ts';
import type { FieldValue } from '../salesforce/object-definition.ts';
import type { SalesforceLoad } from '../salesforce/salesforce-load.ts';
import { createDefaultLoad } from './default-load.ts';
import { readDefaultLoad } from './load-reader.ts';
import { createPopulation } from './population.ts';

const small = { contacts: 400, companies: 120, deals: 60, activities: 80, users: 12 };

function hashOf(load: SalesforceLoad | HubSpotLoad): string {
  const hash = createHash('sha256');
  for (const object of load.objects) {
    hash.update(object.object);
    for (const row of object.rows) hash.update(JSON.stringify(row));
  }
  return hash.digest('hex');
}

const synthetic = createPopulation({ realData: false });
const full = createPopulation();

const rowCache = new Map<object, unknown>();

/** Rows are made into objects once. */
function cached<T>(key: object, make: () => T): T {
  if (!rowCache.has(key)) rowCache.set(key, make());
  return rowCache.get(key) as T;
}

function salesforceRows(load: SalesforceLoad, name: string): Record<string, FieldValue>[] {
  const object = load.objects.find((each) => each.object === name);
  if (object === undefined) throw new Error(`The load has no ${name}.`);
  return cached(object, () =>
    [...object.rows].map((row) => Object.fromEntries(object.fields.map((field, index) => [field, row[index] ?? null]))),
  );
}

function hubspotRows(load: HubSpotLoad, name: string): Record<string, unknown>[] {
  const object = load.objects.find((each) => each.object === name);
  if (object === undefined) throw new Error(`The load has no ${name}.`);
  return cached(object, () =>
    [...object.rows].map((row) => ({
      ...row,
      ...Object.fromEntries(object.properties.map((property, index) => [property, row.values[index] ?? null])),
    })),
  );
}

const entitiesOf = (origins: ReadonlyMap<string, ReadonlyMap<string, string>>, object: string) => [
  ...(origins.get(object)?.values() ?? []),
];

/** Share of records that show an entity an earlier record showed. */
function duplicateShare(entities: readonly string[]): number {
  return 1 - new Set(entities).size / entities.length;
}

describe('determinism', () => {
  test('the same seed and sizes give the same records to the letter, another seed gives others', () => {
    const first = createDefaultLoad({ sizes: small });
    const again = createDefaultLoad({ sizes: small });
    const other = createDefaultLoad({ sizes: small, seed: 'other' });
    expect([hashOf(again.salesforce), hashOf(again.hubspot)]).toEqual([
      hashOf(first.salesforce),
      hashOf(first.hubspot),
    ]);
    expect(hashOf(other.salesforce)).not.toBe(hashOf(first.salesforce));
  });

  test('the load made in a process of its own is the same', async () => {
    const options = { sizes: small, realData: false };
    const here = createDefaultLoad(options);
    const there = await readDefaultLoad(options);
    expect([there.salesforce.name, there.hubspot.name]).toEqual([here.salesforce.name, here.hubspot.name]);
    const contacts: unknown[] = [];
    await there.salesforce.read(({ objects }) => {
      for (const { object, rows } of objects) if (object === 'Contact') contacts.push(...rows);
    });
    expect(contacts).toEqual([...(here.salesforce.objects.find(({ object }) => object === 'Contact')?.rows ?? [])]);
    const seen = { companies: [] as unknown[], links: 0, owners: 0 };
    await there.hubspot.read(({ objects, associations, owners }) => {
      for (const { object, rows } of objects) if (object === 'companies') seen.companies.push(...rows);
      for (const { links } of associations ?? []) seen.links += [...links].length;
      seen.owners += owners?.length ?? 0;
    });
    const links = (here.hubspot.associations ?? []).reduce((sum, each) => sum + [...each.links].length, 0);
    const companies = [...(here.hubspot.objects.find(({ object }) => object === 'companies')?.rows ?? [])];
    expect(seen).toEqual({
      companies: JSON.parse(JSON.stringify(companies)),
      links,
      owners: here.hubspot.owners?.length,
    });
  });
});

describe('sizes', () => {
  test('each CRM holds 10,000 contacts, 2,500 companies, 3,000 deals, 5,000 activities and some 40 users', () => {
    const { salesforce, hubspot } = synthetic;
    const live = salesforceRows(salesforce, 'Contact').filter((row) => row.IsDeleted === false);
    expect([
      live.length,
      salesforceRows(salesforce, 'Account').length,
      salesforceRows(salesforce, 'Opportunity').length,
    ]).toEqual([10_000, 2500, 3000]);
    expect(salesforceRows(salesforce, 'Task').length + salesforceRows(salesforce, 'Event').length).toBe(5000);
    expect(hubspotRows(hubspot, 'contacts').filter((row) => row.archivedAt === undefined)).toHaveLength(10_000);
    expect([hubspotRows(hubspot, 'companies').length, hubspotRows(hubspot, 'deals').length]).toEqual([2500, 3000]);
    const activities = ['calls', 'emails', 'meetings', 'notes', 'tasks'].flatMap((name) => hubspotRows(hubspot, name));
    expect(activities).toHaveLength(5000);
    expect(salesforceRows(salesforce, 'User').length).toBeGreaterThan(30);
    expect(hubspot.owners?.length).toBeGreaterThan(30);
  });

  test('the published data sets come on top', () => {
    expect(salesforceRows(full.salesforce, 'Contact').length + hubspotRows(full.hubspot, 'contacts').length).toBe(
      20_100 + 1000 + 1000 + 1000 + 147,
    );
    expect(salesforceRows(full.salesforce, 'Account').length + hubspotRows(full.hubspot, 'companies').length).toBe(
      5000 + 3337 + 864 + 12,
    );
  });
});

describe('truth behind the records', () => {
  const people = [
    entitiesOf(synthetic.salesforceOrigins, 'Contact'),
    entitiesOf(synthetic.hubspotOrigins, 'contacts'),
  ] as const;
  const firms = [
    entitiesOf(synthetic.salesforceOrigins, 'Account'),
    entitiesOf(synthetic.hubspotOrigins, 'companies'),
  ] as const;

  test.each([
    ['persons', people],
    ['organisations', firms],
  ])('of the %s 55 to 65 per cent are in both CRMs', (_, [left, right]) => {
    const [a, b] = [new Set(left), new Set(right)];
    const share = [...a].filter((entity) => b.has(entity)).length / new Set([...a, ...b]).size;
    expect(share).toBeGreaterThan(0.55);
    expect(share).toBeLessThan(0.65);
  });

  test('6 to 10 per cent of the records of a CRM are duplicates', () => {
    for (const entities of [...people, ...firms]) {
      expect(duplicateShare(entities)).toBeGreaterThan(0.06);
      expect(duplicateShare(entities)).toBeLessThan(0.1);
    }
  });

  test('every kind of look-alike is there, in numbers', () => {
    const kinds = Map.groupBy(synthetic.traps.values(), (trap) => trap.kind);
    for (const kind of [
      'family',
      'twins',
      'senior-junior',
      'shared-mailbox',
      'same-name',
      'subsidiary',
      'franchise',
      'same-company-name',
    ] as const) {
      expect([kind, (kinds.get(kind) ?? []).length >= 60]).toEqual([kind, true]);
    }
  });

  test('neither ids nor their order give the truth away', () => {
    const share = (entities: readonly string[]) =>
      entities.filter((entity, index) => entity === entities[index + 1]).length / entities.length;
    for (const entities of [...people, ...firms]) expect(share(entities)).toBeLessThan(0.001);
    const rows =
      JSON.stringify(salesforceRows(full.salesforce, 'Contact').slice(0, 3000)) +
      JSON.stringify(hubspotRows(full.hubspot, 'contacts').slice(0, 3000));
    expect(rows).not.toMatch(/person-\d|organisation-\d|febrl|splink|dqbench|senzing|rec-\d|-dup-/);
  });
});

describe('noise', () => {
  const contacts = salesforceRows(synthetic.salesforce, 'Contact');
  const portal = hubspotRows(synthetic.hubspot, 'contacts');

  test('one telephone is written in several ways, and some numbers are dummies', () => {
    const numbers = contacts.map((row) => String(row.MobilePhone ?? '')).filter((number) => number !== '');
    const shapes = new Set(numbers.map((number) => number.replace(/\d/g, '9')));
    expect(shapes.size).toBeGreaterThan(30);
    expect(contacts.filter((row) => row.Phone === '000-000-0000' || row.Phone === 'n/a').length).toBeGreaterThan(3);
  });

  test('names beyond ASCII, several countries, missing fields and default dates occur', () => {
    expect(contacts.filter((row) => /[^\x20-\x7e]/.test(String(row.LastName))).length).toBeGreaterThan(300);
    expect(new Set(contacts.map((row) => row.MailingCountry)).size).toBeGreaterThan(25);
    const emptyEmails = contacts.filter((row) => row.Email === null).length / contacts.length;
    expect(emptyEmails).toBeGreaterThan(0.03);
    expect(emptyEmails).toBeLessThan(0.2);
    expect(contacts.filter((row) => row.Birthdate === '1900-01-01').length).toBeGreaterThan(20);
  });

  test('shared mailboxes are shared in Salesforce; HubSpot holds no address twice', () => {
    const boxes = Map.groupBy(
      contacts.filter((row) => /^(?:info|office|sales|contact|accounts|admin)@/.test(String(row.Email))),
      (row) => row.Email,
    );
    expect([...boxes.values()].filter((group) => group.length > 1).length).toBeGreaterThan(5);
    const emails = portal.filter((row) => row.archivedAt === undefined && row.email !== null).map((row) => row.email);
    expect(new Set(emails).size).toBe(emails.length);
    const all = hubspotRows(full.hubspot, 'contacts')
      .filter((row) => row.archivedAt === undefined && row.email !== null)
      .map((row) => row.email);
    expect(new Set(all).size).toBe(all.length);
  });

  test('common surnames are common', () => {
    const counts = Map.groupBy(contacts, (row) => String(row.LastName));
    const sorted = [...counts.values()].map((group) => group.length).sort((left, right) => right - left);
    expect(sorted[0]).toBeGreaterThan(80);
    expect(sorted.length).toBeGreaterThan(1500);
  });

  test('every reference points at a record that is there', () => {
    const accounts = new Set(salesforceRows(full.salesforce, 'Account').map((row) => row.Id));
    const people = salesforceRows(full.salesforce, 'Contact');
    const ids = new Set(people.map((row) => row.Id));
    expect(people.filter((row) => row.AccountId !== null && !accounts.has(row.AccountId ?? ''))).toEqual([]);
    expect(salesforceRows(full.salesforce, 'Task').filter((row) => !ids.has(row.WhoId ?? ''))).toEqual([]);
    const known = new Map(
      full.hubspot.objects.map((object) => [object.object, new Set([...object.rows].map((row) => row.id))]),
    );
    const broken = (full.hubspot.associations ?? []).flatMap(({ from, to, links }) =>
      [...links].filter(([fromId, toId]) => !known.get(from)?.has(fromId) || !known.get(to)?.has(toId)),
    );
    expect(broken).toEqual([]);
  });
});
