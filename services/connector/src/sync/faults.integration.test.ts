import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ConnectionStatus, SyncRunOutcome, topics } from '@kempt/contracts';
import type { Fault } from '@kempt/crm-simulators';
import { type Database, DatabaseError, startTestDatabase, type TestDatabase, type Transaction } from '@kempt/postgres';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import { hubspotConnection, mirrorOf, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';

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
  for (let index = 0; index < 12; index += 1) {
    crms.salesforce.records.create('Contact', { LastName: `Lee ${index}` });
    crms.hubspot.records.create('contacts', { lastname: `Lee ${index}` });
  }
});

afterEach(async () => {
  await connector.stop();
  await clearSchedule(database);
  await crms.stop();
});

const settings = { pageRecords: 4, crmTimeoutMs: 800 };

async function start(options: { readonly database?: Database; readonly objects?: string[] } = {}): Promise<void> {
  connector = await buildTestConnector({
    database: options.database ?? database,
    connections: [
      { ...salesforceConnection(crms, options.objects ?? ['Contact']), tenant: tenantId },
      { ...hubspotConnection(crms, ['contacts']), tenant: tenantId },
    ],
    settings,
  });
  await connector.start();
}

interface Shown {
  readonly system: string;
  readonly status: string;
  readonly reason?: string;
  readonly reasonCode?: string;
  readonly objects: readonly { readonly object: string; readonly failures: number }[];
}

const connectionOf = async (system: string): Promise<Shown | undefined> =>
  (await connector.request<{ items: Shown[] }>('GET', '/v1/connections', { tenantId })).body.items.find(
    (one) => one.system === system,
  );

const told = async (topic: (typeof topics)[keyof typeof topics]) =>
  (await outboxEvents(database, tenantId)).filter((event) => event.topic === topic);

async function expectWhole(): Promise<void> {
  expect((await mirrorOf(connector, 'Contact', tenantId)).size).toBe(12);
  expect((await mirrorOf(connector, 'contacts', tenantId)).size).toBe(12);
  const changed = await told(topics.recordChanged);
  expect(changed).toHaveLength(24);
  expect(changed.every(({ sequence }) => sequence === 1)).toBe(true);
}

const everyPage = 'ORDER%20BY%20Id%20LIMIT|/objects/contacts\\?';

const passing: readonly [string, Fault['effect'], Fault['effect']][] = [
  ['the service is unavailable', { kind: 'named', name: 'unavailable' }, { kind: 'named', name: 'unavailable' }],
  [
    'there are too many requests',
    { kind: 'named', name: 'concurrent-limit' },
    { kind: 'named', name: 'secondly-limit' },
  ],
  [
    'a proxy answers with a page',
    { kind: 'named', name: 'maintenance-html' },
    { kind: 'named', name: 'bad-gateway-html' },
  ],
  [
    'a page comes with status 200',
    { kind: 'named', name: 'html-ok' },
    { kind: 'reply', status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html></html>' },
  ],
  ['the body breaks off', { kind: 'truncate' }, { kind: 'truncate' }],
  ['the JSON breaks off', { kind: 'cut-json' }, { kind: 'cut-json' }],
  ['the connection breaks', { kind: 'disconnect' }, { kind: 'disconnect' }],
  ['no answer comes', { kind: 'stall' }, { kind: 'stall' }],
  ['the service fails', { kind: 'named', name: 'unknown' }, { kind: 'named', name: 'no-content-type' }],
];

describe('a reading goes on by itself and to its end', () => {
  test.each(passing)('when %s', async (_what, salesforce, hubspot) => {
    crms.salesforce.faults.inject({ path: everyPage, skip: 1, times: 2, effect: salesforce });
    crms.hubspot.faults.inject({ path: everyPage, skip: 2, times: 2, effect: hubspot });
    await start();
    await connected(connector, tenantId);
    await expectWhole();
    expect(crms.salesforce.faults.list()[0]?.hits).toBe(2);
    expect(crms.hubspot.faults.list()[0]?.hits).toBe(2);
  });

  test('when the session ends in the middle, with one new login', async () => {
    crms.salesforce.faults.inject({
      path: everyPage,
      skip: 1,
      times: 1,
      effect: { kind: 'named', name: 'session-expired' },
    });
    await start();
    await connected(connector, tenantId);
    await expectWhole();
    expect(crms.salesforce.auth.issuedTokens().client_credentials).toBe(3);
  });
});

describe('credentials that are refused later', () => {
  test('make the connection fail with the reason, which is told; it works again by itself when they are accepted', async () => {
    await start();
    await connected(connector, tenantId);
    const refuse = crms.salesforce.faults.inject({
      path: '/services/oauth2/token',
      times: -1,
      effect: {
        kind: 'reply',
        status: 400,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ error: 'invalid_client', error_description: 'invalid client credentials' }),
      },
    });
    crms.salesforce.auth.expireSessions();
    const failing = await eventually('the connection to fail', async () => {
      const found = await connectionOf('salesforce');
      return found?.status === 'failing' ? found : undefined;
    });
    expect(failing).toMatchObject({ reasonCode: 'crm-auth' });
    expect(failing.reason).toContain('consumer secret');
    expect((await connectionOf('hubspot'))?.status).toBe('connected');
    const runs = (await told(topics.syncRunFinished)).map(
      ({ data }) => data as unknown as { outcome: SyncRunOutcome; reason: string },
    );
    expect(runs.filter(({ outcome }) => outcome === SyncRunOutcome.FAILED)[0]?.reason).toContain(
      'invalid client credentials',
    );

    crms.salesforce.faults.remove(refuse);
    const id = crms.salesforce.records.create('Contact', { LastName: 'Late' });
    await connected(connector, tenantId);
    await eventually('the change made meanwhile', async () => (await mirrorOf(connector, 'Contact', tenantId)).has(id));
    const changes = (await told(topics.connectionChanged))
      .filter(({ key }) => key.includes(':sf:'))
      .map(({ data }) => data as unknown as { status: ConnectionStatus; reason: string });
    expect(changes.map(({ reason }) => reason)).toEqual(['', '', failing.reason, '']);
    expect(changes.map(({ status }) => status)).toEqual([
      ConnectionStatus.BACKFILLING,
      ConnectionStatus.CONNECTED,
      ConnectionStatus.FAILING,
      ConnectionStatus.CONNECTED,
    ]);
  });

  test('that a session is refused straight after the login ends the run instead of turning in a circle', async () => {
    await start();
    await connected(connector, tenantId);
    const before = crms.salesforce.auth.issuedTokens().client_credentials ?? 0;
    crms.salesforce.faults.inject({ path: '/queryAll', times: 4, effect: { kind: 'named', name: 'session-expired' } });
    await eventually('the connection to fail', async () => (await connectionOf('salesforce'))?.status === 'failing');
    await connected(connector, tenantId);
    expect((crms.salesforce.auth.issuedTokens().client_credentials ?? 0) - before).toBeLessThanOrEqual(4);
  });
});

describe('an account that does not answer for long', () => {
  test('fails after some tries, and works again by itself', async () => {
    await start();
    await connected(connector, tenantId);
    const down = crms.hubspot.faults.inject({
      path: '.*',
      times: -1,
      effect: { kind: 'named', name: 'internal-error' },
    });
    const failing = await eventually('the connection to fail', async () => {
      const found = await connectionOf('hubspot');
      return found?.status === 'failing' ? found : undefined;
    });
    expect(failing.objects[0]?.failures).toBeGreaterThanOrEqual(3);
    crms.hubspot.faults.remove(down);
    await connected(connector, tenantId);
  });

  test('because the allowance of the day is used up is left alone, and not called failing', async () => {
    await start();
    await connected(connector, tenantId);
    crms.salesforce.faults.inject({ path: '/queryAll', times: 2, effect: { kind: 'named', name: 'daily-limit' } });
    await eventually('the failure to be noted', async () =>
      (await connectionOf('salesforce'))?.objects.some(({ failures }) => failures > 0),
    );
    expect((await connectionOf('salesforce'))?.status).toBe('connected');
    await eventually('it to go on', async () =>
      (await connectionOf('salesforce'))?.objects.every(({ failures }) => failures === 0),
    );
  });
});

describe('an object that cannot be read any more', () => {
  test('fails by its name while the others go on, and goes on when it is there again', async () => {
    await start({ objects: ['Account', 'Contact'] });
    await connected(connector, tenantId);
    crms.salesforce.store.permissions.hideObject('Contact');
    const run = await eventually('a failed run', async () => {
      const { body } = await connector.request<{ items: { status: string; reason?: string }[] }>(
        'GET',
        '/v1/sync-runs?object=Contact',
        { tenantId },
      );
      return body.items.find(({ status, reason }) => status === 'failed' && reason?.includes('no object Contact'));
    });
    expect(run.reason).toContain('permissions of the user');
    const account = crms.salesforce.records.create('Account', { Name: 'Acme' });
    await eventually('the other object', async () => (await mirrorOf(connector, 'Account', tenantId)).has(account));
    crms.salesforce.store.permissions.showAll();
    const id = crms.salesforce.records.create('Contact', { LastName: 'Late' });
    await eventually('the change made meanwhile', async () => (await mirrorOf(connector, 'Contact', tenantId)).has(id));
  });

  test('of which a field is hidden is read again without it', async () => {
    await start();
    await connected(connector, tenantId);
    crms.salesforce.store.permissions.hideField('Contact', 'FirstName');
    crms.salesforce.store.permissions.hideField('Contact', 'LastName');
    await eventually('the field to be gone', async () => {
      const mirror = await mirrorOf(connector, 'Contact', tenantId);
      return (
        mirror.size === 12 &&
        [...mirror.values()].every(({ fields, version }) => fields.LastName === undefined && version === 2)
      );
    });
  });
});

describe('records that are malformed', () => {
  test('are skipped with their reason while the reading goes on, and forgotten once they can be read', async () => {
    const stamp = new Date().toISOString();
    const results = [
      null,
      { properties: { lastmodifieddate: stamp } },
      { id: '77', properties: { lastname: 'No stamp' } },
      { id: '78', properties: { lastmodifieddate: stamp, lastname: { secret: 'value' } } },
      { id: '79', properties: { lastmodifieddate: stamp, lastname: 'Fine' } },
    ];
    const body = JSON.stringify({ results, paging: { next: { after: '100' } } });
    crms.hubspot.faults.inject({
      path: 'archived=false&properties',
      effect: { kind: 'reply', status: 200, headers: { 'Content-Type': 'application/json' }, body },
    });
    await start();
    await connected(connector, tenantId);
    const mirror = await mirrorOf(connector, 'contacts', tenantId);
    expect(mirror.size).toBe(13);
    expect(mirror.get('79')?.fields.lastname).toBe('Fine');
    const skipped = (
      await connector.request<{ items: { recordId: string; reason: string }[] }>('GET', '/v1/skipped-records', {
        tenantId,
      })
    ).body.items;
    expect(skipped.map(({ recordId, reason }) => [recordId, reason])).toEqual([
      ['', 'missing-id'],
      ['', 'not-a-record'],
      ['77', 'missing-stamp'],
      ['78', 'unexpected-value'],
    ]);
    expect(JSON.stringify(skipped)).not.toContain('secret');
    const [run] = (await told(topics.syncRunFinished)).filter(({ key }) => key.includes(':hs:'));
    expect(run?.data).toMatchObject({ outcome: SyncRunOutcome.SUCCEEDED, recordsSkipped: 4n, recordsRead: 17n });
    expect(await connector.metrics.registry.metrics()).toMatch(
      /kempt_records_skipped_total\{[^}]*reason="missing-stamp"[^}]*\} 1/,
    );
  });
});

/** A database whose transactions fail while told to. */
function failing(living: Database, error: () => DatabaseError | null): Database {
  const guard = (tx: Transaction): Transaction => ({
    ...tx,
    execute: (sql, parameters) => {
      const failure = sql.startsWith('insert into record') ? error() : null;
      return failure === null ? tx.execute(sql, parameters) : Promise.reject(failure);
    },
  });
  return {
    ...living,
    transaction: (tenant, work, options) => living.transaction(tenant, (tx) => work(guard(tx)), options),
  };
}

describe('our own database', () => {
  test.each([
    [
      'is full',
      () =>
        new DatabaseError('The disk of Postgres is full: free or add space.', {
          code: 'disk-full',
          retriable: true,
          sqlState: '53100',
        }),
    ],
    [
      'is away',
      () => new DatabaseError('The connection to Postgres was lost.', { code: 'connection-lost', retriable: true }),
    ],
  ])('%s: the run fails clearly and goes on later, with nothing lost', async (_what, makeError) => {
    let isBroken = true;
    await start({ database: failing(database, () => (isBroken ? makeError() : null)) });
    await eventually('the failure to be logged', async () =>
      connector.logs.some((line) => line.includes(makeError().message)),
    );
    expect((await told(topics.recordChanged)).length).toBe(0);
    isBroken = false;
    await connected(connector, tenantId);
    await expectWhole();
  });
});
