import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { longSalesforceId, parseRecordRef } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  account,
  createDedupeSchema,
  type OpenDedupe,
  openDedupe,
  type Person,
  population,
  ref,
} from '../dedupe-test-bed.ts';
import { loadModel, lockFreeState } from '../models/model-store.ts';

let server: TestDatabase;
let database: Database;
let running: OpenDedupe;

/** People of Salesforce, so that a model has something to learn from, some of them twice. */
const people = population();
for (let number = 0; number < 20; number += 1) {
  const known = people.get(`p${String(number).padStart(3, '0')}`) as Person;
  people.set(`q${number}`, number % 2 === 0 ? { ...known, phone: '' } : { ...known, email: '' });
}

/** Links count in a model whose records had some. */
people.set('hs:7:contacts:1000', { ...(people.get('p079') as Person), linked: ['p079'] });

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createDedupeSchema(server);
  running = await openDedupe(database, 'linked');
  await running.train(people);
}, 60_000);

afterAll(async () => {
  await running.close();
  await database.close();
  await server.stop();
});

/** A contact of HubSpot of which nothing is known but a private address, so that only a link tells who it is. */
const withAddressOnly = (number: number, ...linked: readonly string[]): Person => ({
  given: '',
  family: '',
  email: `sunflower${number}@mailbox.org`,
  phone: '',
  linked,
});
const hubSpot = (id: number): string => `hs:7:contacts:${id}`;
const salesforceId = (number: number): string => longSalesforceId(`003Kp0000000${String(number).padStart(3, '0')}`);

const versions = new Map<string, number>();
async function apply(id: string, person: Person | undefined): Promise<void> {
  const version = (versions.get(id) ?? 0) + 1;
  versions.set(id, version);
  await running.apply(running.personState(id, version, person));
}
async function goldenId(id: string): Promise<string> {
  return (await running.request<{ goldenId: string }>('GET', `/v1/ids/${ref(id)}`)).body.goldenId;
}
async function areOne(one: string, other: string): Promise<boolean> {
  return (await goldenId(one)) === (await goldenId(other));
}

/** Somebody of Salesforce without an e-mail address. */
const stranger = (number: number): Person => ({
  given: `Oluwaseun${'abcdefghij'.charAt(number)}`,
  family: `Brzezinska${'klmnopqrst'.charAt(number)}`,
  email: '',
  phone: `+44779990${String(1000 + number * 37)}`,
});

describe('a link that the native sync left', () => {
  test.each(['Salesforce', 'HubSpot'])(
    'finds the record that nothing else would, when %s comes first',
    async (first) => {
      const at = first === 'Salesforce' ? 1 : 2;
      const [one, other] = [salesforceId(at), hubSpot(at)];
      const changes: [string, Person][] = [
        [one, stranger(at)],
        [other, withAddressOnly(at, one)],
      ];
      for (const [id, person] of first === 'Salesforce' ? changes : changes.toReversed()) await apply(id, person);
      expect(await areOne(one, other)).toBe(true);
    },
  );

  test('joins when it is added, parts when it is removed, and follows when it changes', async () => {
    const [one, another, other] = [salesforceId(3), salesforceId(4), hubSpot(3)];
    await apply(one, stranger(3));
    await apply(another, stranger(4));
    await apply(other, withAddressOnly(3));
    expect(await areOne(one, other)).toBe(false);
    await apply(other, withAddressOnly(3, one));
    expect(await areOne(one, other)).toBe(true);
    await apply(other, withAddressOnly(3, another));
    expect(await areOne(one, other)).toBe(false);
    expect(await areOne(another, other)).toBe(true);
    await apply(other, withAddressOnly(3));
    expect(await areOne(another, other)).toBe(false);
  });

  test('to a record that is deleted, or comes back, counts while it is there', async () => {
    const [one, other] = [salesforceId(5), hubSpot(5)];
    await apply(one, stranger(5));
    await apply(other, withAddressOnly(5, one));
    await apply(one, undefined);
    expect((await running.partition()).find((ids) => ids.includes('5'))).toEqual(['5']);
    await apply(one, stranger(5));
    expect(await areOne(one, other)).toBe(true);
  });

  test('to somebody else does not make one of two persons who contradict each other', async () => {
    const other = hubSpot(6);
    await apply(other, {
      given: 'Bruno',
      family: 'Takahashi',
      email: 'bruno@takahashi.org',
      phone: '+14155550199',
      linked: ['p000'],
    });
    expect(await areOne('p000', other)).toBe(false);
  });

  test('explains itself, and its weight is part of the sum', async () => {
    const { body } = await running.request<{
      pairs: {
        prior: number;
        weight: number;
        sharedKeys: string[];
        rows: { column: string; level: string; weight: number; termFrequencyWeight: number }[];
      }[];
    }>('GET', `/v1/clusters/${await goldenId(hubSpot(1))}/explanation`);
    const pair = body.pairs[0];
    expect(pair?.sharedKeys).toEqual(['a link']);
    const row = pair?.rows.find(({ column }) => column === 'native sync');
    expect(row).toMatchObject({ level: 'linked', left: salesforceId(1), right: salesforceId(1) });
    const sum = pair?.rows.reduce((total, { weight, termFrequencyWeight }) => total + weight + termFrequencyWeight, 0);
    expect((pair?.prior ?? 0) + (sum ?? 0)).toBe(pair?.weight);
  });

  test('is asked for before a record is created, by either form of the id', async () => {
    const { body } = await running.request<{ exists: boolean; matches: { record: string }[]; ignored: string[] }>(
      'POST',
      '/v1/match',
      {
        object: 'contacts',
        fields: { email: 'moonflower@mailbox.org', salesforcecontactid: salesforceId(4).slice(0, 15) },
      },
    );
    expect({ exists: body.exists, first: body.matches[0]?.record, ignored: body.ignored }).toEqual({
      exists: true,
      first: ref(salesforceId(4)),
      ignored: [],
    });
  });

  test('can be asked for in a pattern of pairs', async () => {
    await apply(salesforceId(7), { ...stranger(7), given: 'Nora' });
    await apply(hubSpot(7), { ...stranger(7), given: 'Bruno', phone: '', linked: [salesforceId(7)] });
    const filter = { entityKind: 'person', minProbability: 0.01, maxProbability: 1 };
    const bulk = (pattern: object) =>
      running.request<{ matched: number }>('POST', '/v1/reviews/bulk', {
        verdict: 'different',
        filter: { ...filter, pattern },
      });
    expect((await bulk({ 'native sync': 'linked' })).body.matched).toBeGreaterThan(0);
    expect((await bulk({ 'native sync': 'same' })).status).toBe(422);
  });
});

test('leads and companies are linked as contacts are', async () => {
  const lead = `${account}:Lead:00QKp0000000001EAA`;
  await apply(lead, stranger(8));
  await apply(hubSpot(8), withAddressOnly(8, '00QKp0000000001EAA'));
  expect(await areOne(lead, hubSpot(8))).toBe(true);

  const firms = await openDedupe(database, 'firms');
  const accountId = (number: number): string => `${account}:Account:001Kp${String(number).padStart(10, '0')}AAA`;
  const words = 'Okafor Lindqvist Marchetti Dvorak Nakamura Fitzgerald Haddad Kowalczyk Bergstrom Castellano'.split(
    ' ',
  );
  const nameOf = (number: number): string =>
    `${words[number % 10]} ${words[(number * 3 + Math.floor(number / 10)) % 10]} Works`;
  // A firm that trades under another name, as far as the company knows it.
  const company = (number: number) =>
    firms.organisationState(`hs:7:companies:${number}`, {
      name: '',
      domain: `sunflower${number}.org`,
      linked: [parseRecordRef(accountId(number)).recordId],
    });
  await firms.trainOrganisations(
    [
      ...Array.from({ length: 60 }, (_, number) =>
        firms.organisationState(accountId(number), {
          name: nameOf(number),
          domain: number < 50 ? `firm${number}.com` : '',
        }),
      ),
      company(55),
    ],
    account,
  );
  await firms.apply(company(56));
  for (const number of [55, 56]) {
    const { body } = await firms.request<{ members: string[] }>('GET', `/v1/ids/hs:7:companies:${number}`);
    expect(body.members).toEqual([`hs:7:companies:${number}`, accountId(number)]);
  }
  await firms.close();
});

test('a model whose records had no links has no columns for them, and no record has a key more', async () => {
  const other = await openDedupe(database, 'unlinked');
  await other.train(population());
  const schemaOf = async (tenantId: string) =>
    database.transaction(tenantId, async (tx) => {
      const state = await lockFreeState(tx, 'person');
      if (state.phase !== 'streaming') throw new Error('no model decides');
      return (await loadModel(tx, 'person', state.modelVersion)).schema.columns.map(({ kind }) => kind);
    });
  expect(await schemaOf('unlinked')).not.toContain('recordId');
  expect(await schemaOf('linked')).toEqual([...(await schemaOf('unlinked')), 'recordId', 'recordLink']);
  await other.close();
});
