import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type PlainValue, ProposalState, toPlainValue, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { goldenId } from '../clusters/golden-id.ts';
import { account, amara, createDedupeSchema, openDedupe, population, ref } from '../dedupe-test-bed.ts';

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
  tenantId = `p${tenant}`;
});

const created = (day: string) => new Date(`2024-01-${day}T00:00:00Z`);

/** Amara as the CRM keeps her. */
const vendor = (fields: Readonly<Record<string, PlainValue>> = {}) => ({
  FirstName: 'Amara',
  LastName: 'Okafor',
  Email: amara.email,
  Phone: amara.phone,
  HasOptedOutOfEmail: false,
  CreatedDate: created('01'),
  ...fields,
});

interface ProposalAnswer {
  readonly proposalId: string;
  readonly state: string;
  readonly version: number;
  readonly guard?: string;
  readonly reason: string;
  readonly master: string;
  readonly losers: readonly string[];
  readonly choices: readonly object[];
}

async function opened(settings = {}) {
  const running = await openDedupe(database, tenantId, settings);
  await running.train(population());
  return running;
}

describe('merge proposals', () => {
  test('of the first resolution are told with the clusters, under an id that every deployment derives alike', async () => {
    const people = population();
    people.set('q001', amara);
    const running = await openDedupe(database, tenantId);
    await running.train(people);
    const told = await running.told(topics.mergeProposed);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      version: 1,
      state: ProposalState.OPEN,
      goldenId: goldenId(tenantId, ref('p000')),
      master: { account, object: 'Contact', recordId: 'p000' },
      losers: [{ account, object: 'Contact', recordId: 'q001' }],
    });
    const { body } = await running.request<{ items: ProposalAnswer[] }>('GET', '/v1/proposals?state=open');
    expect(body.items).toMatchObject([{ proposalId: told[0]?.proposalId, master: ref('p000'), losers: [ref('q001')] }]);
  }, 30_000);

  test('name the better kept record as master and bring what only the other one has', async () => {
    const running = await opened();
    await running.apply(
      running.personState('p000', 2, amara, { vendor: vendor({ Title: 'CTO', Department: 'IT' }) }),
      running.personState('q001', 1, amara, { vendor: vendor({ Birthdate: '1980-02-29', HasOptedOutOfEmail: true }) }),
    );
    const [told] = await running.told(topics.mergeProposed);
    expect(told?.master?.recordId).toBe('p000');
    expect(
      told?.choices.map((choice) => [choice.field, choice.policy, choice.value && toPlainValue(choice.value)]),
    ).toEqual([
      ['Birthdate', 'filled', '1980-02-29'],
      ['HasOptedOutOfEmail', 'strictest', true],
    ]);
    expect(told?.reason).toContain('most fields filled');
    expect(told?.reason).toContain('HasOptedOutOfEmail is set on q001 only and stays set');
  }, 30_000);

  test('are told again when a choice changes, and not when nothing of them does', async () => {
    const running = await opened();
    await running.apply(
      running.personState('p000', 2, amara, { vendor: vendor({ Title: 'CTO' }) }),
      running.personState('q001', 1, amara, { vendor: vendor() }),
    );
    await running.apply(running.personState('q001', 2, amara, { vendor: vendor({ OwnerId: '005' }) }));
    expect(await running.told(topics.mergeProposed)).toHaveLength(1);
    await running.apply(running.personState('q001', 3, amara, { vendor: vendor({ Birthdate: '1980-02-29' }) }));
    const told = await running.told(topics.mergeProposed);
    expect(told.map((event) => [event?.version, event?.choices.length])).toEqual([
      [1, 0],
      [2, 1],
    ]);
  }, 30_000);

  test('are withdrawn when fewer than two records remain, and stand again when the record comes back', async () => {
    const running = await opened();
    await running.apply(running.personState('q001', 1, amara));
    await running.apply(running.personState('q001', 2, undefined));
    await running.apply(running.personState('q001', 3, amara));
    const told = await running.told(topics.mergeProposed);
    expect(told.map((event) => event?.state)).toEqual([
      ProposalState.OPEN,
      ProposalState.WITHDRAWN,
      ProposalState.OPEN,
    ]);
    expect(told.map((event) => event?.version)).toEqual([1, 2, 3]);
    expect(new Set(told.map((event) => event?.proposalId)).size).toBe(1);
  }, 30_000);

  test('that a guard holds back are shown with the reason, and nobody is told of them', async () => {
    const running = await opened({ proposalRecordsMax: 2 });
    await running.apply(running.personState('q001', 1, amara));
    await running.apply(running.personState('q002', 1, amara));
    const told = await running.told(topics.mergeProposed);
    expect(told.map((event) => event?.state)).toEqual([ProposalState.OPEN, ProposalState.WITHDRAWN]);
    const { body } = await running.request<{ items: ProposalAnswer[] }>('GET', '/v1/proposals?state=held');
    expect(body.items).toMatchObject([{ guard: 'too-many-records', losers: [ref('q001'), ref('q002')], version: 2 }]);
    expect(body.items[0]?.reason).toContain('3 records');
    expect((await running.request<{ items: unknown[] }>('GET', '/v1/proposals?state=open')).body.items).toEqual([]);
  }, 30_000);

  test('show the records side by side, where each field comes from, and why they match', async () => {
    const running = await opened();
    await running.apply(
      running.personState('p000', 2, amara, { vendor: vendor({ Title: 'CTO', Phone: '020 7946 0000' }) }),
      running.personState('q001', 1, amara, { vendor: vendor({ MailingCity: 'Leeds' }), modifiedAt: created('05') }),
    );
    const [told] = await running.told(topics.mergeProposed);
    const { body, status } = await running.request<{
      members: { record: string; role: string }[];
      fields: { field: string; values: unknown[]; survivor: unknown; from: string | null; differs: boolean }[];
      explanations: {
        left: string;
        right: string;
        weight: number;
        prior: number;
        rows: { weight: number; termFrequencyWeight: number }[];
      }[];
    }>('GET', `/v1/proposals/${told?.proposalId}`);
    expect(status).toBe(200);
    expect(body.members.map((member) => [member.record, member.role])).toEqual([
      [ref('p000'), 'master'],
      [ref('q001'), 'loser'],
    ]);
    const row = (name: string) => body.fields.find((field) => field.field === name);
    expect(row('MailingCity')).toMatchObject({ values: [null, 'Leeds'], survivor: 'Leeds', from: ref('q001') });
    expect(row('Title')).toMatchObject({ values: ['CTO', null], survivor: 'CTO', from: ref('p000'), differs: false });
    expect(row('Phone')).toMatchObject({ differs: true, survivor: '020 7946 0000' });
    expect(body.explanations).toHaveLength(1);
    const [explanation] = body.explanations;
    const sum = (explanation?.rows ?? []).reduce((total, each) => total + each.weight + each.termFrequencyWeight, 0);
    expect(sum + (explanation?.prior ?? 0)).toBeCloseTo(explanation?.weight ?? Number.NaN, 6);
    expect((await running.request('GET', `/v1/proposals/${goldenId('x', 'y')}`)).status).toBe(404);
  }, 30_000);
});
