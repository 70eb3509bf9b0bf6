import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';
import { DatabaseError, toDatabaseError } from './database-error.ts';

export interface SchemaProvision {
  readonly schema: string;
  readonly role: string;
  readonly password: string;
}

export interface ProvisionSchemasOptions {
  /** A role that may create roles and schemas. */
  readonly adminUrl: string;
  readonly services: readonly SchemaProvision[];
}

const scramIterations = 4_096;

/** What Postgres stores for a password. Sending this instead keeps the password itself out of the server's logs. */
export function scramVerifier(password: string, salt: Uint8Array = randomBytes(16)): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, scramIterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${scramIterations}:${Buffer.from(salt).toString('base64')}$${storedKey}:${serverKey}`;
}

/** Creates roles and schemas, one of each for a service, or brings existing ones in line. Safe to repeat. */
export async function provisionSchemas(options: ProvisionSchemasOptions): Promise<void> {
  const client = new pg.Client({ connectionString: options.adminUrl, application_name: 'kempt-provisioning' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', ['kempt-provisioning']);
    for (const service of options.services) {
      await provisionRole(client, service);
      await provisionSchemaFor(client, service);
    }
  } catch (error) {
    throw toDatabaseError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function provisionRole(client: pg.Client, service: SchemaProvision): Promise<void> {
  const role = pg.escapeIdentifier(service.role);
  const password = pg.escapeLiteral(scramVerifier(service.password));
  const { rows } = await client.query<{ powerful: boolean }>(
    'SELECT rolsuper OR rolbypassrls OR rolcreaterole AS powerful FROM pg_roles WHERE rolname = $1',
    [service.role],
  );
  const existing = rows[0];
  if (existing === undefined) {
    await client.query(`CREATE ROLE ${role} LOGIN NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD ${password}`);
  } else if (existing.powerful) {
    throw new DatabaseError(
      `Role ${service.role} is a superuser, may create roles or bypasses row-level security. Give the service a role of its own without these rights.`,
      { code: 'permission-denied', retriable: false },
    );
  } else {
    await client.query(`ALTER ROLE ${role} LOGIN PASSWORD ${password}`);
  }
  const database = await client.query<{ name: string }>('SELECT current_database() AS name');
  await client.query(`GRANT CONNECT ON DATABASE ${pg.escapeIdentifier(database.rows[0]?.name ?? '')} TO ${role}`);
}

/** The schema belongs to the admin role; the service's role may use what is in it and create nothing. */
export async function provisionSchemaFor(
  client: pg.Client,
  { schema, role }: { readonly schema: string; readonly role: string },
): Promise<void> {
  const schemaName = pg.escapeIdentifier(schema);
  const roleName = pg.escapeIdentifier(role);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`);
  await client.query(`GRANT USAGE ON SCHEMA ${schemaName} TO ${roleName}`);
  await client.query(
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schemaName} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${roleName}`,
  );
  await client.query(
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schemaName} GRANT USAGE, SELECT ON SEQUENCES TO ${roleName}`,
  );
  // Lets a service that has loaded a lot ask for statistics at once; older servers keep that to the owner of a table.
  const { rows } = await client.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  if ((rows[0]?.version ?? 0) < 170_000) return;
  await client.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA ${schemaName} GRANT MAINTAIN ON TABLES TO ${roleName}`);
}
