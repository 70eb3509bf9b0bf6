import type { Clock } from './clock.ts';
import { PolicyError } from './policy-error.ts';

/** The caller gave up in the middle of an attempt. */
export class CancelledCall extends Error {
  constructor(reason: unknown) {
    super('The call was cancelled.', { cause: reason });
    this.name = 'CancelledCall';
  }
}

/** Why the timer of a call is stopped. One object for all: an abort without a reason makes an error with a stack. */
const callEnded = new Error('the call has ended');

export interface BoundedCall<T> {
  readonly name: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly fn: (signal: AbortSignal) => Promise<T>;
  readonly signal: AbortSignal;
}

/**
 * Makes one attempt. It ends when the call does, when the time is up (`timeout`) or when the caller gives up
 * (`CancelledCall`), whether or not the call heeds its signal.
 */
export async function makeBoundedCall<T>({ name, timeoutMs, clock, fn, signal }: BoundedCall<T>): Promise<T> {
  const call = new AbortController();
  const timer = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (error: Error): void => {
    reject(error);
    call.abort(error);
  };
  const cancel = (): void => end(new CancelledCall(signal.reason));
  if (signal.aborted) throw new CancelledCall(signal.reason);
  signal.addEventListener('abort', cancel, { once: true });
  clock.sleep(timeoutMs, timer.signal).then(
    () => end(new PolicyError('timeout', `${name} did not answer within ${timeoutMs} ms.`)),
    () => undefined,
  );
  try {
    return await Promise.race([fn(call.signal), ended]);
  } finally {
    signal.removeEventListener('abort', cancel);
    timer.abort(callEnded);
  }
}
