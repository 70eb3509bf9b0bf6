import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ChangeKind, ChangeOrigin, topics } from '@kempt/contracts';
import { hubSpotPortalId } from '@kempt/crm-simulators';
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
import { hubspotConnection, mirrorOf, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';

const publicWebhookUrl = 'https://kempt.example.com/v1/webhooks/hubspot';
const webhookSecret = 'a secret of the app';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let connector: RunningConnector;
let connectionId = '';
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

/** Starts a connector that looks for changes so seldom that what arrives came by a webhook. */
async function start(settings: object = {}): Promise<void> {
  const hubspot = hubspotConnection(crms, ['companies', 'contacts']);
  connector = await buildTestConnector({
    database,
    connections: [
      { ...hubspot, tenant: tenantId, credentials: { ...hubspot.credentials, webhookSecret } },
      { ...salesforceConnection(crms, ['Contact']), tenant: tenantId },
    ],
    settings: {
      publicWebhookUrl,
      pollIntervalMs: 3_600_000,
      deletedIntervalMs: 3_600_000,
      scheduleMs: 20,
      ...settings,
    },
  });
  await connector.start();
  await connected(connector, tenantId);
  connectionId = await idOf('hubspot');
}

async function idOf(system: string): Promise<string> {
  const { body } = await connector.request<{ items: { id: string; system: string }[] }>('GET', '/v1/connections', {
    tenantId,
  });
  return body.items.find((one) => one.system === system)?.id ?? '';
}

let eventId = 0;
const event = (subscriptionType: string, more: object) => ({
  eventId: ++eventId,
  subscriptionId: 1,
  portalId: hubSpotPortalId,
  appId: 3,
  occurredAt: Date.now(),
  subscriptionType,
  attemptNumber: 0,
  ...more,
});

interface Call {
  readonly body?: string;
  readonly secret?: string;
  readonly url?: string;
  readonly sentMs?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly tenantId?: string;
  readonly query?: string;
}

async function call(events: readonly unknown[], given: Call = {}) {
  const body = given.body ?? JSON.stringify(events);
  const timestamp = String(given.sentMs ?? Date.now());
  const url = given.url ?? `${publicWebhookUrl}/${connectionId}`;
  const signature = createHmac('sha256', given.secret ?? webhookSecret)
    .update(`POST${url}${body}${timestamp}`)
    .digest('base64');
  const headers = {
    'x-tenant': given.tenantId ?? tenantId,
    'content-type': 'application/json',
    'x-kempt-connection-id': connectionId,
    'x-hubspot-signature-v3': signature,
    'x-hubspot-request-timestamp': timestamp,
    ...given.headers,
  };
  const answer = await connector.http.inject({
    method: 'POST',
    url: `/v1/webhooks/hubspot${given.query ?? ''}`,
    headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)),
    payload: body,
  });
  return { status: answer.statusCode, code: answer.body === '' ? '' : (answer.json() as { code: string }).code };
}

const contacts = () => mirrorOf(connector, 'contacts', tenantId);

/** Changes that were told of a record, without its first reading. */
async function told(recordId: string) {
  const events = await outboxEvents(database, tenantId);
  return events.flatMap(({ topic, key, data }) => {
    if (topic !== topics.recordChanged || !key.endsWith(`:${recordId}`)) return [];
    const { kind, origin } = data as unknown as { kind: ChangeKind; origin: ChangeOrigin };
    return [{ kind, origin }];
  });
}

test('what a webhook names is in the mirror within moments: new, changed, archived and restored records', async () => {
  await start();
  const id = crms.hubspot.records.create('contacts', { lastname: 'Lee' });
  expect(await call([event('contact.creation', { objectId: Number(id) })])).toEqual({ status: 204, code: '' });
  await eventually('the new record', async () => (await contacts()).get(id)?.fields.lastname === 'Lee');
  crms.hubspot.records.update('contacts', id, { lastname: 'Moore' });
  await call([
    event('contact.propertyChange', { objectId: Number(id), propertyName: 'lastname', propertyValue: 'Moore' }),
  ]);
  await eventually('the changed record', async () => (await contacts()).get(id)?.fields.lastname === 'Moore');
  crms.hubspot.records.archive('contacts', id);
  await call([event('contact.deletion', { objectId: Number(id) })]);
  await eventually('the archived record', async () => (await contacts()).get(id)?.deleted);
  crms.hubspot.records.restore('contacts', id);
  await call([event('contact.restore', { objectId: Number(id) })]);
  await eventually('the restored record', async () => (await contacts()).get(id)?.deleted === false);
  const origin = ChangeOrigin.WEBHOOK;
  expect(await told(id)).toEqual([
    { kind: ChangeKind.CREATED, origin },
    { kind: ChangeKind.UPDATED, origin },
    { kind: ChangeKind.DELETED, origin },
    { kind: ChangeKind.RESTORED, origin },
  ]);
  const metrics = await connector.metrics.registry.metrics();
  expect(metrics).toMatch(/kempt_webhook_notices_total{outcome="taken"[^}]*} 4/);
  expect(metrics).toMatch(/kempt_webhook_delay_seconds_count[^}]*} 4/);
});

test('a merge brings the new record, and both that went into it are told as merged', async () => {
  const [one, other] = [
    crms.hubspot.records.create('contacts', { lastname: 'Lee', email: 'lee@example.com' }),
    crms.hubspot.records.create('contacts', { lastname: 'Leigh', email: 'leigh@example.com' }),
  ];
  await start();
  const survivor = crms.hubspot.records.merge('contacts', one, other);
  const merge = { primaryObjectId: Number(one), mergedObjectIds: [Number(other)], newObjectId: Number(survivor) };
  await call([event('contact.merge', { ...merge, numberOfPropertiesMoved: 1 })]);
  await eventually('the survivor', async () => (await contacts()).has(survivor));
  const found = await contacts();
  const survivorRef = `hs:${hubSpotPortalId}:contacts:${survivor}`;
  expect([found.get(one)?.mergedInto, found.get(other)?.mergedInto]).toEqual([survivorRef, survivorRef]);
  expect(await told(other)).toEqual([
    { kind: ChangeKind.CREATED, origin: ChangeOrigin.BACKFILL },
    { kind: ChangeKind.MERGED, origin: ChangeOrigin.WEBHOOK },
  ]);
});

test('a record that was erased for good is deleted in the mirror when the webhook says so, and not when it does not', async () => {
  const id = crms.hubspot.records.create('contacts', { lastname: 'Lee' });
  await start();
  // HubSpot shows no trace of an erased record; reading it finds nothing, among living and archived ones.
  crms.hubspot.faults.inject({
    path: '/batch/read',
    times: -1,
    effect: {
      kind: 'reply',
      status: 207,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ status: 'COMPLETE', results: [], errors: [], numErrors: 1 }),
    },
  });
  await call([event('contact.propertyChange', { objectId: Number(id) })]);
  await eventually('the notice to be done', noNotices);
  expect((await contacts()).get(id)?.deleted).toBe(false);
  await call([event('contact.privacyDeletion', { objectId: Number(id) })]);
  await eventually('the deletion', async () => (await contacts()).get(id)?.deleted);
});

async function noNotices(): Promise<boolean> {
  const rows = await database.systemTransaction((tx) => tx.query('select 1 from webhook_notice limit 1'));
  return rows.length === 0;
}

test('the same call twice, in disorder and many times at once changes a record once', async () => {
  await start();
  const ids = Array.from({ length: 150 }, (_, index) =>
    crms.hubspot.records.create('contacts', { lastname: `Lee ${index}` }),
  );
  const events = ids.map((id) => event('contact.creation', { objectId: Number(id) }));
  const calls = [events.slice(0, 100), events.slice(50), events.slice(0, 100).reverse()];
  const answers = await Promise.all(calls.map((part) => call(part)));
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
  await eventually('every record', async () => (await contacts()).size === 150);
  await eventually('the notices to be done', noNotices);
  const changes = (await outboxEvents(database, tenantId)).filter(({ topic }) => topic === topics.recordChanged);
  expect(changes).toHaveLength(150);
  const { body } = await connector.request<{
    items: { id: string; objects: { object: string; recordsRead: number }[] }[];
  }>('GET', '/v1/connections', { tenantId });
  const shown = body.items.find(({ id }) => id === connectionId)?.objects.find(({ object }) => object === 'contacts');
  expect(shown?.recordsRead).toBe(150);
});

test('what a webhook told while the CRM was away is read when it is back', async () => {
  await start();
  const id = crms.hubspot.records.create('contacts', { lastname: 'Lee' });
  crms.hubspot.faults.inject({ path: '.', times: -1, effect: { kind: 'disconnect' } });
  expect((await call([event('contact.creation', { objectId: Number(id) })])).status).toBe(204);
  await eventually('a failure', async () => connector.logs.some((line) => line.includes('noticed records cannot be')));
  expect(await noNotices()).toBe(false);
  crms.hubspot.faults.clear();
  await eventually('the record', async () => (await contacts()).has(id), 40_000);
});

test('notices taken in by an instance that ended are read by another one', async () => {
  await start();
  await connector.stop();
  const id = crms.hubspot.records.create('contacts', { lastname: 'Lee' });
  await database.transaction(tenantId, (tx) =>
    tx.execute(
      `insert into webhook_notice (tenant_id, account, object, record_id, deleted, occurred_at, last_at)
       values ($1, $2, 'contacts', $3, false, now(), now())`,
      [tenantId, `hs:${hubSpotPortalId}`, id],
    ),
  );
  await start();
  await eventually('the record', async () => (await contacts()).has(id));
});

describe('a call', () => {
  beforeEach(() => start());
  const creation = () => event('contact.creation', { objectId: 7 });

  test('is refused under a wrong signature, without one, or when it is old', async () => {
    expect(await call([creation()], { secret: 'another' })).toEqual({ status: 401, code: 'signature-wrong' });
    expect(await call([creation()], { url: 'https://other.example.com/hook' })).toEqual({
      status: 401,
      code: 'signature-wrong',
    });
    const unsigned = { headers: { 'x-hubspot-signature-v3': undefined } };
    expect(await call([creation()], unsigned)).toEqual({ status: 401, code: 'signature-missing' });
    const old = { sentMs: Date.now() - 301_000 };
    expect(await call([creation()], old)).toEqual({ status: 401, code: 'signature-stale' });
    expect(await noNotices()).toBe(true);
  });

  test('is refused for a connection that is unknown, of another tenant, of Salesforce, or not named', async () => {
    const unknown = { headers: { 'x-kempt-connection-id': '00000000-0000-5000-8000-000000000000' } };
    expect(await call([creation()], unknown)).toEqual({ status: 404, code: 'not-found' });
    expect(await call([creation()], { tenantId: 'another' })).toEqual({ status: 404, code: 'not-found' });
    const salesforce = { headers: { 'x-kempt-connection-id': await idOf('salesforce') } };
    expect(await call([creation()], salesforce)).toEqual({ status: 404, code: 'not-found' });
    const unnamed = { headers: { 'x-kempt-connection-id': undefined } };
    expect(await call([creation()], unnamed)).toEqual({ status: 400, code: 'connection-missing' });
    expect(await call([creation()], { ...unnamed, query: `?connection=${connectionId}` })).toMatchObject({
      status: 204,
    });
  });

  test('is refused when it is too large, no JSON or no list, and only after its signature was checked', async () => {
    expect((await call([], { body: `["${'x'.repeat(1_048_577)}"]` })).status).toBe(413);
    expect(await call([], { body: '[{' })).toEqual({ status: 400, code: 'malformed-body' });
    expect(await call([], { body: '{"eventId":1}' })).toEqual({ status: 400, code: 'malformed-body' });
    expect(await call([], { body: '[{', secret: 'another' })).toEqual({ status: 401, code: 'signature-wrong' });
  });

  test('is taken as bytes, whatever its content type says', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined]) {
      expect(await call([creation()], { headers: { 'content-type': type } })).toMatchObject({ status: 204 });
    }
  });

  test('of another portal or of objects that are not read leaves nothing to do', async () => {
    const events = [event('deal.creation', { objectId: 7 }), event('contact.creation', { objectId: 7, portalId: 1 })];
    expect(await call(events)).toMatchObject({ status: 204 });
    expect(await noNotices()).toBe(true);
    expect(await connector.metrics.registry.metrics()).toMatch(/kempt_webhook_notices_total{outcome="ignored"[^}]*} 2/);
  });

  test('for a paused connection is taken and leaves nothing to do', async () => {
    await connector.request('POST', `/v1/connections/${connectionId}/pause`, { tenantId });
    expect(await call([creation()])).toMatchObject({ status: 204 });
    expect(await noNotices()).toBe(true);
  });
});

test('a connection without a secret refuses calls and names the remedy', async () => {
  connector = await buildTestConnector({
    database,
    connections: [{ ...hubspotConnection(crms, ['contacts']), tenant: tenantId }],
    settings: { publicWebhookUrl },
  });
  await connector.start();
  connectionId = await idOf('hubspot');
  expect(await call([])).toEqual({ status: 409, code: 'webhook-secret-missing' });
});

test('without the address that HubSpot calls every call is refused, and the setting is named', async () => {
  await start({ publicWebhookUrl: '' });
  expect(await call([])).toEqual({ status: 409, code: 'webhook-url-missing' });
});
