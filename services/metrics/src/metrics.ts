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
    /** tenant: one of those in KEMPT_METRICS_KPI_TENANTS, 20 at most; kpi: as in GET /v1/kpis, over all accounts */
    kpiValue: metrics.gauge(
      'kempt_kpi_value',
      'Newest value of a KPI over all accounts of a tenant that is listed, as the instance that measured it last shows it.',
      ['tenant', 'kpi'],
    ),
    kpiTarget: metrics.gauge('kempt_kpi_target', 'What a KPI of a tenant that is listed is wanted to be.', [
      'tenant',
      'kpi',
    ]),
    /** outcome: succeeded | needs-attention | failed | missed */
    calendarRuns: metrics.counter(
      'kempt_calendar_runs_finished_total',
      'Runs of tasks of the maintenance calendar that came to an end.',
      ['task', 'outcome'],
    ),
    /** target: as named in KEMPT_METRICS_PROBE_TARGETS */
    probeUp: metrics.gauge(
      'kempt_probe_up',
      'Whether a service of the installation answered its last probe: 1, or 0. Shown by the instance that probes.',
      ['target'],
    ),
    probeSeconds: metrics.histogram('kempt_probe_duration_seconds', 'How long a service took to answer a probe.', {
      labels: ['target'],
      buckets: [0.005, 0.025, 0.1, 0.5, 1, 5],
    }),
    canariesSent: metrics.counter('kempt_canary_sent_total', 'Canaries that were put into the outbox.'),
    /** outcome: succeeded | failed | unknown */
    syncRuns: metrics.counter('kempt_sync_runs_finished_total', 'Sync runs whose end was heard of.', [
      'system',
      'object',
      'outcome',
    ]),
  };
}

export type KpiMetrics = ReturnType<typeof createKpiMetrics>;
