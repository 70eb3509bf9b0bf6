import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createClientCredentialsToken } from './client-credentials-token.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A token endpoint that numbers its tokens. */
async function endpoint(answer: (count: number) => { status: number; body: object; headers?: Record<string, string> }) {
  const asked: Asked[] = [];
  server = createServer(async (request, response) => {
    asked.push({ headers: request.headers, body: (await request.setEncoding('utf8').toArray()).join('') });
    const { status, body, headers } = answer(asked.length);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => void server?.listen(0, '127.0.0.1', resolve));
  return { asked, tokenUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token` };
}

const client = { clientId: 'kempt:a', clientSecret: 'se/cret' };
const numbered = (count: number) => ({ status: 200, body: { access_token: `token-${count}`, expires_in: 100 } });

test('a token is asked for as RFC 6749 says', async () => {
  const { asked, tokenUrl } = await endpoint(numbered);
  await createClientCredentialsToken({ ...client, tokenUrl, scope: 'kafka write' })();
  const credentials = Buffer.from(asked[0]?.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
  expect(credentials).toBe('kempt%3Aa:se%2Fcret');
  expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
    grant_type: 'client_credentials',
    scope: 'kafka write',
  });
});

test('a token is used until a fifth of its time is left, and fetched once for all who ask together', async () => {
  const { asked, tokenUrl } = await endpoint(numbered);
  let time = 0;
  const token = createClientCredentialsToken({ ...client, tokenUrl, now: () => time });
  expect(await Promise.all([token(), token(), token()])).toEqual(['token-1', 'token-1', 'token-1']);
  time = 79_999;
  expect(await token()).toBe('token-1');
  time = 80_000;
  expect(await token()).toBe('token-2');
  expect(asked).toHaveLength(2);
});

test.each([
  [503, {}, 'bus-unavailable'],
  [429, {}, 'bus-unavailable'],
  [401, { error: 'invalid_client' }, 'bus-misconfigured'],
  [200, { token: 'x' }, 'bus-misconfigured'],
])('an answer of %i %j is %s, and the next call tries again', async (status, body, code) => {
  const { tokenUrl } = await endpoint((count) => (count === 1 ? { status, body } : numbered(count)));
  const token = createClientCredentialsToken({ ...client, tokenUrl });
  const failure = await token().catch((error: unknown) => error);
  expect(failure).toMatchObject({ code, message: expect.stringContaining(tokenUrl) });
  expect((failure as Error).message).not.toContain(client.clientSecret);
  expect(await token()).toBe('token-2');
});

test('a server that is away passes by itself, and one that redirects gets no secret', async () => {
  const token = createClientCredentialsToken({ ...client, tokenUrl: 'http://127.0.0.1:1/token' });
  await expect(token()).rejects.toMatchObject({ code: 'bus-unavailable', retriable: true });
  const { asked, tokenUrl } = await endpoint(() => ({ status: 307, body: {}, headers: { location: '/elsewhere' } }));
  await expect(createClientCredentialsToken({ ...client, tokenUrl })()).rejects.toMatchObject({
    code: 'bus-unavailable',
  });
  expect(asked).toHaveLength(1);
});
