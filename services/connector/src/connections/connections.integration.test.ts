import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ConnectionStatus, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
  type RunningConnector,
  sealingKey,
} from '../connector-test-bed.ts';
import { hubspotConnection, mirrorOf, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';
import type { DeclaredConnection } from './declared-connections.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let connector: RunningConnector;
let tenant = 0;
let tenantId = '';

interface Shown {
  readonly id: string;
  readonly account: string;
  readonly status: string;
  readonly reason?: string;
  readonly version: number;
  readonly objects: readonly { readonly object: string; readonly backfilled: boolean }[];
}

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
  crms = await startCrms();
});

afterAll(async () => {
  await crms.stop();
  await database.close();
  await server.stop();
});

beforeEach(async () => {
  tenant += 1;
  tenantId = `t${tenant}`;
  connector = await buildTestConnector({ database, settings: { crmAttempts: 1 } });
  await connector.start();
});

afterEach(async () => {
  await connector.stop();
  await clearSchedule(database);
});

const request = <T>(method: 'GET' | 'POST' | 'DELETE', url: string, body?: unknown) =>
  connector.request<T>(method, url, { tenantId, ...(body === undefined ? {} : { body }) });
const create = <T = Shown>(body: unknown) => request<T>('POST', '/v1/connections', body);
const salesforce = (changes: Partial<DeclaredConnection> = {}) => ({
  ...salesforceConnection(crms, ['User']),
  ...changes,
});
const hubspot = (changes: Partial<DeclaredConnection> = {}) => ({ ...hubspotConnection(crms, ['owners']), ...changes });
const statuses = async () =>
  (await outboxEvents(database, tenantId))
    .filter(({ topic }) => topic === topics.connectionChanged)
    .map(({ data, sequence }) => [(data as unknown as { status: ConnectionStatus }).status, sequence]);

describe('connecting an account', () => {
  test('tries the credentials, names the account and begins to read', async () => {
    const answer = await create(salesforce({ name: 'Sales' }));
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      account: `sf:${crms.salesforce.orgId}`,
      system: 'salesforce',
      name: 'Sales',
      status: 'backfilling',
      version: 1,
      settings: { grant: 'client-credentials', loginUrl: crms.salesforce.url },
      objects: [{ object: 'User', backfilled: false, recordsRead: 0 }],
    });
    await connected(connector, tenantId);
    expect(await statuses()).toEqual([
      [ConnectionStatus.BACKFILLING, 1],
      [ConnectionStatus.CONNECTED, 2],
    ]);
    expect((await request<Shown>('GET', `/v1/connections/${answer.body.id}`)).body).toMatchObject({
      status: 'connected',
    });
  });

  test('reads the standard objects that the account has when none are named', async () => {
    crms.salesforce.store.permissions.hideObject('Lead');
    try {
      const { objects: _, ...open } = salesforce();
      const answer = await create(open);
      expect(answer.body.objects.map(({ object }) => object)).toEqual([
        'Account',
        'Case',
        'Contact',
        'Event',
        'Opportunity',
        'Task',
        'User',
      ]);
    } finally {
      crms.salesforce.store.permissions.showAll();
    }
  });

  test('a second time in the same way changes nothing; in another way it changes the connection', async () => {
    const first = await create(salesforce());
    await connected(connector, tenantId);
    const again = await create(salesforce());
    expect(again.body).toMatchObject({ id: first.body.id, version: 2 });
    const more = await create(salesforce({ objects: ['Account', 'User'] }));
    expect(more.body).toMatchObject({ id: first.body.id, version: 3, status: 'backfilling' });
    await connected(connector, tenantId);
  });

  test('gives the same id wherever the account is connected', async () => {
    const { body } = await create(hubspot());
    expect(body.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
    await request('DELETE', `/v1/connections/${body.id}`);
    expect((await create(hubspot())).body.id).toBe(body.id);
  });

  const refused: [string, () => unknown, string, RegExp][] = [
    [
      'wrong client id',
      () => salesforce({ credentials: { grant: 'client-credentials', clientId: 'nobody', clientSecret: 'x' } }),
      '/body/credentials/clientId',
      /consumer key/,
    ],
    [
      'wrong client secret',
      () =>
        salesforce({
          credentials: {
            grant: 'client-credentials',
            clientId: crms.salesforce.credentials.clientId,
            clientSecret: 'wrong',
          },
        }),
      '/body/credentials/clientSecret',
      /consumer secret/,
    ],
    [
      'a private key that is none',
      () => salesforce({ credentials: { grant: 'jwt-bearer', clientId: 'x', username: 'y', privateKey: 'z' } }),
      '/body/credentials/privateKey',
      /RSA key in PEM/,
    ],
    [
      'an address that nobody listens at',
      () => salesforce({ loginUrl: 'http://127.0.0.1:1' }),
      '/body/loginUrl',
      /cannot be reached/,
    ],
    ['an address of something else', () => salesforce({ loginUrl: crms.hubspot.url }), '/body/loginUrl', /address/],
    [
      'a host that is not allowed',
      () => salesforce({ loginUrl: 'https://169.254.169.254/' }),
      '/body/loginUrl',
      /KEMPT_CONNECTOR_ALLOWED_HOSTS/,
    ],
    ['an unknown object', () => salesforce({ objects: ['User', 'Thing__c'] }), '/body/objects', /no object Thing__c/],
    ['an object of another name', () => hubspot({ objects: ['Contact'] }), '/body/objects', /no object Contact/],
    [
      'a wrong token',
      () => hubspot({ credentials: { grant: 'private-app-token', accessToken: 'pat-wrong' } }),
      '/body/credentials/accessToken',
      /token of the private app/,
    ],
    ['HubSpot at an address of something else', () => hubspot({ baseUrl: crms.salesforce.url }), '/body', /HubSpot/],
  ];

  test.each(refused)(
    'with %s is refused, pointing at the field and saying what helps; nothing is stored',
    async (_what, body, pointer, detail) => {
      const answer = await create<Problem>(body());
      expect(answer.status).toBe(422);
      expect(answer.body.errors?.map((error) => error.pointer)).toContain(pointer);
      expect(answer.body.detail).toMatch(detail);
      expect((await request<{ items: unknown[] }>('GET', '/v1/connections')).body.items).toEqual([]);
    },
  );

  test('with missing scopes names them, and every object that is refused', async () => {
    crms.hubspot.auth.setScopes(['oauth', 'crm.objects.owners.read']);
    try {
      const answer = await create<Problem>(hubspot({ objects: ['contacts', 'deals', 'owners'] }));
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toHaveLength(2);
      expect(answer.body.detail).toContain('crm.objects.contacts.read');
      expect(answer.body.detail).toContain('crm.objects.deals.read');
    } finally {
      crms.hubspot.auth.setScopes([
        'oauth',
        ...['contacts', 'companies', 'deals', 'owners'].map((name) => `crm.objects.${name}.read`),
      ]);
    }
  });

  test('while the CRM is down says that it may be tried again', async () => {
    const fault = crms.hubspot.faults.inject({ path: '.*', times: -1, effect: { kind: 'named', name: 'unavailable' } });
    const answer = await create<Problem>(hubspot());
    crms.hubspot.faults.remove(fault);
    expect(answer.status).toBe(503);
    expect(answer.body.code).toBe('crm-unavailable');
  });

  test('with a request that is wrong in itself points at what is missing', async () => {
    const answer = await create<Problem>({ system: 'hubspot', credentials: { grant: 'private-app-token' } });
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([{ pointer: '/body/credentials/accessToken', detail: 'is missing. Add it.' }]);
  });
});

describe('a connection', () => {
  test('is paused, resumed and read on demand', async () => {
    const { id } = (await create(salesforce())).body;
    await connected(connector, tenantId);
    expect((await request<Shown>('POST', `/v1/connections/${id}/pause`)).body.status).toBe('paused');
    const user = crms.salesforce.records.read('User', crms.salesforce.userId);
    crms.salesforce.records.update('User', crms.salesforce.userId, { Title: `Title ${tenantId}` });
    await new Promise((resolve) => setTimeout(resolve, 400));
    const [before] = [...(await mirrorOf(connector, 'User', tenantId)).values()];
    expect(before?.fields.Title).toBe(user?.Title ?? undefined);
    expect((await request<Shown>('POST', `/v1/connections/${id}/resume`)).body.status).toBe('connected');
    await eventually('the change made meanwhile', async () => {
      const [record] = [...(await mirrorOf(connector, 'User', tenantId)).values()];
      return record?.fields.Title === `Title ${tenantId}`;
    });
    expect((await request('POST', `/v1/connections/${id}/sync`)).status).toBe(202);
    expect(await statuses()).toEqual([
      [ConnectionStatus.BACKFILLING, 1],
      [ConnectionStatus.CONNECTED, 2],
      [ConnectionStatus.PAUSED, 3],
      [ConnectionStatus.CONNECTED, 4],
    ]);
  });

  test('that is deleted is gone with its credentials; its records stay, and versions go on when it comes back', async () => {
    const { id, account } = (await create(salesforce())).body;
    await connected(connector, tenantId);
    expect((await request('DELETE', `/v1/connections/${id}`)).status).toBe(204);
    expect((await request('GET', `/v1/connections/${id}`)).status).toBe(404);
    expect((await request('DELETE', `/v1/connections/${id}`)).status).toBe(404);
    const [row] = await database.transaction(tenantId, (tx) =>
      tx.query('select sealed_credentials from connection where account = $1', [account]),
    );
    expect(row).toEqual({ sealed_credentials: null });
    const records = (await mirrorOf(connector, 'User', tenantId)).size;
    expect(records).toBeGreaterThan(0);
    expect((await create(salesforce())).body.version).toBe(4);
    await eventually('it to be read again', async () => {
      const { body } = await request<{ items: { kind: string; status: string }[] }>('GET', '/v1/sync-runs');
      return body.items.filter(({ kind, status }) => kind === 'backfill' && status === 'succeeded').length === 2;
    });
    expect([...(await mirrorOf(connector, 'User', tenantId)).values()].map(({ version }) => version)).toEqual(
      Array.from({ length: records }, () => 1),
    );
  });

  test('is nothing to another tenant, and neither are its records', async () => {
    const { id } = (await create(salesforce())).body;
    await connected(connector, tenantId);
    const [record] = [...(await mirrorOf(connector, 'User', tenantId)).values()];
    const other = { tenantId: 'somebody-else' };
    expect((await connector.request('GET', `/v1/connections/${id}`, other)).status).toBe(404);
    expect((await connector.request('POST', `/v1/connections/${id}/pause`, other)).status).toBe(404);
    expect((await connector.request('DELETE', `/v1/connections/${id}`, other)).status).toBe(404);
    expect(
      (await connector.request('GET', `/v1/records/sf:${crms.salesforce.orgId}:User:${record?.recordId}`, other))
        .status,
    ).toBe(404);
    for (const list of ['connections', 'records', 'sync-runs', 'skipped-records']) {
      expect((await connector.request<{ items: unknown[] }>('GET', `/v1/${list}`, other)).body.items).toEqual([]);
    }
  });

  test('never shows its secrets: not in the API, the log, an event, a metric or the database', async () => {
    const secrets = [crms.salesforce.credentials.clientSecret, crms.hubspot.credentials.privateAppToken, sealingKey];
    const shown: string[] = [];
    shown.push((await create(salesforce())).text, (await create(hubspot())).text);
    shown.push(
      (
        await create(
          salesforce({
            credentials: {
              grant: 'client-credentials',
              clientId: 'x',
              clientSecret: crms.salesforce.credentials.clientSecret,
            },
          }),
        )
      ).text,
    );
    shown.push((await create(hubspot({ objects: ['nothing'] }))).text);
    await connected(connector, tenantId);
    shown.push((await request('GET', '/v1/connections')).text, (await request('GET', '/v1/sync-runs')).text);
    shown.push(connector.logs.join(''), await connector.metrics.registry.metrics());
    for (const { record } of await outboxEvents(database, tenantId)) {
      shown.push(JSON.stringify(record.headers), Buffer.from(record.value ?? []).toString('latin1'));
    }
    for (const table of ['connection', 'sync_run', 'sync_cursor', 'record']) {
      const rows = await database.transaction(tenantId, (tx) => tx.query(`select * from ${table}`));
      shown.push(JSON.stringify(rows));
    }
    expect(connector.logs.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(shown.filter((text) => text.includes(secret))).toEqual([]);
  });
});

describe('declared connections', () => {
  const declare = (connections: DeclaredConnection[]) =>
    buildTestConnector({ database, connections, settings: { crmAttempts: 1 } });

  test('are made at the start, once; a second start does not even ask the CRM', async () => {
    const connections = [salesforce({ tenant: tenantId }), hubspot({ tenant: tenantId })];
    const first = await declare(connections);
    await first.start();
    await connected(first, tenantId);
    await first.stop();
    const down = crms.salesforce.faults.inject({
      path: '.*',
      times: -1,
      effect: { kind: 'named', name: 'unavailable' },
    });
    const second = await declare(connections);
    try {
      await second.start();
      const { body } = await second.request<{ items: Shown[] }>('GET', '/v1/connections', { tenantId });
      expect(body.items.map(({ version }) => version)).toEqual([2, 2]);
    } finally {
      crms.salesforce.faults.remove(down);
      await second.stop();
    }
  });

  test('that are refused end the start, naming the connection and the remedy', async () => {
    const wrong = await declare([salesforce({ tenant: tenantId }), hubspot({ tenant: tenantId, objects: ['things'] })]);
    await expect(wrong.start()).rejects.toThrow(/^connections\[1\]: .*no object things/);
    await wrong.stop();
    // All or none: the one that works is not stored either.
    expect((await request<{ items: unknown[] }>('GET', '/v1/connections')).body.items).toEqual([]);
  });
});
