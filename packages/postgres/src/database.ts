/**
 * A service's own corner of Postgres: one schema, one role, row-level security by tenant.
 * The same port serves the embedded server and any other; no caller knows which.
 */
export interface Database {
  /** Schema of the service; it is first in the search path of every connection. */
  readonly schema: string;

  /**
   * Runs `work` in one transaction that sees and writes only rows of `tenantId`. Commits when it resolves, rolls back
   * when it rejects. Serialization failures and deadlocks are tried again a few times, so `work` must have no effect
   * outside the transaction.
   */
  transaction<T>(tenantId: string, work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;

  /**
   * Runs `work` without a tenant. It reaches only tables of the infrastructure (outbox, inbox, leases, the list of
   * tenants), whose policies admit it; every other table looks empty and refuses writes.
   */
  systemTransaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;

  /** Calls `onNotify` for each NOTIFY on the channel, and once after every reconnection, since some may be lost. */
  listen(channel: string, onNotify: (payload: string) => void): Promise<Listener>;

  /**
   * Holds a session-level advisory lock while `work` runs, on a connection of its own; the signal aborts when that
   * connection, and so the lock, is lost. Resolves to `false` at once if somebody else holds it.
   */
  tryAdvisoryLock(name: string, work: (signal: AbortSignal) => Promise<void>): Promise<boolean>;

  /** What the connections for transactions do just now. */
  connections(): PoolUse;

  /** Resolves when the server answers; rejects with the reason otherwise. */
  ping(): Promise<void>;

  /** Waits for running transactions, then closes every connection. */
  close(): Promise<void>;
}

export interface PoolUse {
  readonly inUse: number;
  readonly idle: number;
  /** Transactions that wait for a connection. */
  readonly waiting: number;
}

/** One transaction. Parameters are `$1`, `$2`, ... as in Postgres. */
export interface Transaction {
  // Statements run one after the other in the order of the calls, also those that nobody has waited for yet.
  /** `null` in a system transaction. */
  readonly tenantId: string | null;
  query<Row extends object = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Like `query`, and resolves to the number of rows that the statement touched. */
  execute(sql: string, parameters?: readonly unknown[]): Promise<number>;
}

export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
  /** Upper bound for one statement. Default 30,000. */
  readonly statementTimeoutMs?: number;
}

export interface Listener {
  close(): Promise<void>;
}
