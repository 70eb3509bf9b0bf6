/** An event that cannot be read, now or later: it belongs among the dead letters. */
export class MalformedEventError extends Error {
  override readonly name = 'MalformedEventError';
  readonly code = 'malformed-event';
  readonly retriable = false;
  readonly topic: string;
  /** The header that is wrong, or `value`. */
  readonly field: string;

  constructor(place: { readonly topic: string; readonly field: string }, reason: string, cause?: unknown) {
    super(`Event of ${place.topic}: ${place.field} ${reason}`, cause === undefined ? undefined : { cause });
    this.topic = place.topic;
    this.field = place.field;
  }
}
