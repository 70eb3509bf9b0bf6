import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  create,
  type EventRecord,
  encodeEvent,
  objectKey,
  SyncRunFinishedSchema,
  SyncRunKind,
  SyncRunOutcome,
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
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { metricsService } from './service.ts';

let server: TestDatabase;
let bus: FakeEventBus;
let service: RunningService;
let environment: Record<string, string>;
let sign: InternalTokenSigner;
let tenant = 0;
let tenantId: string;

beforeAll(async () => {
  server = await startTestDatabase();
  const url = new URL(server.adminUrl);
  url.username = `${url.pathname.slice(1)}_metrics`;
  url.password = randomBytes(8).toString('hex');
  await provisionSchemas({
    adminUrl: server.adminUrl,
    services: [{ schema: 'metrics', role: url.username, password: url.password }],
  });
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  sign = createInternalTokenSigner(key);
  bus = createFakeEventBus();
  environment = {
    KEMPT_HTTP_PORT: '0',
    KEMPT_DATABASE_URL: url.href,
    KEMPT_DATABASE_ADMIN_URL: server.adminUrl,
    KEMPT_MIGRATIONS: 'on-start',
    KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: internalTokenPublicKey(key),
  };
  service = await start();
});

function start(): Promise<RunningService> {
  return startService(metricsService, {
    environment,
    entry: new URL('./main.ts', import.meta.url).pathname,
    logger: createLogger({ service: 'metrics', level: 'silent' }),
    openBus: async () => createFakeEventBus({ broker: bus.broker }),
  });
}

afterAll(async () => {
  await service.stop();
  await server.stop();
});

beforeEach(() => {
  tenant += 1;
  tenantId = `t${tenant}`;
});

const account = 'sf:00D1';

interface Run {
  readonly sequence: number;
  readonly object?: string;
  readonly outcome?: SyncRunOutcome;
}

/** A run that ended `sequence` minutes after the beginning of 1970, and read `sequence` records. */
function runEvent({ sequence, object = 'Contact', outcome = SyncRunOutcome.SUCCEEDED }: Run): EventRecord {
  return encodeEvent(
    {
      topic: topics.syncRunFinished,
      id: uuidv7(),
      tenantId,
      source: '/kempt/connector',
      subject: `${account}/${object}`,
      key: objectKey(tenantId, account, object),
      time: new Date(sequence * 60_000),
      recordedTime: new Date(0),
      sequence,
      data: create(SyncRunFinishedSchema, {
        account,
        object,
        kind: sequence === 1 ? SyncRunKind.BACKFILL : SyncRunKind.INCREMENTAL,
        outcome,
        sequence,
        recordsRead: BigInt(sequence),
        recordsChanged: 2n,
        recordsSkipped: 1n,
        recordsKnown: 100n,
        reason: outcome === SyncRunOutcome.FAILED ? 'The CRM answered 503' : '',
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
  while ((await bus.lag('metrics')).some(({ records: behind }) => behind > 0n)) {
    if (Date.now() > deadline) throw new Error('The service did not apply the events in time');
    await sleep(5);
  }
}

interface Kpi {
  readonly object: string;
  readonly lastRun: { readonly sequence: number; readonly outcome: string };
  readonly lastSuccessAt?: string;
}

async function kpis(query = ''): Promise<{ items: Kpi[]; nextCursor?: string }> {
  const response = await get(`/v1/kpis/sync${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { items: Kpi[]; nextCursor?: string };
}

async function lastSuccess(url: string, object: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text
    .split('\n')
    .find((one) => one.startsWith('kempt_sync_last_success_timestamp_seconds{') && one.includes(`object="${object}"`));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

describe('sync figures', () => {
  test('tell of the last run over each object what it read, changed and skipped, and how it ended', async () => {
    await apply([
      runEvent({ sequence: 1 }),
      runEvent({ sequence: 2 }),
      runEvent({ sequence: 3, outcome: SyncRunOutcome.FAILED }),
    ]);
    expect((await kpis()).items).toEqual([
      {
        account,
        object: 'Contact',
        lastRun: {
          sequence: 3,
          kind: 'incremental',
          outcome: 'failed',
          reason: 'The CRM answered 503',
          finishedAt: '1970-01-01T00:03:00.000Z',
          recordsRead: 3,
          recordsChanged: 2,
          recordsSkipped: 1,
        },
        recordsKnown: 100,
        lastSuccessAt: '1970-01-01T00:02:00.000Z',
      },
    ]);
  });

  test('come out the same in whatever order and however often runs are told', async () => {
    const outcomeOf = (sequence: number): SyncRunOutcome =>
      sequence % 3 === 0 ? SyncRunOutcome.SUCCEEDED : SyncRunOutcome.FAILED;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 }), async (sequences) => {
        tenant += 1;
        tenantId = `t${tenant}`;
        await apply(sequences.map((sequence) => runEvent({ sequence, outcome: outcomeOf(sequence) })));
        const [kpi] = (await kpis()).items;
        expect(kpi?.lastRun.sequence).toBe(Math.max(...sequences));
        const successes = sequences.filter((sequence) => sequence % 3 === 0);
        const expected = successes.length === 0 ? undefined : new Date(Math.max(...successes) * 60_000).toISOString();
        expect(kpi?.lastSuccessAt).toBe(expected);
      }),
      { numRuns: 25 },
    );
  });

  test('are given page by page and by account', async () => {
    await apply(['A', 'B', 'C'].map((object) => runEvent({ sequence: 1, object })));
    const first = await kpis('?limit=2');
    expect(first.items.map(({ object }) => object)).toEqual(['A', 'B']);
    const second = await kpis(`?limit=2&cursor=${first.nextCursor}`);
    expect(second.items.map(({ object }) => object)).toEqual(['C']);
    expect(second.nextCursor).toBeUndefined();
    expect((await kpis('?account=hs:1')).items).toEqual([]);
  });

  test('are shown one by one, and an unknown one is a problem that says where to look', async () => {
    await apply([runEvent({ sequence: 1 })]);
    expect(await (await get(`/v1/kpis/sync/${account}/Contact`)).json()).toMatchObject({ recordsKnown: 100 });
    const unknown = await get(`/v1/kpis/sync/${account}/Nothing`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'unknown-sync-kpi' });
  });

  test('of one tenant are not seen by another, nor without the scope', async () => {
    await apply([runEvent({ sequence: 1 })]);
    tenantId = `${tenantId}-other`;
    expect((await kpis()).items).toEqual([]);
    expect((await get('/v1/kpis/sync', ['clusters:read'])).status).toBe(403);
  });
});

describe('the gauge of last successes', () => {
  test('rises with every success, never falls, and is there again after a restart', async () => {
    await apply([runEvent({ sequence: 5, object: 'Gauged' })]);
    expect(await lastSuccess(service.url, 'Gauged')).toBe(300);
    await apply([
      runEvent({ sequence: 4, object: 'Gauged' }),
      runEvent({ sequence: 6, object: 'Gauged', outcome: SyncRunOutcome.FAILED }),
    ]);
    expect(await lastSuccess(service.url, 'Gauged')).toBe(300);
    await service.stop();
    service = await start();
    expect(await lastSuccess(service.url, 'Gauged')).toBe(300);
  });
});
