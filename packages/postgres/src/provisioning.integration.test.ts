import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { checkMigrations, migrate } from './migrations.ts';
import { openDatabase } from './pool-database.ts';
import { provisionSchemas } from './provisioning.ts';
import { startTestDatabase, type TestDatabase } from './test-database.ts';

let server: TestDatabase;
let admin: pg.Client;

beforeAll(async () => {
  server = await startTestDatabase();
  admin = new pg.Client({ connectionString: server.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await server.stop();
});

/** Roles outlive a database; the prefix has the test database remove them. */
const roleName = (suffix: string): string => `${new URL(server.adminUrl).pathname.slice(1)}_${suffix}`;

function urlOf(role: string, password: string): string {
  const url = new URL(server.adminUrl);
  url.username = role;
  url.password = password;
  return url.href;
}

describe('provisioning', () => {
  test('makes a role that can log in, use its schema and nothing of its neighbour', async () => {
    const services = ['one', 'two'].map((schema) => ({
      schema,
      role: roleName(schema),
      password: randomBytes(8).toString('hex'),
    }));
    await provisionSchemas({ adminUrl: server.adminUrl, services });
    await admin.query('CREATE TABLE one.own (id int); CREATE TABLE two.own (id int)');
    await admin.query('INSERT INTO one.own SELECT generate_series(1, 10)');
    const [one] = services;
    const db = openDatabase({
      url: urlOf(one?.role ?? '', one?.password ?? ''),
      schema: 'one',
      applicationName: 'one',
    });
    expect(await db.systemTransaction((tx) => tx.query('SELECT count(*)::int FROM own'))).toEqual([{ count: 10 }]);
    // A service asks for statistics of what it has loaded; who may not is only warned.
    await db.systemTransaction((tx) => tx.execute('ANALYZE own'));
    const statistics = await admin.query(`SELECT reltuples FROM pg_class WHERE oid = 'one.own'::regclass`);
    expect(statistics.rows).toEqual([{ reltuples: 10 }]);
    await expect(db.systemTransaction((tx) => tx.query('SELECT * FROM two.own'))).rejects.toMatchObject({
      code: 'permission-denied',
    });
    await expect(db.systemTransaction((tx) => tx.query('CREATE SCHEMA mine'))).rejects.toMatchObject({
      code: 'permission-denied',
    });
    await db.close();
    const { rows } = await admin.query(
      'SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = $1',
      [one?.role],
    );
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false }]);
  });

  test('can be repeated, also by several at once, and the last password counts', async () => {
    const service = { schema: 'again', role: roleName('again') };
    const provision = (password: string): Promise<void> =>
      provisionSchemas({ adminUrl: server.adminUrl, services: [{ ...service, password }] });
    await Promise.all(['x', 'x', 'x'].map(provision));
    await provision(`it's "new" \\ %`);
    const db = openDatabase({
      url: urlOf(service.role, encodeURIComponent(`it's "new" \\ %`)),
      schema: 'again',
      applicationName: 'again',
    });
    await db.ping();
    await db.close();
  });

  test('refuses a role that could see every tenant', async () => {
    const role = roleName('strong');
    await admin.query(`CREATE ROLE ${role} BYPASSRLS LOGIN`);
    const provisioned = provisionSchemas({
      adminUrl: server.adminUrl,
      services: [{ schema: 'strong', role, password: 'x' }],
    });
    await expect(provisioned).rejects.toMatchObject({
      code: 'permission-denied',
      message: expect.stringContaining(role),
    });
  });

  test('works for an admin that is no superuser', async () => {
    const role = roleName('admin');
    await admin.query(`CREATE ROLE ${role} LOGIN CREATEROLE PASSWORD 'admin'`);
    await admin.query(
      `GRANT CREATE, CONNECT ON DATABASE ${new URL(server.adminUrl).pathname.slice(1)} TO ${role} WITH GRANT OPTION`,
    );
    const service = { schema: 'managed', role: roleName('managed'), password: 'x' };
    await provisionSchemas({ adminUrl: urlOf(role, 'admin'), services: [service] });
    await provisionSchemas({ adminUrl: urlOf(role, 'admin'), services: [service] });
    await migrate({ adminUrl: urlOf(role, 'admin'), schema: 'managed', role: service.role, folders: [] });
    const db = openDatabase({ url: urlOf(service.role, 'x'), schema: 'managed', applicationName: 'managed' });
    await checkMigrations(db, []);
    await db.close();
    await admin.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${service.role}`);
  });
});
