import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { openDatabase } from '@kempt/postgres';
import type { RunningService } from '@kempt/service-runtime';
import { type Client, clientOf, createGatewayTestBed, type GatewayTestBed, post } from '../gateway-test-bed.ts';
import { changeSetEvent, probeEvent, recordEvent } from './event-test-data.ts';
import { trimStreams } from './stream-event-store.ts';

let bed: GatewayTestBed;
let gateway: RunningService;
let admin: Client;
let round = 0;
/** Begins the ids of this test's change sets. */
let prefix: string;

beforeAll(async () => {
  bed = await createGatewayTestBed();
  gateway = await bed.startGateway({ KEMPT_GATEWAY_EVENTS_HEARTBEAT_MS: '300' });
  admin = clientOf(gateway, bed.bootstrapKey);
});
beforeEach(() => {
  round += 1;
  prefix = `set${round}`;
});
afterAll(() => bed.close());

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await sleep(20);
  }
}

interface Told {
  readonly id?: string;
  readonly event?: string;
  readonly data?: { readonly data: Readonly<Record<string, unknown>>; readonly [name: string]: unknown };
}

interface Listening {
  readonly told: readonly Told[];
  readonly comments: () => number;
  /** Ids of the change sets that were told. */
  sets(): string[];
  stop(): void;
}

async function listen(
  options: { readonly ask?: Client; readonly topics?: string; readonly lastId?: string } = {},
): Promise<Listening> {
  const { ask = admin, topics, lastId } = options;
  const stopping = new AbortController();
  const response = await ask(`/v1/events${topics === undefined ? '' : `?topics=${topics}`}`, {
    signal: stopping.signal,
    ...(lastId !== undefined && { headers: { 'last-event-id': lastId } }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const told: Told[] = [];
  let comments = 0;
  void (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        if (block.startsWith(':')) comments += 1;
        const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
        if (!fields.has('event')) continue;
        told.push({
          ...(fields.has('id') && { id: fields.get('id') as string }),
          event: fields.get('event') as string,
          data: JSON.parse(fields.get('data') ?? 'null'),
        });
      }
    }
  })().catch(() => undefined);
  return {
    told,
    comments: () => comments,
    sets: () =>
      told
        .filter(({ event }) => event === 'change-set-changed')
        .map(({ data }) => String(data?.data['changeSetId']))
        .filter((id) => id.startsWith(prefix)),
    stop: () => stopping.abort(),
  };
}

async function publishSets(...numbers: number[]): Promise<void> {
  await bed.bus.publish(numbers.map((n) => changeSetEvent({ id: `${prefix}-${n}`, state: 'PLANNED' })));
}
const setIds = (...numbers: number[]): string[] => numbers.map((n) => `${prefix}-${n}`);

test('what happens is told as it happens, with an id, and silence with a sign of life', async () => {
  const listening = await listen();
  await publishSets(1);
  await until(() => listening.sets().length === 1);
  const [first] = listening.told.filter(({ event }) => event === 'change-set-changed');
  expect(first?.data).toMatchObject({
    topic: 'change-set-changed',
    subject: `${prefix}-1`,
    data: { changeSetId: `${prefix}-1`, state: 'planned', title: 'Two contacts become one' },
  });
  expect(Number(first?.id)).toBeGreaterThan(0);
  await until(() => listening.comments() > 1);
  listening.stop();
});

test('a client that comes back gets exactly what it missed', async () => {
  const first = await listen();
  await publishSets(1, 2);
  await until(() => first.sets().length === 2);
  first.stop();
  const lastId = first.told.at(-1)?.id as string;
  await publishSets(3, 4);
  const second = await listen({ lastId });
  await until(() => second.sets().length === 2);
  await publishSets(5);
  await until(() => second.sets().length === 3);
  expect(new Set(second.sets())).toEqual(new Set(setIds(3, 4, 5)));
  second.stop();
});

test('an event that the bus delivers twice is told once', async () => {
  const listening = await listen();
  const event = changeSetEvent({ id: `${prefix}-1`, state: 'PLANNED' });
  await bed.bus.publish([event]);
  await bed.bus.publish([event, { ...event }]);
  await publishSets(2);
  await until(() => listening.sets().length >= 2);
  await bed.bus.settled();
  expect(listening.sets().sort()).toEqual(setIds(1, 2));
  listening.stop();
});

test('only the topics that were asked for come, and only those that the key may read', async () => {
  const created = await (
    await admin('/v1/api-keys', post({ name: 'narrow', scopes: ['events:read', 'changes:read'] }))
  ).json();
  const ask = clientOf(gateway, (created as { key: string }).key);
  const all = await listen({ ask });
  const changesOnly = await listen({ topics: 'change-set-changed' });
  await bed.bus.publish([recordEvent({ recordId: `${prefix}x` })]);
  await publishSets(1);
  await until(() => all.sets().length === 1 && changesOnly.sets().length === 1);
  expect(all.told.map(({ event }) => event)).not.toContain('record-changed');
  expect(changesOnly.told.map(({ event }) => event)).not.toContain('record-changed');
  const refused = await ask('/v1/events?topics=record-changed');
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({
    code: 'missing-scope',
    detail: expect.stringContaining('records:read'),
  });
  const unknown = await admin('/v1/events?topics=change-set-changed,weather');
  expect(unknown.status).toBe(400);
  expect(((await unknown.json()) as { detail: string }).detail).toContain('weather is no topic');
  all.stop();
  changesOnly.stop();
});

test('one tenant never hears of another', async () => {
  const listening = await listen();
  await bed.bus.publish([changeSetEvent({ id: `${prefix}-9`, state: 'PLANNED', tenantId: 'globex' })]);
  await publishSets(1);
  await until(() => listening.sets().length > 0);
  await bed.bus.settled();
  expect(listening.sets()).toEqual(setIds(1));
  listening.stop();
});

test('a probe is told when its outcome differs from the one before', async () => {
  const listening = await listen({ topics: 'crm-probed,change-set-changed' });
  const outcomes = ['UP', 'UP', 'DOWN', 'DOWN', 'UP'] as const;
  await bed.bus.publish(outcomes.map((outcome, index) => probeEvent({ sequence: index + 1, outcome })));
  await bed.bus.publish([probeEvent({ sequence: 3, outcome: 'DOWN' })]);
  await bed.bus.settled();
  await publishSets(1);
  await until(() => listening.sets().length === 1);
  const probes = listening.told.filter(({ event }) => event === 'crm-probed').map(({ data }) => data?.data['outcome']);
  expect(probes).toEqual(['up', 'down', 'up']);
  listening.stop();
});

test('what is beyond the retention is told as a reset, and the stream goes on behind it', async () => {
  const before = await listen();
  await publishSets(1, 2, 3);
  await until(() => before.sets().length === 3);
  before.stop();
  const database = openDatabase({
    url: await bed.databaseUrlOf('gateway'),
    schema: 'gateway',
    applicationName: 'test',
  });
  await trimStreams(database, { maxEvents: 1, storedBefore: new Date(0) }, new AbortController().signal);
  const late = await listen({ lastId: '1' });
  await until(() => late.told.length >= 2);
  expect(late.told[0]).toMatchObject({ event: 'reset' });
  expect(late.told.slice(1).map(({ event }) => event)).toEqual(['change-set-changed']);
  late.stop();
  await trimStreams(
    database,
    { maxEvents: 1_000, storedBefore: new Date(Date.now() + 60_000) },
    AbortSignal.timeout(5_000),
  );
  const none = await listen({ lastId: '1' });
  await until(() => none.told.length === 1);
  await publishSets(4);
  await until(() => none.sets().length === 1);
  none.stop();
  await database.close();
});

test('history is not told: events written down longer ago than the retention are left out', async () => {
  const listening = await listen();
  const recordedTime = new Date(Date.now() - 2 * 86_400_000);
  await bed.bus.publish([changeSetEvent({ id: `${prefix}-1`, state: 'PLANNED', recordedTime })]);
  await publishSets(2);
  await until(() => listening.sets().length === 1);
  await bed.bus.settled();
  expect(listening.sets()).toEqual(setIds(2));
  listening.stop();
});

test('a key that is revoked loses its stream', async () => {
  const created = (await (await admin('/v1/api-keys', post({ name: 'short', role: 'viewer' }))).json()) as {
    id: string;
    key: string;
  };
  const listening = await listen({ ask: clientOf(gateway, created.key) });
  await admin(`/v1/api-keys/${created.id}`, { method: 'DELETE' });
  await until(() => listening.told.some(({ event }) => event === 'closed'));
  expect(listening.told.at(-1)?.data).toMatchObject({ reason: 'unauthorised' });
});

test('a client that takes nothing is cut off, and costs the others nothing', async () => {
  const slow = await bed.startGateway({ KEMPT_GATEWAY_EVENTS_SLOW_CLIENT_MS: '1000' });
  const ask = clientOf(slow, bed.bootstrapKey);
  const { hostname, port } = new URL(slow.url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  socket.write(
    `GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bed.bootstrapKey}\r\nlast-event-id: 0\r\n\r\n`,
  );
  const quick = await listen({ ask });
  // More than the buffers between the two sides take.
  const title = 'x'.repeat(100_000);
  for (let n = 0; n < 16; n += 1) {
    await bed.bus.publish(
      Array.from({ length: 10 }, (_, index) =>
        changeSetEvent({ id: `${prefix}-${n * 10 + index}`, state: 'PLANNED', title }),
      ),
    );
    await until(() => quick.sets().length === (n + 1) * 10);
  }
  const ended = async (): Promise<boolean> =>
    /kempt_gateway_streams_ended_total\{reason="slow"[^}]*\} 1/.test(await (await fetch(`${slow.url}/metrics`)).text());
  await until(ended);
  quick.stop();
  socket.destroy();
});

test('while the bus is away the gateway is ready and serves, and tells later what happened', async () => {
  const listening = await listen();
  bed.bus.broker.goAway();
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  expect((await admin('/v1/api-keys')).status).toBe(200);
  const started = await bed.startGateway({});
  expect((await fetch(`${started.url}/readyz`)).status).toBe(200);
  bed.bus.broker.comeBack();
  await publishSets(1);
  await until(() => listening.sets().length === 1);
  listening.stop();
  const stopped = started.stop();
  expect((await stopped).unfinished).toEqual([]);
});

test('a gateway that stops says so to those who listen', async () => {
  const second = await bed.startGateway({});
  const listening = await listen({ ask: clientOf(second, bed.bootstrapKey) });
  const report = await second.stop();
  await until(() => listening.told.length > 0);
  expect(listening.told.at(-1)).toMatchObject({ event: 'closed', data: { reason: 'stopping' } });
  expect(report.unfinished).toEqual([]);
});
