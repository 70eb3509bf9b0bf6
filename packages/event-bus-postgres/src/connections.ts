import pg from 'pg';
import { toEventBusError } from './bus-error-map.ts';

/** A prepared statement and its parameters. Rows come back as arrays, in the order of the columns. */
export interface Statement {
  /** Names the prepared statement; the text behind a name never changes. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs statements, each in a transaction of its own unless it came with `transaction`. Throws `EventBusError`s. */
export interface Queries {
  run(statement: Statement): Promise<readonly unknown[][]>;
}

/** The connections of one bus: a small pool for statements, and sessions that stay. */
export interface Connections extends Queries {
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** A connection outside the pool. The caller listens to its `error` and `end` and ends it. */
  openSession(): Promise<pg.Client>;
  close(): Promise<void>;
}

export interface ConnectionsOptions {
  readonly url: string;
  readonly schema: string;
  readonly applicationName: string;
  readonly maxConnections: number;
  readonly onError: (error: unknown) => void;
}

/** The role that owns nothing and may use the bus; every service that takes part is a member of it. */
export const busRole = 'kempt_bus';

const connectTimeoutMs = 5_000;
const statementTimeoutMs = 20_000;
/** The server has answered or cancelled long before; when this passes, the connection is dead and not slow. */
const clientTimeoutMs = 25_000;
/** An open transaction may hold the heads of partitions, for which every writer waits. */
const idleTransactionTimeoutMs = 10_000;

export function createConnections(options: ConnectionsOptions): Connections {
  const connection = {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: clientTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  } satisfies pg.ClientConfig;
  const preparation = [
    `SET search_path TO ${pg.escapeIdentifier(options.schema)}`,
    `SET ROLE ${busRole}`,
    // Every statement of the bus has an index to go by. A plan made while a table was nearly empty must not read all of
    // it for each chunk once it has grown.
    'SET enable_seqscan = off',
    'SET enable_bitmapscan = off',
    'SET jit = off',
    `SET statement_timeout = ${statementTimeoutMs}`,
    `SET idle_in_transaction_session_timeout = ${idleTransactionTimeoutMs}`,
  ].join('; ');
  const pool = new pg.Pool({
    ...connection,
    max: options.maxConnections,
    idleTimeoutMillis: 30_000,
    // The pool waits for the promise, whatever its types say.
    onConnect: (client: pg.ClientBase) => client.query(preparation) as unknown as undefined,
  });
  // A connection that breaks is reported to the pool while idle and to the client while in use. Without a listener on
  // both, either would end the process.
  pool.on('error', (error) => {
    if (!pool.ending) options.onError(toEventBusError(error));
  });
  pool.on('connect', (client) => client.on('error', () => undefined));

  async function runOn(client: pg.ClientBase, { name, text, values }: Statement): Promise<readonly unknown[][]> {
    const result = await client.query<unknown[]>({ name, text, values: [...values], rowMode: 'array' });
    return result.rows;
  }

  async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    try {
      client = await pool.connect();
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      // A connection after an error is in doubt; another one costs a few milliseconds.
      client?.release(true);
      throw toEventBusError(error);
    }
  }

  return {
    run: (statement) => withClient((client) => runOn(client, statement)),
    transaction: (work) =>
      withClient(async (client) => {
        await client.query('BEGIN');
        const result = await work({ run: (statement) => runOn(client, statement) });
        await client.query('COMMIT');
        return result;
      }),
    async openSession() {
      const client = new pg.Client(connection);
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query(preparation);
        return client;
      } catch (error) {
        await client.end().catch(() => undefined);
        throw toEventBusError(error);
      }
    },
    close: () => pool.end(),
  };
}
