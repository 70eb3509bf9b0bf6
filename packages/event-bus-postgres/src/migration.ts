import { fileURLToPath } from 'node:url';
import { migrate } from '@kempt/postgres';
import pg from 'pg';
import { toEventBusError } from './bus-error-map.ts';
import { busRole } from './connections.ts';

export interface MigratePostgresEventBusOptions {
  /** A role that may create roles and schemas. */
  readonly adminUrl: string;
  /** Default `event_bus`. */
  readonly schema?: string;
  /** The roles of the services that use the bus. They must exist. */
  readonly roles: readonly string[];
  readonly log?: (line: string) => void;
}

const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url));

/** Creates or updates the tables of the bus and lets the given roles use them. Safe to repeat. */
export async function migratePostgresEventBus(options: MigratePostgresEventBusOptions): Promise<void> {
  const { adminUrl, schema = 'event_bus', roles, log } = options;
  await asAdmin(adminUrl, createBusRole);
  await migrate({ adminUrl, schema, role: busRole, folders: [migrationsFolder], ...(log && { log }) });
  await asAdmin(adminUrl, async (client) => {
    for (const role of roles) await client.query(`GRANT ${busRole} TO ${pg.escapeIdentifier(role)}`);
  });
}

/** The role belongs to the whole server, so another database may be creating it at this moment. */
async function createBusRole(client: pg.Client): Promise<void> {
  const { rows } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [busRole]);
  if (rows.length > 0) return;
  await client.query(`CREATE ROLE ${busRole} NOLOGIN`).catch((error: { code?: string }) => {
    if (error.code !== '42710' && error.code !== '23505') throw error;
  });
}

async function asAdmin(adminUrl: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'kempt-event-bus-migrations' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } catch (error) {
    throw toEventBusError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
