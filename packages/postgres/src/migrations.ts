import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Database } from './database.ts';
import { DatabaseError, toDatabaseError } from './database-error.ts';
import { provisionSchemaFor } from './provisioning.ts';

export interface MigrateOptions {
  /** A role that may create objects in the schema; never the service's own. */
  readonly adminUrl: string;
  readonly schema: string;
  /** The service's role: gets to read and write what the migrations create, and nothing more. */
  readonly role: string;
  /** Folders with files `NNNN_noun.sql`, run in this order and in each by number. */
  readonly folders: readonly string[];
  readonly log?: (line: string) => void;
}

/** A migration that cannot or must not run. The message names the file and the remedy. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly code:
    | 'migration-edited'
    | 'migration-misnamed'
    | 'migration-out-of-order'
    | 'migration-failed'
    | 'table-unprotected';
  readonly retriable: boolean;

  constructor(code: MigrationError['code'], message: string, details: { cause?: unknown; retriable?: boolean } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retriable = details.retriable ?? false;
  }
}

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
  /** Where its folder stands in the list of folders. */
  readonly folder: number;
}

/** Runs before everything else in every schema. */
const protectionFolder = fileURLToPath(new URL('../migrations', import.meta.url));

async function readMigrations(folders: readonly string[]): Promise<Migration[]> {
  const migrations: Migration[] = [];
  for (const [folder, location] of [protectionFolder, ...folders].entries()) {
    const numbers = new Set<string>();
    for (const name of (await readdir(location)).filter((file) => file.endsWith('.sql')).sort()) {
      const number = /^(\d{4})_[a-z0-9]+(?:-[a-z0-9]+)*\.sql$/.exec(name)?.[1];
      if (number === undefined) {
        throw new MigrationError(
          'migration-misnamed',
          `Migration ${name} must be named NNNN_noun.sql, such as 0001_record.sql`,
        );
      }
      if (numbers.has(number) || migrations.some((other) => other.name === name)) {
        throw new MigrationError(
          'migration-misnamed',
          `Migration ${name} shares its number or its name with another: rename it`,
        );
      }
      numbers.add(number);
      const text = (await readFile(path.join(location, name), 'utf8')).replaceAll('\r\n', '\n');
      migrations.push({ name, text, folder, checksum: createHash('sha256').update(text).digest('hex') });
    }
  }
  return migrations;
}

/** What is left to do. Throws where disk and table contradict each other. */
function pendingAmong(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): Migration[] {
  const newestApplied = new Map<number, string>();
  for (const { name, folder, checksum } of migrations) {
    const known = applied.get(name);
    if (known === undefined) continue;
    if (known !== checksum) {
      throw new MigrationError(
        'migration-edited',
        `Migration ${name} was edited after it had been applied: restore its text and put the change in a new file`,
      );
    }
    newestApplied.set(folder, name);
  }
  const pending = migrations.filter(({ name }) => !applied.has(name));
  for (const { name, folder } of pending) {
    const newer = newestApplied.get(folder);
    if (newer !== undefined && name < newer) {
      throw new MigrationError(
        'migration-out-of-order',
        `Migration ${name} comes before ${newer}, which is already applied: give it the next free number`,
      );
    }
  }
  return pending;
}

/**
 * Brings a schema up to date. Each file runs in a transaction of its own together with the note that it ran; an advisory
 * lock keeps others out meanwhile. Files that were applied and are gone from disk belong to a newer release and are left
 * alone, with a warning, so that an older release starts on a newer schema.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const { schema, role } = options;
  const log = options.log ?? (() => undefined);
  const migrations = await readMigrations(options.folders);
  const client = new pg.Client({ connectionString: options.adminUrl, application_name: 'kempt-migrations' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [`kempt-migrations:${schema}`]);
    await provisionSchemaFor(client, { schema, role });
    await client.query(`SET search_path TO ${pg.escapeIdentifier(schema)}, public`);
    await client.query(
      `CREATE TABLE IF NOT EXISTS schema_migration (
         name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    await client.query(`REVOKE INSERT, UPDATE, DELETE ON schema_migration FROM ${pg.escapeIdentifier(role)}`);
    const applied = await appliedMigrations(async (sql) => (await client.query(sql)).rows);
    const known = new Set(migrations.map(({ name }) => name));
    for (const name of applied.keys()) {
      if (!known.has(name)) log(`Schema ${schema} has migration ${name} of a newer release; going on with it`);
    }
    for (const migration of pendingAmong(migrations, applied)) {
      await applyMigration(client, schema, migration);
      log(`Schema ${schema}: applied ${migration.name}`);
    }
    await closePartitions(client, schema, role);
  } catch (error) {
    throw toDatabaseErrorUnlessOurs(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function applyMigration(client: pg.Client, schema: string, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.text);
    await client.query('INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)', [
      migration.name,
      migration.checksum,
    ]);
    await refuseUnprotectedTables(client, schema, migration.name);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    if (error instanceof MigrationError) throw error;
    const failure = toDatabaseError(error);
    throw new MigrationError(
      'migration-failed',
      `Migration ${migration.name} of schema ${schema} failed: ${(failure as Error).message}`,
      {
        cause: failure,
        retriable: failure instanceof DatabaseError && failure.retriable,
      },
    );
  }
}

/** A table with a tenant_id and without forced row-level security would show one tenant the rows of another. */
async function refuseUnprotectedTables(client: pg.Client, schema: string, migration: string): Promise<void> {
  const { rows } = await client.query<{ table: string }>(
    `SELECT c.relname AS table
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
      ORDER BY 1`,
    [schema],
  );
  const table = rows[0]?.table;
  if (table !== undefined) {
    throw new MigrationError(
      'table-unprotected',
      `Migration ${migration} leaves table ${table} open to every tenant: add SELECT kempt_protect('${table}'); after its CREATE TABLE`,
    );
  }
}

/** Policies hold on a partitioned table, not on a partition addressed by its own name: nobody gets to do that. */
async function closePartitions(client: pg.Client, schema: string, role: string): Promise<void> {
  const { rows } = await client.query<{ table: string }>(
    `SELECT c.relname AS table FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relispartition AND c.relkind IN ('r', 'p')`,
    [schema],
  );
  for (const { table } of rows) {
    await client.query(`REVOKE ALL ON ${pg.escapeIdentifier(table)} FROM ${pg.escapeIdentifier(role)}`);
  }
}

async function appliedMigrations(
  query: (sql: string) => Promise<{ name?: string; checksum?: string }[]>,
): Promise<Map<string, string>> {
  const rows = await query('SELECT name, checksum FROM schema_migration ORDER BY applied_at, name');
  return new Map(rows.map((row) => [row.name ?? '', row.checksum ?? '']));
}

function toDatabaseErrorUnlessOurs(error: unknown): unknown {
  return error instanceof MigrationError ? error : toDatabaseError(error);
}

/**
 * Resolves when every migration of the folders has been applied; rejects with `migrations-missing`, or with
 * `migration-edited`, otherwise. For a service that starts without the right to migrate.
 */
export async function checkMigrations(database: Database, folders: readonly string[]): Promise<void> {
  const migrations = await readMigrations(folders);
  const applied = await database.systemTransaction((tx) => appliedMigrations((sql) => tx.query(sql)), {
    readOnly: true,
  });
  const pending = pendingAmong(migrations, applied);
  if (pending.length > 0) {
    throw new DatabaseError(
      `Schema ${database.schema} lacks ${pending.length} migrations, the first is ${pending[0]?.name}. Run them with an admin URL before starting the service.`,
      { code: 'migrations-missing', retriable: true },
    );
  }
}
