import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-server.ts';
import { processExists } from './process-identity.ts';
import { runsAsRoot } from './server-account.ts';
import { makeTemporaryFolder } from './test-database.ts';

/** Tests that need no power failure do without waiting for the disk. */
const withoutDisk = { fsync: 'off' };

let template: string;
let parent: string;
let dataFolder: string;
let started: EmbeddedPostgres[];
let children: ChildProcess[];

beforeAll(async () => {
  template = makeTemporaryFolder('kempt-embedded-');
  await (await startEmbeddedPostgres({ dataFolder: path.join(template, 'data'), settings: withoutDisk })).stop();
});

afterAll(() => rmSync(template, { recursive: true }));

beforeEach(() => {
  parent = makeTemporaryFolder('kempt-embedded-');
  dataFolder = path.join(parent, 'data');
  started = [];
  children = [];
});

afterEach(async () => {
  for (const server of started) await server.stop();
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await until(() => !serverRuns());
  rmSync(parent, { recursive: true, force: true });
});

/** A data folder as a first run leaves it. */
function prepare(): void {
  execFileSync('cp', ['-a', path.join(template, 'data'), dataFolder]);
}

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataFolder, settings: withoutDisk, ...options });
  started.push(server);
  return server;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('The condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result = await client.query(sql);
    return result.rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

const cluster = (): string => path.join(dataFolder, 'server', 'cluster');

function serverPid(): number {
  try {
    return Number(readFileSync(path.join(cluster(), 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return 0;
  }
}

const serverRuns = (): boolean => serverPid() > 0 && processExists(serverPid());

/** Another process that starts the server on the folder and says how it went. */
async function startInChild(): Promise<{ child: ChildProcess; answer: string }> {
  const module = new URL('./embedded-server.ts', import.meta.url).href;
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    try {
      const server = await startEmbeddedPostgres({ dataFolder: process.argv[1] });
      console.log(server.adminUrl);
      setInterval(() => undefined, 1000);
    } catch (error) {
      console.log(error.code + ' ' + error.message);
    }`;
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script, dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  children.push(child);
  const [answer] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [string];
  return { child, answer };
}

describe('the embedded server', () => {
  test('keeps what was written, its password and its role over a restart, and starts again in less than 1.5 s', async () => {
    const first = await start();
    await query(first.adminUrl, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)');
    await first.stop();
    expect(serverRuns()).toBe(false);
    // The fastest of three counts, so that a machine busy with other things does not fail the test.
    const tookMs: number[] = [];
    let second = first;
    for (let round = 0; round < 3; round += 1) {
      await second.stop();
      const beganAt = Date.now();
      second = await start();
      tookMs.push(Date.now() - beganAt);
    }
    expect(Math.min(...tookMs)).toBeLessThan(1_500);
    expect(await query(second.adminUrl, 'SELECT id FROM kept')).toEqual([{ id: 42 }]);
    expect(new URL(second.adminUrl).password).toBe(new URL(first.adminUrl).password);
    expect(new URL(second.adminUrl).pathname).toBe(`/${second.databaseName}`);
  });

  test('waits for the disk at every commit, listens on this machine only and lets nobody in without the password', async () => {
    prepare();
    const server = await start({ settings: {} });
    const settings = await query(
      server.adminUrl,
      `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses') ORDER BY name`,
    );
    expect(settings.map(({ setting }) => setting)).toEqual(['on', 'on', '127.0.0.1', 'on']);
    const url = new URL(server.adminUrl);
    url.password = 'guess';
    await expect(query(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect(statSync(path.join(dataFolder, 'password')).mode & 0o777).toBe(0o600);
    expect(statSync(cluster()).mode & 0o777).toBe(0o700);
  });

  test('tells its log the life of the server and no statement', async () => {
    prepare();
    const lines: string[] = [];
    const server = await start({ onLog: (line) => lines.push(line) });
    await query(server.adminUrl, `SELECT 'secret'::int`).catch(() => undefined);
    await server.stop();
    expect(lines.join('\n')).toMatch(/ready to accept connections/);
    expect(lines.join('\n')).not.toMatch(/secret/);
  });

  test('recovers what was committed when it is killed', async () => {
    prepare();
    const first = await start();
    await query(first.adminUrl, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)');
    await first.crash();
    const second = await start();
    expect(await query(second.adminUrl, 'SELECT id FROM kept')).toEqual([{ id: 1 }]);
  });

  test('is started again on the same port when something else kills it', async () => {
    prepare();
    const server = await start();
    process.kill(serverPid(), 'SIGKILL');
    await until(() =>
      query(server.adminUrl, 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
  });

  test('uses the port it is given, and says so when that port is taken', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const { port } = occupant.address() as { port: number };
    await expect(start({ port })).rejects.toMatchObject({
      code: 'port-busy',
      message: expect.stringContaining(String(port)),
    });
    await new Promise((resolve) => occupant.close(resolve));
    expect(new URL((await start({ port })).adminUrl).port).toBe(String(port));
  });
});

describe('another process on the same folder', () => {
  test('is refused, naming the process that has it', async () => {
    prepare();
    await start();
    const { answer } = await startInChild();
    expect(answer).toMatch(new RegExp(`^data-folder-in-use .*process ${process.pid}`));
  });

  test('takes over after kill -9 of the first one, whose server stops by itself', async () => {
    prepare();
    const { child, answer } = await startInChild();
    await query(answer, 'CREATE TABLE kept (id int)');
    child.kill('SIGKILL');
    await until(() => !serverRuns());
    const server = await start();
    expect(await query(server.adminUrl, 'SELECT * FROM kept')).toEqual([]);
  });

  test('takes over at once, while the server of the dead one still runs', async () => {
    prepare();
    const { child } = await startInChild();
    const orphan = serverPid();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const server = await start();
    expect(processExists(orphan)).toBe(false);
    await query(server.adminUrl, 'SELECT 1');
  });
});

describe('a data folder', () => {
  test('whose first start was cut off in the middle is set up anew', async () => {
    prepare();
    renameSync(cluster(), `${cluster()}.new`);
    rmSync(path.join(`${cluster()}.new`, 'global'), { recursive: true });
    const server = await start();
    expect(await query(server.adminUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(existsSync(`${cluster()}.new`)).toBe(false);
  });

  test('with an incomplete database is refused in one sentence, and nothing is changed', async () => {
    prepare();
    rmSync(path.join(cluster(), 'global', 'pg_control'));
    await expect(start()).rejects.toMatchObject({
      code: 'data-folder-damaged',
      message: expect.stringContaining('incomplete'),
    });
    expect(existsSync(path.join(cluster(), 'PG_VERSION'))).toBe(true);
  });

  test('with a database of another Postgres is refused, naming both versions', async () => {
    prepare();
    writeFileSync(path.join(cluster(), 'PG_VERSION'), '12\n');
    await expect(start()).rejects.toMatchObject({
      code: 'data-folder-foreign',
      message: expect.stringMatching(/12.*18/),
    });
  });

  test('whose password is gone is refused, naming the file', async () => {
    prepare();
    rmSync(path.join(dataFolder, 'password'));
    await expect(start()).rejects.toMatchObject({
      code: 'data-folder-damaged',
      message: expect.stringContaining(path.join(dataFolder, 'password')),
    });
  });

  test('left with the marks of dead processes is started, also when other processes have their ids now', async () => {
    prepare();
    writeFileSync(path.join(dataFolder, 'lock'), JSON.stringify({ pid: process.pid, started: 'long ago' }));
    // The id of a process that is alive and no Postgres.
    writeFileSync(
      path.join(cluster(), 'postmaster.pid'),
      `${process.ppid}\n${cluster()}\n1\n5432\n\n127.0.0.1\n\nready\n`,
    );
    await query((await start()).adminUrl, 'SELECT 1');
  });

  test('half a lock counts for nothing', async () => {
    mkdirSync(dataFolder, { mode: 0o711 });
    writeFileSync(path.join(dataFolder, 'lock'), '{"pid":');
    await query((await start()).adminUrl, 'SELECT 1');
  });

  test('that cannot be written is told as such', async () => {
    // Nobody can make a folder here, not even root.
    dataFolder = process.platform === 'darwin' ? '/System/kempt' : '/sys/kempt';
    await expect(start()).rejects.toMatchObject({
      code: 'data-folder-read-only',
      message: expect.stringContaining(dataFolder),
    });
  });

  test('that is a file is told as such', async () => {
    writeFileSync(dataFolder, 'text');
    await expect(start()).rejects.toMatchObject({ code: 'data-folder-foreign' });
  });
});

test('in a private folder the database lies where its account can reach it, is found again, and goes with the folder', async () => {
  const stagingFolder = path.join(parent, 'staging');
  const home = path.join(parent, 'home');
  mkdirSync(home, { mode: 0o700 });
  dataFolder = path.join(home, 'data');
  const first = await start({ stagingFolder });
  await query(first.adminUrl, 'CREATE TABLE kept (id int)');
  await first.stop();
  // Postgres refuses root, and the account that it runs under instead cannot enter a private folder.
  expect(existsSync(stagingFolder)).toBe(runsAsRoot());
  expect(existsSync(cluster())).toBe(!runsAsRoot());
  const second = await start({ stagingFolder });
  expect(await query(second.adminUrl, 'SELECT * FROM kept')).toEqual([]);
  await second.stop();
  rmSync(dataFolder, { recursive: true });
  const third = await start({ stagingFolder });
  await expect(query(third.adminUrl, 'SELECT * FROM kept')).rejects.toMatchObject({ code: '42P01' });
  const staged = runsAsRoot() ? readdirSync(stagingFolder).filter((name) => name.startsWith('data-')) : [];
  expect(staged).toHaveLength(runsAsRoot() ? 1 : 0);
});
