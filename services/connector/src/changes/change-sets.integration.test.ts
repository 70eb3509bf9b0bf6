import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RecordChanged, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  buildTestConnector,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import { hubspotConnection, mirrorOf, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';
import { type ChangeSteps, changeSteps, unlockAll } from './change-test-bed.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let connector: RunningConnector;
let steps: ChangeSteps;
let sf: (object: string, id: string) => string;
let hs: (object: string, id: string) => string;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
  crms = await startCrms();
  connector = await buildTestConnector({
    database,
    connections: [
      salesforceConnection(crms, ['Account', 'Contact', 'Opportunity', 'User']),
      hubspotConnection(crms, ['companies', 'contacts', 'deals']),
    ],
  });
  await connector.start();
  await connected(connector);
  steps = changeSteps(connector);
  const { body } = await connector.request<{ items: { id: string; account: string; system: string }[] }>(
    'GET',
    '/v1/connections',
  );
  await unlockAll(connector);
  const accountOf = (system: string) => body.items.find((item) => item.system === system)?.account ?? '';
  sf = (object, id) => `${accountOf('salesforce')}:${object}:${id}`;
  hs = (object, id) => `${accountOf('hubspot')}:${object}:${id}`;
});

afterAll(async () => {
  await connector.stop();
  await crms.stop();
  await database.close();
  await server.stop();
});

const contact = (fields: Record<string, unknown>) => crms.salesforce.records.create('Contact', fields);
const person = (properties: Record<string, string>) => crms.hubspot.records.create('contacts', properties);

/** Writes of the API to a record since a place in the log. */
const writesTo = (crm: 'salesforce' | 'hubspot', recordId: string, after = 0) =>
  crms[crm].writeLog.entries({ by: 'api', recordId, after });

describe('an update', () => {
  test.each([
    ['salesforce', 'Phone', 'Title'],
    ['hubspot', 'phone', 'jobtitle'],
  ] as const)(
    'of %s is planned, approved, written once, read back, told once, and taken back',
    async (crm, phone, title) => {
      const isSalesforce = crm === 'salesforce';
      const id = isSalesforce
        ? contact({ LastName: 'Lee', Phone: '020 1', Title: 'CEO' })
        : person({ lastname: 'Lee', phone: '020 1', jobtitle: 'CEO' });
      const object = isSalesforce ? 'Contact' : 'contacts';
      const ref = isSalesforce ? sf(object, id) : hs(object, id);
      await eventually('the mirror to have it', async () => (await mirrorOf(connector, object)).has(id));
      const { id: changeSet, planHash } = await steps.planned([
        { kind: 'update', record: ref, fields: { [phone]: '+44 20 1', [title]: null } },
      ]);
      const [planned] = await steps.operations(changeSet);
      expect(planned).toMatchObject({
        status: 'planned',
        before: [{ record: ref, fields: { [phone]: '020 1', [title]: 'CEO' } }],
        after: [{ record: ref, fields: { [phone]: '+44 20 1', [title]: null } }],
        undo: { grade: 'full' },
        calls: 3,
      });
      expect(writesTo(crm, id)).toHaveLength(0);
      expect((await steps.step(changeSet, 'apply', { planHash })).status).toBe(409);
      expect((await steps.step(changeSet, 'approve', { planHash })).body).toMatchObject({
        state: 'approved',
        approvedBy: 'user:test',
      });
      expect((await steps.step(changeSet, 'apply', { planHash })).status).toBe(202);
      expect(await steps.settled(changeSet)).toMatchObject({ state: 'applied', progress: { applied: 1 } });
      expect(crms[crm].records.read(object, id)).toMatchObject({ [phone]: '+44 20 1' });
      expect(writesTo(crm, id)).toHaveLength(1);

      const told = (await outboxEvents(database))
        .filter(({ topic, key, sequence }) => topic === topics.recordChanged && key.endsWith(`:${id}`) && sequence > 1)
        .map(({ data }) => (data as RecordChanged).changedFields);
      expect(told).toEqual([expect.arrayContaining([phone, title])]);

      expect(await steps.undone(changeSet)).toMatchObject({ state: 'undone', progress: { undone: 1 } });
      expect(crms[crm].records.read(object, id)).toMatchObject({ [phone]: '020 1', [title]: 'CEO' });
      expect(writesTo(crm, id)).toHaveLength(2);
      const states = (await outboxEvents(database))
        .filter(({ topic, key }) => topic === topics.changeSetChanged && key.endsWith(changeSet))
        .map(({ sequence }) => Number(sequence));
      expect(states).toEqual([1, 2, 3, 4, 5, 6, 7]);
    },
  );

  test('is refused by name when the record changed since the plan, and nothing is written', async () => {
    const id = contact({ LastName: 'Moved', Phone: '1' });
    const other = contact({ LastName: 'Stayed', Phone: '1' });
    const operations = [id, other].map((one) => ({
      kind: 'update',
      record: sf('Contact', one),
      fields: { Phone: '2' },
    }));
    const { id: changeSet, planHash } = await steps.planned(operations);
    crms.salesforce.records.update('Contact', id, { Email: 'moved@example.com' });
    await steps.step(changeSet, 'approve', { planHash });
    await steps.step(changeSet, 'apply', { planHash });
    expect(await steps.settled(changeSet)).toMatchObject({ state: 'partly-applied' });
    const [refused, applied] = await steps.operations(changeSet);
    expect(refused).toMatchObject({
      status: 'refused',
      reason: expect.stringContaining(`${sf('Contact', id)} changed in Email`),
    });
    expect(applied).toMatchObject({ status: 'applied' });
    expect(writesTo('salesforce', id)).toHaveLength(0);
  });

  test('taken back keeps what others changed afterwards, field by field', async () => {
    const id = contact({ LastName: 'Kept', Phone: '1', Title: 'CTO' });
    const { id: changeSet } = await steps.applied([
      { kind: 'update', record: sf('Contact', id), fields: { Phone: '2', Title: 'CEO' } },
    ]);
    crms.salesforce.records.update('Contact', id, { Phone: '3' });
    await steps.undone(changeSet);
    expect(crms.salesforce.records.read('Contact', id)).toMatchObject({ Phone: '3', Title: 'CTO' });
    const [operation] = await steps.operations(changeSet);
    expect(operation?.kept).toEqual([expect.stringContaining('Phone was changed afterwards')]);
  });
});

test('what was written and read back is no news to the looks for changes that follow', async () => {
  const id = contact({ LastName: 'Echo', Phone: '1' });
  const master = person({ lastname: 'Echo', email: 'echo@example.com' });
  const loser = person({ lastname: 'Echo', phone: '1' });
  await eventually('the mirror to have them', async () => (await mirrorOf(connector, 'contacts')).has(loser));
  await steps.applied([
    { kind: 'update', record: sf('Contact', id), fields: { Phone: '2' } },
    { kind: 'merge', master: hs('contacts', master), losers: [hs('contacts', loser)] },
  ]);
  const told = async () =>
    (await outboxEvents(database))
      .filter(
        ({ topic, key }) =>
          topic === topics.recordChanged && [id, master, loser].some((one) => key.endsWith(`:${one}`)),
      )
      .map(({ key, sequence }) => `${key} ${sequence}`);
  const before = await told();
  const later = [contact({ LastName: 'Later' }), person({ lastname: 'Later' })];
  await eventually('later records to be read', async () => {
    const seen = [await mirrorOf(connector, 'Contact'), await mirrorOf(connector, 'contacts')];
    return later.every((one) => seen.some((mirror) => mirror.has(one)));
  });
  expect(await told()).toEqual(before);
});

test('two change sets never write to one record at the same time: the second finds it changed', async () => {
  const id = contact({ LastName: 'Race', Phone: '1' });
  const plans = await Promise.all(
    ['2', '3'].map((phone) => steps.planned([{ kind: 'update', record: sf('Contact', id), fields: { Phone: phone } }])),
  );
  for (const { id: changeSet, planHash } of plans) await steps.step(changeSet, 'approve', { planHash });
  await Promise.all(plans.map(({ id: changeSet, planHash }) => steps.step(changeSet, 'apply', { planHash })));
  const ends = await Promise.all(plans.map((plan) => steps.settled(plan.id)));
  expect(ends.map(({ state }) => state).sort()).toEqual(['applied', 'failed']);
  expect(writesTo('salesforce', id)).toHaveLength(1);
  const refused = ends.find(({ state }) => state === 'failed');
  await steps.step(refused?.id ?? '', 'plan');
  const { planHash } = await steps.settled(refused?.id ?? '');
  await steps.step(refused?.id ?? '', 'approve', { planHash });
  await steps.step(refused?.id ?? '', 'apply', { planHash });
  expect((await steps.settled(refused?.id ?? '')).state).toBe('applied');
});

describe('a draft is refused', () => {
  test.each<[string, (id: string) => unknown[], string]>([
    [
      'for an unknown field',
      (id) => [{ kind: 'update', record: sf('Contact', id), fields: { Nope: '1' } }],
      'no field Nope',
    ],
    [
      'for a field that nobody writes',
      (id) => [{ kind: 'update', record: sf('Contact', id), fields: { CreatedDate: '2026-01-01T00:00:00Z' } }],
      'CreatedDate',
    ],
    [
      'for a text that is too long',
      (id) => [{ kind: 'update', record: sf('Contact', id), fields: { LastName: 'x'.repeat(100) } }],
      'LastName takes 80 characters',
    ],
    [
      'for an unknown record',
      () => [{ kind: 'update', record: sf('Contact', '003000000000000AAA'), fields: { Phone: '1' } }],
      'does not exist',
    ],
    [
      'for an unknown account',
      () => [{ kind: 'update', record: 'sf:00D000000000009AAA:Contact:1', fields: { Phone: '1' } }],
      'no connection',
    ],
    [
      'for two operations on one record',
      (id) => [1, 2].map((n) => ({ kind: 'update', record: sf('Contact', id), fields: { Phone: `${n}` } })),
      'operation 0 already',
    ],
    [
      'for a master among the losers',
      (id) => [{ kind: 'merge', master: sf('Contact', id), losers: [sf('Contact', id)] }],
      'is the master',
    ],
    [
      'for different objects',
      (id) => [{ kind: 'merge', master: sf('Contact', id), losers: [sf('Account', id)] }],
      'is no Contact',
    ],
    ['for what no reference is', () => [{ kind: 'undelete', record: 'nonsense' }], 'is no record'],
  ])('%s', async (_, operations, said) => {
    const id = contact({ LastName: 'Lee' });
    const answer = await steps.draft(operations(id));
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 422, text: expect.stringContaining(said) });
  });

  test('with too many operations', async () => {
    const operations = Array.from({ length: 10_001 }, (_, n) => ({
      kind: 'update',
      record: sf('Contact', String(n)),
      fields: { Phone: '1' },
    }));
    expect((await steps.draft(operations)).status).toBe(400);
  });
});

describe('a merge', () => {
  test('in Salesforce keeps the master; undone, the losers are back with their fields and children', async () => {
    const account = crms.salesforce.records.create('Account', { Name: 'Acme' });
    const master = contact({ LastName: 'Lee', Phone: '1' });
    const losers = ['a', 'b', 'c'].map((name) =>
      contact({ LastName: `Lee ${name}`, Email: `${name}@acme.example`, AccountId: account }),
    );
    const child = crms.salesforce.records.create('Task', { Subject: 'Call', WhoId: losers[0] });
    const { id, state } = await steps.applied([
      {
        kind: 'merge',
        master: sf('Contact', master),
        losers: losers.map((one) => sf('Contact', one)),
        fields: { Email: 'b@acme.example' },
      },
    ]);
    expect({ state, reason: (await steps.operations(id))[0]?.reason }).toEqual({ state: 'applied' });
    expect(crms.salesforce.records.read('Contact', master)).toMatchObject({ LastName: 'Lee', Email: 'b@acme.example' });
    expect(crms.salesforce.records.read('Task', child)).toMatchObject({ WhoId: master });
    const mirror = await mirrorOf(connector, 'Contact');
    expect(losers.map((one) => mirror.get(one))).toEqual(
      losers.map(() => expect.objectContaining({ deleted: true, mergedInto: sf('Contact', master) })),
    );
    const alias = await connector.request<{ livesOnAs: string }>(
      'GET',
      `/v1/records/${sf('Contact', losers[1] as string)}`,
    );
    expect(alias.body.livesOnAs).toBe(sf('Contact', master));

    expect({ shown: await steps.undone(id) }).toMatchObject({ shown: { state: 'undone' } });
    expect(crms.salesforce.records.read('Contact', master)).toMatchObject({ LastName: 'Lee', Phone: '1' });
    expect(crms.salesforce.records.read('Contact', master)?.Email ?? null).toBeNull();
    for (const [at, name] of ['a', 'b', 'c'].entries()) {
      expect(crms.salesforce.records.read('Contact', losers[at] as string)).toMatchObject({
        IsDeleted: false,
        LastName: `Lee ${name}`,
        Email: `${name}@acme.example`,
        AccountId: account,
      });
    }
    expect(crms.salesforce.records.read('Task', child)).toMatchObject({ WhoId: losers[0] });
  });

  test('in HubSpot makes a third record; undone, it is the master again, and the loser is back under a new id', async () => {
    const company = crms.hubspot.records.create('companies', { name: 'Acme' });
    const master = person({ lastname: 'Lee', phone: '1', email: 'lee@acme.example' });
    const loser = person({ lastname: 'Li', jobtitle: 'CEO', email: 'li@acme.example' });
    crms.hubspot.records.associate('contacts', loser, { object: 'companies', id: company });
    const { id, state } = await steps.applied([
      { kind: 'merge', master: hs('contacts', master), losers: [hs('contacts', loser)], fields: { jobtitle: 'CEO' } },
    ]);
    const [operation] = await steps.operations(id);
    expect({ state, reason: operation?.reason }).toEqual({ state: 'applied' });
    expect(operation?.undo?.grade).toBe('new-id');
    const survivor = operation?.survivor?.split(':').at(-1) ?? '';
    expect([master, loser]).not.toContain(survivor);
    expect(crms.hubspot.records.read('contacts', survivor)).toMatchObject({
      lastname: 'Lee',
      jobtitle: 'CEO',
      email: 'lee@acme.example',
    });

    const undone = await steps.undone(id);
    const [after] = await steps.operations(id);
    expect({ state: undone.state, reason: after?.reason, kept: after?.kept }).toEqual({ state: 'undone' });
    const back = after?.recreated?.[hs('contacts', loser)]?.split(':').at(-1) ?? '';
    expect(crms.hubspot.records.read('contacts', survivor)).toMatchObject({
      lastname: 'Lee',
      phone: '1',
      email: 'lee@acme.example',
    });
    expect(crms.hubspot.records.read('contacts', survivor)?.jobtitle ?? null).toBeNull();
    expect(crms.hubspot.records.read('contacts', back)).toMatchObject({
      lastname: 'Li',
      jobtitle: 'CEO',
      email: 'li@acme.example',
    });
    await eventually('the mirror to show the company with the new contact only', async () => {
      const shown = (await mirrorOf(connector, 'contacts')).get(back)?.fields['associations.companies'];
      return JSON.stringify(shown) === JSON.stringify([company]);
    });
    const gone = await connector.request<{ livesOnAs: string }>('GET', `/v1/records/${hs('contacts', loser)}`);
    expect(gone.body.livesOnAs).toBe(hs('contacts', back));
  });
});

test('change sets and operations are listed page by page, each once', async () => {
  const ids = [1, 2, 3].map((n) => contact({ LastName: `Page ${n}` }));
  const { body: drafted } = await steps.draft(
    ids.map((id) => ({ kind: 'update', record: sf('Contact', id), fields: { Phone: '1' } })),
  );
  async function pages(url: string, keyOf: (item: { id: string; index: number }) => unknown): Promise<unknown[]> {
    const keys: unknown[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await connector.request<{ items: { id: string; index: number }[]; nextCursor?: string }>(
        'GET',
        `${url}?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      keys.push(...body.items.map(keyOf));
      if (body.nextCursor === undefined) return keys;
      cursor = body.nextCursor;
    }
  }
  expect(await pages(`/v1/change-sets/${drafted.id}/operations`, ({ index }) => index)).toEqual([0, 1, 2]);
  const listed = await pages('/v1/change-sets', ({ id }) => id);
  expect(listed[0]).toBe(drafted.id);
  expect(new Set(listed).size).toBe(listed.length);
  const [row] = await database.transaction('default', (tx) =>
    tx.query<{ count: string }>('select count(*) from change_set'),
  );
  expect(listed).toHaveLength(Number(row?.count));
});
