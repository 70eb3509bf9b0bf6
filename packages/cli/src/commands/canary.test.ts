import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { runCli } from '../cli.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Answer = readonly [status: number, body: unknown];

/** A gateway whose answers come one after the other, the last of a route for ever. */
async function gateway(routes: Readonly<Record<string, readonly Answer[]>>): Promise<string> {
  const asked = new Map<string, number>();
  server = createServer((request, response) => {
    const route = `${request.method} ${request.url}`;
    const answers = routes[route] ?? [[404, { detail: `No route ${route}.` }]];
    const count = asked.get(route) ?? 0;
    asked.set(route, count + 1);
    const [status, body] = answers[Math.min(count, answers.length - 1)] as Answer;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => void server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function canary(url: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCli({
    args: ['canary', ...args],
    env: { KEMPT_URL: url, KEMPT_API_KEY: 'kempt_test_key' },
    version: '1.2.3',
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    readText: async () => '',
  });
  return { code, out, err };
}

const services = (...names: string[]) => names.map((name) => ({ name, isReady: true }));
const ready: Answer = [200, { status: 'ok', services: services('metrics', 'integration-audit') }];
const run = 'POST /v1/calendar/duplicate-review/run';
const evidence = 'GET /v1/evidence?subjectId=r1&limit=1';

describe('canary', () => {
  test('waits for services, for a run that is under way, and until the evidence is there', async () => {
    const url = await gateway({
      'GET /v1/status': [
        [503, { detail: 'Starting.' }],
        [200, { status: 'degraded', services: [{ name: 'metrics', isReady: false, reasons: { database: 'away' } }] }],
        ready,
      ],
      [run]: [
        [409, { code: 'run-is-under-way', detail: 'A run is under way.' }],
        [202, { runId: 'r1' }],
      ],
      [evidence]: [
        [200, { items: [] }],
        [200, { items: [{ sequence: 1 }] }],
      ],
    });
    const { code, out } = await canary(url);
    expect(code).toBe(0);
    expect(out).toContain('every service is ready');
    expect(out).toContain('is in the chain of evidence');
  });

  test('ends with 6 and says what did not come', async () => {
    const lost = await gateway({
      'GET /v1/status': [ready],
      [run]: [[202, { runId: 'r1' }]],
      [evidence]: [[200, { items: [] }]],
    });
    expect(await canary(lost, '--timeout', '1')).toMatchObject({
      code: 6,
      err: expect.stringContaining('Waited in vain for run r1 of duplicate-review in the chain of evidence'),
    });
  });

  test('names the service that is not ready, and why', async () => {
    const away = [{ name: 'dedupe', isReady: false, reasons: { 'event-bus': 'no broker' } }];
    const url = await gateway({ 'GET /v1/status': [[200, { status: 'degraded', services: away }]] });
    expect(await canary(url, '--timeout', '1')).toMatchObject({
      code: 6,
      err: expect.stringContaining('dedupe (event-bus: no broker)'),
    });
  });

  test('is given up at once where the key is not accepted', async () => {
    const url = await gateway({ 'GET /v1/status': [[401, { detail: 'No such key.' }]] });
    expect(await canary(url)).toMatchObject({ code: 3, err: expect.stringContaining('No such key.') });
  });

  test('of an installation without metrics or audit only asks whether everything is ready', async () => {
    const url = await gateway({
      'GET /v1/status': [[200, { status: 'ok', services: services('connector', 'dedupe') }]],
    });
    expect(await canary(url)).toMatchObject({ code: 0, out: expect.not.stringContaining('evidence') });
  });
});
