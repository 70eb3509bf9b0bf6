import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createInternalTokenAuthenticator, type RunningService } from '@kempt/service-runtime';
import { connectionEvent } from '../events/event-test-data.ts';
import { createGatewayTestBed, type GatewayTestBed } from '../gateway-test-bed.ts';

let bed: GatewayTestBed;
let gateway: RunningService;
let connector: Server;
let answer: RequestListener;
const seen: { readonly request: IncomingMessage; readonly body: Buffer }[] = [];
const connectionId = randomUUID();

beforeAll(async () => {
  bed = await createGatewayTestBed();
  connector = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      seen.push({ request, body: Buffer.concat(chunks as Buffer[]) });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => connector.listen(0, '127.0.0.1', resolve));
  gateway = await bed.startGateway({
    KEMPT_GATEWAY_UPSTREAMS_CONNECTOR: `http://127.0.0.1:${(connector.address() as AddressInfo).port}`,
    KEMPT_GATEWAY_WEBHOOKS_TIMEOUT_MS: '1500',
    KEMPT_GATEWAY_WEBHOOKS_REQUESTS_PER_MINUTE: '20',
  });
  await bed.bus.publish([connectionEvent({ id: connectionId, tenantId: 'acme' })]);
  await bed.bus.settled();
});
beforeEach(() => {
  seen.length = 0;
  answer = (_request, response) => response.writeHead(204).end();
});
afterAll(async () => {
  connector.closeAllConnections();
  await bed.close();
  await new Promise((resolve) => connector.close(resolve));
});

function call(id: string, body: Buffer | string = '[]', headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/webhooks/hubspot/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
}

test('a call reaches the connector byte for byte, with its signature, on behalf of the tenant of the connection', async () => {
  const body = Buffer.concat([Buffer.from('[{"objectId":1, "x":"é"}]  \r\n'), randomBytes(300_000)]);
  const response = await call(connectionId, body, {
    'x-hubspot-signature-v3': 'c2lnbmF0dXJl',
    'x-hubspot-request-timestamp': '1700000000000',
    authorization: 'Bearer stolen',
    'x-kempt-connection-id': randomUUID(),
    cookie: 'a=b',
  });
  expect(response.status).toBe(204);
  const [{ request, body: arrived } = { request: undefined, body: Buffer.alloc(0) }] = seen;
  expect(arrived.equals(body)).toBe(true);
  expect(request?.method).toBe('POST');
  expect(request?.url).toBe('/v1/webhooks/hubspot');
  expect(request?.headers).toMatchObject({
    'x-hubspot-signature-v3': 'c2lnbmF0dXJl',
    'x-hubspot-request-timestamp': '1700000000000',
    'x-kempt-connection-id': connectionId,
    'content-length': String(body.length),
  });
  expect(request?.headers.cookie).toBeUndefined();
  const principal = await createInternalTokenAuthenticator(bed.publicKey)(request?.headers ?? {});
  expect(principal).toEqual({
    tenantId: 'acme',
    subject: `webhook:${connectionId}`,
    scopes: new Set(['sync:write']),
  });
});

test('what the connector refuses is refused in its words', async () => {
  answer = (_request, response) =>
    response
      .writeHead(401, { 'content-type': 'application/problem+json' })
      .end('{"status":401,"code":"bad-signature","detail":"The signature is wrong."}');
  const response = await call(connectionId);
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: 'bad-signature' });
});

test('a connector that is too slow, or fails, makes the call come again', async () => {
  answer = () => undefined;
  const startedMs = performance.now();
  const slow = await call(connectionId);
  expect(slow.status).toBe(504);
  expect(performance.now() - startedMs).toBeLessThan(3_100);
  answer = (request) => request.socket.destroy();
  expect((await call(connectionId)).status).toBe(502);
  expect(seen).toHaveLength(2);
});

test('a connection that nobody has, of another CRM, or deleted, is unknown; malformed ids are refused', async () => {
  const salesforce = randomUUID();
  const deleted = randomUUID();
  await bed.bus.publish([
    connectionEvent({ id: salesforce, system: 'salesforce' }),
    connectionEvent({ id: deleted, version: 1 }),
    connectionEvent({ id: deleted, version: 2, status: 'DELETED' }),
    connectionEvent({ id: deleted, version: 1 }),
  ]);
  await bed.bus.settled();
  for (const id of [randomUUID(), salesforce, deleted]) expect((await call(id)).status).toBe(404);
  expect((await call('1; drop table')).status).toBe(400);
  expect(seen).toHaveLength(0);
});

test('a body above 1 MiB is refused without being passed on', async () => {
  const response = await call(connectionId, Buffer.alloc(1_048_577));
  expect(response.status).toBe(413);
  expect(seen).toHaveLength(0);
});

test('while the bus is away an unknown connection makes the call come again', async () => {
  bed.bus.broker.goAway();
  const deadline = Date.now() + 5_000;
  let status = 404;
  while (status === 404 && Date.now() < deadline) {
    status = (await call(randomUUID())).status;
    await sleep(20);
  }
  bed.bus.broker.comeBack();
  expect(status).toBe(503);
});

test('a connection that calls too often is told to wait, and the others are not', async () => {
  const busy = randomUUID();
  const statuses: number[] = [];
  for (let n = 0; n < 25; n += 1) statuses.push((await call(busy)).status);
  expect(statuses.filter((status) => status === 429)).toHaveLength(5);
  expect((await call(connectionId)).status).toBe(204);
});
