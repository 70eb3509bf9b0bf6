import { CrmError } from '../crm/crm-error.ts';
import type { SyncBlock } from './lease-store.ts';

/** What to do after a run that failed. */
export interface FailureResponse {
  /** When the object is tried again. */
  readonly retryMs: number;
  /** Whether the whole connection is in trouble, not just this object. */
  readonly isConnectionFailing: boolean;
  /** How long the other objects of the account wait, since they would fail in the same way; 0 for not at all. */
  readonly accountPauseMs: number;
  /** What keeps the whole account from being read and is not for us to mend; null otherwise. */
  readonly block: Exclude<SyncBlock, 'paused'> | null;
  /** Whether what is known of the object may be out of date: its fields are looked up again. */
  readonly isSchemaDoubtful: boolean;
}

export interface FailureTimes {
  /** Between two looks at an object that works. */
  readonly intervalMs: number;
  /** First pause after credentials were refused. */
  readonly refusedRetryMs: number;
  /** Pause after the allowance of the day is used up. */
  readonly quotaRetryMs: number;
  readonly longestRetryMs: number;
}

/** Failures in a row after which an account that does not answer counts as failing. */
const failuresToFail = 3;

const refusedCodes = new Set(['broken-seal', 'unknown-sealing-key']);

/** How a failure is answered, given how many there were in a row, this one included. */
export function respondToFailure(error: unknown, failures: number, times: FailureTimes): FailureResponse {
  const { code, retryAfterMs = 0 } = (error ?? {}) as { code?: unknown; retryAfterMs?: number | undefined };
  const backOff = (firstMs: number): number =>
    Math.max(retryAfterMs, Math.min(times.longestRetryMs, firstMs * 2 ** Math.min(20, failures - 1)));
  const kind = error instanceof CrmError ? error.kind : undefined;
  if (kind === 'auth' || refusedCodes.has(String(code))) {
    const retryMs = backOff(times.refusedRetryMs);
    return { retryMs, isConnectionFailing: true, accountPauseMs: retryMs, block: 'refused', isSchemaDoubtful: false };
  }
  if (kind === 'quota') {
    const retryMs = Math.max(retryAfterMs, times.quotaRetryMs);
    return { retryMs, isConnectionFailing: false, accountPauseMs: retryMs, block: 'quota', isSchemaDoubtful: false };
  }
  return {
    retryMs: backOff(times.intervalMs),
    isConnectionFailing: failures >= failuresToFail && isAwayKind(kind, code),
    accountPauseMs: kind === 'rate' || kind === 'locked' ? retryAfterMs : 0,
    block: null,
    isSchemaDoubtful: kind === 'validation' || kind === 'not-found' || kind === 'permission',
  };
}

const isAwayKind = (kind: string | undefined, code: unknown): boolean =>
  kind === 'unavailable' || kind === 'malformed' || code === 'breaker-open' || code === 'timeout';
