import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { decodeEvent, topics } from '@kempt/contracts';
import { createConsumer } from '@kempt/outbox';
import { type EmbeddedPostgres, openDatabase, provisionSchemas, startEmbeddedPostgres } from '@kempt/postgres';
import { type RunningService, type Runtime, type ServiceDefinition, startService } from '@kempt/service-runtime';
import { createLogger } from '@kempt/telemetry';
import { connectorConfigSchema } from '../config.ts';
import { eventually, sealingKey } from '../connector-test-bed.ts';
import { hubspotConnection, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';
import { buildConnector } from '../service.ts';

const contactsEach = 600;
const total = contactsEach * 2;
const password = 'secret-of-the-role';
const schemas = ['connector', 'witness'];

let folder: string;
let server: EmbeddedPostgres;
let crms: SimulatedCrms;
const running: RunningService[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kempt-outage-'));
  // Where root starts the server it runs under another account, which has to pass through.
  await chmod(folder, 0o711);
  server = await startServer();
  await provisionSchemas({
    adminUrl: server.adminUrl,
    services: schemas.map((schema) => ({ schema, role: `kempt_${schema}`, password })),
  });
  crms = await startCrms();
  for (let index = 0; index < contactsEach; index += 1) {
    crms.salesforce.records.create('Contact', { LastName: `Lee ${index}` });
    crms.hubspot.records.create('contacts', { lastname: `Lee ${index}` });
  }
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
  await crms.stop();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Killing processes takes nothing from the system's cache, so the disk need not be waited for. */
function startServer(port?: number): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    dataFolder: join(folder, 'postgres'),
    settings: { fsync: 'off' },
    ...(port !== undefined && { port }),
  });
}

/** As the superuser, who sees every row. */
async function query<Row extends object>(sql: string): Promise<Row[]> {
  const database = openDatabase({ url: server.adminUrl, schema: 'connector', applicationName: 'test' });
  try {
    return await database.systemTransaction((tx) => tx.query<Row>(sql), { readOnly: true });
  } finally {
    await database.close();
  }
}

const count = async (table: string): Promise<number> =>
  Number((await query<{ count: string }>(`select count(*) from ${table}`))[0]?.count);

async function start<C>(definition: ServiceDefinition<C>, settings: Readonly<Record<string, string>>): Promise<string> {
  const url = new URL(server.adminUrl);
  url.username = `kempt_${definition.name}`;
  url.password = password;
  const service = await startService(definition, {
    environment: {
      KEMPT_HTTP_PORT: '0',
      KEMPT_DATABASE_URL: url.href,
      KEMPT_DATABASE_ADMIN_URL: server.adminUrl,
      KEMPT_MIGRATIONS: 'on-start',
      KEMPT_BUS: 'postgres',
      ...settings,
    },
    logger: createLogger({ service: definition.name, level: 'silent' }),
  });
  running.push(service);
  return service.url;
}

const startConnector = (): Promise<string> =>
  start(
    {
      name: 'connector',
      configSchema: connectorConfigSchema,
      migrationsFolder: fileURLToPath(new URL('../../migrations', import.meta.url)),
      build: buildConnector,
    },
    {
      KEMPT_CONNECTOR_SEALING_KEY: sealingKey,
      KEMPT_CONNECTOR_ALLOWED_HOSTS: '127.0.0.1',
      KEMPT_CONNECTOR_PAGE_RECORDS: '10',
      KEMPT_CONNECTOR_LEASE_MS: '1000',
      KEMPT_CONNECTIONS: JSON.stringify([
        salesforceConnection(crms, ['Contact']),
        hubspotConnection(crms, ['contacts']),
      ]),
    },
  );

/** A consumer whose effect is a row for each event that it was given, with nothing that would hide a repetition. */
async function startWitness(): Promise<string> {
  const migrationsFolder = join(folder, 'migrations');
  await mkdir(migrationsFolder);
  await writeFile(
    join(migrationsFolder, '0001_seen.sql'),
    `create table seen (tenant_id text not null, position bigint generated always as identity, key text not null,
                        version bigint not null, primary key (tenant_id, position));
     select kempt_protect('seen');`,
  );
  const build = ({ database, bus, logger, metrics }: Runtime) => [
    createConsumer({
      database,
      bus,
      group: 'witness',
      subscriptions: [
        {
          topic: topics.recordChanged,
          handle: async (tx, events) => {
            const seen = events.map((event) => decodeEvent(topics.recordChanged, event));
            await tx.execute(
              'insert into seen (tenant_id, key, version) select $1, * from unnest($2::text[], $3::bigint[])',
              [tx.tenantId, seen.map(({ key }) => key), seen.map(({ sequence }) => sequence)],
            );
          },
        },
      ],
      logger,
      metrics,
    }),
  ];
  return start({ name: 'witness', migrationsFolder, build }, {});
}

async function readyz(
  url: string,
): Promise<{ readonly status: number; readonly checks: Readonly<Record<string, string>> }> {
  const response = await fetch(`${url}/readyz`);
  const body = (await response.json()) as { checks: Readonly<Record<string, string>> };
  return { status: response.status, checks: body.checks };
}

test('Postgres that is killed while records are read, published and applied: services say so, go on by themselves, and nothing is lost or done twice', async () => {
  const urls = [await startConnector(), await startWitness()];
  await eventually('some records to have come all the way', async () => (await count('witness.seen')) >= 50);
  await server.crash();

  for (const url of urls) {
    const away = await eventually('the service to say what is away', async () => {
      const said = await readyz(url);
      return said.status === 503 && said;
    });
    expect(away.checks.database).toMatch(/Postgres|connect/i);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  }

  server = await startServer(Number(new URL(server.adminUrl).port));
  expect(await count('connector.record')).toBeLessThan(total);
  for (const url of urls) {
    await eventually('the service to be ready again', async () => (await readyz(url)).status === 200);
  }
  await eventually('every record to have come all the way', async () => (await count('witness.seen')) >= total, 40_000);
  await eventually('the outbox to be empty', async () => (await count('connector.outbox')) === 0);

  const seen = await query<{ key: string; version: string }>('select key, version from witness.seen');
  expect(new Set(seen.map(({ key }) => key)).size).toBe(total);
  expect(seen.filter(({ version }) => version !== '1')).toEqual([]);
  expect(seen).toHaveLength(total);
  expect(await count('connector.record')).toBe(total);
  expect(await count('witness.dead_letter')).toBe(0);
}, 120_000);
