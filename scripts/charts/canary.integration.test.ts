import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { provisionSchemas, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { createServiceProcess, type ServiceProcess } from '../slice/service-process.ts';

const run = promisify(execFile);
const cli = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
const services = ['metrics', 'integration-audit', 'gateway'] as const;
const apiKey = `kempt_test_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('hex')}`;

let server: TestDatabase;
let folder: string;
const processes = new Map<string, ServiceProcess>();

/** What the canary of `helm test` passes through, as processes of their own on the Postgres bus. */
beforeAll(async () => {
  server = await startTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'kempt-canary-'));
  const database = new URL(server.adminUrl).pathname.slice(1);
  const roles = services.map((name) => ({
    schema: name.replaceAll('-', '_'),
    // Roles outlive a database; the prefix has the test database remove them.
    role: `${database}_${name.replaceAll('-', '_')}`,
    password: randomBytes(12).toString('hex'),
  }));
  await provisionSchemas({ adminUrl: server.adminUrl, services: roles });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  for (const [index, name] of services.entries()) {
    const url = new URL(server.adminUrl);
    url.username = roles[index]?.role ?? '';
    url.password = roles[index]?.password ?? '';
    const environment: Record<string, string> = {
      KEMPT_DATABASE_URL: url.href,
      KEMPT_DATABASE_ADMIN_URL: server.adminUrl,
      KEMPT_DATABASE_MAX_CONNECTIONS: '4',
      KEMPT_MIGRATIONS: 'on-start',
      KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      ...(name === 'metrics' && { KEMPT_METRICS_CALENDAR_INTERVAL_MS: '1000' }),
      ...(name === 'gateway' && {
        KEMPT_GATEWAY_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        KEMPT_GATEWAY_BOOTSTRAP_API_KEY: apiKey,
        KEMPT_GATEWAY_UPSTREAMS_METRICS: processes.get('metrics')?.url ?? '',
        KEMPT_GATEWAY_UPSTREAMS_INTEGRATION_AUDIT: processes.get('integration-audit')?.url ?? '',
      }),
    };
    processes.set(name, await createServiceProcess(name, { environment, logFolder: folder }));
  }
  for (const process of processes.values()) process.start();
  await Promise.all([...processes.values()].map((process) => process.ready(180_000)));
}, 240_000);
afterAll(async () => {
  await Promise.all([...processes.values()].map((process) => process.stop()));
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test('the canary of helm test comes through gateway, outbox, bus and consumer, again and again', async () => {
  for (const _ of [1, 2]) {
    const { stdout } = await run(
      process.execPath,
      ['--conditions=source', '--disable-warning=ExperimentalWarning', cli, '--json', 'canary'],
      { env: { ...process.env, KEMPT_URL: processes.get('gateway')?.url, KEMPT_API_KEY: apiKey } },
    );
    expect((JSON.parse(stdout) as { stages: { stage: string }[] }).stages.map(({ stage }) => stage)).toEqual([
      'every service is ready',
      'duplicate-review was begun by the API',
      'its end came by outbox, bus and consumer, and is in the chain of evidence',
    ]);
  }
}, 300_000);
