import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ChangeKind, ChangeOrigin, ConnectionStatus, SyncRunKind, SyncRunOutcome, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import {
  asText,
  hubspotConnection,
  hubspotSnapshot,
  mirrorOf,
  type SimulatedCrms,
  salesforceConnection,
  salesforceSnapshot,
  startCrms,
} from '../crm-test-bed.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let connector: RunningConnector;
let tenant = 0;
let tenantId = '';

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

beforeEach(async () => {
  tenant += 1;
  tenantId = `t${tenant}`;
  crms = await startCrms();
});

afterEach(async () => {
  await connector.stop();
  await clearSchedule(database);
  await crms.stop();
});

function populate({ salesforce, hubspot }: SimulatedCrms): void {
  const account = salesforce.records.create('Account', {
    Name: 'Acme "Ünïted" \\ Ltd',
    Website: 'https://www.acme.example/shop',
    AnnualRevenue: 12_345_678_901,
  });
  for (let index = 0; index < 23; index += 1) {
    const contact = {
      LastName: `Lee ${index}`,
      FirstName: 'Ann',
      Email: `ann${index}@acme.example`,
      AccountId: account,
    };
    salesforce.records.create('Contact', contact);
  }
  const deleted = salesforce.records.create('Contact', { LastName: 'Gone' });
  salesforce.records.delete('Contact', deleted);
  salesforce.records.create('Opportunity', {
    Name: 'Deal',
    StageName: 'Closed Won',
    CloseDate: '2026-01-31',
    Amount: 99.5,
  });
  salesforce.records.create('Task', { Subject: 'Call', ActivityDate: '2026-02-01', WhatId: account });

  const companies = ['Acme', 'Acme Holding'].map((name) =>
    hubspot.records.create('companies', { name, domain: 'acme.example' }),
  );
  for (let index = 0; index < 230; index += 1) {
    const id = hubspot.records.create('contacts', { lastname: `Lee ${index}`, email: `ann${index}@acme.example` });
    for (const company of companies) hubspot.records.associate('contacts', id, { object: 'companies', id: company });
  }
  const archived = hubspot.records.create('contacts', { lastname: 'Gone' });
  hubspot.records.archive('contacts', archived);
  const deal = hubspot.records.create('deals', {
    dealname: 'Deal',
    amount: '99.50',
    dealstage: 'closedwon',
    pipeline: 'default',
  });
  hubspot.records.associate('deals', deal, { object: 'companies', id: companies[1] ?? '' });
}

const both = (): ReturnType<typeof salesforceConnection>[] => [
  { ...salesforceConnection(crms), tenant: tenantId },
  { ...hubspotConnection(crms), tenant: tenantId },
];

const few = (): ReturnType<typeof salesforceConnection>[] => [
  { ...salesforceConnection(crms, ['Account', 'Contact']), tenant: tenantId },
  { ...hubspotConnection(crms, ['companies', 'contacts']), tenant: tenantId },
];

describe('the first reading', () => {
  test('brings every record of both CRMs into the mirror as it is, and tells of each exactly once', async () => {
    populate(crms);
    connector = await buildTestConnector({ database, connections: both(), settings: { pageRecords: 10 } });
    await connector.start();
    await connected(connector, tenantId);

    for (const object of ['Account', 'Contact', 'Opportunity', 'Task', 'User']) {
      const snapshot = await salesforceSnapshot(crms.salesforce, object);
      const mirror = await mirrorOf(connector, object, tenantId);
      expect([...mirror.keys()].sort()).toEqual([...snapshot.keys()].sort());
      for (const [id, fields] of snapshot) expect(mirror.get(id)?.fields).toEqual(fields);
    }
    for (const object of ['contacts', 'companies', 'deals']) {
      const snapshot = await hubspotSnapshot(crms.hubspot, object);
      const mirror = await mirrorOf(connector, object, tenantId);
      const alive = [...mirror.values()].filter(({ deleted }) => !deleted);
      expect(alive.map(({ recordId }) => recordId).sort()).toEqual([...snapshot.keys()].sort());
      for (const [id, properties] of snapshot) {
        const { 'associations.contacts': _, 'associations.deals': __, ...own } = properties;
        expect(asText(mirror.get(id)?.fields ?? {})).toEqual(object === 'companies' ? own : properties);
      }
    }

    const events = await outboxEvents(database, tenantId);
    const changed = events.filter(({ topic }) => topic === topics.recordChanged);
    const states = events.filter(({ topic }) => topic === topics.recordState);
    const keys = changed.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(states.map(({ key }) => key).sort()).toEqual(keys.sort());
    for (const { sequence, lane, data } of changed) {
      expect(sequence).toBe(1);
      expect(lane).toBe('bulk');
      expect(data).toMatchObject({ origin: ChangeOrigin.BACKFILL, version: 1 });
    }
    const kinds = changed.map(({ data }) => (data as unknown as { kind: ChangeKind }).kind);
    expect(kinds.filter((kind) => kind === ChangeKind.DELETED)).toHaveLength(2);

    const runs = events.filter(({ topic }) => topic === topics.syncRunFinished).map(({ data }) => data);
    const contacts = runs.find((run) => (run as unknown as { object: string } | null)?.object === 'contacts');
    expect(contacts).toMatchObject({
      kind: SyncRunKind.BACKFILL,
      outcome: SyncRunOutcome.SUCCEEDED,
      sequence: 1,
      recordsRead: 231n,
      recordsChanged: 231n,
      recordsSkipped: 0n,
      recordsKnown: 231n,
    });
    const statuses = events.filter(({ topic }) => topic === topics.connectionChanged);
    expect(statuses.map(({ data }) => (data as unknown as { status: ConnectionStatus }).status)).toEqual([
      ConnectionStatus.BACKFILLING,
      ConnectionStatus.BACKFILLING,
      ConnectionStatus.CONNECTED,
      ConnectionStatus.CONNECTED,
    ]);
    // Both accounts are told of before anything is read.
    expect(events.slice(0, 2).map(({ topic }) => topic)).toEqual([topics.connectionChanged, topics.connectionChanged]);
  });

  test('has canonical forms that refer to other records', async () => {
    populate(crms);
    connector = await buildTestConnector({ database, connections: few() });
    await connector.start();
    await connected(connector, tenantId);
    const [contact] = [...(await mirrorOf(connector, 'contacts', tenantId)).values()];
    expect(contact?.canonical).toMatchObject({
      person: { emails: ['ann0@acme.example'], organisation: { object: 'companies' } },
    });
    const [account] = [...(await mirrorOf(connector, 'Account', tenantId)).values()];
    expect(account?.canonical).toMatchObject({
      organisation: { domain: 'acme.example', annualRevenue: '12345678901' },
    });
  });

  test('is not done again by a second start', async () => {
    populate(crms);
    connector = await buildTestConnector({ database, connections: few() });
    await connector.start();
    await connected(connector, tenantId);
    await connector.stop();
    const before = await outboxEvents(database, tenantId);
    const listed = (object: string) =>
      ({
        method: 'GET',
        path: `/objects/${object}\\?.*after`,
        effect: { kind: 'delay', delayMs: 0 },
        times: -1,
      }) as const;
    const fault = crms.hubspot.faults.inject(listed('contacts'));

    connector = await buildTestConnector({ database, connections: few() });
    await connector.start();
    await eventually('a look at every object', async () => {
      const { body } = await connector.request<{ items: { objects: { lastSuccessAt: string }[] }[] }>(
        'GET',
        '/v1/connections',
        { tenantId },
      );
      const last = before.at(-1)?.recordedTime.getTime() ?? 0;
      return body.items.every(({ objects }) =>
        objects.every(({ lastSuccessAt }) => Date.parse(lastSuccessAt) > last + 500),
      );
    });
    expect(await outboxEvents(database, tenantId)).toHaveLength(before.length);
    expect(crms.hubspot.faults.list().find(({ id }) => id === fault)?.hits).toBe(0);
  });

  test('is done again from the beginning when asked for, and changes nothing that is the same', async () => {
    populate(crms);
    connector = await buildTestConnector({ database, connections: few() });
    await connector.start();
    await connected(connector, tenantId);
    const records = async () =>
      (await outboxEvents(database, tenantId)).filter(({ topic }) => topic === topics.recordChanged).length;
    const before = await records();
    const { body } = await connector.request<{ items: { id: string }[] }>('GET', '/v1/connections', { tenantId });
    for (const { id } of body.items) {
      expect((await connector.request('POST', `/v1/connections/${id}/sync?full=true`, { tenantId })).status).toBe(202);
    }
    await eventually('a second full reading of everything', async () => {
      const events = await outboxEvents(database, tenantId);
      const full = events.filter(
        ({ topic, data }) =>
          topic === topics.syncRunFinished && (data as unknown as { kind: SyncRunKind }).kind === SyncRunKind.BACKFILL,
      );
      return full.length === 2 * 4;
    });
    expect(await records()).toBe(before);
  });

  test('works with a JWT bearer grant', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    crms.salesforce.auth.registerCertificate(publicKey.export({ type: 'spki', format: 'pem' }) as string);
    connector = await buildTestConnector({
      database,
      connections: [
        {
          tenant: tenantId,
          system: 'salesforce',
          loginUrl: crms.salesforce.url,
          objects: ['User'],
          credentials: {
            grant: 'jwt-bearer',
            clientId: crms.salesforce.credentials.clientId,
            username: crms.salesforce.credentials.username,
            privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
          },
        },
      ],
    });
    await connector.start();
    await connected(connector, tenantId);
    expect((await mirrorOf(connector, 'User', tenantId)).size).toBe(1);
  });

  test('reads an object whose fields do not fit one request in parts', async () => {
    populate(crms);
    // The list of fields alone is longer than an address may be, so that every page takes several requests.
    connector = await buildTestConnector({
      database,
      connections: [
        { ...salesforceConnection(crms, ['Contact']), tenant: tenantId },
        { ...hubspotConnection(crms, ['contacts']), tenant: tenantId },
      ],
      settings: { pageRecords: 7, fieldListCharacters: 300 },
    });
    await connector.start();
    await connected(connector, tenantId);
    const snapshot = await salesforceSnapshot(crms.salesforce, 'Contact');
    const mirror = await mirrorOf(connector, 'Contact', tenantId);
    expect(mirror.size).toBe(snapshot.size);
    for (const [id, fields] of snapshot) expect(mirror.get(id)?.fields).toEqual(fields);
    const contacts = await mirrorOf(connector, 'contacts', tenantId);
    for (const [id, properties] of await hubspotSnapshot(crms.hubspot, 'contacts')) {
      expect(asText(contacts.get(id)?.fields ?? {})).toEqual(properties);
    }
  });
});
