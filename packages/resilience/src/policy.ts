import type { Metrics } from '@kempt/telemetry';
import { makeBoundedCall } from './bounded-call.ts';
import { type BreakerOptions, type BreakerState, createBreaker, isDependencyFailure } from './breaker.ts';
import { createBulkhead } from './bulkhead.ts';
import { type Clock, systemClock } from './clock.ts';
import { PolicyError } from './policy-error.ts';
import { createTokenBucket, type RateOptions } from './token-bucket.ts';

export interface RetryOptions {
  /** How often a call is made at most, the first time included. */
  readonly attempts: number;
  /** Upper bound of the pause before the second attempt; doubles with each further one. */
  readonly baseMs: number;
  /** Upper bound of any pause that we choose. */
  readonly maxMs: number;
  /** Whether another attempt may help. Asked about what the call threw and about `timeout`. */
  readonly isRetriable: (error: unknown) => boolean;
  /** How long the other side asked us to wait; we never wait less. */
  readonly retryAfterMs?: (error: unknown) => number | undefined;
  /** A longer wait than this is not sat out: the error goes to the caller at once. Default 60,000. */
  readonly longestRetryAfterMs?: number;
}

export interface PolicyOptions {
  /** Name of the dependency; the label `policy` of the metrics. */
  readonly name: string;
  /** Upper bound of one attempt. */
  readonly timeoutMs: number;
  readonly breaker?: BreakerOptions;
  readonly retry: RetryOptions;
  readonly rate?: RateOptions;
  /** Calls at work at the same time. Default: no bound. */
  readonly concurrency?: number;
  /** Calls that may wait for their turn when `concurrency` is reached. Default 1,000. */
  readonly maxQueue?: number;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** A number in [0, 1). Default `Math.random`. */
  readonly random?: () => number;
}

export interface RunOptions {
  /** False for a call that must not be made twice. Default true. */
  readonly retry?: boolean;
  /** Whether another attempt may help, instead of what the policy says; for calls that are not harmless to repeat. */
  readonly isRetriable?: (error: unknown) => boolean;
}

/**
 * Everything that stands between a caller and a dependency, in this order: retry, bulkhead, rate, breaker, timeout. A pause
 * before a retry holds no place in the bulkhead, and each attempt takes a token of its own.
 */
export interface Policy {
  /**
   * Makes the call. The signal that `fn` gets is aborted by the caller's signal and by the timeout of the attempt. Rejects
   * with what `fn` threw last, with `PolicyError`, or with the reason of the caller's signal.
   */
  run<T>(fn: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal, options?: RunOptions): Promise<T>;
  state(): BreakerState;
  /** Refuses further calls and those that wait. */
  close(): void;
}

type Outcome = 'success' | 'refused' | 'failure' | 'timeout' | 'breaker_open' | 'bulkhead_full' | 'aborted';

const stateValues: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

export function createPolicy(options: PolicyOptions): Policy {
  const { name, timeoutMs, retry, rate, metrics, clock = systemClock, random = Math.random } = options;
  const stateGauge = metrics.gauge(
    'kempt_breaker_state',
    'Circuit of a dependency: 0 closed, 1 half-open, 2 open; the worst of those that have the name.',
    ['policy'],
  );
  const circuits = circuitsOf(metrics, name);
  const attempts = metrics.counter(
    'kempt_policy_attempts_total',
    'Attempts to call a dependency; outcome is success, refused, failure, timeout, breaker_open, bulkhead_full or aborted.',
    ['policy', 'outcome'],
  );
  const show = (): void => stateGauge.set({ policy: name }, Math.max(0, ...[...circuits].map((one) => one.state)));
  const circuit = { state: stateValues.closed };
  circuits.add(circuit);
  show();

  const isFailure = options.breaker?.isFailure ?? isDependencyFailure;
  const breaker = createBreaker({
    ...options.breaker,
    name,
    clock,
    onState: (state) => {
      circuit.state = stateValues[state];
      show();
    },
  });
  const bulkhead = createBulkhead(name, {
    concurrency: options.concurrency ?? Number.POSITIVE_INFINITY,
    maxQueue: options.maxQueue ?? 1_000,
  });
  const bucket = rate === undefined ? undefined : createTokenBucket(rate, clock);

  async function attempt<T>(fn: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const leave = await bulkhead.enter(signal);
    try {
      await bucket?.take(signal);
      return await breaker.fire(() => makeBoundedCall({ name, timeoutMs, clock, fn, signal }));
    } finally {
      leave();
    }
  }

  async function run<T>(
    fn: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal = new AbortController().signal,
    { retry: mayRetry = true, isRetriable = retry.isRetriable }: RunOptions = {},
  ): Promise<T> {
    for (let made = 1; ; made++) {
      try {
        const result = await attempt(fn, signal);
        attempts.inc({ policy: name, outcome: 'success' });
        return result;
      } catch (error) {
        attempts.inc({ policy: name, outcome: outcomeOf(error, signal, isFailure) });
        if (signal.aborted) throw signal.reason;
        const retryAfterMs = retry.retryAfterMs?.(error);
        if (retryAfterMs !== undefined) bucket?.pause(retryAfterMs);
        const isLast = made >= retry.attempts || !mayRetry || !isWorthRetrying(error, isRetriable);
        if (isLast || (retryAfterMs ?? 0) > (retry.longestRetryAfterMs ?? 60_000)) throw error;
        await clock.sleep(pauseBefore(made, retryAfterMs), signal);
      }
    }
  }

  /** Full jitter: callers that failed together must not come back together. */
  function pauseBefore(made: number, retryAfterMs = 0): number {
    return retryAfterMs + random() * Math.min(retry.maxMs, retry.baseMs * 2 ** (made - 1));
  }

  return {
    run,
    state: breaker.state,
    close() {
      bulkhead.close();
      breaker.close();
      circuits.delete(circuit);
      show();
    },
  };
}

interface Circuit {
  state: number;
}

/** Policies of one name share a series: each tenant's client has one of its own, and one must not hide another's trouble. */
const circuitsByMetrics = new WeakMap<Metrics, Map<string, Set<Circuit>>>();

function circuitsOf(metrics: Metrics, name: string): Set<Circuit> {
  const byName = circuitsByMetrics.get(metrics) ?? new Map<string, Set<Circuit>>();
  circuitsByMetrics.set(metrics, byName);
  const circuits = byName.get(name) ?? new Set<Circuit>();
  byName.set(name, circuits);
  return circuits;
}

function isWorthRetrying(error: unknown, isRetriable: (error: unknown) => boolean): boolean {
  // An open breaker or a full bulkhead says: not now. Asking again at once is what they guard against.
  if (error instanceof PolicyError && error.code !== 'timeout') return false;
  return isRetriable(error);
}

function outcomeOf(error: unknown, signal: AbortSignal, isFailure: (error: unknown) => boolean): Outcome {
  if (signal.aborted) return 'aborted';
  if (error instanceof PolicyError) {
    if (error.code === 'timeout') return 'timeout';
    return error.code === 'bulkhead-full' ? 'bulkhead_full' : 'breaker_open';
  }
  return isFailure(error) ? 'failure' : 'refused';
}
