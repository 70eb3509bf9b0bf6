import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type DeadLetter, type DeadLetters, OutboxError } from '@kempt/outbox';
import { createLogger, createMetrics } from '@kempt/telemetry';
import { createCursorCodec } from './cursor.ts';
import { addDeadLetterRoutes } from './dead-letter-routes.ts';
import { createHttpServer, type HttpServer } from './http-server.ts';

const letter: DeadLetter = {
  id: '019a0000-0000-7000-8000-000000000001',
  tenantId: 'acme',
  group: 'dedupe',
  topic: 'kempt.connector.record-changed.v1',
  partition: 3,
  offset: '42',
  key: 'acme:sf:1:Contact:2',
  eventId: null,
  reason: 'permanent',
  stage: 'handle',
  errorClass: 'Error',
  errorCode: null,
  message: 'no',
  attempts: 1,
  state: 'open',
  firstSeenAt: new Date(0),
  lastSeenAt: new Date(0),
};

let http: HttpServer;
let calls: unknown[][];
let scopes: string[];

beforeEach(async () => {
  calls = [];
  scopes = ['dead-letters:read', 'dead-letters:write', 'records:read'];
  const record =
    <T>(name: string, result: () => T) =>
    async (...args: unknown[]): Promise<T> => {
      calls.push([name, ...args]);
      return result();
    };
  const deadLetters: DeadLetters = {
    list: record('list', () => ({ items: [letter], nextCursor: letter.id })),
    show: record('show', () => ({
      ...letter,
      headers: { ce_id: '1' },
      value: new TextEncoder().encode('content'),
      publishedAt: new Date(0),
      actions: [],
    })),
    replay: record('replay', () => {
      throw new OutboxError('dead-letter-not-replayable', 'It says neither whose nor which it is.');
    }),
    discard: record('discard', () => undefined),
  };
  http = await createHttpServer({
    service: 'test',
    version: '1',
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics: createMetrics('test'),
    bodyLimitBytes: 10_000,
    requestTimeoutMs: 1_000,
    authenticate: async () => ({ tenantId: 'acme', subject: 'api-key:k1', scopes: new Set(scopes) }),
  });
  addDeadLetterRoutes({ http, deadLetters, cursors: createCursorCodec('secret') });
});
afterEach(() => http.close());

describe('dead-letter routes', () => {
  test("a list is of the caller's tenant only, and its cursor is signed", async () => {
    const { items, nextCursor } = (await http.inject('/v1/dead-letters?topic=t&limit=1')).json();
    expect(items[0]).toMatchObject({ id: letter.id, firstSeenAt: '1970-01-01T00:00:00.000Z' });
    expect(items[0]).not.toHaveProperty('tenantId');
    await http.inject(`/v1/dead-letters?topic=t&limit=1&cursor=${nextCursor}`);
    expect(calls).toEqual([
      ['list', expect.objectContaining({ tenantId: 'acme', topic: 't', limit: 1, cursor: undefined })],
      ['list', expect.objectContaining({ tenantId: 'acme', topic: 't', limit: 1, cursor: letter.id })],
    ]);
    expect((await http.inject(`/v1/dead-letters?topic=other&limit=1&cursor=${nextCursor}`)).statusCode).toBe(400);
  });

  test('the content of an event is for those who may read records', async () => {
    const ask = async (): Promise<Record<string, unknown>> =>
      (await http.inject(`/v1/dead-letters/${letter.id}`)).json();
    expect((await ask()).value).toBe(Buffer.from('content').toString('base64'));
    scopes = ['dead-letters:read'];
    expect(await ask()).not.toHaveProperty('value');
    expect(JSON.stringify(await ask())).not.toContain('content');
  });

  test('who acts is noted, and a refusal says why', async () => {
    const url = `/v1/dead-letters/${letter.id}`;
    const refused = await http.inject({ method: 'POST', url: `${url}/replay` });
    expect(refused.statusCode).toBe(409);
    expect(refused.json()).toMatchObject({
      code: 'dead-letter-not-replayable',
      detail: expect.stringContaining('neither'),
    });
    const discarded = await http.inject({ method: 'POST', url: `${url}/discard`, payload: { note: 'a test' } });
    expect(discarded.json()).toEqual({ id: letter.id, state: 'discarded' });
    expect(calls.at(-1)).toEqual(['discard', letter.id, 'a test', { tenantId: 'acme', actor: 'api-key:k1' }]);
  });

  test('acting needs another scope than reading', async () => {
    scopes = ['dead-letters:read'];
    expect((await http.inject({ method: 'POST', url: `/v1/dead-letters/${letter.id}/replay` })).statusCode).toBe(403);
    expect(calls).toEqual([]);
  });
});
