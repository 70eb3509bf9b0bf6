import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EventRecord, topics } from '@kempt/contracts';
import { createConsumer } from '@kempt/outbox';
import type { RunningService, Runtime, ServiceDefinition } from '@kempt/service-runtime';
import { v7 as uuidv7 } from 'uuid';
import { type Client, clientOf, createGatewayTestBed, type GatewayTestBed, post } from './gateway-test-bed.ts';

let bed: GatewayTestBed;
let services: RunningService[];
let gateway: RunningService;
let admin: Client;
let other: Client;
/** Names of services whose consumer applies what comes; the others refuse everything. */
const mended = new Set<string>();

function consumerDefinition(name: string): ServiceDefinition {
  return {
    name,
    build: ({ database, bus, logger, metrics }: Runtime) => [
      createConsumer({
        database,
        bus,
        group: name,
        subscriptions: [
          {
            topic: topics.connectionChanged,
            handle: async () => {
              if (!mended.has(name)) throw Object.assign(new Error('field Amount is no number'), { retriable: false });
            },
          },
        ],
        logger,
        metrics,
      }),
    ],
  };
}

function eventOf(tenant: string, subject: string): EventRecord {
  return {
    topic: topics.connectionChanged.name,
    key: `${tenant}:${subject}`,
    headers: {
      'content-type': 'application/protobuf',
      ce_specversion: '1.0',
      ce_id: uuidv7(),
      ce_type: topics.connectionChanged.name,
      ce_source: '/kempt/connector',
      ce_subject: subject,
      ce_tenantid: tenant,
      ce_sequence: '1',
      ce_time: new Date(0).toISOString(),
      ce_recordedtime: new Date(0).toISOString(),
    },
    value: new TextEncoder().encode(subject),
  };
}

interface Letter {
  readonly id: string;
  readonly service: string;
  readonly message: string;
  readonly state: string;
  readonly key: string;
}

interface Page {
  readonly items: readonly Letter[];
  readonly nextCursor?: string;
  readonly unavailable: readonly string[];
}

async function list(ask: Client, query = ''): Promise<Page> {
  const response = await ask(`/v1/dead-letters${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

beforeAll(async () => {
  bed = await createGatewayTestBed();
  services = await Promise.all(['connector', 'dedupe'].map((name) => bed.startService(consumerDefinition(name))));
  const upstreams = {
    KEMPT_GATEWAY_UPSTREAMS_CONNECTOR: services[0]?.url,
    KEMPT_GATEWAY_UPSTREAMS_DEDUPE: services[1]?.url,
  };
  const otherKey = 'kempt_test_other1_0123456789abcdef0123456789abcdef';
  gateway = await bed.startGateway(upstreams);
  const ofOther = await bed.startGateway({
    ...upstreams,
    KEMPT_GATEWAY_BOOTSTRAP_API_KEY: otherKey,
    KEMPT_GATEWAY_BOOTSTRAP_TENANT: 'other',
  });
  admin = clientOf(gateway, bed.bootstrapKey);
  other = clientOf(ofOther, otherKey);
  await bed.bus.publish([...['a', 'b', 'c'].map((subject) => eventOf('acme', subject)), eventOf('other', 'x')]);
  await bed.bus.settled();
});
afterAll(() => bed.close());

describe('dead letters of all services', () => {
  test('are one list, addressed by service, each once, newest first, in pages of any size', async () => {
    const all = await list(admin);
    expect(all.items).toHaveLength(6);
    expect(all.unavailable).toEqual([]);
    for (const letter of all.items) {
      expect(letter.id).toMatch(new RegExp(`^${letter.service}:[0-9a-f-]{36}$`));
      expect(letter.message).toBe('field Amount is no number');
    }
    const ids = all.items.map((letter) => letter.id.split(':')[1]);
    expect(ids).toEqual(ids.toSorted((a = '', b = '') => b.localeCompare(a)));

    const paged: string[] = [];
    for (let query: string | undefined = '?limit=2'; query !== undefined; ) {
      const page: Page = await list(admin, query);
      paged.push(...page.items.map((letter) => letter.id));
      query = page.nextCursor === undefined ? undefined : `?limit=2&cursor=${page.nextCursor}`;
    }
    expect(paged).toEqual(all.items.map((letter) => letter.id));
  });

  test('can be asked for by service and by topic', async () => {
    const ofDedupe = await list(admin, '?service=dedupe');
    expect(new Set(ofDedupe.items.map((letter) => letter.service))).toEqual(new Set(['dedupe']));
    expect((await list(admin, '?topic=kempt.nothing.v1')).items).toEqual([]);
    expect((await admin('/v1/dead-letters?state=lost')).status).toBe(400);
  });

  test('show the event, its content only to who may read records', async () => {
    const [letter] = (await list(admin)).items;
    const details = await (await admin(`/v1/dead-letters/${letter?.id}`)).json();
    expect(details).toMatchObject({
      id: letter?.id,
      service: letter?.service,
      actions: [],
      headers: { ce_tenantid: 'acme' },
    });
    expect(Buffer.from((details as { value: string }).value, 'base64').toString()).toMatch(/^[abc]$/);
    const created = await admin('/v1/api-keys', post({ name: 'on call', scopes: ['dead-letters:read'] }));
    const { key } = (await created.json()) as { key: string };
    const withoutContent = await (await clientOf(gateway, key)(`/v1/dead-letters/${letter?.id}`)).json();
    expect(withoutContent).not.toHaveProperty('value');
    expect((await clientOf(gateway, key)(`/v1/dead-letters/${letter?.id}/replay`, { method: 'POST' })).status).toBe(
      403,
    );
  });

  test('of another tenant do not exist', async () => {
    const mine = (await list(admin)).items;
    const theirs = (await list(other)).items;
    expect(theirs.map((letter) => letter.key)).toEqual(['other:x', 'other:x']);
    expect((await other(`/v1/dead-letters/${mine[0]?.id}`)).status).toBe(404);
    expect((await other(`/v1/dead-letters/${mine[0]?.id}/replay`, { method: 'POST' })).status).toBe(404);
    expect((await other(`/v1/dead-letters/${mine[0]?.id}/discard`, post({ note: 'x' }))).status).toBe(404);
    const { nextCursor } = await list(admin, '?limit=1');
    expect((await other(`/v1/dead-letters?limit=1&cursor=${nextCursor}`)).status).toBe(400);
  });

  test.each(['nonsense', 'dedupe:nonsense', 'gateway:019a0000-0000-7000-8000-000000000000', ':::'])(
    'at an address such as %s there is none',
    async (address) => {
      expect((await admin(`/v1/dead-letters/${address}`)).status).toBe(404);
    },
  );

  test('are replayed, discarded with a note, and neither twice', async () => {
    const [first, second] = (await list(admin, '?service=dedupe')).items as [Letter, Letter];
    mended.add('dedupe');
    const replayed = await admin(`/v1/dead-letters/${first.id}/replay`, { method: 'POST' });
    expect(replayed.status).toBe(202);
    expect(await replayed.json()).toEqual({ id: first.id, state: 'replaying' });

    expect((await admin(`/v1/dead-letters/${second.id}/discard`, post({}))).status).toBe(400);
    const discarded = await admin(`/v1/dead-letters/${second.id}/discard`, post({ note: 'a test record' }));
    expect(await discarded.json()).toEqual({ id: second.id, state: 'discarded' });
    const again = await admin(`/v1/dead-letters/${second.id}/discard`, post({ note: 'again' }));
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ code: 'dead-letter-closed' });
    expect(await (await admin(`/v1/dead-letters/${second.id}`)).json()).toMatchObject({
      state: 'discarded',
      actions: [{ action: 'discard', note: 'a test record', actor: expect.stringMatching(/^api-key:/) }],
    });

    const deadline = Date.now() + 10_000;
    while ((await list(admin, '?service=dedupe&state=resolved')).items.length === 0) {
      expect(Date.now()).toBeLessThan(deadline);
    }
  });

  test('of a service that is away are told to be missing instead of being left out in silence', async () => {
    await services[1]?.stop();
    const page = await list(admin);
    expect(page.unavailable).toEqual(['dedupe']);
    expect(new Set(page.items.map((letter) => letter.service))).toEqual(new Set(['connector']));
    expect((await admin('/v1/dead-letters?service=dedupe')).status).toBe(502);
  });
});
