import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeEvent, topics } from '@kempt/contracts';
import { createPostgresEventBus, migratePostgresEventBus } from '@kempt/event-bus-postgres';
import { type Database, openDatabase, provisionSchemas, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { createInternalTokenSigner } from '@kempt/service-runtime';
import { eventually, sealingKey } from './connector-test-bed.ts';
import { hubspotConnection, type SimulatedCrms, salesforceConnection, startCrms } from './crm-test-bed.ts';

const role = 'kempt_connector';
const contactsEach = 120;

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let environment: Record<string, string>;
let child: ChildProcess | undefined;
const keys = generateKeyPairSync('ed25519');

beforeAll(async () => {
  server = await startTestDatabase();
  await provisionSchemas({ adminUrl: server.adminUrl, services: [{ schema: 'connector', role, password: 'secret' }] });
  await migratePostgresEventBus({ adminUrl: server.adminUrl, roles: [role] });
  const url = new URL(server.adminUrl);
  url.username = role;
  url.password = 'secret';
  database = openDatabase({ url: url.href, schema: 'connector', applicationName: 'test' });
  crms = await startCrms();
  for (let index = 0; index < contactsEach; index += 1) {
    crms.salesforce.records.create('Contact', { LastName: `Lee ${index}` });
    crms.hubspot.records.create('contacts', { lastname: `Lee ${index}` });
  }
  environment = {
    PATH: process.env.PATH ?? '',
    KEMPT_HTTP_PORT: '0',
    KEMPT_DATABASE_URL: url.href,
    KEMPT_DATABASE_ADMIN_URL: server.adminUrl,
    KEMPT_MIGRATIONS: 'on-start',
    KEMPT_CONNECTOR_SEALING_KEY: sealingKey,
    KEMPT_CONNECTOR_ALLOWED_HOSTS: '127.0.0.1',
    KEMPT_CONNECTOR_LEASE_MS: '300',
    KEMPT_CONNECTOR_PAGE_RECORDS: '10',
    KEMPT_CONNECTIONS: JSON.stringify([salesforceConnection(crms, ['Contact']), hubspotConnection(crms, ['contacts'])]),
    KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: keys.publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
});

afterAll(async () => {
  child?.kill('SIGKILL');
  await crms.stop();
  await database.close();
  await server.stop();
});

/** Starts the service as a process of its own; resolves to its address once it serves. */
async function startProcess(): Promise<string> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const started = spawn(process.execPath, ['--conditions=source', main], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  let output = '';
  started.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return await eventually('the service to say where it serves', async () => {
    if (started.exitCode !== null)
      throw new Error(`The service ended with ${started.exitCode}: ${output.slice(-2_000)}`);
    return /"url":"([^"]+)"[^\n]*service is running/.exec(output)?.[1];
  });
}

async function endProcess(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  const ending = child;
  if (ending === undefined) throw new Error('no process runs');
  const ended = new Promise<number | null>((resolve) => ending.once('exit', resolve));
  ending.kill(signal);
  return await ended;
}

const recordsKnown = async (): Promise<number> => {
  const [row] = await database.transaction('default', (tx) =>
    tx.query<{ count: string }>('select count(*) from record'),
  );
  return Number(row?.count ?? 0);
};

test('the service as a process, killed in the middle of its first reading again and again, reads and tells everything once', async () => {
  // A little slower than it is, so that there is a middle.
  crms.salesforce.faults.inject({ path: 'ORDER%20BY%20Id', times: -1, effect: { kind: 'delay', delayMs: 60 } });
  for (const enough of [1, 60, 150]) {
    await startProcess();
    await eventually(`${enough} records`, async () => (await recordsKnown()) >= enough);
    await endProcess('SIGKILL');
  }
  const url = await startProcess();
  const signer = createInternalTokenSigner(keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  const token = await signer({ tenantId: 'default', subject: 'test', scopes: new Set(['connections:read']) });
  await eventually('every connection to be connected', async () => {
    const answer = await fetch(`${url}/v1/connections`, { headers: { authorization: `Bearer ${token}` } });
    const { items } = (await answer.json()) as { items: { status: string }[] };
    return items.length === 2 && items.every(({ status }) => status === 'connected');
  });
  await eventually('the outbox to be empty', async () => {
    const [row] = await database.systemTransaction((tx) => tx.query<{ count: string }>('select count(*) from outbox'));
    return row?.count === '0';
  });
  expect(await endProcess('SIGTERM')).toBe(0);

  const bus = createPostgresEventBus({ url: environment.KEMPT_DATABASE_URL ?? '', applicationName: 'test' });
  const told = new Map<string, Set<string>>();
  const subscription = await bus.subscribe({
    group: 'test',
    topics: [topics.recordChanged.name],
    eachChunk: async ({ records }) => {
      for (const record of records) {
        const { key, sequence, id } = decodeEvent(topics.recordChanged, record);
        const subject = `${key} ${sequence}`;
        told.set(subject, (told.get(subject) ?? new Set()).add(id));
      }
    },
  });
  await eventually('every event', async () => told.size >= 2 * contactsEach);
  await subscription.stop();
  await bus.close();
  expect(told.size).toBe(2 * contactsEach);
  // An event may be delivered twice, but no change is told by two events.
  for (const [subject, ids] of told) expect([subject.split(' ')[1], ids.size]).toEqual(['1', 1]);
}, 180_000);
