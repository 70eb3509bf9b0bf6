import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Database, Transaction } from './database.ts';
import { DatabaseError } from './database-error.ts';
import { openDatabase } from './pool-database.ts';
import { createTestSchema, startTestDatabase, type TestDatabase, type TestSchema } from './test-database.ts';

let server: TestDatabase;
let schema: TestSchema;
let admin: pg.Client;
let db: Database;

beforeAll(async () => {
  server = await startTestDatabase();
  schema = await createTestSchema({ adminUrl: server.adminUrl, schema: 'shop' });
  db = schema.database;
  admin = new pg.Client({ connectionString: server.adminUrl });
  await admin.connect();
  await admin.query(`
    SET search_path TO shop;
    CREATE TABLE item (tenant_id text NOT NULL, name text NOT NULL, amount int NOT NULL DEFAULT 0,
      sold_on date, PRIMARY KEY (tenant_id, name));
    SELECT kempt_protect('item')`);
});

afterAll(async () => {
  await admin.end();
  await db.close();
  await server.stop();
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('The condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function failureOf(work: Promise<unknown>): Promise<DatabaseError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DatabaseError);
  return error as DatabaseError;
}

async function killConnections(application: string): Promise<number> {
  const { rowCount } = await admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
    [application],
  );
  return rowCount ?? 0;
}

const insert = (tx: Transaction, name: string): Promise<number> =>
  tx.execute('INSERT INTO item (tenant_id, name) VALUES ($1, $2)', [tx.tenantId, name]);

describe('a transaction', () => {
  test('commits what its work wrote, and gives back what it resolved to', async () => {
    const count = await db.transaction('commit', async (tx) => {
      expect(tx.tenantId).toBe('commit');
      return insert(tx, 'kept');
    });
    expect(count).toBe(1);
    expect(await db.transaction('commit', (tx) => tx.query('SELECT name FROM item'))).toEqual([{ name: 'kept' }]);
  });

  test('takes everything back when its work rejects, and passes the reason on unchanged', async () => {
    const reason = new Error('changed my mind');
    const failed = db.transaction('rollback', async (tx) => {
      await insert(tx, 'lost');
      throw reason;
    });
    await expect(failed).rejects.toBe(reason);
    expect(await db.transaction('rollback', (tx) => tx.query('SELECT name FROM item'))).toEqual([]);
  });

  test('rejects when a statement failed and the work went on as if it had not', async () => {
    const failed = db.transaction('swallow', async (tx) => {
      await insert(tx, 'first');
      await tx.query('SELECT 1 / 0').catch(() => undefined);
      return 'all is well';
    });
    expect((await failureOf(failed)).message).toMatch(/rolled back/);
  });

  test('runs statements in the order of the calls, also those that nobody waits for yet, and commits behind all of them', async () => {
    const order: string[] = [];
    const noted = (what: string) => (): void => void order.push(what);
    await db.transaction('order', async (tx) => {
      const slow = tx.query('SELECT pg_sleep(0.05)').then(noted('slow'));
      const quick = tx.query('SELECT 1').then(noted('quick'));
      void insert(tx, 'nobody waits');
      order.push('working meanwhile');
      await Promise.all([quick, slow]);
    });
    expect(order).toEqual(['working meanwhile', 'slow', 'quick']);
    expect(await db.transaction('order', (tx) => tx.query('SELECT name FROM item'))).toEqual([
      { name: 'nobody waits' },
    ]);
  });

  test('gives statements that were sent together their time one after the other', async () => {
    const naps = await db.transaction(
      'patience',
      (tx) => Promise.all(Array.from({ length: 5 }, () => tx.query('SELECT pg_sleep(1.5)'))),
      { statementTimeoutMs: 2_000 },
    );
    expect(naps).toHaveLength(5);
  }, 20_000);

  test('takes everything back when a statement fails that nobody waits for', async () => {
    const failed = db.transaction('unseen', async (tx) => {
      await insert(tx, 'first');
      tx.query('SELECT 1 / 0').catch(() => undefined);
    });
    expect((await failureOf(failed)).message).toMatch(/rolled back/);
    expect(await db.transaction('unseen', (tx) => tx.query('SELECT name FROM item'))).toEqual([]);
  });

  test('refuses a query that comes after its end', async () => {
    let escaped: Transaction | undefined;
    await db.transaction('late', async (tx) => {
      escaped = tx;
    });
    expect((await failureOf(escaped?.query('SELECT 1') ?? Promise.resolve())).code).toBe('closed');
  });

  test('tells how many connections are in use, idle and waited for', async () => {
    const small = openDatabase({ url: schema.url, schema: 'shop', applicationName: 'small', maxConnections: 1 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = small.transaction('a', () => promise);
    const second = small.transaction('a', async () => undefined);
    await until(() => small.connections().inUse === 1 && small.connections().waiting === 1);
    resolve();
    await Promise.all([first, second]);
    expect(small.connections()).toEqual({ inUse: 0, idle: 1, waiting: 0 });
    await small.close();
  });

  test('refuses an empty tenant', async () => {
    expect((await failureOf(db.transaction('', async () => undefined))).code).toBe('tenant-refused');
  });

  test('takes a tenant name with quotes as a name, not as SQL', async () => {
    const tenant = `o'hara\\'; drop table item; --`;
    const rows = await db.transaction(tenant, (tx) =>
      tx.query<{ tenant: string }>(`SELECT current_setting('kempt.tenant_id') AS tenant`),
    );
    expect(rows).toEqual([{ tenant }]);
  });

  test('leaves no tenant behind on the connection', async () => {
    const single = openDatabase({ url: schema.url, schema: 'shop', applicationName: 'single', maxConnections: 1 });
    await single.transaction('someone', (tx) => insert(tx, 'x'));
    const seen = await single.systemTransaction((tx) =>
      tx.query<{ tenant: string; scope: string }>(
        `SELECT current_setting('kempt.tenant_id') AS tenant, current_setting('kempt.scope') AS scope`,
      ),
    );
    expect(seen).toEqual([{ tenant: '', scope: 'system' }]);
    await single.close();
  });

  test('is tried again when it collides with another one', async () => {
    await db.transaction('collide', async (tx) => {
      await insert(tx, 'a');
    });
    let attempts = 0;
    let bothRead = 0;
    let openGate: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      openGate = resolve;
    });
    const addOne = (): Promise<void> =>
      db.transaction(
        'collide',
        async (tx) => {
          attempts += 1;
          const [row] = await tx.query<{ amount: number }>(`SELECT amount FROM item WHERE name = 'a'`);
          bothRead += 1;
          if (bothRead === 2) openGate?.();
          await gate;
          await tx.execute(`UPDATE item SET amount = $1 WHERE name = 'a'`, [(row?.amount ?? 0) + 1]);
        },
        { isolation: 'serializable' },
      );
    await Promise.all([addOne(), addOne()]);
    expect(attempts).toBe(3);
    expect(await db.transaction('collide', (tx) => tx.query('SELECT amount FROM item'))).toEqual([{ amount: 2 }]);
  });

  test('is tried again when it was chosen to end a deadlock', async () => {
    await db.transaction('deadlock', async (tx) => {
      await insert(tx, 'a');
      await insert(tx, 'b');
    });
    let locked = 0;
    let openGate: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      openGate = resolve;
    });
    const both = (first: string, second: string): Promise<number> =>
      db.transaction('deadlock', async (tx) => {
        await tx.execute('UPDATE item SET amount = amount + 1 WHERE name = $1', [first]);
        locked += 1;
        if (locked === 2) openGate?.();
        await gate;
        return tx.execute('UPDATE item SET amount = amount + 1 WHERE name = $1', [second]);
      });
    await Promise.all([both('a', 'b'), both('b', 'a')]);
    const rows = await db.transaction('deadlock', (tx) => tx.query('SELECT amount FROM item ORDER BY name'));
    expect(rows).toEqual([{ amount: 2 }, { amount: 2 }]);
  });

  test('ends a statement that runs longer than allowed, and the connection goes on', async () => {
    const slow = db.transaction('slow', (tx) => tx.query('SELECT pg_sleep(20)'), { statementTimeoutMs: 50 });
    expect(await failureOf(slow)).toMatchObject({ code: 'statement-timeout', retriable: true });
    await db.ping();
  });

  test('writes nothing when it is read-only', async () => {
    const failed = db.transaction('reader', (tx) => insert(tx, 'x'), { readOnly: true });
    expect((await failureOf(failed)).code).toBe('read-only');
  });

  test('keeps calendar dates as text, whatever the time zone', async () => {
    const rows = await db.transaction('dates', (tx) =>
      tx.query(`INSERT INTO item VALUES ('dates', 'x', 1, '2024-02-29') RETURNING sold_on`),
    );
    expect(rows).toEqual([{ sold_on: '2024-02-29' }]);
  });
});

describe('a failure says what to do about it', () => {
  test('a missing table means that migrations have not run', async () => {
    const failure = await failureOf(db.transaction('a', (tx) => tx.query('SELECT * FROM nowhere')));
    expect(failure).toMatchObject({ code: 'migrations-missing', retriable: false });
    expect(failure.message).toMatch(/migrations of this service have not run/);
  });

  test('a duplicate names the constraint and no value', async () => {
    const failure = await failureOf(
      db.transaction('dup', async (tx) => {
        await insert(tx, 'secret-name');
        await insert(tx, 'secret-name');
      }),
    );
    expect(failure).toMatchObject({ code: 'unique-violation', constraint: 'item_pkey', table: 'item' });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('secret-name');
    expect(JSON.stringify(failure.cause, Object.getOwnPropertyNames(failure.cause))).not.toContain('secret-name');
  });

  test('a value that cannot be parsed is not repeated', async () => {
    const failure = await failureOf(db.transaction('bad', (tx) => tx.query('SELECT $1::int', ['secret-text'])));
    expect(failure.code).toBe('invalid-value');
    expect(`${failure.message}${failure.stack}${(failure.cause as Error).stack}`).not.toContain('secret-text');
  });

  test('a wrong password is told as such', async () => {
    const url = new URL(schema.url);
    url.password = 'wrong';
    const stranger = openDatabase({ url: url.href, schema: 'shop', applicationName: 'stranger' });
    expect(await failureOf(stranger.ping())).toMatchObject({ code: 'authentication-failed', retriable: false });
    await stranger.close();
  });

  test('a server that is not there can be tried again', async () => {
    const url = new URL(schema.url);
    url.port = '1';
    const nowhere = openDatabase({ url: url.href, schema: 'shop', applicationName: 'nowhere' });
    expect(await failureOf(nowhere.ping())).toMatchObject({ code: 'connection-refused', retriable: true });
    await nowhere.close();
  });

  test('a server without free connections is told as such', async () => {
    await admin.query(`ALTER ROLE ${pg.escapeIdentifier(schema.role)} CONNECTION LIMIT 0`);
    const crowded = openDatabase({ url: schema.url, schema: 'shop', applicationName: 'crowded' });
    expect(await failureOf(crowded.ping())).toMatchObject({ code: 'too-many-connections', retriable: true });
    await admin.query(`ALTER ROLE ${pg.escapeIdentifier(schema.role)} CONNECTION LIMIT -1`);
    await crowded.close();
  });
});

describe('a lost connection', () => {
  test('in the middle of a transaction rejects it as retriable, and the next one works', async () => {
    const lost = openDatabase({ url: schema.url, schema: 'shop', applicationName: 'lost-in-use' });
    const failed = lost.transaction('lost', async (tx) => {
      await insert(tx, 'x');
      expect(await killConnections('lost-in-use')).toBe(1);
      await tx.query('SELECT 1');
    });
    expect((await failureOf(failed)).retriable).toBe(true);
    expect(await lost.transaction('lost', (tx) => tx.query('SELECT * FROM item'))).toEqual([]);
    await lost.close();
  });

  test('while nobody uses it is reported and replaced, and ends nothing', async () => {
    const errors: unknown[] = [];
    const idle = openDatabase({
      url: schema.url,
      schema: 'shop',
      applicationName: 'lost-idle',
      onError: (error) => errors.push(error),
    });
    await idle.ping();
    await killConnections('lost-idle');
    await until(() => errors.length > 0);
    await idle.ping();
    await idle.close();
  });

  test('of a listener comes back by itself, and whoever listens is called once more', async () => {
    const calls: string[] = [];
    const listening = openDatabase({ url: schema.url, schema: 'shop', applicationName: 'listener', random: () => 0 });
    const listener = await listening.listen('wake up', (payload) => calls.push(payload));
    await admin.query(`SELECT pg_notify('wake up', 'first')`);
    await until(() => calls.length === 1);
    expect(await killConnections('listener')).toBe(1);
    await until(() => calls.length === 2);
    await admin.query(`SELECT pg_notify('wake up', 'second')`);
    await until(() => calls.length === 3);
    expect(calls).toEqual(['first', '', 'second']);
    await listener.close();
    await admin.query(`SELECT pg_notify('wake up', 'unheard')`);
    await listening.ping();
    expect(calls).toHaveLength(3);
    await listening.close();
  });

  test('of a lock holder aborts its signal, and the lock goes to the next one', async () => {
    const holder = openDatabase({ url: schema.url, schema: 'shop', applicationName: 'lock-holder' });
    let aborted = false;
    const held = holder.tryAdvisoryLock('lane', async (signal) => {
      await killConnections('lock-holder');
      // The abort may come before the answer of the killing query does.
      await until(() => signal.aborted);
      aborted = true;
    });
    expect(await held).toBe(true);
    expect(aborted).toBe(true);
    expect(await db.tryAdvisoryLock('lane', async () => undefined)).toBe(true);
    await holder.close();
  });
});

describe('an advisory lock', () => {
  test('is held by one at a time, and free again after the work', async () => {
    const attempts: boolean[] = [];
    const outer = await db.tryAdvisoryLock('job', async () => {
      attempts.push(await db.tryAdvisoryLock('job', async () => undefined));
      attempts.push(await db.tryAdvisoryLock('another job', async () => undefined));
    });
    expect([outer, ...attempts]).toEqual([true, false, true]);
    expect(await db.tryAdvisoryLock('job', async () => undefined)).toBe(true);
  });

  test('is freed when the work rejects, and the reason is passed on', async () => {
    const reason = new Error('work failed');
    await expect(
      db.tryAdvisoryLock('failing', async () => {
        throw reason;
      }),
    ).rejects.toBe(reason);
    expect(await db.tryAdvisoryLock('failing', async () => undefined)).toBe(true);
  });
});

describe('closing', () => {
  test('waits for the transaction at hand, then refuses new ones', async () => {
    const closing = openDatabase({ url: schema.url, schema: 'shop', applicationName: 'closing' });
    const running = closing.transaction('closing', async (tx) => {
      await tx.query('SELECT pg_sleep(0.1)');
      return insert(tx, 'finished');
    });
    await until(async () => {
      const { rowCount } = await admin.query(`SELECT FROM pg_stat_activity WHERE application_name = 'closing'`);
      return rowCount === 1;
    });
    await closing.close();
    expect(await running).toBe(1);
    expect((await failureOf(closing.ping())).code).toBe('closed');
  });
});
