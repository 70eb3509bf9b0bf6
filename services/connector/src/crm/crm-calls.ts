import { createPolicy, isDependencyFailure, type Policy, PolicyError } from '@kempt/resilience';
import { type Metrics, withSpan } from '@kempt/telemetry';
import type { ConnectorMetrics } from '../metrics.ts';
import type { System } from './crm-client.ts';
import { CrmError, unknownOutcome } from './crm-error.ts';

/** The one road of all calls of a connection: breaker, retry with jitter, rate, time limit, and what is measured. */
export interface CrmCalls {
  /** Rejects with CrmError, PolicyError, or the reason of the signal. */
  run<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  /**
   * For a call that writes: it is made again only when the CRM said, or the connection shows, that nothing was done.
   * Rejects with CrmError of kind `unknown-outcome` when it may have been carried out: no answer in time, one that says
   * nothing, or a caller that gave up while it was under way.
   */
  write<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  close(): void;
}

export interface CrmCallsOptions {
  readonly system: System;
  /** Name of the policy: the system, or a part of it that has limits of its own. */
  readonly policyName?: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** Absent for a CRM that is only bounded by its own answers. */
  readonly requestsPerSecond?: number | undefined;
  readonly attempts: number;
  /** Upper bound of the pause before the second attempt. */
  readonly retryBaseMs: number;
  readonly metrics: Metrics;
  readonly connectorMetrics: ConnectorMetrics;
}

const longestPauseMs = 10_000;

/** Whether an error says that the CRM is in trouble. A record that somebody else writes to is everyday business. */
const isTrouble = (error: unknown): boolean =>
  !(error instanceof CrmError && error.kind === 'locked') && isDependencyFailure(error);

/** Whether a write did nothing and may fare better at once. */
const isWriteRetriable = (error: unknown): boolean => error instanceof CrmError && error.retriable && !error.mayBeDone;

/** What a policy refused, as an error of the CRM: it is not to be had just now. */
export async function inCrmErrors<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const { code, message, retryAfterMs } = error;
    throw new CrmError({ kind: 'unavailable', code, message, retryAfterMs, cause: error });
  }
}

export function createCrmCalls(options: CrmCallsOptions): CrmCalls {
  const { system, connectorMetrics } = options;
  const policy: Policy = createPolicy({
    name: options.policyName ?? system,
    timeoutMs: options.timeoutMs,
    retry: {
      attempts: options.attempts,
      baseMs: options.retryBaseMs,
      maxMs: longestPauseMs,
      isRetriable: (error) => !(error instanceof CrmError) || error.retriable,
      retryAfterMs: (error) => (error instanceof CrmError ? error.retryAfterMs : undefined),
    },
    breaker: { isFailure: isTrouble },
    concurrency: options.concurrency,
    metrics: options.metrics,
    ...(options.requestsPerSecond === undefined
      ? {}
      : {
          rate: {
            tokensPerSecond: options.requestsPerSecond,
            burst: Math.max(1, Math.floor(options.requestsPerSecond)),
          },
        }),
  });
  const measured = async <T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    const stop = connectorMetrics.apiRequestSeconds.startTimer({ system });
    try {
      const result = await withSpan({ name: `${system} request`, kind: 'client' }, { 'kempt.system': system }, call);
      connectorMetrics.apiRequests.inc({ system, outcome: 'ok' });
      return result;
    } catch (error) {
      const outcome = error instanceof CrmError ? error.kind : 'unavailable';
      if (!signal.aborted) connectorMetrics.apiRequests.inc({ system, outcome });
      throw error;
    } finally {
      stop();
    }
  };

  return {
    run: (call, signal) => policy.run((attemptSignal) => measured(() => call(attemptSignal), signal), signal),
    async write(call, signal) {
      let isUnderWay = false;
      const attempt = async (attemptSignal: AbortSignal) => {
        isUnderWay = true;
        try {
          return await measured(() => call(attemptSignal), signal);
        } catch (error) {
          // An answer came, or the request never left; an attempt that ran out of time stays under way.
          if (error instanceof CrmError) isUnderWay = error.mayBeDone;
          throw error;
        }
      };
      try {
        return await inCrmErrors(policy.run(attempt, signal, { isRetriable: isWriteRetriable }));
      } catch (error) {
        throw isUnderWay ? unknownOutcome(error) : error;
      }
    },
    close: () => policy.close(),
  };
}
