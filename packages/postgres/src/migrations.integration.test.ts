import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { checkMigrations, migrate } from './migrations.ts';
import { createTestSchema, startTestDatabase, type TestDatabase, type TestSchema } from './test-database.ts';

let server: TestDatabase;
let schema: TestSchema;
let outbox: string;
let service: string;
let counter = 0;

beforeAll(async () => {
  server = await startTestDatabase();
});
afterAll(async () => {
  await server.stop();
});
beforeEach(async () => {
  outbox = mkdtempSync(path.join(tmpdir(), 'kempt-migrations-'));
  service = mkdtempSync(path.join(tmpdir(), 'kempt-migrations-'));
  counter += 1;
  schema = await createTestSchema({ adminUrl: server.adminUrl, schema: `service_${counter}` });
});
afterEach(async () => {
  await schema.database.close();
  for (const folder of [outbox, service]) rmSync(folder, { recursive: true });
});

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
}

async function run(log?: (line: string) => void): Promise<void> {
  await migrate({
    adminUrl: server.adminUrl,
    schema: schema.database.schema,
    role: schema.role,
    folders: [outbox, service],
    ...(log && { log }),
  });
}

const rows = (sql: string): Promise<Record<string, unknown>[]> =>
  schema.database.systemTransaction((tx) => tx.query(sql));

describe('migrations', () => {
  test('run once each, folder after folder and by number, and the role may use what they made', async () => {
    write(outbox, { '0001_outbox.sql': 'CREATE TABLE step (name text, place int GENERATED ALWAYS AS IDENTITY)' });
    write(service, {
      '0002_second.sql': `INSERT INTO step (name) VALUES ('second')`,
      '0001_first.sql': `INSERT INTO step (name) VALUES ('first')`,
      '0010_tenth.sql': `INSERT INTO step (name) VALUES ('tenth')`,
    });
    await run();
    await run();
    expect(await rows('SELECT name FROM step ORDER BY place')).toEqual([
      { name: 'first' },
      { name: 'second' },
      { name: 'tenth' },
    ]);
    expect(await rows(`INSERT INTO step (name) VALUES ('by the service') RETURNING name`)).toHaveLength(1);
    await checkMigrations(schema.database, [outbox, service]);
  });

  test('run once although several processes start at the same time', async () => {
    write(service, { '0001_counted.sql': 'CREATE TABLE counted (); ' });
    await Promise.all([run(), run(), run()]);
    expect(await rows('SELECT * FROM counted')).toEqual([]);
  });

  test('a folder may gain files after a later folder ran', async () => {
    write(outbox, { '0001_outbox.sql': 'CREATE TABLE a ()' });
    write(service, { '0001_service.sql': 'CREATE TABLE b ()' });
    await run();
    write(outbox, { '0002_inbox.sql': 'CREATE TABLE c ()' });
    await run();
    expect(await rows('SELECT * FROM c')).toEqual([]);
  });

  test('an applied file whose text changed is refused by name', async () => {
    write(service, { '0001_record.sql': 'CREATE TABLE a ()' });
    await run();
    write(service, { '0001_record.sql': 'CREATE TABLE a (id int)' });
    await expect(run()).rejects.toMatchObject({
      code: 'migration-edited',
      message: expect.stringContaining('0001_record.sql'),
    });
    await expect(checkMigrations(schema.database, [outbox, service])).rejects.toMatchObject({
      code: 'migration-edited',
    });
  });

  test('line ends of another system do not count as a change', async () => {
    write(service, { '0001_record.sql': 'CREATE TABLE a\n()\n' });
    await run();
    write(service, { '0001_record.sql': 'CREATE TABLE a\r\n()\r\n' });
    await run();
  });

  test('a file that was slipped in before applied ones is refused by name', async () => {
    write(service, { '0002_record.sql': 'CREATE TABLE a ()' });
    await run();
    write(service, { '0001_early.sql': 'CREATE TABLE b ()' });
    await expect(run()).rejects.toMatchObject({
      code: 'migration-out-of-order',
      message: expect.stringContaining('0001_early.sql'),
    });
  });

  test('one of a newer release is left alone with a warning, so that the older release starts', async () => {
    write(service, { '0001_record.sql': 'CREATE TABLE a ()', '0002_newer.sql': 'CREATE TABLE b ()' });
    await run();
    rmSync(path.join(service, '0002_newer.sql'));
    const lines: string[] = [];
    await run((line) => lines.push(line));
    expect(lines).toEqual([expect.stringContaining('0002_newer.sql of a newer release')]);
    await checkMigrations(schema.database, [outbox, service]);
  });

  test('one that fails leaves nothing of itself, keeps those before it, and says which it was', async () => {
    write(service, { '0001_good.sql': 'CREATE TABLE good ()', '0002_bad.sql': 'CREATE TABLE half (); SELECT 1/0' });
    await expect(run()).rejects.toMatchObject({
      code: 'migration-failed',
      message: expect.stringContaining('0002_bad.sql'),
    });
    expect(await rows('SELECT * FROM good')).toEqual([]);
    await expect(rows('SELECT * FROM half')).rejects.toMatchObject({ code: 'migrations-missing' });
    write(service, { '0002_bad.sql': 'CREATE TABLE whole ()' });
    await run();
    expect(await rows('SELECT * FROM whole')).toEqual([]);
  });

  test('one that leaves a tenant table unprotected is refused with the line to add', async () => {
    write(service, { '0001_open.sql': 'CREATE TABLE open (tenant_id text)' });
    await expect(run()).rejects.toMatchObject({
      code: 'table-unprotected',
      message: expect.stringContaining(`SELECT kempt_protect('open');`),
    });
  });

  test.each(['1_short.sql', '0001_Upper.sql', '0001-dash.sql', '0001_.sql'])(
    'a misnamed file is refused: %s',
    async (name) => {
      write(service, { [name]: 'SELECT 1' });
      await expect(run()).rejects.toMatchObject({ code: 'migration-misnamed', message: expect.stringContaining(name) });
    },
  );

  test('two files with the same number, or of the same name in two folders, are refused', async () => {
    write(service, { '0001_one.sql': 'SELECT 1', '0001_two.sql': 'SELECT 1' });
    await expect(run()).rejects.toMatchObject({ code: 'migration-misnamed' });
    rmSync(path.join(service, '0001_two.sql'));
    write(outbox, { '0001_one.sql': 'SELECT 1' });
    await expect(run()).rejects.toMatchObject({ code: 'migration-misnamed' });
  });

  test('a service without the right to migrate is told what is missing', async () => {
    write(service, { '0001_record.sql': 'CREATE TABLE a ()' });
    await expect(checkMigrations(schema.database, [outbox, service])).rejects.toMatchObject({
      code: 'migrations-missing',
      message: expect.stringContaining('0001_record.sql'),
    });
  });

  test('the role can read which migrations ran, and not forge it', async () => {
    await expect(rows(`DELETE FROM schema_migration`)).rejects.toMatchObject({ code: 'permission-denied' });
    expect((await rows('SELECT name FROM schema_migration')).length).toBeGreaterThan(0);
  });

  test('a REVOKE in a migration holds against the rights that every new table gets', async () => {
    write(service, {
      '0001_evidence.sql': `CREATE TABLE evidence (id int);
        DO $$ BEGIN EXECUTE format('REVOKE UPDATE, DELETE ON evidence FROM %I', '${schema.role}'); END $$`,
    });
    await run();
    await rows('INSERT INTO evidence VALUES (1)');
    await expect(rows('DELETE FROM evidence')).rejects.toMatchObject({ code: 'permission-denied' });
  });
});
