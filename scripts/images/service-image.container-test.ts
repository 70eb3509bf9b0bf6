import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { provisionSchemas, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';

/** Set by `scripts/test-images`: what stands before and after the name of an image. */
const prefix = process.env['IMAGE_PREFIX'] ?? 'kempt/';
const tag = process.env['IMAGE_TAG'] ?? '0.1.0';
const base = process.env['RUNTIME_BASE'] ?? 'node:24-bookworm-slim';
const mostBytes = 150_000_000;
/** On the way from the entry point to `/readyz` there is Node.js, all of the code, the database and the bus. */
const mostReadyMs = 2_000;

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const nobody = 'http://127.0.0.1:9';

const own: Readonly<Record<string, Record<string, string>>> = {
  connector: { KEMPT_CONNECTOR_SEALING_KEY: Buffer.alloc(32, 1).toString('base64') },
  dedupe: {},
  'data-quality': {},
  'integration-audit': {},
  metrics: {},
  gateway: {
    KEMPT_GATEWAY_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    KEMPT_GATEWAY_BOOTSTRAP_API_KEY: `kempt_test_${'0'.repeat(12)}_${'1'.repeat(64)}`,
    KEMPT_GATEWAY_UPSTREAMS_CONNECTOR: nobody,
    KEMPT_GATEWAY_UPSTREAMS_DEDUPE: nobody,
    KEMPT_GATEWAY_UPSTREAMS_DATA_QUALITY: nobody,
    KEMPT_GATEWAY_UPSTREAMS_INTEGRATION_AUDIT: nobody,
    KEMPT_GATEWAY_UPSTREAMS_METRICS: nobody,
  },
};

/** What was measured, told at the end whether it is within the bounds or not. */
const figures: string[] = [];

let testDatabase: TestDatabase;
let started: StartedTestContainer | undefined;

beforeAll(async () => {
  testDatabase = await startTestDatabase();
});
afterEach(async () => {
  await started?.stop();
  started = undefined;
});
afterAll(async () => {
  await testDatabase.stop();
  process.stdout.write(`${figures.join('\n')}\n`);
});

describe.each(Object.keys(own))('the image of %s', (service) => {
  test('migrates, and then serves within two seconds as a stranger on a root that cannot be written', async () => {
    const schema = service.replaceAll('-', '_');
    const url = new URL(testDatabase.adminUrl);
    url.username = `${url.pathname.slice(1)}_${schema}`;
    url.password = 'secret-of-the-role';
    await provisionSchemas({
      adminUrl: testDatabase.adminUrl,
      services: [{ schema, role: url.username, password: url.password }],
    });
    // The database listens on this machine alone, so the container shares its network.
    const container = (port: string): GenericContainer =>
      new GenericContainer(`${prefix}${service}:${tag}`)
        .withNetworkMode('host')
        .withUser('12345:12345')
        .withEnvironment({
          KEMPT_HTTP_HOST: '127.0.0.1',
          KEMPT_HTTP_PORT: port,
          KEMPT_DATABASE_URL: url.href,
          ...own[service],
        });

    const migration = await container('0')
      .withEnvironment({ KEMPT_DATABASE_ADMIN_URL: testDatabase.adminUrl })
      .withCommand(['migrate'])
      .withWaitStrategy(Wait.forOneShotStartup())
      .start();
    await migration.stop();

    started = await readOnly(container('0'))
      .withWaitStrategy(Wait.forLogMessage(/service is running/))
      .start();
    const running = await logLine(started, 'service is running');
    const { status } = await fetch(`${String(running?.['url'])}/readyz`);
    expect(status).toBe(200);
    const readyMs = Date.parse(String(running?.['time'])) - (await processStart(started));
    figures.push(`${service}: ready after ${readyMs} ms`);
    expect(readyMs).toBeLessThan(mostReadyMs);
  });

  test('is less than 150 MB over its base', () => {
    const bytes = sizeOf(`${prefix}${service}:${tag}`) - sizeOf(base);
    figures.push(`${service}: ${(bytes / 1_000_000).toFixed(1)} MB over ${base}`);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(mostBytes);
  });
});

/** As Docker counts: the sum of the layers. */
function sizeOf(image: string): number {
  return Number(execFileSync('docker', ['image', 'inspect', '--format', '{{.Size}}', image], { encoding: 'utf8' }));
}

function readOnly(container: GenericContainer): GenericContainer {
  // The builder has no method for it; this is the field of the Docker API that it sends.
  (container as unknown as { hostConfig: { ReadonlyRootfs?: boolean } }).hostConfig.ReadonlyRootfs = true;
  return container;
}

/** The first line of the log with this message. The log of a container that runs has no end. */
async function logLine(container: StartedTestContainer, message: string): Promise<Record<string, unknown> | undefined> {
  const log = await container.logs();
  try {
    for await (const text of createInterface({ input: log })) {
      const line = parsed(text);
      if (line?.['msg'] === message) return line;
    }
    return undefined;
  } finally {
    log.destroy();
  }
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** When the first process of the container began, in milliseconds since 1970. */
async function processStart(container: StartedTestContainer): Promise<number> {
  const script = `const ticks = Number(require('fs').readFileSync('/proc/1/stat', 'utf8').split(') ')[1].split(' ')[19]);
    const boot = Date.now() - Number(require('fs').readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
    console.log(Math.round(boot + ticks * 10))`;
  const { output } = await container.exec(['node', '-e', script]);
  return Number(output.trim());
}
