import { createPolicy, type Policy } from '@kempt/resilience';
import type { Metrics } from '@kempt/telemetry';
import type { ConnectorMetrics } from '../metrics.ts';
import type { System } from './crm-client.ts';
import { CrmError } from './crm-error.ts';

/** The one road of all calls of a connection: breaker, retry with jitter, rate, time limit, and what is measured. */
export interface CrmCalls {
  /** Rejects with CrmError, PolicyError, or the reason of the signal. */
  run<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
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
  return {
    run: (call, signal) =>
      policy.run(async (attemptSignal) => {
        const stop = connectorMetrics.apiRequestSeconds.startTimer({ system });
        try {
          const result = await call(attemptSignal);
          connectorMetrics.apiRequests.inc({ system, outcome: 'ok' });
          return result;
        } catch (error) {
          const outcome = error instanceof CrmError ? error.kind : 'unavailable';
          if (!signal.aborted) connectorMetrics.apiRequests.inc({ system, outcome });
          throw error;
        } finally {
          stop();
        }
      }, signal),
    close: () => policy.close(),
  };
}
