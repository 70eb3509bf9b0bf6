import { findDatabaseError } from '@kempt/postgres';
import { scrubText } from '@kempt/telemetry';

/**
 * What a failure says about the events behind it:
 * - `permanent`: this event will never succeed. It becomes a dead letter at once; later events of its key go on.
 * - `transient-record`: this event may succeed later. It is parked, and every later event of its key waits behind it.
 * - `transient-tenant`: nothing of this tenant can succeed now (a revoked token, a used-up quota). All its events wait.
 */
export type FailureKind = 'permanent' | 'transient-tenant' | 'transient-record';

export type FailureReason = 'undecodable' | 'permanent' | 'attempts-exhausted' | 'refused';
export type FailureStage = 'envelope' | 'decode' | 'handle' | 'publish';

/** A failure in a form that may be kept and shown: without tokens, e-mail addresses and telephone numbers, bounded. */
export interface Failure {
  readonly reason: FailureReason;
  readonly stage: FailureStage;
  readonly errorClass: string;
  readonly errorCode?: string;
  readonly message: string;
  /** Where it happened: code locations only. */
  readonly trace: string;
}

const longestMessageBytes = 4_096;
const longestTraceBytes = 2_048;

/**
 * Default of `classify`: an error that says `retriable: false` is permanent, and so is one that says what every retry will
 * meet again (malformed content, a value that Postgres cannot hold). Anything else may pass.
 */
export function classifyFailure(error: unknown): FailureKind {
  const databaseError = findDatabaseError(error);
  if (databaseError !== undefined) {
    return databaseError.code === 'invalid-value' ? 'permanent' : 'transient-record';
  }
  if (error instanceof SyntaxError) return 'permanent';
  return (error as { retriable?: unknown } | null)?.retriable === false ? 'permanent' : 'transient-record';
}

export function describeFailure(
  error: unknown,
  where: { readonly reason: FailureReason; readonly stage: FailureStage },
): Failure {
  const code = (error as { code?: unknown } | null)?.code;
  return {
    ...where,
    errorClass: error instanceof Error ? error.name : typeof error,
    ...(typeof code === 'string' && { errorCode: shorten(code, 128) }),
    message: redactMessage(error),
    trace: error instanceof Error ? codeLocations(error) : '',
  };
}

/** The message of an error and of its causes, fit to be kept: redacted and at most 4 KiB of UTF-8. */
export function redactMessage(error: unknown): string {
  const messages: string[] = [];
  let current = error;
  for (let depth = 0; depth < 4 && current instanceof Error; depth += 1) {
    messages.push(messageOf(current));
    current = current.cause;
  }
  if (messages.length === 0) messages.push(typeof error === 'string' ? error : `A ${typeof error} was thrown`);
  return shorten(scrubText(messages.filter((message) => message !== '').join(': ')), longestMessageBytes);
}

/** Content that could not be parsed is decoding, wherever it was found out. */
export function stageOf(error: unknown): FailureStage {
  return error instanceof SyntaxError || (error instanceof Error && error.name === 'MalformedEventError')
    ? 'decode'
    : 'handle';
}

/** A text that Postgres can hold: without NUL, and cut at a whole character. */
export function shorten(text: string, maxBytes: number): string {
  const clean = text.replaceAll('\0', '\u2400');
  const bytes = Buffer.from(clean, 'utf8');
  if (bytes.length <= maxBytes) return clean;
  let end = maxBytes - 3;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.subarray(0, end).toString('utf8')}…`;
}

/** Parsers repeat the text that they could not read, which is the customer's. */
function messageOf(error: Error): string {
  return error instanceof SyntaxError ? error.message.replaceAll(/(["']).*\1/gs, '"..."') : error.message;
}

function codeLocations(error: Error): string {
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return shorten(lines.map((line) => line.trim()).join('\n'), longestTraceBytes);
}
