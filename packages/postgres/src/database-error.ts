import { types } from 'node:util';

/** What went wrong, in words that a caller can act on. */
export type DatabaseErrorCode =
  | 'connection-lost'
  | 'connection-refused'
  | 'authentication-failed'
  | 'too-many-connections'
  | 'pool-exhausted'
  | 'disk-full'
  | 'out-of-memory'
  | 'read-only'
  | 'migrations-missing'
  | 'permission-denied'
  | 'tenant-refused'
  | 'serialization-failure'
  | 'deadlock'
  | 'lock-timeout'
  | 'statement-timeout'
  | 'unique-violation'
  | 'foreign-key-violation'
  | 'constraint-violation'
  | 'invalid-value'
  | 'server-stopping'
  | 'closed'
  | 'query-failed';

interface DatabaseErrorDetails {
  readonly code: DatabaseErrorCode;
  readonly retriable: boolean;
  readonly sqlState?: string | undefined;
  readonly constraint?: string | undefined;
  readonly table?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Every failure that `Database` reports. `retriable` says that the same call may succeed later, unchanged. After
 * `connection-lost` during a commit nobody knows whether the transaction took effect, so the work must be idempotent.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly code: DatabaseErrorCode;
  readonly retriable: boolean;
  /** The five-character code of Postgres, where the server answered. */
  readonly sqlState: string | undefined;
  readonly constraint: string | undefined;
  readonly table: string | undefined;

  constructor(message: string, details: DatabaseErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.retriable = details.retriable;
    this.sqlState = details.sqlState;
    this.constraint = details.constraint;
    this.table = details.table;
  }
}

interface Classification {
  readonly code: DatabaseErrorCode;
  readonly retriable: boolean;
  readonly remedy?: string;
}

const bySqlState: Readonly<Record<string, Classification>> = {
  '40001': { code: 'serialization-failure', retriable: true },
  '40P01': { code: 'deadlock', retriable: true },
  '55P03': { code: 'lock-timeout', retriable: true },
  '57014': {
    code: 'statement-timeout',
    retriable: true,
    remedy: 'The statement ran longer than its time limit and was cancelled.',
  },
  '25P03': { code: 'connection-lost', retriable: true, remedy: 'The transaction stood idle for too long.' },
  '57P01': { code: 'server-stopping', retriable: true, remedy: 'Postgres is being stopped or restarted.' },
  '57P02': { code: 'server-stopping', retriable: true, remedy: 'Postgres lost a process and restarts.' },
  '57P03': { code: 'server-stopping', retriable: true, remedy: 'Postgres is starting or stopping.' },
  '57P05': { code: 'connection-lost', retriable: true },
  '53300': {
    code: 'too-many-connections',
    retriable: true,
    remedy: 'Raise max_connections of the server or lower the connection limit of the services.',
  },
  '53100': { code: 'disk-full', retriable: true, remedy: 'The disk of Postgres is full: free or add space.' },
  '53200': { code: 'out-of-memory', retriable: true, remedy: 'Postgres is out of memory.' },
  '58030': { code: 'disk-full', retriable: true, remedy: 'Postgres cannot write to its disk.' },
  '25006': {
    code: 'read-only',
    retriable: true,
    remedy: 'The server accepts no writes: point the database URL at the primary.',
  },
  '42P01': {
    code: 'migrations-missing',
    retriable: false,
    remedy: 'A table is missing: the migrations of this service have not run on this database.',
  },
  '42703': {
    code: 'migrations-missing',
    retriable: false,
    remedy: 'A column is missing: the migrations of this service have not all run on this database.',
  },
  '3F000': {
    code: 'migrations-missing',
    retriable: false,
    remedy: 'A schema is missing: the migrations of this service have not run on this database.',
  },
  '42501': { code: 'permission-denied', retriable: false },
  '28P01': {
    code: 'authentication-failed',
    retriable: false,
    remedy: 'Check user name and password in the database URL.',
  },
  '28000': {
    code: 'authentication-failed',
    retriable: false,
    remedy: 'Check user name and password in the database URL.',
  },
  '3D000': { code: 'connection-refused', retriable: false, remedy: 'Check the database name in the database URL.' },
  '23505': { code: 'unique-violation', retriable: false },
  '23503': { code: 'foreign-key-violation', retriable: false },
};

const bySqlStateClass: Readonly<Record<string, Classification>> = {
  '08': { code: 'connection-lost', retriable: true },
  '22': { code: 'invalid-value', retriable: false },
  '23': { code: 'constraint-violation', retriable: false },
  '53': { code: 'out-of-memory', retriable: true },
};

const bySystemCode: Readonly<Record<string, Classification>> = {
  ECONNREFUSED: {
    code: 'connection-refused',
    retriable: true,
    remedy: 'Nothing answers at the address in the database URL.',
  },
  ENOENT: { code: 'connection-refused', retriable: true, remedy: 'The socket of Postgres does not exist.' },
  ENOTFOUND: { code: 'connection-refused', retriable: true, remedy: 'Check the host name in the database URL.' },
  EAI_AGAIN: { code: 'connection-refused', retriable: true, remedy: 'The host name could not be resolved.' },
  ECONNRESET: { code: 'connection-lost', retriable: true },
  EPIPE: { code: 'connection-lost', retriable: true },
  ETIMEDOUT: { code: 'connection-lost', retriable: true },
  EHOSTUNREACH: { code: 'connection-lost', retriable: true },
  ENETUNREACH: { code: 'connection-lost', retriable: true },
};

/** The driver reports these without any code. */
const byMessage: readonly (readonly [RegExp, Classification])[] = [
  [/^timeout exceeded when trying to connect/, { code: 'pool-exhausted', retriable: true }],
  [
    /^Connection terminated|^Client has encountered a connection error|not queryable/,
    { code: 'connection-lost', retriable: true },
  ],
  [/^Query read timeout/, { code: 'connection-lost', retriable: true, remedy: 'Postgres did not answer in time.' }],
  [/after calling end on the pool|Client was closed/, { code: 'closed', retriable: false }],
  [/^timeout expired/, { code: 'connection-refused', retriable: true, remedy: 'Postgres did not answer in time.' }],
];

interface DriverError extends Error {
  code?: string;
  severity?: string;
  constraint?: string;
  table?: string;
  detail?: string;
  where?: string;
  internalQuery?: string;
}

function classify(error: DriverError): Classification {
  const code = error.code;
  if (code === '42501' && /row-level security/.test(error.message)) {
    return {
      code: 'tenant-refused',
      retriable: false,
      remedy: 'The row belongs to another tenant than the transaction, or the transaction has none.',
    };
  }
  if (code !== undefined) {
    const known = bySqlState[code] ?? bySystemCode[code];
    if (known !== undefined) return known;
    if (/^[0-9A-Z]{5}$/.test(code))
      return bySqlStateClass[code.slice(0, 2)] ?? { code: 'query-failed', retriable: false };
  }
  for (const [pattern, known] of byMessage) {
    if (pattern.test(error.message)) return known;
  }
  return { code: 'query-failed', retriable: false };
}

/**
 * Takes column values out of a driver error, in place: Postgres repeats them in `detail`, in `where` and, for values it
 * cannot parse, at the end of the message. Customers' data must not reach a log that way.
 */
function withoutValues(error: DriverError): DriverError {
  delete error.detail;
  delete error.where;
  delete error.internalQuery;
  if (error.code?.startsWith('22')) {
    const message = error.message;
    error.message = message.replace(/: ".*$/s, '').replace(/"[^"]*"/g, '"..."');
    if (error.stack !== undefined) error.stack = error.stack.replace(message, error.message);
  }
  return error;
}

/** Turns whatever the driver threw into a `DatabaseError`. Leaves errors of the caller's own work as they are. */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof DatabaseError || !types.isNativeError(error)) return error;
  const driverError = withoutValues(error as DriverError);
  const { code, retriable, remedy } = classify(driverError);
  // An AggregateError of a refused connection has an empty message of its own.
  const text = driverError.message === '' ? (driverError.code ?? driverError.name) : driverError.message;
  return new DatabaseError(remedy === undefined ? text : `${text}. ${remedy}`, {
    code,
    retriable,
    sqlState: driverError.severity === undefined ? undefined : driverError.code,
    constraint: driverError.constraint,
    table: driverError.table,
    cause: error,
  });
}

/** Looks for a database error in an error and in its causes. */
export function findDatabaseError(error: unknown): DatabaseError | undefined {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if (current instanceof DatabaseError) return current;
    current = current.cause;
  }
  return undefined;
}
