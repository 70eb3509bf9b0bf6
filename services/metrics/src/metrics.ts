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
    /** kpi: as in GET /v1/kpis; account: empty for the whole tenant */
    kpiValue: metrics.gauge(
      'kempt_kpi_value',
      'Newest value of a KPI, as the instance that measured it last shows it.',
      ['tenant', 'kpi', 'account'],
    ),
    kpiTarget: metrics.gauge('kempt_kpi_target', 'What a KPI is wanted to be.', ['tenant', 'kpi']),
    /** outcome: succeeded | needs-attention | failed | missed */
    calendarRuns: metrics.counter(
      'kempt_calendar_runs_finished_total',
      'Runs of tasks of the maintenance calendar that came to an end.',
      ['task', 'outcome'],
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
