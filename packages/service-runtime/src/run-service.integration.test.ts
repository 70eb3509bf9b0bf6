import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { provisionSchemas, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import type { ServiceMessage } from './service-host.ts';

const main = new URL('./probe-child.ts', import.meta.url);

let testDatabase: TestDatabase;
let environment: Record<string, string>;
const processes = new Set<ChildProcess>();
const workers = new Set<Worker>();

beforeAll(async () => {
  testDatabase = await startTestDatabase();
  const url = new URL(testDatabase.adminUrl);
  url.username = `${url.pathname.slice(1)}_probe`;
  url.password = 'secret-of-the-role';
  await provisionSchemas({
    adminUrl: testDatabase.adminUrl,
    services: [{ schema: 'probe', role: url.username, password: url.password }],
  });
  environment = {
    PATH: process.env.PATH ?? '',
    KEMPT_HTTP_PORT: '0',
    KEMPT_DATABASE_URL: url.href,
    KEMPT_DATABASE_ADMIN_URL: testDatabase.adminUrl,
    KEMPT_MIGRATIONS: 'on-start',
  };
});
afterEach(async () => {
  for (const child of processes) child.kill('SIGKILL');
  processes.clear();
  await Promise.all([...workers].map((worker) => worker.terminate()));
  workers.clear();
});
afterAll(() => testDatabase.stop());

interface Started {
  readonly child: ChildProcess;
  output(): string;
  errors(): string;
  readonly ended: Promise<number | NodeJS.Signals>;
}

function startProcess(overrides: Record<string, string> = {}, args: readonly string[] = []): Started {
  const child = spawn(process.execPath, ['--conditions=source', fileURLToPath(main), ...args], {
    env: { ...environment, ...overrides },
  });
  processes.add(child);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  return { child, output: () => output, errors: () => errors.replaceAll(/^\(.*\n|^.*Warning.*\n/gm, ''), ended };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await sleep(20);
  }
}

const isRunning = (service: Started): boolean => service.output().includes('service is running');

describe('in a process', () => {
  test('serves until SIGTERM, then drains and ends with 0', async () => {
    const service = startProcess();
    await until(() => isRunning(service));
    const url = /"url":"([^"]+)"/.exec(service.output())?.[1] ?? '';
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.output()).toContain('service has stopped');
    expect(service.errors()).toBe('');
  });

  test('a component that does not stop is named at the deadline, and the process ends with 1', async () => {
    const service = startProcess({ PROBE_FAULT: 'stop', KEMPT_STOP_TIMEOUT_MS: '500' });
    await until(() => isRunning(service));
    service.child.kill('SIGINT');
    expect(await service.ended).toBe(1);
    expect(service.errors()).toBe(
      'probe did not stop in time (KEMPT_STOP_TIMEOUT_MS): probe-component was still at work.\n',
    );
  });

  test('a second signal ends it at once', async () => {
    const service = startProcess({ PROBE_FAULT: 'stop' });
    await until(() => isRunning(service));
    service.child.kill('SIGTERM');
    await until(() => service.output().includes('probe stopping'));
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(1);
  });

  test('a component that does not start ends it with 1 and one sentence', async () => {
    const service = startProcess({ PROBE_FAULT: 'start' });
    expect(await service.ended).toBe(1);
    expect(service.errors()).toBe('probe: probe-component could not be started: the probe is broken\n');
  });

  test('a wrong configuration ends it with 1 and says everything that is wrong', async () => {
    const service = startProcess({ KEMPT_HTTP_PORT: 'x', KEMPT_HTTP_HOTS: 'y' });
    expect(await service.ended).toBe(1);
    expect(service.errors().split('\n')).toEqual([
      'The configuration of probe has 2 problems:',
      '- KEMPT_HTTP_HOTS: found a setting that does not exist; expected KEMPT_HTTP_HOST. Rename it to KEMPT_HTTP_HOST or remove it.',
      '- KEMPT_HTTP_PORT: found "x" in the environment; expected an integer from 0 to 65535. Correct the value, or remove it for the default 8080.',
      '',
    ]);
  });

  test('an error that nobody caught is told, and ends it with 1', async () => {
    const service = startProcess({ PROBE_FAULT: 'uncaught' });
    expect(await service.ended).toBe(1);
    expect(service.errors()).toBe('probe: nobody caught this\n');
    expect(service.output()).toContain('probe stopping');
  });

  test('an error that nobody caught while the service starts is told, and ends it with 1', async () => {
    const service = startProcess({ PROBE_FAULT: 'uncaught-at-start' });
    expect(await service.ended).toBe(1);
    expect(service.errors()).toBe('probe: nobody caught this\n');
    expect(service.output()).not.toContain('service is running');
  });

  test('migrate applies the migrations and ends', async () => {
    const service = startProcess({}, ['migrate']);
    expect(await service.ended).toBe(0);
    expect(service.output()).not.toContain('service is running');
    const without = startProcess({ KEMPT_MIGRATIONS: 'check', KEMPT_DATABASE_ADMIN_URL: '' }, ['migrate']);
    expect(await without.ended).toBe(1);
    expect(without.errors()).toContain('Migrations need KEMPT_DATABASE_ADMIN_URL');
  });

  test('topics creates the topics that are missing and ends, however often', async () => {
    expect(await startProcess({}, ['migrate']).ended).toBe(0);
    for (const _ of ['first', 'again']) {
      const service = startProcess({}, ['topics']);
      expect(await service.ended).toBe(0);
      expect(service.output()).toContain('topics are there');
      expect(service.output()).not.toContain('service is running');
    }
  });

  test('refuses an argument that it does not know', async () => {
    const service = startProcess({}, ['migrat']);
    expect(await service.ended).toBe(2);
    expect(service.errors()).toContain('"migrat" is not known here');
  });
});

describe('in a worker thread', () => {
  function startWorker(overrides: Record<string, string> = {}): {
    readonly worker: Worker;
    readonly messages: ServiceMessage[];
    readonly ended: Promise<number>;
  } {
    const worker = new Worker(main, {
      env: { ...environment, ...overrides },
      execArgv: ['--conditions=source'],
      stdout: true,
    });
    workers.add(worker);
    const messages: ServiceMessage[] = [];
    worker.on('message', (message: ServiceMessage) => messages.push(message));
    const ended = once(worker, 'exit').then(([code]) => code as number);
    return { worker, messages, ended };
  }

  test('posts where it serves, and stops when it is told to', async () => {
    const { worker, messages, ended } = startWorker();
    await until(() => messages.length > 0);
    const [ready] = messages;
    expect(ready).toEqual({
      type: 'ready',
      service: 'probe',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    const url = ready?.type === 'ready' ? ready.url : '';
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    worker.postMessage({ type: 'stop' });
    expect(await ended).toBe(0);
    expect(messages.at(-1)).toEqual({ type: 'stopped', service: 'probe' });
  });

  test('its log lines go where its creator sends them, to the last one', async () => {
    const { worker, messages, ended } = startWorker();
    let output = '';
    worker.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    await until(() => messages.length > 0);
    worker.postMessage({ type: 'stop' });
    await ended;
    expect(output).toContain('"msg":"service is running"');
    expect(output).toContain('"msg":"service has stopped"');
  });

  test('posts why it could not start, and ends with 1', async () => {
    const { messages, ended } = startWorker({ PROBE_FAULT: 'start' });
    expect(await ended).toBe(1);
    expect(messages).toEqual([
      { type: 'failed', service: 'probe', message: 'probe: probe-component could not be started: the probe is broken' },
    ]);
  });

  test('a component that does not stop cannot keep the thread', async () => {
    const { worker, messages, ended } = startWorker({ PROBE_FAULT: 'stop', KEMPT_STOP_TIMEOUT_MS: '300' });
    await until(() => messages.length > 0);
    worker.postMessage({ type: 'stop' });
    expect(await ended).toBe(1);
  });
});
