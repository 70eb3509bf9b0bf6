/**
 * Why the policy itself ended a call:
 * - `timeout`: one attempt took longer than `timeoutMs`.
 * - `breaker-open`: the dependency failed so often that it is left alone for a while.
 * - `bulkhead-full`: so many calls wait already that one more would only wait in vain.
 * - `policy-closed`: `close` was called.
 */
export type PolicyErrorCode = 'timeout' | 'breaker-open' | 'bulkhead-full' | 'policy-closed';

export class PolicyError extends Error {
  readonly code: PolicyErrorCode;
  /** True when the same call can succeed later without anybody changing anything. */
  readonly retriable: boolean;
  /** How long a caller should wait before it tries again, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: PolicyErrorCode, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'PolicyError';
    this.code = code;
    this.retriable = code !== 'policy-closed';
    this.retryAfterMs = retryAfterMs;
  }
}
