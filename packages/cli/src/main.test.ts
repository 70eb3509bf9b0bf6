import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    const items = Array.from({ length: 5_000 }, (_, index) => ({ goldenId: `g${index}`, members: [], memberCount: 2 }));
    response.setHeader('content-type', 'application/json');
    if (request.url?.startsWith('/v1/clusters')) return response.end(JSON.stringify({ items }));
    response.writeHead(404).end(JSON.stringify({ detail: 'The identity x does not exist.' }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function start(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', main, ...args],
    {
      env: {
        PATH: process.env.PATH,
        KEMPT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        KEMPT_API_KEY: 'k',
      },
    },
  );
  let out = '';
  let err = '';
  child.stdout.on('data', (text) => {
    out += String(text);
    // A reader that has seen enough.
    if (args.includes('--json')) child.stdout.destroy();
  });
  child.stderr.on('data', (text) => {
    err += String(text);
  });
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

test('the process prints, and ends with the exit code of what happened', async () => {
  const [version, missing, broken] = await Promise.all([
    start(['--version']),
    start(['ids', 'x']),
    start(['--json', 'clusters', 'list']),
  ]);
  expect(version).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
  expect(missing).toEqual({ code: 4, out: '', err: 'kempt: The identity x does not exist.\n' });
  expect({ code: broken.code, err: broken.err }).toEqual({ code: 0, err: '' });
});
