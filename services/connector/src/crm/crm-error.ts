/**
 * Why a CRM did not do what it was asked.
 * - `auth`: it does not accept the credentials, or no longer.
 * - `permission`: the credentials work, but may not do this.
 * - `rate`: too many requests in a short time; try again soon.
 * - `quota`: the allowance of the day is used up; try again much later.
 * - `validation`: the request is wrong, and stays wrong.
 * - `not-found`: the object or record does not exist, or the credentials do not show it.
 * - `conflict`: another record, or the state of this one, stands in the way.
 * - `locked`: somebody else is writing to the record just now; try again soon.
 * - `not-supported`: this CRM cannot do it, whoever asks.
 * - `unknown-outcome`: a write was sent, and nobody knows whether it was carried out. Reading tells.
 * - `unavailable`: no answer, or one that says that the CRM is down.
 * - `malformed`: an answer that is not what the API promises.
 */
export type CrmErrorKind =
  | 'auth'
  | 'permission'
  | 'rate'
  | 'quota'
  | 'validation'
  | 'not-found'
  | 'conflict'
  | 'locked'
  | 'not-supported'
  | 'unknown-outcome'
  | 'unavailable'
  | 'malformed';

export interface CrmErrorOptions {
  readonly kind: CrmErrorKind;
  /** The vendor's own code, such as `REQUEST_LIMIT_EXCEEDED`. */
  readonly code: string;
  readonly message: string;
  /** How long the CRM asks to wait, as far as it says. */
  readonly retryAfterMs?: number | undefined;
  /** JSON pointer of the part of the connection that is at fault, such as `/credentials/clientId`. */
  readonly pointer?: string | undefined;
  /** The fields of the record that the CRM objects to. */
  readonly fields?: readonly string[] | undefined;
  /** The record that stands in the way. */
  readonly existingId?: string | undefined;
  /** Whether a write may have been carried out in spite of this error. */
  readonly mayBeDone?: boolean | undefined;
  readonly cause?: unknown;
}

const retriableKinds: ReadonlySet<CrmErrorKind> = new Set(['rate', 'locked', 'unavailable', 'malformed']);

/** An error of a CRM, classified by its vendor's error map. The message holds no field values and no secrets. */
export class CrmError extends Error {
  readonly kind: CrmErrorKind;
  readonly code: string;
  /** Whether the same call can succeed when it is tried again within seconds. */
  readonly retriable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly pointer: string | undefined;
  /** Names of the fields that the CRM objects to; empty when it names none. */
  readonly fields: readonly string[];
  /** The record that stands in the way, where the CRM names one. */
  readonly existingId: string | undefined;
  /** Whether a write may have been carried out in spite of this error. */
  readonly mayBeDone: boolean;

  constructor(options: CrmErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CrmError';
    this.kind = options.kind;
    this.code = options.code;
    this.retriable = retriableKinds.has(options.kind);
    this.retryAfterMs = options.retryAfterMs;
    this.pointer = options.pointer;
    this.fields = options.fields ?? [];
    this.existingId = options.existingId;
    this.mayBeDone = options.mayBeDone ?? false;
  }
}

/** The error of a write that was sent and got no answer that says what became of it. */
export const unknownOutcome = (cause: unknown): CrmError =>
  new CrmError({
    kind: 'unknown-outcome',
    code: cause instanceof CrmError ? cause.code : 'no-answer',
    message: `Whether the write was carried out is not known: read the record to find out. ${
      cause instanceof Error ? shortText(cause.message) : ''
    }`.trim(),
    mayBeDone: true,
    cause,
  });

/** At most 300 characters of a vendor's message, on one line: enough to act on, too little to carry a record. */
export function shortText(text: unknown): string {
  const line = (typeof text === 'string' ? text : '').replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
