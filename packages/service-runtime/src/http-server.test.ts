import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger, createMetrics, type Metrics } from '@kempt/telemetry';
import { Type } from 'typebox';
import { createHttpServer, type HttpServer, tenantOf } from './http-server.ts';
import { unauthenticated } from './principal.ts';
import { notFound, ProblemError } from './problem.ts';

const lines: string[] = [];
const logger = createLogger({ service: 'test', destination: { write: (line: string) => void lines.push(line) } });
let http: HttpServer;
let metrics: Metrics;

const Thing = Type.Object({ id: Type.String(), size: Type.Integer() });

beforeEach(async () => {
  lines.length = 0;
  metrics = createMetrics('test');
  http = await createHttpServer({
    service: 'test',
    version: '1.2.3',
    logger,
    metrics,
    bodyLimitBytes: 2_000,
    requestTimeoutMs: 5_000,
    authenticate: async (headers) => {
      const scopes = headers['x-scopes'];
      if (typeof scopes !== 'string') throw unauthenticated('Log in.');
      return { tenantId: 'acme', subject: 'test', scopes: new Set(scopes.split(' ')) };
    },
  });
});
afterEach(() => http.close());

const route = { config: { scope: 'records:read' }, schema: { response: { 200: Thing } } };
const allowed = { 'x-scopes': 'records:read' };

describe('routes', () => {
  test('a route under /v1 without a scope is refused at start', () => {
    expect(() =>
      http.get('/v1/things', { schema: { response: { 200: Thing } } }, async () => ({ id: '', size: 1 })),
    ).toThrow('Route GET /v1/things names no scope: set config.scope.');
  });

  test('a route under /v1 with a scope that no key can have is refused at start', () => {
    expect(() =>
      http.get('/v1/things', { ...route, config: { scope: 'record:read' } }, async () => ({ id: '', size: 1 })),
    ).toThrow('names the scope record:read, which does not exist');
  });

  test('a route under /v1 without a response schema is refused at start', () => {
    expect(() => http.get('/v1/things', { config: { scope: 'records:read' } }, async () => ({}))).toThrow(
      'Route GET /v1/things has no response schema',
    );
  });

  test('what the response schema does not declare does not leave the service', async () => {
    http.get('/v1/things', route, async () => ({ id: 'a', size: 1, secret: 'x' }));
    const response = await http.inject({ url: '/v1/things', headers: allowed });
    expect(response.json()).toEqual({ id: 'a', size: 1 });
  });

  test('answers carry headers that keep browsers from doing anything with them', async () => {
    http.get('/v1/things', route, async () => ({ id: 'a', size: 1 }));
    const { headers } = await http.inject({ url: '/v1/things', headers: allowed });
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
  });

  test('a request keeps the id that the caller gave, unless it is harmful', async () => {
    http.get('/v1/things', route, async () => ({ id: 'a', size: 1 }));
    const ask = (id: string) => http.inject({ url: '/v1/things', headers: { ...allowed, 'x-request-id': id } });
    expect((await ask('01234567-abc')).headers['x-request-id']).toBe('01234567-abc');
    expect((await ask('<script>alert(1)</script>')).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('callers', () => {
  beforeEach(() => {
    http.get('/v1/things', route, async (request) => ({ id: tenantOf(request), size: 1 }));
  });

  test('one with the scope is served on behalf of its tenant', async () => {
    const response = await http.inject({ url: '/v1/things', headers: allowed });
    expect(response.json()).toMatchObject({ id: 'acme' });
  });

  test('one without credentials gets 401', async () => {
    const response = await http.inject('/v1/things');
    expect(response.statusCode).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer');
    expect(response.json()).toMatchObject({ code: 'unauthenticated', status: 401 });
  });

  test('one without the scope gets 403, which names the scope', async () => {
    const response = await http.inject({ url: '/v1/things', headers: { 'x-scopes': 'clusters:read' } });
    expect(response.statusCode).toBe(403);
    expect(response.json()).toMatchObject({ code: 'missing-scope', detail: expect.stringContaining('records:read') });
  });
});

describe('problems', () => {
  const Body = Type.Object(
    {
      name: Type.String({ minLength: 1 }),
      size: Type.Integer({ minimum: 1 }),
      kind: Type.Optional(Type.Enum(['a', 'b'])),
    },
    { additionalProperties: false },
  );

  beforeEach(() => {
    http.post('/v1/things', { ...route, schema: { ...route.schema, body: Body } }, async ({ body }) => ({
      id: body.name,
      size: body.size,
    }));
    http.get(
      '/v1/things',
      {
        ...route,
        schema: { ...route.schema, querystring: Type.Object({ limit: Type.Integer({ maximum: 200, default: 50 }) }) },
      },
      async ({ query }) => ({ id: 'a', size: query.limit }),
    );
  });

  function post(payload: string | object, contentType = 'application/json') {
    return http.inject({
      method: 'POST',
      url: '/v1/things',
      headers: { ...allowed, 'content-type': contentType },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });
  }

  test('every part that is wrong is named by a JSON pointer with what helps', async () => {
    const response = await post({ size: 0, kind: 'c', extra: 1 });
    expect(response.statusCode).toBe(400);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(response.json()).toEqual({
      type: 'urn:kempt:problem:invalid-request',
      title: 'Invalid request',
      status: 400,
      detail: '4 parts of the request are wrong; see errors.',
      code: 'invalid-request',
      errors: [
        { pointer: '/body/name', detail: 'is missing. Add it.' },
        { pointer: '/body/extra', detail: 'is not known. Remove it.' },
        { pointer: '/body/size', detail: 'must be >= 1.' },
        { pointer: '/body/kind', detail: 'must be one of a, b.' },
      ],
      traceId: expect.any(String),
    });
  });

  test('text in a URL becomes a number, text in a body does not', async () => {
    const ask = (query: string) => http.inject({ url: `/v1/things${query}`, headers: allowed });
    expect((await ask('?limit=7')).json()).toMatchObject({ size: 7 });
    expect((await ask('')).json()).toMatchObject({ size: 50 });
    expect((await ask('?limit=201')).json()).toMatchObject({ errors: [{ pointer: '/querystring/limit' }] });
    expect((await post({ name: 'a', size: '7' })).statusCode).toBe(400);
  });

  test.each([
    ['{"name":', 'application/json', 400, 'malformed-body'],
    ['', 'application/json', 400, 'malformed-body'],
    ['<a/>', 'application/xml', 415, 'unsupported-media-type'],
    [`{"name":"${'x'.repeat(3_000)}","size":1}`, 'application/json', 413, 'body-too-large'],
  ])('a body that cannot be read: %.12s', async (payload, contentType, status, code) => {
    const response = await post(payload, contentType);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ status, code });
    expect(response.headers['content-type']).toContain('application/problem+json');
  });

  test('a path that cannot be decoded', async () => {
    const response = await http.inject({ url: '/v1/things/%zz' });
    expect(response.statusCode).toBe(400);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({ status: 400, code: 'bad-request' });
  });

  test('what is no HTTP at all', async () => {
    await http.listen({ host: '127.0.0.1', port: 0 });
    const { port } = http.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.end('this is no HTTP\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
    expect(JSON.parse(body)).toMatchObject({ status: 400, code: 'malformed-request' });
  });

  test('a route that does not exist', async () => {
    const response = await http.inject({ url: '/v1/nothing?key=secret' });
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ code: 'unknown-route', detail: expect.not.stringContaining('secret') });
  });

  test('what a route throws: its own problem, a passing failure, a defect', async () => {
    const thrown: Record<string, Error> = {
      gone: notFound('Record sf:1:Contact:2'),
      busy: new ProblemError({ status: 429, code: 'busy', detail: 'Later.', retryAfterSeconds: 2.1 }),
      away: Object.assign(new Error('connect ECONNREFUSED 10.0.0.1'), { code: 'connection-refused', retriable: true }),
      defect: new TypeError('cannot read properties of undefined'),
    };
    http.get(
      '/v1/fail/:how',
      { ...route, schema: { ...route.schema, params: Type.Object({ how: Type.String() }) } },
      ({ params }) => {
        throw thrown[params.how] ?? new Error();
      },
    );
    const ask = (how: string) => http.inject({ url: `/v1/fail/${how}`, headers: allowed });

    expect((await ask('gone')).json()).toMatchObject({ status: 404, detail: 'Record sf:1:Contact:2 does not exist.' });
    expect((await ask('busy')).headers['retry-after']).toBe('3');
    const away = await ask('away');
    expect(away.json()).toMatchObject({ status: 503, code: 'temporarily-unavailable' });
    expect(away.headers['retry-after']).toBe('1');
    expect(away.body).not.toContain('10.0.0.1');
    const defect = await ask('defect');
    expect(defect.json()).toMatchObject({ status: 500, code: 'internal' });
    expect(defect.body).not.toContain('undefined');
    expect(lines.join('')).toContain('cannot read properties of undefined');
  });

  test('the trace id of the caller is in the problem', async () => {
    const traceId = 'c'.repeat(32);
    const response = await http.inject({
      url: '/v1/nothing',
      headers: { traceparent: `00-${traceId}-${'d'.repeat(16)}-01` },
    });
    expect(response.json()).toMatchObject({ traceId });
  });
});

describe('OpenAPI', () => {
  test('3.1, with the problem of every route and the scope it needs', async () => {
    http.get('/v1/things', { ...route, schema: { ...route.schema, summary: 'Things' } }, async () => ({
      id: 'a',
      size: 1,
    }));
    await http.ready();
    const document = (await http.inject('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'Kempt test', version: '1.2.3' });
    const operation = document.paths['/v1/things'].get;
    expect(operation.security).toEqual([{ bearer: ['records:read'] }]);
    expect(operation.responses['4XX'].content['application/problem+json'].schema).toEqual({
      $ref: '#/components/schemas/Problem',
    });
    expect(document.components.schemas.Problem.required).toContain('code');
    expect(Object.keys(document.paths)).toEqual(['/v1/things']);
  });
});

test('requests are measured by route pattern, method and class of status', async () => {
  http.get('/v1/things/:id', route, async () => ({ id: 'a', size: 1 }));
  await http.inject({ url: '/v1/things/12345', headers: allowed });
  await http.inject({ url: '/v1/things/12345' });
  await http.inject({ url: '/unknown/12345' });
  const text = await metrics.registry.metrics();
  const counted = (pattern: string, status: string): string =>
    `kempt_http_request_duration_seconds_count{service="test",route="${pattern}",method="GET",status_class="${status}"} 1`;
  expect(text).toContain(counted('/v1/things/:id', '2xx'));
  expect(text).toContain(counted('/v1/things/:id', '4xx'));
  expect(text).toContain(counted('unknown', '4xx'));
  expect(text).not.toContain('12345');
});
