import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  accountKey,
  ConnectionChangedSchema,
  ConnectionStatus,
  create,
  type EventRecord,
  encodeEvent,
  topics,
} from '@kempt/contracts';
import { createFakeEventBus, type FakeEventBus } from '@kempt/event-bus';
import { provisionSchemas, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  createInternalTokenSigner,
  type InternalTokenSigner,
  internalTokenPublicKey,
  type RunningService,
  startService,
} from '@kempt/service-runtime';
import { createLogger } from '@kempt/telemetry';
import { v7 as uuidv7 } from 'uuid';
import { integrationAuditService } from './service.ts';

let server: TestDatabase;
let bus: FakeEventBus;
let service: RunningService;
let sign: InternalTokenSigner;
let tenant = 0;
let tenantId: string;

beforeAll(async () => {
  server = await startTestDatabase();
  const url = new URL(server.adminUrl);
  url.username = `${url.pathname.slice(1)}_integration_audit`;
  url.password = randomBytes(8).toString('hex');
  await provisionSchemas({
    adminUrl: server.adminUrl,
    services: [{ schema: 'integration_audit', role: url.username, password: url.password }],
  });
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  sign = createInternalTokenSigner(key);
  bus = createFakeEventBus();
  service = await startService(integrationAuditService, {
    environment: {
      KEMPT_HTTP_PORT: '0',
      KEMPT_DATABASE_URL: url.href,
      KEMPT_DATABASE_ADMIN_URL: server.adminUrl,
      KEMPT_MIGRATIONS: 'on-start',
      KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: internalTokenPublicKey(key),
    },
    entry: new URL('./main.ts', import.meta.url).pathname,
    logger: createLogger({ service: 'integration-audit', level: 'silent' }),
    openBus: async () => bus,
  });
});

afterAll(async () => {
  await service.stop();
  await server.stop();
});

beforeEach(() => {
  tenant += 1;
  tenantId = `t${tenant}`;
});

const account = 'sf:00D1';

interface Change {
  readonly version: number;
  readonly account?: string;
  /** Absent: erased. */
  readonly status?: ConnectionStatus;
  readonly name?: string;
}

/** A change that happened `version` minutes after the beginning of 1970. */
function changeEvent({ version, account: of = account, status, name = 'Production' }: Change): EventRecord {
  return encodeEvent(
    {
      topic: topics.connectionChanged,
      id: uuidv7(),
      tenantId,
      source: '/kempt/connector',
      subject: of,
      key: accountKey(tenantId, of),
      time: new Date(version * 60_000),
      recordedTime: new Date(0),
      sequence: version,
      data:
        status === undefined
          ? null
          : create(ConnectionChangedSchema, {
              connectionId: 'c1',
              account: of,
              system: of.startsWith('sf:') ? 'salesforce' : 'hubspot',
              displayName: name,
              status,
              objects: ['Account', 'Contact'],
              version,
            }),
    },
    { name: 'protobuf' },
  );
}

async function get(path: string, scopes: readonly string[] = ['connections:read']): Promise<Response> {
  const token = await sign({ tenantId, subject: 'test', scopes: new Set(scopes) });
  return fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

/** Publishes and waits until the service has applied everything. */
async function apply(records: readonly EventRecord[]): Promise<void> {
  await bus.publish(records);
  const deadline = Date.now() + 15_000;
  while ((await bus.lag('integration-audit')).some(({ records: behind }) => behind > 0n)) {
    if (Date.now() > deadline) throw new Error('The service did not apply the events in time');
    await sleep(5);
  }
}

interface Register {
  readonly items: readonly Record<string, unknown>[];
  readonly nextCursor?: string;
}

async function register(query = ''): Promise<Register> {
  const response = await get(`/v1/integrations${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Register;
}

describe('the register of integrations', () => {
  test('knows each connected account, its status and since when', async () => {
    await apply([
      changeEvent({ version: 1, status: ConnectionStatus.BACKFILLING }),
      changeEvent({ version: 2, status: ConnectionStatus.CONNECTED }),
      changeEvent({ version: 3, status: ConnectionStatus.CONNECTED, name: 'Renamed' }),
    ]);
    expect((await register()).items).toEqual([
      {
        id: 'kempt:sf:00D1',
        kind: 'kempt-connection',
        account,
        system: 'salesforce',
        name: 'Renamed',
        status: 'connected',
        statusSince: '1970-01-01T00:02:00.000Z',
        registeredAt: '1970-01-01T00:01:00.000Z',
        objects: ['Account', 'Contact'],
        version: 3,
      },
    ]);
  });

  test('goes back to nothing older, and takes an event that comes again once', async () => {
    const paused = changeEvent({ version: 5, status: ConnectionStatus.PAUSED });
    await apply([paused]);
    await apply([changeEvent({ version: 4, status: ConnectionStatus.CONNECTED }), paused]);
    expect((await register()).items).toEqual([expect.objectContaining({ status: 'paused', version: 5 })]);
  });

  test('keeps a deleted connection as deleted, and forgets an erased one', async () => {
    await apply([changeEvent({ version: 1, status: ConnectionStatus.CONNECTED })]);
    await apply([changeEvent({ version: 2, status: ConnectionStatus.DELETED })]);
    expect((await register()).items).toEqual([expect.objectContaining({ status: 'deleted' })]);
    await apply([changeEvent({ version: 3 })]);
    expect((await register()).items).toEqual([]);
  });

  test('shows a status that a newer release invented as unknown', async () => {
    await apply([changeEvent({ version: 1, status: 99 as ConnectionStatus })]);
    expect((await register()).items).toEqual([expect.objectContaining({ status: 'unknown' })]);
  });

  test('is given page by page, and by status', async () => {
    await apply([
      changeEvent({ version: 1, account: 'hs:1', status: ConnectionStatus.CONNECTED }),
      changeEvent({ version: 1, account: 'hs:2', status: ConnectionStatus.FAILING }),
      changeEvent({ version: 1, account: 'sf:3', status: ConnectionStatus.CONNECTED }),
    ]);
    const first = await register('?limit=2');
    expect(first.items.map(({ account: of }) => of)).toEqual(['hs:1', 'hs:2']);
    const second = await register(`?limit=2&cursor=${first.nextCursor}`);
    expect(second.items.map(({ account: of }) => of)).toEqual(['sf:3']);
    expect(second.nextCursor).toBeUndefined();
    expect((await register('?status=failing')).items.map(({ account: of }) => of)).toEqual(['hs:2']);
    expect((await get('/v1/integrations?status=tired')).status).toBe(400);
  });

  test('shows one entry, and an unknown one is a problem that says where to look', async () => {
    await apply([changeEvent({ version: 1, status: ConnectionStatus.CONNECTED })]);
    expect(await (await get('/v1/integrations/kempt:sf:00D1')).json()).toMatchObject({ account });
    const unknown = await get('/v1/integrations/nothing');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'unknown-integration' });
  });

  test('of one tenant is not seen by another, nor without the scope', async () => {
    await apply([changeEvent({ version: 1, status: ConnectionStatus.CONNECTED })]);
    tenantId = `${tenantId}-other`;
    expect((await register()).items).toEqual([]);
    expect((await get('/v1/integrations', ['clusters:read'])).status).toBe(403);
  });

  test('is counted in metrics', async () => {
    await apply([changeEvent({ version: 1, status: ConnectionStatus.FAILING })]);
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toMatch(/kempt_integration_changes_total\{kind="kempt-connection",status="failing",.*\} [1-9]/);
  });
});
