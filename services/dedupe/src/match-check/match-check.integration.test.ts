import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { goldenId } from '../clusters/golden-id.ts';
import {
  account,
  amara,
  createDedupeSchema,
  type OpenDedupe,
  openDedupe,
  population,
  ref,
} from '../dedupe-test-bed.ts';

let server: TestDatabase;
let database: Database;
let tenant = 0;
let tenantId: string;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createDedupeSchema(server);
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

beforeEach(() => {
  tenant += 1;
  tenantId = `c${tenant}`;
});

interface MatchAnswer {
  readonly exists: boolean;
  readonly goldenId: string | null;
  readonly threshold: number;
  readonly ignored: readonly string[];
  readonly matches: readonly {
    readonly record: string;
    readonly goldenId: string;
    readonly probability: number;
    readonly weight: number;
    readonly explanation?: {
      readonly prior: number;
      readonly rows: readonly { readonly weight: number; readonly termFrequencyWeight: number }[];
    };
  }[];
}

async function opened(): Promise<OpenDedupe> {
  const running = await openDedupe(database, tenantId);
  await running.train(population());
  return running;
}

/** For tests that only ask. */
let asking: Promise<OpenDedupe> | undefined;
function openedForAll(): Promise<OpenDedupe> {
  asking ??= opened();
  return asking;
}

const asContact = { FirstName: 'Amara', LastName: 'Okafor', Email: amara.email, Phone: amara.phone };

function ask(running: OpenDedupe, body: object) {
  return running.request<MatchAnswer>('POST', '/v1/match', body);
}

describe('the check before a record is created', () => {
  test('names the existing record, who it is, and why: rows that add up to the weight', async () => {
    const running = await openedForAll();
    const { status, body } = await ask(running, { object: 'Contact', fields: { ...asContact, Title: 'CTO' } });
    expect(status).toBe(200);
    expect(body).toMatchObject({ exists: true, goldenId: goldenId(running.tenantId, ref('p000')), ignored: ['Title'] });
    const [best] = body.matches;
    expect(best).toMatchObject({ record: ref('p000'), goldenId: goldenId(running.tenantId, ref('p000')) });
    const rows = best?.explanation?.rows ?? [];
    const sum = rows.reduce((total, row) => total + row.weight + row.termFrequencyWeight, 0);
    expect(sum + (best?.explanation?.prior ?? 0)).toBeCloseTo(best?.weight ?? Number.NaN, 6);
    expect(
      (await ask(running, { object: 'Contact', fields: asContact, explain: false })).body.matches[0],
    ).not.toHaveProperty('explanation');
  }, 30_000);

  test('gives the probability that the two have once the record is created, and stores nothing', async () => {
    const running = await opened();
    const { body } = await ask(running, { object: 'Contact', account, fields: { ...asContact, Phone: '' } });
    expect(await running.partition()).toHaveLength(80);
    await running.apply(running.personState('q001', 1, { ...amara, phone: '' }));
    const cluster = await running.request<{ pairs: { weight: number }[] }>(
      'GET',
      `/v1/clusters/${goldenId(tenantId, ref('p000'))}/explanation`,
    );
    expect(body.matches[0]?.weight).toBe(cluster.body.pairs[0]?.weight);
  }, 30_000);

  test('finds nobody when nobody is like it, nor a record that was deleted', async () => {
    const running = await opened();
    const stranger = { givenName: 'Quill', familyName: 'Xantippe', emails: ['quill@nowhere.example'] };
    expect((await ask(running, { entityKind: 'person', fields: stranger })).body).toMatchObject({
      exists: false,
      goldenId: null,
      matches: [],
    });
    await running.apply(running.personState('p000', 2, undefined));
    expect((await ask(running, { object: 'Contact', fields: asContact })).body.exists).toBe(false);
  }, 30_000);

  test('refuses what it cannot answer, with the reason', async () => {
    const running = await openedForAll();
    expect((await ask(running, { fields: asContact })).status).toBe(422);
    expect((await ask(running, { object: 'Opportunity', fields: asContact })).status).toBe(422);
    expect((await ask(running, { object: 'Contact', entityKind: 'organisation', fields: asContact })).status).toBe(422);
    expect((await ask(running, { object: 'Contact', fields: { Title: 'CTO' } })).status).toBe(422);
    expect((await ask(running, { object: 'Account', fields: { Name: 'Acme' } })).status).toBe(409);
  }, 30_000);

  test('finds the organisation of a lead by its employer and its mail domain, and not by free mail', async () => {
    const running = await opened();
    const from = 'sf:00D000000000002AAA';
    const firms = [...population().values()].slice(0, 60).map((person) => ({
      name: `${person.family} ${person.given} Works Ltd`,
      domain: `${person.family}${person.given}.com`.toLowerCase(),
    }));
    // Some stand twice, so that the model learns that organisations can have duplicates.
    const organisations = [...firms, ...firms.slice(10, 30)].map((firm, index) =>
      running.organisationState(`${from}:Account:a${index}`, firm),
    );
    const lead = { Company: 'Okafor Amara Works', FirstName: 'Zoe', LastName: 'Smit', Email: 'zoe@okaforamara.com' };
    const ofLead = (fields: object) =>
      running.request<{ organisation: MatchAnswer | null }>('POST', '/v1/match', {
        object: 'Lead',
        organisation: true,
        minProbability: 0,
        fields,
      });
    expect((await ofLead(lead)).body.organisation).toBeNull();
    await (await openDedupe(database, tenantId)).trainOrganisations(organisations, from);
    const { body } = await ofLead(lead);
    expect(body.organisation?.matches[0]?.record).toBe(`${from}:Account:a0`);
    expect((await ofLead({ ...lead, Company: '', Email: 'zoe@gmail.com' })).body.organisation?.matches).toEqual([]);
    expect((await ofLead({ LastName: 'Smit' })).body.organisation).toBeNull();

    await running.apply(running.personState('s001', 1, { ...amara, email: 'nn@okaforamara.com' }));
    const stored = await running.request<{ organisation: MatchAnswer | null }>(
      'GET',
      `/v1/match/${ref('s001')}/organisation?minProbability=0`,
    );
    expect(stored.body.organisation?.matches[0]?.record).toBe(`${from}:Account:a0`);
    expect((await running.request('GET', `/v1/match/${ref('nobody')}/organisation`)).status).toBe(404);
  }, 30_000);

  test('never answers with a record of another tenant', async () => {
    await opened();
    tenant += 1;
    tenantId = `c${tenant}`;
    const other = await openDedupe(database, tenantId);
    const people = population();
    people.delete('p000');
    await other.train(people);
    expect((await ask(other, { object: 'Contact', fields: asContact })).body.matches).toEqual([]);
  }, 30_000);

  test('outlives what people paste into forms', async () => {
    const running = await openedForAll();
    for (const text of ['\u0000', '🦊'.repeat(500), '\u202Eمرحبا', 'x'.repeat(10_000), "'; drop table edge; --"]) {
      const { status } = await ask(running, { object: 'Contact', fields: { ...asContact, LastName: text } });
      expect([200, 400, 422]).toContain(status);
    }
  }, 30_000);
});
