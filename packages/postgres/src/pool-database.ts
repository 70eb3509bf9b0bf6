import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createAdvisoryLocks } from './advisory-lock.ts';
import type { Database, Transaction, TransactionOptions } from './database.ts';
import { DatabaseError, findDatabaseError, toDatabaseError } from './database-error.ts';
import { createNotificationListener } from './notification-listener.ts';

export interface OpenDatabaseOptions {
  /** Connection URL of the service's own role. */
  readonly url: string;
  readonly schema: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Connections for transactions. Default 10. The listener and each advisory lock use one more. */
  readonly maxConnections?: number;
  /** Told of connections that broke while nobody used them. The pool replaces them by itself. */
  readonly onError?: (error: unknown) => void;
  /** A number in [0, 1) that spreads retries. Default `Math.random`. */
  readonly random?: () => number;
}

const transactionAttempts = 6;
const connectTimeoutMs = 10_000;
const defaultStatementTimeoutMs = 30_000;
/** A transaction that stands idle this long holds locks for nothing; the server ends it. */
const idleTransactionTimeoutMs = 120_000;
/** How much later than the server's own limit the client gives up: then the connection is dead, not slow. */
const clientTimeoutMarginMs = 5_000;

const isolationLevels = {
  'read committed': 'READ COMMITTED',
  'repeatable read': 'REPEATABLE READ',
  serializable: 'SERIALIZABLE',
} as const;

/** Calendar dates stay text: the driver would turn them into midnight of the local time zone. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.DATE
      ? (text: string) => text
      : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};

/** Opens a service's corner of Postgres. Nothing is connected before the first use. */
export function openDatabase(options: OpenDatabaseOptions): Database {
  const { url, schema, applicationName } = options;
  const random = options.random ?? Math.random;
  const reportError = (error: unknown): void => options.onError?.(toDatabaseError(error));
  const connection = {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
  } satisfies pg.ClientConfig;
  // What is sent does not wait for the answer to what was sent before: the server takes statements in their order.
  const pool = new pg.Pool({
    ...connection,
    pipeline: true,
    max: options.maxConnections ?? 10,
    idleTimeoutMillis: 30_000,
  });
  // A broken connection is reported to the pool while idle, and to the client while in use. Without a listener on both,
  // either would end the process.
  pool.on('error', reportError);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  const listener = createNotificationListener({ connect: () => new pg.Client(connection), reportError, random });
  const locks = createAdvisoryLocks({ connect: () => new pg.Client(connection), schema });
  let closing: Promise<void> | undefined;

  function beginStatement(tenantId: string | null, transaction: TransactionOptions): string {
    const settings: readonly (readonly [string, string])[] = [
      ['search_path', `${pg.escapeIdentifier(schema)}, public`],
      ['kempt.tenant_id', tenantId ?? ''],
      ['kempt.scope', tenantId === null ? 'system' : 'tenant'],
      ['statement_timeout', String(transaction.statementTimeoutMs ?? defaultStatementTimeoutMs)],
      ['idle_in_transaction_session_timeout', String(idleTransactionTimeoutMs)],
    ];
    const begin = `BEGIN ISOLATION LEVEL ${isolationLevels[transaction.isolation ?? 'read committed']}${transaction.readOnly === true ? ' READ ONLY' : ''}`;
    // Both statements go in one message, so a transaction costs two round trips more than its work. Settings are local
    // to the transaction: that holds behind a pooler that hands out connections per transaction, too.
    return `${begin}; SELECT ${settings
      .map(([name, value]) => `set_config('${name}', ${pg.escapeLiteral(value)}, true)`)
      .join(', ')}`;
  }

  async function runOnce<T>(
    tenantId: string | null,
    work: (tx: Transaction) => Promise<T>,
    transaction: TransactionOptions,
  ): Promise<T> {
    const client = await connectFromPool();
    const statementTimeoutMs = transaction.statementTimeoutMs ?? defaultStatementTimeoutMs;
    let underway = 0;
    let broken: Error | undefined;
    let open = true;
    /**
     * The server runs one statement after the other, in the order of the calls; whoever does not wait for one can send the next, or
     * work in the meantime.
     */
    async function send<Row extends object>(
      text: string,
      parameters?: readonly unknown[],
    ): Promise<pg.QueryResult<Row>> {
      if (!open) {
        throw new DatabaseError('The transaction has ended; a query came after it. Await every query inside it.', {
          code: 'closed',
          retriable: false,
        });
      }
      underway += 1;
      // Each of those that were sent before may take as long as the server lets it.
      const clientTimeoutMs = underway * statementTimeoutMs + clientTimeoutMarginMs;
      const query = { text, query_timeout: clientTimeoutMs, ...(parameters && { values: [...parameters] }) };
      try {
        return await client.query<Row>(query);
      } catch (error) {
        const failure = toDatabaseError(error);
        // An answer with an SQL state means that the connection is in order; anything else leaves it in doubt.
        if (failure instanceof DatabaseError && failure.sqlState === undefined) broken = error as Error;
        throw failure;
      } finally {
        underway -= 1;
      }
    }
    try {
      // Its answer is not waited for: should it fail, what comes behind it finds neither a tenant nor, without a search path, any table.
      const begun = send(beginStatement(tenantId, transaction));
      begun.catch(() => undefined);
      const tx: Transaction = {
        tenantId,
        query: async <Row extends object>(sql: string, parameters?: readonly unknown[]) =>
          (await send<Row>(sql, parameters)).rows,
        execute: async (sql, parameters) => (await send(sql, parameters)).rowCount ?? 0,
      };
      const result = await work(tx);
      await begun;
      const committed = await send('COMMIT');
      // After a failed statement that `work` swallowed, COMMIT rolls back and says so only in its tag.
      if (committed.command !== 'COMMIT') {
        throw new DatabaseError(
          'The transaction was rolled back: a statement in it failed and the failure was ignored',
          {
            code: 'query-failed',
            retriable: false,
          },
        );
      }
      return result;
    } catch (error) {
      if (broken === undefined) await send('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      open = false;
      client.release(broken);
    }
  }

  async function connectFromPool(): Promise<pg.PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      const failure = toDatabaseError(error);
      if (failure instanceof DatabaseError && failure.code === 'pool-exhausted') {
        const exhausted = pool.totalCount >= (options.maxConnections ?? 10);
        throw exhausted
          ? new DatabaseError(
              `All ${pool.totalCount} connections of ${applicationName} were busy for ${connectTimeoutMs / 1000} s. Shorten its transactions or raise its connection limit.`,
              { code: 'pool-exhausted', retriable: true, cause: error },
            )
          : new DatabaseError('Postgres did not accept a connection in time', {
              code: 'connection-refused',
              retriable: true,
              cause: error,
            });
      }
      throw failure;
    }
  }

  async function run<T>(
    tenantId: string | null,
    work: (tx: Transaction) => Promise<T>,
    transaction: TransactionOptions = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await runOnce(tenantId, work, transaction);
      } catch (error) {
        const failure = findDatabaseError(error);
        const conflict = failure?.code === 'serialization-failure' || failure?.code === 'deadlock';
        if (!conflict || attempt >= transactionAttempts) throw error;
        await sleep(10 * 2 ** attempt * (0.5 + random()));
      }
    }
  }

  return {
    schema,
    transaction: async (tenantId, work, transaction) => {
      if (tenantId === '') {
        throw new DatabaseError('A transaction needs a tenant; the tenant id is empty', {
          code: 'tenant-refused',
          retriable: false,
        });
      }
      return run(tenantId, work, transaction);
    },
    systemTransaction: async (work, transaction) => run(null, work, transaction),
    listen: (channel, onNotify) => listener.listen(channel, onNotify),
    tryAdvisoryLock: (name, work) => locks.tryLock(name, work),
    connections: () => ({
      inUse: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    ping: async () => {
      const client = await connectFromPool();
      let broken: Error | undefined;
      try {
        await client.query({ text: 'SELECT 1', query_timeout: 5_000 } as pg.QueryConfig);
      } catch (error) {
        broken = error as Error;
        throw toDatabaseError(error);
      } finally {
        client.release(broken);
      }
    },
    close: () => {
      closing ??= Promise.all([listener.close(), locks.close(), pool.end()]).then(() => undefined);
      return closing;
    },
  };
}
