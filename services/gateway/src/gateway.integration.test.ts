import { randomBytes } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request as rawRequest,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Database, openDatabase } from '@kempt/postgres';
import {
  createInternalTokenAuthenticator,
  type Environment,
  type OpenApiDocument,
  type Problem,
  type RunningService,
  type Runtime,
  type ServiceDefinition,
} from '@kempt/service-runtime';
import { Type } from 'typebox';
import { generateApiKey } from './auth/api-key.ts';
import { type Client, clientOf, createGatewayTestBed, type GatewayTestBed, post } from './gateway-test-bed.ts';

let bed: GatewayTestBed;
let bootstrapKey: string;
let connector: RunningService;
let dedupe: RunningService;
let gateway: RunningService;
let admin: Client;
/** A service that does what a test tells it to. */
let scripted: Server;
let answer: RequestListener;
const seen: IncomingMessage[] = [];

const Seen = Type.Object({ tenant: Type.String(), path: Type.String(), body: Type.Optional(Type.Unknown()) });

/** Stands for a service: its routes say for whom they were called. */
function serviceDefinition(name: string, prefix: string, scope: string): ServiceDefinition {
  return {
    name,
    build: ({ http, tenantOf }: Runtime) => {
      for (const url of [prefix, `${prefix}/:ref`]) {
        http.get(url, { config: { scope }, schema: { response: { 200: Seen } } }, async (request) => ({
          tenant: tenantOf(request),
          path: request.url,
        }));
      }
      http.post(
        prefix,
        { config: { scope }, schema: { body: Type.Object({ name: Type.String() }), response: { 201: Seen } } },
        async (request, reply) => {
          reply.code(201).header('location', `${prefix}/1`);
          return { tenant: tenantOf(request), path: request.url, body: request.body };
        },
      );
      return [];
    },
  };
}

beforeAll(async () => {
  bed = await createGatewayTestBed();
  bootstrapKey = bed.bootstrapKey;
  scripted = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => scripted.listen(0, '127.0.0.1', resolve));
  [connector, dedupe] = await Promise.all([
    bed.startService(serviceDefinition('connector', '/v1/records', 'records:read')),
    bed.startService(serviceDefinition('dedupe', '/v1/clusters', 'clusters:read')),
  ]);
  gateway = await startGateway();
  admin = clientOf(gateway, bootstrapKey);
});

afterAll(async () => {
  await bed.close();
  scripted.closeAllConnections();
  await new Promise((resolve) => scripted.close(resolve));
});

function startGateway(environment: Environment = {}): Promise<RunningService> {
  return bed.startGateway({
    KEMPT_GATEWAY_UPSTREAMS_CONNECTOR: connector.url,
    KEMPT_GATEWAY_UPSTREAMS_DEDUPE: dedupe.url,
    KEMPT_GATEWAY_UPSTREAMS_METRICS: `http://127.0.0.1:${(scripted.address() as AddressInfo).port}`,
    KEMPT_GATEWAY_UPSTREAM_TIMEOUT_MS: '400',
    KEMPT_HTTP_BODY_LIMIT_BYTES: '4096',
    ...environment,
  });
}

async function gatewayDatabase(): Promise<Database> {
  return openDatabase({ url: await bed.databaseUrlOf('gateway'), schema: 'gateway', applicationName: 'test' });
}

interface CreatedKey {
  readonly id: string;
  readonly key: string;
  readonly scopes: readonly string[];
  readonly expiresAt?: string;
}

async function createKey(body: object): Promise<CreatedKey> {
  const response = await admin('/v1/api-keys', post({ name: 'test', ...body }));
  expect(response.status).toBe(201);
  return (await response.json()) as CreatedKey;
}

function secretOf(key: string): string {
  return key.slice(-32);
}

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const problem = (await response.json()) as Problem;
  expect(problem.status).toBe(response.status);
  return problem;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await sleep(20);
  }
}

describe('API keys', () => {
  test('a key is shown once, works at once, and is stored as a hash only', async () => {
    const created = await createKey({ role: 'viewer' });
    expect(created.key).toMatch(/^kempt_live_[0-9a-f]{12}_[\w-]{43}$/);
    expect(created.scopes).toEqual([
      'connections:read',
      'records:read',
      'clusters:read',
      'changes:read',
      'safety:read',
      'quality:read',
      'audit:read',
      'kpis:read',
      'events:read',
    ]);
    const response = await clientOf(gateway, created.key)('/v1/records');
    expect(await response.json()).toEqual({ tenant: 'acme', path: '/v1/records' });
    expect(await (await admin('/v1/api-keys?limit=200')).text()).not.toContain(secretOf(created.key));
    const database = await gatewayDatabase();
    const rows = await database.transaction('acme', (tx) =>
      tx.query('select * from api_key where id = $1', [created.id]),
    );
    await database.close();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(secretOf(created.key));
  });

  test('no key, a foreign text, an unknown key and a key with another secret get 401', async () => {
    const { key } = await createKey({ role: 'viewer' });
    const forged = `${key.slice(0, -8)}AAAAAAAA`;
    for (const wrong of [undefined, 'nonsense', generateApiKey('live').key, forged]) {
      const response = await clientOf(gateway, wrong)('/v1/records');
      expect(response.status).toBe(401);
      expect((await problemOf(response)).code).toBe('unauthenticated');
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test('a revoked key is refused at once, and says so only to who holds it', async () => {
    const { id, key } = await createKey({ role: 'viewer' });
    expect((await clientOf(gateway, key)('/v1/records')).status).toBe(200);
    expect((await admin(`/v1/api-keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    const response = await clientOf(gateway, key)('/v1/records');
    expect(response.status).toBe(401);
    expect((await problemOf(response)).detail).toContain('was revoked');
    expect((await admin(`/v1/api-keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    const { items } = (await (await admin('/v1/api-keys?limit=200')).json()) as {
      items: { id: string; revokedAt?: string }[];
    };
    expect(items.find((item) => item.id === id)?.revokedAt).toBeDefined();
  });

  test('a key ends when it expires', async () => {
    const { key } = await createKey({ role: 'viewer', expiresAt: new Date(Date.now() + 1_500).toISOString() });
    expect((await clientOf(gateway, key)('/v1/records')).status).toBe(200);
    await until(async () => (await clientOf(gateway, key)('/v1/records')).status === 401);
    expect((await problemOf(await clientOf(gateway, key)('/v1/records'))).detail).toContain('has expired');
  });

  test('a key may do what its scopes say: at the gateway and, by the internal token, at the services', async () => {
    const { key } = await createKey({ scopes: ['clusters:read'] });
    const ask = clientOf(gateway, key);
    expect((await ask('/v1/clusters')).status).toBe(200);
    const refused = await problemOf(await ask('/v1/records'));
    expect(refused).toMatchObject({
      status: 403,
      code: 'missing-scope',
      detail: expect.stringContaining('records:read'),
    });
    expect((await ask('/v1/api-keys')).status).toBe(403);
    expect((await ask('/v1/api-keys', post({ name: 'more', role: 'admin' }))).status).toBe(403);
  });

  test.each([
    [{ role: 'viewer', scopes: ['records:read'] }, '/body/scopes'],
    [{}, '/body/role'],
    [{ role: 'king' }, '/body/role'],
    [{ scopes: ['everything'] }, '/body/scopes/0'],
    [{ role: 'viewer', expiresAt: '2001-01-01T00:00:00Z' }, '/body/expiresAt'],
    [{ role: 'viewer', tenant: 'other' }, '/body/tenant'],
  ])('a request for a key such as %j is refused', async (body, pointer) => {
    const problem = await problemOf(await admin('/v1/api-keys', post({ name: 'test', ...body })));
    expect(problem.status).toBe(400);
    expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
  });

  test('a key cannot revoke itself', async () => {
    const id = bootstrapKey.split('_')[2] ?? '';
    expect(await problemOf(await admin(`/v1/api-keys/${id}`, { method: 'DELETE' }))).toMatchObject({
      status: 409,
      code: 'key-in-use',
    });
  });

  test('the last use is noted', async () => {
    const { id, key } = await createKey({ role: 'viewer' });
    const other = await startGateway();
    await clientOf(other, key)('/v1/records');
    await other.stop();
    const { items } = (await (await admin('/v1/api-keys?limit=200')).json()) as {
      items: { id: string; lastUsedAt?: string }[];
    };
    expect(Date.now() - Date.parse(items.find((item) => item.id === id)?.lastUsedAt ?? '')).toBeLessThan(60_000);
  });

  test('the bootstrap key survives restarts, and a revocation survives them too', async () => {
    const key = generateApiKey('test').key;
    const id = key.split('_')[2];
    const first = await startGateway({ KEMPT_GATEWAY_BOOTSTRAP_API_KEY: key });
    expect((await clientOf(first, key)('/v1/api-keys')).status).toBe(200);
    await first.stop();
    expect((await admin(`/v1/api-keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    const second = await startGateway({ KEMPT_GATEWAY_BOOTSTRAP_API_KEY: key });
    expect((await clientOf(second, key)('/v1/api-keys')).status).toBe(401);
    await second.stop();
  });

  test('keys are listed in pages', async () => {
    await createKey({ role: 'viewer' });
    const ids: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const response: Response = await admin(`/v1/api-keys?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const page = (await response.json()) as { items: { id: string }[]; nextCursor?: string };
      expect(page.items.length).toBeLessThanOrEqual(2);
      ids.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    }
    expect(ids.length).toBeGreaterThan(2);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('tenants', () => {
  test('belong to keys: nothing in a request moves it to another tenant, and keys of others do not exist', async () => {
    const otherKey = generateApiKey('test').key;
    const other = await startGateway({
      KEMPT_GATEWAY_BOOTSTRAP_API_KEY: otherKey,
      KEMPT_GATEWAY_BOOTSTRAP_TENANT: 'other',
    });
    const ask = clientOf(other, otherKey);
    const forged = { 'x-tenant': 'acme', 'x-kempt-tenant': 'acme', 'ce-tenantid': 'acme', forwarded: 'for=acme' };
    const response = await ask('/v1/records?tenant=acme', { headers: forged });
    expect(await response.json()).toMatchObject({ tenant: 'other' });

    const { id } = await createKey({ role: 'viewer' });
    expect((await problemOf(await ask(`/v1/api-keys/${id}`, { method: 'DELETE' }))).status).toBe(404);
    expect(await (await ask('/v1/api-keys?limit=200')).text()).not.toContain(id);
    const { nextCursor } = (await (await admin('/v1/api-keys?limit=1')).json()) as { nextCursor: string };
    expect((await problemOf(await ask(`/v1/api-keys?cursor=${nextCursor}`))).code).toBe('invalid-cursor');
    await other.stop();
  });
});

describe('passing on', () => {
  test('path, query and body reach the service that answers the path, its answer comes back', async () => {
    const found = await admin('/v1/records/sf%3A00D1%3AContact%3A0031?expand=all&x=%20');
    expect(await found.json()).toEqual({
      tenant: 'acme',
      path: '/v1/records/sf%3A00D1%3AContact%3A0031?expand=all&x=%20',
    });
    const created = await admin('/v1/clusters', post({ name: 'é' }));
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe('/v1/clusters/1');
    expect(await created.json()).toEqual({ tenant: 'acme', path: '/v1/clusters', body: { name: 'é' } });
  });

  test('problems of the services come back as they are', async () => {
    const problem = await problemOf(await admin('/v1/clusters', post({ nome: 'x' })));
    expect(problem).toMatchObject({ status: 400, code: 'invalid-request', errors: [{ pointer: '/body/name' }] });
  });

  test('a service gets a fresh token and the id of the request, never the key of the client', async () => {
    answer = (_request, response) => response.setHeader('server', 'secret').setHeader('etag', '"1"').end('{}');
    seen.length = 0;
    const response = await admin('/v1/kpis?since=1', {
      headers: {
        'x-request-id': 'request-12345',
        cookie: 'a=b',
        'x-forwarded-for': '1.2.3.4',
        accept: 'application/json',
      },
    });
    const { headers, url } = seen[0] as IncomingMessage;
    expect(url).toBe('/v1/kpis?since=1');
    expect(headers['x-request-id']).toBe('request-12345');
    expect(headers.accept).toBe('application/json');
    expect(headers.cookie ?? headers['x-forwarded-for']).toBeUndefined();
    expect(JSON.stringify(headers)).not.toContain(secretOf(bootstrapKey));
    const principal = await createInternalTokenAuthenticator(bed.publicKey)(headers);
    expect(principal).toMatchObject({ tenantId: 'acme', subject: `api-key:${bootstrapKey.split('_')[2]}` });
    expect(response.headers.get('etag')).toBe('"1"');
    expect(response.headers.get('server')).toBeNull();
    expect(response.headers.get('x-request-id')).toBe('request-12345');
  });

  test('large answers are streamed: the beginning is there before the end was made', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    answer = (_request, response) => {
      response.write('first ');
      void gate.then(() => response.end('last'));
    };
    const response = await admin('/v1/kpis');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('first ');
    open();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('last');
  });

  test('a body of any type is handed through, up to the limit', async () => {
    answer = (request, response) => {
      response.setHeader('x-type', String(request.headers['content-type']));
      request.pipe(response);
    };
    const body = randomBytes(4_000);
    const echoed = await admin('/v1/kpis', { method: 'PUT', headers: { 'content-type': 'text/csv' }, body });
    expect(echoed.headers.get('x-type')).toBe('text/csv');
    expect(Buffer.from(await echoed.arrayBuffer()).equals(body)).toBe(true);
    expect((await problemOf(await admin('/v1/kpis', { method: 'PUT', body: randomBytes(5_000) }))).status).toBe(413);
    const chunked = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1_024));
      },
    });
    answer = (request) => request.resume();
    const endless = await admin('/v1/kpis', { method: 'PUT', body: chunked, duplex: 'half' } as RequestInit);
    expect((await problemOf(endless)).code).toBe('body-too-large');
  });

  test.each([
    '/v1/records/../metrics',
    '/v1/records/%2e%2E/metrics',
    '/v1/records//1',
    '/v1/records/..',
    '/v1/records/a\\b',
  ])('a path that servers read in different ways is refused: %s', async (path) => {
    const { hostname, port } = new URL(gateway.url);
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${bootstrapKey}` };
      rawRequest({ hostname, port, path, headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(400);
  });

  test('an unknown path, and a service that is not installed, get 404', async () => {
    expect((await problemOf(await admin('/v1/unknown'))).code).toBe('unknown-route');
    expect((await problemOf(await admin('/v1/recordsandmore'))).code).toBe('unknown-route');
    expect(await problemOf(await admin('/v1/data-quality/scores'))).toMatchObject({
      status: 404,
      code: 'not-installed',
    });
  });
});

describe('services in trouble', () => {
  async function withGateway(environment: Environment, work: (ask: Client) => Promise<void>): Promise<void> {
    const own = await startGateway(environment);
    try {
      await work(clientOf(own, bootstrapKey));
    } finally {
      await own.stop();
    }
  }

  const nowhere = { KEMPT_GATEWAY_UPSTREAMS_METRICS: 'http://127.0.0.1:1' };

  test('a service that cannot be reached: 502 with Retry-After', async () => {
    await withGateway(nowhere, async (ask) => {
      const response = await ask('/v1/kpis');
      expect(response.headers.get('retry-after')).toBe('2');
      expect(await problemOf(response)).toMatchObject({ status: 502, code: 'upstream-unreachable' });
    });
  });

  test('a service that does not answer in time: 504, and its connection is given up', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    answer = (request) => request.on('close', resolve);
    const response = await admin('/v1/kpis', post({}));
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await problemOf(response)).toMatchObject({ status: 504, code: 'upstream-timeout' });
    await closed;
  });

  test('a service that fails again and again is left alone for a while: 503 with Retry-After, without a call', async () => {
    await withGateway(nowhere, async (ask) => {
      for (let i = 0; i < 10; i++) await ask('/v1/kpis', post({}));
      const response = await ask('/v1/kpis');
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(await problemOf(response)).toMatchObject({ status: 503, code: 'upstream-unavailable' });
      expect((await ask('/v1/records')).status).toBe(200);
    });
  });

  test('a GET is tried again when the service says that it is busy; what changes something never is', async () => {
    await withGateway({}, async (ask) => {
      let calls = 0;
      answer = (_request, response) => {
        calls += 1;
        if (calls === 1) response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '0' });
        response.end('{"detail":"busy"}');
      };
      expect((await ask('/v1/kpis')).status).toBe(200);
      expect(calls).toBe(2);
      calls = 0;
      const refused = await ask('/v1/kpis', post({}));
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('0');
      expect(await refused.json()).toEqual({ detail: 'busy' });
      expect(calls).toBe(1);
    });
  });

  test('a service that breaks off in the middle of its answer never gives the client a complete one', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"items":[');
      setTimeout(() => response.destroy(), 50);
    };
    const response = await admin('/v1/kpis');
    await expect(response.text()).rejects.toThrow();
  });

  test('an answer that stands still is given up', async () => {
    await withGateway({ KEMPT_GATEWAY_UPSTREAM_IDLE_MS: '200' }, async (ask) => {
      answer = (_request, response) => void response.writeHead(200).write('a');
      const response = await ask('/v1/kpis');
      await expect(response.text()).rejects.toThrow();
    });
  });

  test('a client that goes away takes its request to the service with it', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    answer = (request) => {
      arrive();
      request.on('close', resolve);
    };
    const gone = new AbortController();
    const response = admin('/v1/kpis', { signal: gone.signal });
    response.catch(() => undefined);
    await arrived;
    gone.abort();
    await closed;
    await expect(response).rejects.toThrow();
  });
});

describe('rate limit', () => {
  test('counts each key for itself, tells what is left, and refuses with 429', async () => {
    const limited = await startGateway({ KEMPT_GATEWAY_RATE_LIMIT_REQUESTS: '3' });
    const first = await createKey({ role: 'viewer' });
    const second = await createKey({ role: 'viewer' });
    const ask = clientOf(limited, first.key);
    const left: (string | null)[] = [];
    for (let i = 0; i < 3; i++) left.push((await ask('/v1/records')).headers.get('ratelimit'));
    expect(left.map((value) => /^"key";r=(\d+);t=\d+$/.exec(value ?? '')?.[1])).toEqual(['2', '1', '0']);
    const refused = await ask('/v1/records');
    expect(refused.headers.get('ratelimit-policy')).toBe('"key";q=3;w=60');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await problemOf(refused)).toMatchObject({ status: 429, code: 'too-many-requests' });
    expect((await clientOf(limited, second.key)('/v1/records')).status).toBe(200);
    await limited.stop();
  });
});

describe('status', () => {
  test('tells of every service whether it is ready and which version runs; reasons only to admins', async () => {
    answer = (_request, response) =>
      response
        .writeHead(503)
        .end('{"status":"not ready","version":"9.9.9","checks":{"database":"no answer from db:5432"}}');
    const body = await (await admin('/v1/status')).json();
    expect(body).toEqual({
      status: 'degraded',
      version: '0.0.0',
      services: [
        { name: 'connector', isReady: true, version: '0.0.0' },
        { name: 'dedupe', isReady: true, version: '0.0.0' },
        { name: 'metrics', isReady: false, version: '9.9.9', reasons: { database: 'no answer from db:5432' } },
      ],
    });
    const { key } = await createKey({ scopes: ['records:read'] });
    const text = await (await clientOf(gateway, key)('/v1/status')).text();
    expect(text).toContain('"isReady":false');
    expect(text).not.toContain('5432');
  });
});

describe('the API description', () => {
  test('is one valid OpenAPI 3.1 document of all services', async () => {
    answer = (_request, response) => response.writeHead(503).end('{}');
    const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as OpenApiDocument;
    expect(document.openapi).toBe('3.1.0');
    expect(document['x-kempt-unavailable']).toEqual(['metrics']);
    expect(Object.keys(document.paths ?? {})).toEqual(
      expect.arrayContaining([
        '/v1/records',
        '/v1/records/{ref}',
        '/v1/clusters',
        '/v1/dead-letters',
        '/v1/api-keys',
        '/v1/status',
      ]),
    );
    const operationIds: unknown[] = [];
    for (const [path, operations] of Object.entries(document.paths ?? {})) {
      expect(path.startsWith('/v1/')).toBe(true);
      for (const operation of Object.values(operations) as Record<string, unknown>[]) {
        const parameters = (operation.parameters ?? []) as { name: string; in: string; required?: boolean }[];
        const declared = parameters.filter((one) => one.in === 'path' && one.required).map((one) => `{${one.name}}`);
        expect(declared.sort()).toEqual((path.match(/\{[^}]+\}/g) ?? []).sort());
        expect(Object.keys(operation.responses as object)).toEqual(expect.arrayContaining(['4XX', '5XX']));
        // Webhooks are signed instead.
        const credentials = path.startsWith('/v1/webhooks/') ? [] : [{ bearer: expect.any(Array) }];
        expect(operation.security).toEqual(credentials);
        if (operation.operationId !== undefined) operationIds.push(operation.operationId);
      }
    }
    expect(new Set(operationIds).size).toBe(operationIds.length);
    for (const [, reference] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) {
      const found = (reference ?? '')
        .replace('#/', '')
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
      expect([reference, typeof found]).toEqual([reference, 'object']);
    }
    expect(document.components?.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } });
  });
});
