import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { Database } from './database.ts';
import { startEmbeddedPostgres } from './embedded-server.ts';
import { migrate } from './migrations.ts';
import { openDatabase } from './pool-database.ts';
import { processExists } from './process-identity.ts';
import { provisionSchemas } from './provisioning.ts';
import { canWriteInto, runsAsRoot, unprivilegedAccount } from './server-account.ts';

/** A database of its own for one test file. */
export interface TestDatabase {
  readonly adminUrl: string;
  /** Drops the database and every role that was made for it. */
  stop(): Promise<void>;
}

export interface TestSchemaOptions {
  readonly adminUrl: string;
  readonly schema: string;
  /** Migration folders, as for `migrate`. */
  readonly folders?: readonly string[];
  readonly maxConnections?: number;
  readonly onError?: (error: unknown) => void;
}

/** A schema as a service has it: its own role, migrations run, a database open. */
export interface TestSchema {
  readonly database: Database;
  /** Connection URL of the schema's role. */
  readonly url: string;
  readonly role: string;
}

const folderPrefix = 'kempt-test-postgres-';
const serverKey = Symbol.for('kempt.test-postgres');

/**
 * Gives a fresh database on a server that all test files of this process share. The server comes from
 * `KEMPT_TEST_DATABASE_ADMIN_URL` when that is set; otherwise an embedded one is started, which ends with the process.
 */
export async function startTestDatabase(): Promise<TestDatabase> {
  const serverUrl = await testServerUrl();
  const name = `kempt_test_${randomBytes(6).toString('hex')}`;
  await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  let stopping: Promise<void> | undefined;
  return {
    adminUrl: url.href,
    stop: () => {
      stopping ??= withClient(serverUrl, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
        const roles = await client.query<{ name: string }>(
          'SELECT rolname AS name FROM pg_roles WHERE starts_with(rolname, $1)',
          [`${name}_`],
        );
        for (const role of roles.rows) await client.query(`DROP ROLE ${pg.escapeIdentifier(role.name)}`);
      });
      return stopping;
    },
  };
}

/** Provisions, migrates and opens a schema in a test database. Close the database before stopping the test database. */
export async function createTestSchema(options: TestSchemaOptions): Promise<TestSchema> {
  const { adminUrl, schema } = options;
  const url = new URL(adminUrl);
  // Roles belong to the server, which other tests share: the database's name keeps them apart.
  const role = `${url.pathname.slice(1)}_${schema}`;
  const password = randomBytes(12).toString('hex');
  await provisionSchemas({ adminUrl, services: [{ schema, role, password }] });
  await migrate({ adminUrl, schema, role, folders: options.folders ?? [] });
  url.username = role;
  url.password = password;
  const database = openDatabase({
    url: url.href,
    schema,
    applicationName: `kempt-test-${schema}`,
    maxConnections: options.maxConnections ?? 5,
    ...(options.onError && { onError: options.onError }),
  });
  return { database, url: url.href, role };
}

/**
 * Every test file gets modules of its own, also when files run in the same process one after the other. The built-in
 * ones are the same for all of them, so the server's URL is remembered there.
 */
function testServerUrl(): Promise<string> {
  const given = process.env.KEMPT_TEST_DATABASE_ADMIN_URL;
  if (given !== undefined && given !== '') return Promise.resolve(given);
  const remembered = EventEmitter as unknown as { [serverKey]?: Promise<string> };
  remembered[serverKey] ??= startServer();
  return remembered[serverKey];
}

async function startServer(): Promise<string> {
  removeAbandonedFolders();
  const dataFolder = makeTemporaryFolder(folderPrefix);
  const server = await startEmbeddedPostgres({
    dataFolder,
    temporary: true,
    // Tests kill processes, not machines: what the system took is safe without waiting for the disk.
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  return server.adminUrl;
}

/** Makes a folder that a server can live in, also one that root starts. The caller removes it. */
export function makeTemporaryFolder(prefix: string): string {
  const folder = mkdtempSync(path.join(temporaryBase(), prefix));
  chmodSync(folder, runsAsRoot() ? 0o711 : 0o700);
  return folder;
}

/** Root may have a private folder for temporary files, which the account of the server cannot enter. */
function temporaryBase(): string {
  if (!runsAsRoot()) return tmpdir();
  const account = unprivilegedAccount();
  return [tmpdir(), '/tmp', '/var/tmp'].find((folder) => canWriteInto(folder, account)) ?? tmpdir();
}

/** Left by processes that died together with the guard of their server. */
function removeAbandonedFolders(): void {
  const base = temporaryBase();
  for (const name of readdirSync(base)) {
    if (!name.startsWith(folderPrefix)) continue;
    const folder = path.join(base, name);
    try {
      const lock = path.join(folder, 'lock');
      if (!existsSync(lock)) continue;
      const { pid } = JSON.parse(readFileSync(lock, 'utf8')) as { pid: number };
      if (!processExists(pid)) rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another process cleans up at the same time.
    }
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
