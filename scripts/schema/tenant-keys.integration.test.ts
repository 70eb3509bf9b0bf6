import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { outboxMigrationsFolder } from '@kempt/outbox';
import { createTestSchema, startTestDatabase, type TestDatabase } from '@kempt/postgres';

const services = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'] as const;

let server: TestDatabase;

beforeAll(async () => {
  server = await startTestDatabase();
});
afterAll(() => server.stop());

interface Key {
  readonly name: string;
  readonly first: string;
}

/** Primary keys and unique indexes of the tables that have a tenant, and tenant tables without a primary key. */
async function keysOf(service: string): Promise<Key[]> {
  const own = fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));
  const { database } = await createTestSchema({
    adminUrl: server.adminUrl,
    schema: service.replaceAll('-', '_'),
    folders: [outboxMigrationsFolder, ...(existsSync(own) ? [own] : [])],
  });
  try {
    return await database.systemTransaction((tx) =>
      tx.query<Key>(
        `select c.relname || coalesce(' ' || i.relname, ' has no primary key') as name, coalesce(k.attname, '') as first
           from pg_class c
           join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
           left join pg_index x on x.indrelid = c.oid and (x.indisprimary or x.indisunique)
           left join pg_class i on i.oid = x.indexrelid
           left join pg_attribute k on k.attrelid = c.oid and k.attnum = x.indkey[0]
          where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
          order by 1`,
        [service.replaceAll('-', '_')],
      ),
    );
  } finally {
    await database.close();
  }
}

test.each(services)('every key of a table with tenants begins with the tenant: %s', async (service) => {
  const keys = await keysOf(service);
  expect(keys.length).toBeGreaterThan(3);
  expect(keys.filter(({ first }) => first !== 'tenant_id').map(({ name }) => name)).toEqual([]);
});
