/**
 * Why this package refused something:
 * - `tenant-missing`: events were appended outside a tenant's transaction.
 * - `tenant-mismatch`: an event names another tenant than the transaction that appends it.
 * - `event-id-malformed`: header `ce_id` is not a UUID.
 * - `unknown-group`: no consumer of that group ever ran on this schema.
 * - `dead-letter-not-found`: there is no such dead letter, or not for this tenant.
 * - `dead-letter-closed`: the dead letter was replayed, resolved or discarded already.
 * - `dead-letter-not-replayable`: the event says neither whose nor which it is, so no consumer could take it.
 * - `cursor-malformed`: a page was asked for with a cursor that no page gave.
 */
export type OutboxErrorCode =
  | 'tenant-missing'
  | 'tenant-mismatch'
  | 'event-id-malformed'
  | 'unknown-group'
  | 'dead-letter-not-found'
  | 'dead-letter-closed'
  | 'dead-letter-not-replayable'
  | 'cursor-malformed';

/** A mistake of the caller. Calling again changes nothing, so it is never retriable. */
export class OutboxError extends Error {
  override readonly name = 'OutboxError';
  readonly code: OutboxErrorCode;
  readonly retriable = false;

  constructor(code: OutboxErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
