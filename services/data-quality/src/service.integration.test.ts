import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  create,
  type EventRecord,
  encodeEvent,
  fromPlainValue,
  type PlainValue,
  RecordStateSchema,
  recordKey,
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
import { dataQualityService } from './service.ts';

let server: TestDatabase;
let bus: FakeEventBus;
let service: RunningService;
let sign: InternalTokenSigner;
let tenant = 0;
let tenantId: string;

beforeAll(async () => {
  server = await startTestDatabase();
  const url = new URL(server.adminUrl);
  url.username = `${url.pathname.slice(1)}_data_quality`;
  url.password = randomBytes(8).toString('hex');
  await provisionSchemas({
    adminUrl: server.adminUrl,
    services: [{ schema: 'data_quality', role: url.username, password: url.password }],
  });
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  sign = createInternalTokenSigner(key);
  bus = createFakeEventBus();
  service = await startService(dataQualityService, {
    environment: {
      KEMPT_HTTP_PORT: '0',
      KEMPT_DATABASE_URL: url.href,
      KEMPT_DATABASE_ADMIN_URL: server.adminUrl,
      KEMPT_MIGRATIONS: 'on-start',
      KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: internalTokenPublicKey(key),
    },
    entry: new URL('./main.ts', import.meta.url).pathname,
    logger: createLogger({ service: 'data-quality', level: 'silent' }),
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

interface State {
  readonly id: string;
  readonly version: number;
  readonly object?: string;
  /** Absent: erased. */
  readonly fields?: Readonly<Record<string, PlainValue>>;
  readonly deleted?: boolean;
}

function stateEvent({ id, version, object = 'Contact', fields, deleted = false }: State): EventRecord {
  const record = { account, object, recordId: id };
  return encodeEvent(
    {
      topic: topics.recordState,
      id: uuidv7(),
      tenantId,
      source: '/kempt/connector',
      subject: id,
      key: recordKey(tenantId, record),
      time: new Date(version * 1000),
      recordedTime: new Date(0),
      sequence: version,
      data:
        fields === undefined
          ? null
          : create(RecordStateSchema, {
              record,
              version,
              deleted,
              fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fromPlainValue(value)])),
            }),
    },
    { name: 'protobuf' },
  );
}

async function get(path: string, scopes: readonly string[] = ['records:read']): Promise<Response> {
  const token = await sign({ tenantId, subject: 'test', scopes: new Set(scopes) });
  return fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

interface Profile {
  readonly object: string;
  readonly records: number;
  readonly deletedRecords: number;
  readonly fields: readonly { readonly field: string; readonly filledRecords: number; readonly filledRatio?: number }[];
}

async function profiles(query = ''): Promise<{ items: Profile[]; nextCursor?: string }> {
  const response = await get(`/v1/data-quality/profiles${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { items: Profile[]; nextCursor?: string };
}

/** Publishes and waits until the service has applied everything. */
async function apply(records: readonly EventRecord[]): Promise<void> {
  await bus.publish(records);
  const deadline = Date.now() + 15_000;
  while ((await bus.lag('data-quality')).some(({ records: behind }) => behind > 0n)) {
    if (Date.now() > deadline) throw new Error('The service did not apply the events in time');
    await sleep(5);
  }
}

const filled = (profile: Profile | undefined): Record<string, number> =>
  Object.fromEntries((profile?.fields ?? []).map(({ field, filledRecords }) => [field, filledRecords]));

describe('profiles', () => {
  test('count in how many living records each field has a value', async () => {
    await apply([
      stateEvent({ id: '1', version: 1, fields: { Email: 'a@example.com', Phone: '', Fax: null, Tags: [] } }),
      stateEvent({ id: '2', version: 1, fields: { Email: '  ', Phone: '+49', Fax: null, Tags: ['a'] } }),
      stateEvent({ id: '3', version: 1, fields: { Email: 'b@example.com', OptOut: false, Amount: { decimal: '0' } } }),
      stateEvent({ id: '4', version: 1, deleted: true, fields: { Email: 'c@example.com' } }),
      stateEvent({ id: '9', version: 1, object: 'Account', fields: { Name: 'Example' } }),
    ]);
    const { items } = await profiles();
    expect(items.map(({ object, records, deletedRecords }) => [object, records, deletedRecords])).toEqual([
      ['Account', 1, 0],
      ['Contact', 3, 1],
    ]);
    expect(filled(items[1])).toEqual({ Amount: 1, Email: 2, Fax: 0, OptOut: 1, Phone: 1, Tags: 1 });
    expect(items[1]?.fields.find(({ field }) => field === 'Email')?.filledRatio).toBeCloseTo(2 / 3);
  });

  test('follow changes, deletions, restorations and erasure', async () => {
    await apply([stateEvent({ id: '1', version: 1, fields: { Email: 'a', Phone: '1' } })]);
    await apply([stateEvent({ id: '1', version: 2, fields: { Email: '', Phone: '2', Fax: '3' } })]);
    expect(filled((await profiles()).items[0])).toEqual({ Email: 0, Fax: 1, Phone: 1 });
    await apply([stateEvent({ id: '1', version: 3, deleted: true, fields: { Email: 'a' } })]);
    expect((await profiles()).items[0]).toMatchObject({ records: 0, deletedRecords: 1 });
    expect(filled((await profiles()).items[0])).toEqual({ Email: 0, Fax: 0, Phone: 0 });
    await apply([stateEvent({ id: '1', version: 4, fields: { Email: 'a' } })]);
    expect((await profiles()).items[0]).toMatchObject({ records: 1, deletedRecords: 0 });
    await apply([stateEvent({ id: '1', version: 5 })]);
    expect((await profiles()).items[0]).toMatchObject({ records: 0, deletedRecords: 1 });
  });

  test('come out the same in whatever order and however often states arrive', async () => {
    const steps = fc.array(
      fc.record({
        id: fc.constantFrom('1', '2', '3'),
        version: fc.integer({ min: 1, max: 4 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    // What a version of a record holds depends on nothing but the two, as it is with the connector.
    const contentOf = ({ id, version }: { id: string; version: number }): State => ({
      id,
      version,
      deleted: (Number(id) + version) % 4 === 0,
      fields: { A: version % 2 === 0 ? 'x' : '', B: id === '2' ? null : 'y', [`C${version}`]: 'z' },
    });
    await fc.assert(
      fc.asyncProperty(steps, async (arrivals) => {
        tenant += 1;
        tenantId = `t${tenant}`;
        await apply(arrivals.map((arrival) => stateEvent(contentOf(arrival))));
        const newest = [...Map.groupBy(arrivals, ({ id }) => id)].map(([id, all]) =>
          contentOf({ id, version: Math.max(...all.map(({ version }) => version)) }),
        );
        const living = newest.filter(({ deleted }) => deleted !== true);
        const [profile] = (await profiles()).items;
        expect(profile).toMatchObject({ records: living.length, deletedRecords: newest.length - living.length });
        for (const [field, count] of Object.entries(filled(profile))) {
          const expected = living.filter(({ fields }) => fields?.[field] != null && fields[field] !== '').length;
          expect([field, count]).toEqual([field, expected]);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('are given page by page, by account and object', async () => {
    await apply(['A', 'B', 'C'].map((object) => stateEvent({ id: '1', version: 1, object, fields: { Name: object } })));
    const first = await profiles('?limit=2');
    expect(first.items.map(({ object }) => object)).toEqual(['A', 'B']);
    const second = await profiles(`?limit=2&cursor=${first.nextCursor}`);
    expect(second.items.map(({ object }) => object)).toEqual(['C']);
    expect(second.nextCursor).toBeUndefined();
    expect((await profiles('?object=B')).items.map(({ object }) => object)).toEqual(['B']);
    expect((await profiles('?account=hs:1')).items).toEqual([]);
  });

  test('are shown one by one, and an unknown one is a problem that says where to look', async () => {
    await apply([stateEvent({ id: '1', version: 1, fields: { Name: 'x' } })]);
    expect(await (await get(`/v1/data-quality/profiles/${account}/Contact`)).json()).toMatchObject({ records: 1 });
    const unknown = await get(`/v1/data-quality/profiles/${account}/Nothing`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'unknown-profile' });
  });

  test('of one tenant are not seen by another, nor without the scope', async () => {
    await apply([stateEvent({ id: '1', version: 1, fields: { Name: 'x' } })]);
    tenantId = `${tenantId}-other`;
    expect((await profiles()).items).toEqual([]);
    expect((await get('/v1/data-quality/profiles', ['clusters:read'])).status).toBe(403);
  });

  test('are counted in metrics', async () => {
    await apply([stateEvent({ id: '1', version: 2, fields: {} }), stateEvent({ id: '1', version: 1, fields: {} })]);
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toMatch(/kempt_data_quality_record_states_total\{result="outdated",.*\} [1-9]/);
    expect(text).toMatch(/kempt_data_quality_newest_change_timestamp_seconds\{.*\} [1-9]/);
  });
});
