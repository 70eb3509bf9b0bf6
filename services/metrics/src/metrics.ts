import type { Metrics } from '@kempt/telemetry';

/** Every metric of the service. */
export function createKpiMetrics(metrics: Metrics) {
  return {
    /** system: sf | hs; object: as the CRM names it */
    lastSuccess: metrics.gauge(
      'kempt_sync_last_success_timestamp_seconds',
      'When a sync run over the object last succeeded, in any account of the system. Runs that find nothing are not told.',
      ['system', 'object'],
    ),
    /** outcome: succeeded | failed | unknown */
    syncRuns: metrics.counter('kempt_sync_runs_finished_total', 'Sync runs whose end was heard of.', [
      'system',
      'object',
      'outcome',
    ]),
  };
}

export type KpiMetrics = ReturnType<typeof createKpiMetrics>;
