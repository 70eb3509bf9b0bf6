/**
 * Why a bus refused or failed:
 * - `bus-unavailable`: the broker or the database behind the bus does not answer. Try again later.
 * - `bus-closed`: `close` was called on this bus.
 * - `unknown-topic`: nobody declared the topic by `ensureTopics`.
 * - `group-running`: the group has a running consumer, so it cannot be moved.
 * - `bus-misconfigured`: the broker refused for good: credentials, permissions or a missing schema. The message names the
 *   remedy.
 * - `invalid-record`: an event that no bus can carry, such as one with a NUL character in its key.
 * - `record-too-large`: an event is larger than the bus accepts; its content belongs behind a claim check.
 */
export type EventBusErrorCode =
  | 'bus-unavailable'
  | 'bus-closed'
  | 'bus-misconfigured'
  | 'unknown-topic'
  | 'group-running'
  | 'invalid-record'
  | 'record-too-large';

/** What every adapter throws, so that callers decide by `code` and `retriable` and never by a driver's own errors. */
export class EventBusError extends Error {
  readonly code: EventBusErrorCode;
  /** True when the same call can succeed later without anybody changing anything. */
  readonly retriable: boolean;

  constructor(code: EventBusErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'EventBusError';
    this.code = code;
    this.retriable = code === 'bus-unavailable';
  }
}
