import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Database } from './database.ts';
import { createTestSchema, startTestDatabase, type TestDatabase, type TestSchema } from './test-database.ts';

let server: TestDatabase;
let schema: TestSchema;
let db: Database;
let folder: string;

beforeAll(async () => {
  server = await startTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'kempt-migrations-'));
  writeFileSync(
    path.join(folder, '0001_tables.sql'),
    `CREATE TABLE record (tenant_id text NOT NULL, id text NOT NULL, PRIMARY KEY (tenant_id, id));
     SELECT kempt_protect('record');
     CREATE TABLE event (tenant_id text NOT NULL, id text NOT NULL, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
     CREATE TABLE event_0 PARTITION OF event FOR VALUES WITH (MODULUS 1, REMAINDER 0);
     SELECT kempt_protect('event');
     CREATE TABLE outbox (tenant_id text NOT NULL, id text NOT NULL);
     SELECT kempt_protect_infrastructure('outbox');
     CREATE TABLE lease (name text PRIMARY KEY);
     SELECT kempt_protect_infrastructure('lease')`,
  );
  schema = await createTestSchema({ adminUrl: server.adminUrl, schema: 'crm', folders: [folder] });
  db = schema.database;
  for (const tenant of ['a', 'b']) {
    await db.transaction(tenant, async (tx) => {
      for (const table of ['record', 'event', 'outbox']) {
        await tx.execute(`INSERT INTO ${table} VALUES ($1, $2)`, [tenant, `${table} of ${tenant}`]);
      }
    });
  }
});

afterAll(async () => {
  await db.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe.each(['record', 'event'])('a protected table (%s)', (table) => {
  test('shows a tenant its own rows only', async () => {
    expect(await db.transaction('b', (tx) => tx.query(`SELECT * FROM ${table}`))).toEqual([
      { tenant_id: 'b', id: `${table} of b` },
    ]);
  });

  test('lets a tenant neither change nor delete the rows of another', async () => {
    const touched = await db.transaction('b', async (tx) => [
      await tx.execute(`UPDATE ${table} SET id = 'taken' WHERE tenant_id = 'a'`),
      await tx.execute(`DELETE FROM ${table} WHERE tenant_id = 'a'`),
    ]);
    expect(touched).toEqual([0, 0]);
    expect(await db.transaction('a', (tx) => tx.query(`SELECT id FROM ${table}`))).toEqual([{ id: `${table} of a` }]);
  });

  test('refuses a row written for another tenant, and a row moved to another', async () => {
    const inserted = db.transaction('b', (tx) => tx.execute(`INSERT INTO ${table} VALUES ('a', 'planted')`));
    await expect(inserted).rejects.toMatchObject({ code: 'tenant-refused' });
    const moved = db.transaction('b', (tx) => tx.execute(`UPDATE ${table} SET tenant_id = 'a'`));
    await expect(moved).rejects.toMatchObject({ code: 'tenant-refused' });
  });

  test('looks empty without a tenant, and takes nothing', async () => {
    expect(await db.systemTransaction((tx) => tx.query(`SELECT * FROM ${table}`))).toEqual([]);
    for (const tenant of ['a', '']) {
      const inserted = db.systemTransaction((tx) => tx.execute(`INSERT INTO ${table} VALUES ($1, 'x')`, [tenant]));
      await expect(inserted).rejects.toMatchObject({ code: 'tenant-refused' });
    }
  });

  test('looks empty on a connection that never heard of tenants', async () => {
    const plain = new pg.Client({ connectionString: schema.url });
    await plain.connect();
    expect((await plain.query(`SELECT * FROM crm.${table}`)).rows).toEqual([]);
    await plain.end();
  });
});

describe('a table of the infrastructure', () => {
  test('shows every row to a system transaction', async () => {
    expect(await db.systemTransaction((tx) => tx.query('SELECT tenant_id FROM outbox ORDER BY 1'))).toEqual([
      { tenant_id: 'a' },
      { tenant_id: 'b' },
    ]);
  });

  test('shows a tenant its own rows only, and takes no others from it', async () => {
    expect(await db.transaction('a', (tx) => tx.query('SELECT tenant_id FROM outbox'))).toEqual([{ tenant_id: 'a' }]);
    const planted = db.transaction('a', (tx) => tx.execute(`INSERT INTO outbox VALUES ('b', 'planted')`));
    await expect(planted).rejects.toMatchObject({ code: 'tenant-refused' });
  });

  test('belongs to system transactions alone when it has no tenant', async () => {
    await db.systemTransaction((tx) => tx.execute(`INSERT INTO lease VALUES ('sync')`));
    expect(await db.transaction('a', (tx) => tx.query('SELECT * FROM lease'))).toEqual([]);
    const taken = db.transaction('a', (tx) => tx.execute(`INSERT INTO lease VALUES ('taken')`));
    await expect(taken).rejects.toMatchObject({ code: 'tenant-refused' });
  });
});

describe('the role of a service cannot lift its own limits', () => {
  test.each([
    ['switch protection off', 'ALTER TABLE record DISABLE ROW LEVEL SECURITY'],
    ['stop forcing it', 'ALTER TABLE record NO FORCE ROW LEVEL SECURITY'],
    ['drop the policy', 'DROP POLICY kempt_tenant ON record'],
    ['add a policy', 'CREATE POLICY all_rows ON record USING (true)'],
    ['replace the function', 'DROP FUNCTION kempt_protect(regclass)'],
    ['empty a table', 'TRUNCATE record'],
    ['read a partition by its own name', 'SELECT * FROM event_0'],
    ['create a table', 'CREATE TABLE own (id int)'],
    ['bypass policies', 'ALTER ROLE CURRENT_USER BYPASSRLS'],
    ['become somebody else', 'SET ROLE pg_read_all_data'],
  ])('%s', async (_, sql) => {
    await expect(db.transaction('a', (tx) => tx.query(sql))).rejects.toMatchObject({ code: 'permission-denied' });
  });

  test('switching policies off for the session makes queries fail, not show more', async () => {
    const query = db.transaction('a', async (tx) => {
      await tx.query('SET LOCAL row_security = off');
      return tx.query('SELECT * FROM record');
    });
    await expect(query).rejects.toMatchObject({ code: 'tenant-refused' });
  });
});
