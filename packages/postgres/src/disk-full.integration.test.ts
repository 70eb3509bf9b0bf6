import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Database } from './database.ts';
import { DatabaseError } from './database-error.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-server.ts';
import { openDatabase } from './pool-database.ts';
import { makeTemporaryFolder } from './test-database.ts';

const megabyte = 1024 * 1024;
const parent = makeTemporaryFolder('kempt-disk-full-');
const disk = path.join(parent, 'disk');
const title = 'Postgres on a disk that fills up';
const refusal = mountSmallDisk();

/** Mounts a file system of its own, which only root may do. @returns why that did not work */
function mountSmallDisk(): string | undefined {
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0711', 'tmpfs', disk], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `a small file system cannot be mounted here (${String((error as Error).message).split('\n')[0]})`;
  }
}

afterAll(() => {
  if (refusal === undefined) execFileSync('umount', ['-l', disk]);
  rmSync(parent, { recursive: true, force: true });
});

if (refusal === undefined) describe(title, body);
else {
  const file = process.env.KEMPT_SKIPPED_SUITES_FILE;
  if (file) appendFileSync(file, `skipped: ${title} because ${refusal}\n`);
  describe.skip(title, () => test(`cannot run: ${refusal}`, () => {}));
}

function body(): void {
  const filler = path.join(disk, 'filler');
  let server: EmbeddedPostgres;
  let database: Database;
  let acknowledged: number[];
  let failures: unknown[];
  let told: string[];
  let writing: { stop(): Promise<void> };

  beforeEach(async () => {
    acknowledged = [];
    failures = [];
    told = [];
    const dataFolder = path.join(disk, 'data');
    mkdirSync(dataFolder);
    chmodSync(dataFolder, 0o711);
    server = await startEmbeddedPostgres({
      dataFolder,
      settings: { max_wal_size: '48MB', min_wal_size: '32MB' },
      onTrouble: (sentence) => void told.push(sentence),
    });
    database = openDatabase({ url: server.adminUrl, schema: 'public', applicationName: 'test' });
    await database.systemTransaction((tx) => tx.execute('create table kept (id int primary key, content text)'));
  });
  afterEach(async () => {
    await writing.stop();
    await database.close();
    rmSync(filler, { force: true });
    await server.stop();
    rmSync(path.join(disk, 'data'), { recursive: true });
  });

  /** Writes one row after the other until it is stopped, whatever fails, and remembers which of them were acknowledged. */
  function keepWriting(statement: string): { stop(): Promise<void> } {
    const stopping = new AbortController();
    const writer = (async () => {
      for (let id = 0; !stopping.signal.aborted; id += 1) {
        try {
          await database.systemTransaction((tx) => tx.query(statement, [id]));
          acknowledged.push(id);
        } catch (error) {
          failures.push(error);
          await sleep(50);
        }
      }
    })();
    return {
      stop: async () => {
        stopping.abort();
        await writer;
      },
    };
  }

  function fillDisk(): void {
    const file = openSync(filler, 'w');
    const block = Buffer.alloc(megabyte);
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  async function until(what: string, condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`Waited in vain for: ${what}`);
      await sleep(20);
    }
  }

  const stored = async (): Promise<Set<number>> =>
    new Set(
      (await database.systemTransaction((tx) => tx.query<{ id: number }>('select id from kept'))).map(({ id }) => id),
    );

  /** Space is there again: writing goes on by itself, and everything that was ever acknowledged is there. */
  async function expectToGoOn(): Promise<void> {
    rmSync(filler);
    const before = acknowledged.length;
    await until('writing to go on', () => acknowledged.length > before + 5);
    await writing.stop();
    const rows = await stored();
    expect(acknowledged.filter((id) => !rows.has(id))).toEqual([]);
    expect(before).toBeGreaterThan(0);
  }

  test('refuses what does not fit with a clear message, keeps the rest, and goes on when there is space', async () => {
    writing = keepWriting(
      `insert into kept select $1, (select string_agg(md5(random()::text), '') from generate_series(1, 4000))`,
    );
    await until('rows', () => acknowledged.length > 5);
    // A journal file that has just begun has room for everything below.
    await database.systemTransaction((tx) => tx.query('select pg_switch_wal()'));
    const switched = acknowledged.length;
    await until('a row in the next journal file', () => acknowledged.length > switched + 1);
    fillDisk();
    await until('a refusal', () => failures.some((error) => (error as DatabaseError).code === 'disk-full'));
    const refused = failures.find((error) => (error as DatabaseError).code === 'disk-full') as DatabaseError;
    expect(refused).toBeInstanceOf(DatabaseError);
    expect(refused.retriable).toBe(true);
    expect(refused.message).toContain('The disk of Postgres is full: free or add space.');
    await expectToGoOn();
  });

  test('whose journal does not fit either ends, says why, and comes back with everything when there is space', async () => {
    writing = keepWriting(
      `with journal as materialized (select pg_logical_emit_message(true, 'test', repeat('x', 2000000)) as position)
       insert into kept select $1, position::text from journal`,
    );
    await until('rows', () => acknowledged.length > 5);
    fillDisk();
    const full = `The disk under ${path.join(disk, 'data')} is full: free some space, and Postgres comes back by itself`;
    await until('the reason', () => told.includes(full));
    expect(told[0]).toMatch(/^Postgres ended unexpectedly/);
    expect(told.filter((sentence) => sentence === full)).toHaveLength(1);
    expect(failures.every((error) => error instanceof DatabaseError && error.retriable)).toBe(true);
    await expectToGoOn();
    expect(told.at(-1)).toBe('Postgres runs again');
  });
}
