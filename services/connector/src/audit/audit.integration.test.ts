import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type AuditRecordChanged, timestampDate, topics } from '@kempt/contracts';
import {
  createDefaultLoad,
  type HubSpotSimulator,
  type SalesforceSimulator,
  startHubSpotSimulator,
  startSalesforceSimulator,
} from '@kempt/crm-simulators';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import type { ConnectorConfig } from '../config.ts';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import { hubspotConnection, salesforceConnection } from '../crm-test-bed.ts';
import { askForWatch } from '../watches/watch-store.ts';

const load = { sizes: { contacts: 120, companies: 40, deals: 20, activities: 10 }, realData: false };
const dayMs = 86_400_000;

let server: TestDatabase;
let database: Database;
let crms: { readonly salesforce: SalesforceSimulator; readonly hubspot: HubSpotSimulator };
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
  const loads = createDefaultLoad(load);
  crms = {
    salesforce: await startSalesforceSimulator({ load: loads.salesforce }),
    hubspot: await startHubSpotSimulator({
      load: loads.hubspot,
      searchLagMs: 0,
      limits: { tenSecondly: 100_000, searchPerSecond: 10_000 },
    }),
  };
});

afterEach(async () => {
  await connector.stop();
  await clearSchedule(database);
  await Promise.all([crms.salesforce.stop(), crms.hubspot.stop()]);
});

async function start(settings: Partial<ConnectorConfig['connector']> = {}): Promise<void> {
  connector = await buildTestConnector({
    database,
    connections: [
      { ...salesforceConnection(crms, ['User']), tenant: tenantId },
      { ...hubspotConnection(crms, ['contacts']), tenant: tenantId },
    ],
    settings: { auditIntervalMs: 300, scheduleMs: 20, pollIntervalMs: 60_000, ...settings },
  });
  await connector.start();
  await connected(connector, tenantId);
}

interface Source {
  readonly account: string;
  readonly source: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly records: number;
  readonly triedAt: string;
  readonly lastReadAt?: string;
}

async function sources(): Promise<Source[]> {
  const { body } = await connector.request<{ items: Source[] }>('GET', '/v1/audit/sources', { tenantId });
  return body.items;
}

const sourceCount = 11;

/** Waits until every source was tried after now. */
async function nextReading(): Promise<Source[]> {
  const since = new Date().toISOString();
  return await eventually('every source to be tried', async () => {
    const found = await sources();
    return found.length >= sourceCount && found.every(({ triedAt }) => triedAt > since) && found;
  });
}

type Told = AuditRecordChanged & { readonly at: Date };

async function told(system: 'sf' | 'hs', kind: AuditRecordChanged['kind']['case']): Promise<Told[]> {
  const events = await outboxEvents(database, tenantId);
  return events.flatMap(({ topic, data, time }) => {
    if (topic !== topics.auditRecordChanged) return [];
    const changed = data as unknown as AuditRecordChanged;
    return changed.account.startsWith(`${system}:`) && changed.kind.case === kind ? [{ ...changed, at: time }] : [];
  });
}

/** The newest that was told of each audit record, by id. */
async function known<T>(system: 'sf' | 'hs', kind: AuditRecordChanged['kind']['case']): Promise<Map<string, T>> {
  const found = await told(system, kind);
  return new Map(found.filter(({ removed }) => !removed).map((one) => [one.auditId, one.kind.value as T]));
}

interface User {
  readonly email: string;
  readonly active: boolean;
  readonly roles: string[];
  readonly powers: string[];
  readonly lastLoginAt?: Parameters<typeof timestampDate>[0];
}

interface App {
  readonly name: string;
  readonly userIds: string[];
  readonly useCount: bigint;
  readonly lastUsedAt?: Parameters<typeof timestampDate>[0];
}

type Row = Readonly<Record<string, unknown>>;

/** Rows of a query, asked over plain HTTP. */
async function query(soql: string): Promise<Row[]> {
  const { clientId, clientSecret } = crms.salesforce.credentials;
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  const login = await fetch(`${crms.salesforce.url}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const { access_token: token } = (await login.json()) as { access_token: string };
  const url = `${crms.salesforce.url}/services/data/v62.0/query?q=${encodeURIComponent(soql)}`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return ((await answer.json()) as { records: Row[] }).records;
}

async function portal(path: string): Promise<Row[]> {
  const headers = { authorization: `Bearer ${crms.hubspot.credentials.privateAppToken}` };
  const found: Row[] = [];
  for (let after = ''; ; ) {
    const page = (await (await fetch(`${crms.hubspot.url}${path}?limit=100${after}`, { headers })).json()) as {
      results: Row[];
      paging?: { next: { after: string } };
    };
    found.push(...page.results);
    if (page.paging === undefined) return found;
    after = `&after=${page.paging.next.after}`;
  }
}

const isoOf = (stamp: Parameters<typeof timestampDate>[0] | undefined): string =>
  stamp === undefined ? '' : timestampDate(stamp).toISOString();
const iso = (text: string | null): string => (text === null ? '' : new Date(text).toISOString());

test('an org: users with their powers, log-ins, apps with their use, setup changes, as Salesforce itself shows them', async () => {
  await start();
  await nextReading();
  const users = await known<User>('sf', 'user');
  const rows = await query('SELECT Id, Email, IsActive, LastLoginDate, Profile.Name FROM User');
  expect(users.size).toBe(rows.length);
  const held = await query(
    'SELECT AssigneeId, PermissionSet.PermissionsModifyAllData, PermissionSet.PermissionsManageUsers FROM PermissionSetAssignment',
  );
  for (const row of rows) {
    const user = users.get(row.Id as string);
    const sets = held
      .filter(({ AssigneeId }) => AssigneeId === row.Id)
      .map(({ PermissionSet }) => PermissionSet as Row);
    const has = (name: string) => sets.some((set) => set[name] === true);
    expect([
      user?.email,
      user?.active,
      isoOf(user?.lastLoginAt),
      user?.powers.includes('modify-all-data'),
      user?.powers.includes('manage-users'),
    ]).toEqual([
      row.Email ?? '',
      row.IsActive,
      iso(row.LastLoginDate as string | null),
      has('PermissionsModifyAllData'),
      has('PermissionsManageUsers'),
    ]);
    expect(user?.roles).toContain((row.Profile as { Name: string }).Name);
  }
  expect([...users.values()].filter(({ powers }) => powers.includes('modify-all-data')).length).toBeGreaterThan(2);

  const apps = await known<App>('sf', 'app');
  const tokens = await query('SELECT AppName, UserId, UseCount, LastUsedDate FROM OauthToken');
  expect(tokens.length).toBeGreaterThan(3);
  for (const token of tokens) {
    const app = [...apps.values()].find(({ name }) => name === token.AppName);
    expect([app?.userIds, Number(app?.useCount), isoOf(app?.lastUsedAt)]).toEqual([
      [token.UserId],
      token.UseCount,
      iso(token.LastUsedDate as string | null),
    ]);
  }
  expect((await query('SELECT Name FROM ConnectedApplication')).map(({ Name }) => String(Name)).sort()).toEqual(
    [...apps.values()].map(({ name }) => name).sort(),
  );

  const since = new Date(Date.now() - 89 * dayMs).toISOString();
  const logins = await query(`SELECT Id FROM LoginHistory WHERE LoginTime >= ${since}`);
  const read = await known<object>('sf', 'login');
  expect(logins.length).toBeGreaterThan(10);
  expect(logins.filter(({ Id }) => !read.has(Id as string))).toEqual([]);
  expect((await known<object>('sf', 'setupChange')).size).toBe((await query('SELECT Id FROM SetupAuditTrail')).length);
});

test('a portal: users with their roles and last log-in, what changed, and the apps that made its records', async () => {
  await start();
  await nextReading();
  await nextReading();
  const users = await known<User>('hs', 'user');
  const rows = await portal('/settings/v3/users');
  const logins = await portal('/account-info/v3/activity/login');
  expect(users.size).toBe(rows.length);
  const sinceMs = Date.now() - 180 * dayMs;
  for (const row of rows) {
    const user = users.get(String(row.id));
    const last = logins
      .filter(({ userId, loginSucceeded }) => String(userId) === String(row.id) && loginSucceeded === true)
      .map(({ loginAt }) => Date.parse(loginAt as string))
      .filter((ms) => ms >= sinceMs)
      .reduce((newest, ms) => Math.max(newest, ms), 0);
    expect([user?.email, user?.powers, isoOf(user?.lastLoginAt)]).toEqual([
      row.email,
      row.superAdmin === true ? ['super-admin'] : [],
      last === 0 ? '' : new Date(last).toISOString(),
    ]);
  }
  const changes = await known<{ action: string; display: string; section: string }>('hs', 'setupChange');
  const security = (await portal('/account-info/v3/activity/security')).filter(
    ({ createdAt }) => Date.parse(createdAt as string) >= sinceMs,
  );
  expect([...changes.keys()].filter((id) => id.startsWith('security-'))).toHaveLength(security.length);
  expect([...changes.values()].some(({ display }) => display.includes('@'))).toBe(true);
  const usage = await known<{ calls: bigint; dailyLimit: bigint }>('hs', 'apiUsage');
  expect(Number([...usage.values()][0]?.calls)).toBeGreaterThan(5);
  const apps = [...(await known<App>('hs', 'app')).values()];
  expect(apps.map(({ name }) => name)).toEqual(['Formbridge Web Forms']);
  expect(Number(apps[0]?.useCount)).toBeGreaterThan(0);
  expect(isoOf(apps[0]?.lastUsedAt)).not.toBe('');
});

test('only differences are told, with the next version; what vanished is removed, and told again when it comes back', async () => {
  await start();
  await nextReading();
  await nextReading();
  for (const [system, kind] of [
    ['sf', 'user'],
    ['sf', 'login'],
    ['sf', 'app'],
    ['sf', 'setupChange'],
    ['hs', 'login'],
    ['hs', 'setupChange'],
    ['hs', 'app'],
  ] as const) {
    const all = await told(system, kind);
    expect([kind, new Set(all.map(({ auditId }) => auditId)).size]).toEqual([kind, all.length]);
  }
  const [user] = await query("SELECT Id FROM User WHERE IsActive = true AND Email LIKE '%@%' LIMIT 1");
  const userId = String(user?.Id);
  crms.salesforce.records.update('User', userId, { IsActive: false });
  const changed = await eventually('the change', async () =>
    (await told('sf', 'user')).find(({ auditId, version }) => auditId === userId && version === 2),
  );
  expect([(changed.kind.value as User).active, changed.removed]).toEqual([false, false]);

  const object = [...crms.salesforce.store.allObjects()].find(({ name }) => name === 'ConnectedApplication');
  const tokens = [...crms.salesforce.store.allObjects()].find(({ name }) => name === 'OauthToken');
  if (object === undefined || tokens === undefined) throw new Error('the org has no apps');
  const table = crms.salesforce.store.table(object);
  const [app] = table.inIdOrder();
  if (app === undefined) throw new Error('the org has no app');
  const name = [...(await known<App>('sf', 'app'))].find(([id]) => id === app.id)?.[1].name;
  for (const token of crms.salesforce.store.table(tokens).inIdOrder()) {
    if (token.values.includes(name ?? '')) crms.salesforce.store.table(tokens).remove(token);
  }
  table.remove(app);
  const gone = await eventually('the removal', async () =>
    (await told('sf', 'app')).find(({ auditId, removed }) => auditId === app.id && removed),
  );
  expect((gone.kind.value as App).name).toBe(name);
  table.insert(app);
  const back = await eventually('the return', async () =>
    (await told('sf', 'app')).find(({ auditId, version }) => auditId === app.id && version === gone.version + 1),
  );
  expect(back.removed).toBe(false);
});

test('calls of the API are told by day and app, those of Kempt among them', async () => {
  await start({ auditIntervalMs: 3_600_000 });
  await eventually('the first reading', async () => (await sources()).length >= sourceCount);
  crms.salesforce.advanceClock(dayMs);
  const since = new Date().toISOString();
  await database.transaction(tenantId, (tx) => askForWatch(tx, 'audit', 'a run'));
  await eventually('the second reading', async () => (await sources()).every(({ triedAt }) => triedAt > since));
  const usage = [...(await known<{ appName: string; day: string; calls: bigint }>('sf', 'apiUsage')).values()];
  const yesterday = new Date(Date.now()).toISOString().slice(0, 10);
  const ofDay = usage.filter(({ day }) => day === yesterday);
  const byName = Object.fromEntries(ofDay.map(({ appName, calls }) => [appName, Number(calls)]));
  expect(byName).toMatchObject({ 'Ledgerline ERP Sync': 380, 'Postbox Mail Connector': 240, 'python-report': 30 });
  const own = ofDay.filter(({ appName }) => /kempt/i.test(appName));
  expect(own.reduce((sum, { calls }) => sum + Number(calls), 0)).toBeGreaterThan(3);
});

test('a source that the account does not offer is left out with the reason; the others are read', async () => {
  const { salesforce, hubspot } = crms;
  salesforce.faults.inject({
    path: 'FROM%20LoginHistory',
    times: -1,
    effect: {
      kind: 'reply',
      status: 400,
      headers: { 'Content-Type': 'application/json' },
      body: '[{"errorCode":"INVALID_TYPE","message":"sObject type \'LoginHistory\' is not supported."}]',
    },
  });
  hubspot.faults.inject({ path: 'audit-logs', times: -1, effect: { kind: 'named', name: 'missing-scopes' } });
  salesforce.faults.inject({ path: 'SetupAuditTrail', times: -1, effect: { kind: 'named', name: 'unavailable' } });
  await start({ crmAttempts: 1 });
  const found = await eventually('every source to be tried', async () => {
    const all = await sources();
    return all.length >= sourceCount && all;
  });
  const outcome = (system: string, source: string) =>
    found.find((one) => one.account.startsWith(system) && one.source === source);
  expect(outcome('sf', 'log-ins')).toMatchObject({ outcome: 'not-available' });
  expect(outcome('sf', 'log-ins')?.reason).toContain('LoginHistory');
  expect(outcome('hs', 'audit-log')).toMatchObject({ outcome: 'not-available' });
  expect(outcome('hs', 'audit-log')?.reason).toMatch(/scope/i);
  expect(outcome('sf', 'setup-changes')).toMatchObject({ outcome: 'failed' });
  const rest = found.filter(
    ({ source, account }) =>
      !['log-ins', 'audit-log', 'setup-changes'].includes(source) || (account.startsWith('hs') && source === 'log-ins'),
  );
  expect(rest.map(({ outcome: result }) => result)).toEqual(rest.map(() => 'read'));
  salesforce.faults.clear();
  await eventually('the source that failed', async () =>
    (await sources()).some(({ source, outcome: result }) => source === 'setup-changes' && result === 'read'),
  );
  expect(await connector.metrics.registry.metrics()).toMatch(
    /kempt_audit_readings_total{system="salesforce",source="log-ins",outcome="not-available"[^}]*} [1-9]/,
  );
});

test('with the data of a connection everything that was read of its people and apps is deleted', async () => {
  await start();
  await nextReading();
  const { body } = await connector.request<{ items: { id: string; system: string; account: string }[] }>(
    'GET',
    '/v1/connections',
    { tenantId },
  );
  const hubspot = body.items.find(({ system }) => system === 'hubspot');
  await connector.request('DELETE', `/v1/connections/${hubspot?.id}?data=delete`, { tenantId });
  const rowsOf = (account: string | undefined) =>
    database.transaction(tenantId, (tx) =>
      tx.query(
        'select 1 from audit_record where account = $1 union all select 1 from audit_source where account = $1',
        [account],
      ),
    );
  await eventually('the audit records to be gone', async () => (await rowsOf(hubspot?.account)).length === 0);
  const other = body.items.find(({ system }) => system === 'salesforce');
  expect((await rowsOf(other?.account)).length).toBeGreaterThan(10);
});
