import { EventBusError } from '@kempt/event-bus';

interface DriverError extends Error {
  code?: string;
  detail?: string;
  where?: string;
  severity?: string;
}

/** SQL states, or their first two characters, after which the same call can succeed later. */
const passing: ReadonlySet<string> = new Set([
  '08', // connection exceptions
  '40', // deadlock, serialization failure
  '53', // out of disk, memory or connections
  '55', // object in use, lock not available
  '57', // cancelled, shutting down, starting up
  '58', // I/O errors of the system
  'XX', // internal errors
]);

const remedies: Readonly<Record<string, string>> = {
  '28P01': 'Check user and password of the bus URL.',
  '28000': 'Check user and password of the bus URL.',
  '3D000': 'Check the database name of the bus URL.',
  '42501': 'Run the bus migrations with this role among the roles they serve.',
  '42P01': 'Run the bus migrations with an admin URL first.',
  '42883': 'Run the bus migrations with an admin URL first.',
  '22023': 'Run the bus migrations with an admin URL first.',
  '53100': 'Free disk space on the Postgres server.',
  '53300': 'Raise max_connections of the server, or run fewer processes.',
};

/** Turns what the driver threw into an `EventBusError`. Whatever is not an answer of the server counts as unreachable. */
export function toEventBusError(error: unknown): Error {
  if (error instanceof EventBusError || error instanceof TypeError || error instanceof RangeError) return error;
  const driverError = (error instanceof Error ? error : new Error(String(error))) as DriverError;
  // Postgres repeats column values there, and they must not reach a log.
  delete driverError.detail;
  delete driverError.where;
  const answered = driverError.severity !== undefined;
  const state = answered ? (driverError.code ?? '') : '';
  const text = driverError.message === '' ? (driverError.code ?? driverError.name) : driverError.message;
  const remedy = remedies[state] === undefined ? '' : ` ${remedies[state]}`;
  if (!answered || passing.has(state.slice(0, 2))) {
    return new EventBusError('bus-unavailable', `The Postgres bus does not answer: ${text}.${remedy}`, {
      cause: error,
    });
  }
  return new EventBusError('bus-misconfigured', `The Postgres bus refused: ${text}.${remedy}`, { cause: error });
}
