import type { Counter, Gauge, Histogram, Metrics } from '@kempt/telemetry';

/** Everything the connector measures. Label values are systems, accounts, object names of the CRMs and fixed words. */
export interface ConnectorMetrics {
  /** `outcome` is `ok` or the kind of the error. */
  readonly apiRequests: Counter<'system' | 'outcome'>;
  readonly apiRequestSeconds: Histogram<'system'>;
  readonly recordsRead: Counter<'system' | 'object'>;
  readonly recordsChanged: Counter<'system' | 'object' | 'kind'>;
  readonly recordsSkipped: Counter<'system' | 'object' | 'reason'>;
  readonly syncRuns: Counter<'system' | 'object' | 'kind' | 'outcome'>;
  readonly syncRunSeconds: Histogram<'system' | 'kind'>;
  readonly syncLastSuccess: Gauge<'system' | 'object'>;
  readonly leasesLost: Counter;
  readonly crmUp: Gauge<'system' | 'account'>;
  readonly crmProbeSeconds: Histogram<'system'>;
  readonly crmCallsRemaining: Gauge<'system' | 'account'>;
  readonly changeSets: Counter<'state'>;
  readonly changeSetOperations: Counter<'outcome'>;
  readonly crmWrites: Counter<'system' | 'operation' | 'outcome'>;
  readonly completenessRatio: Gauge<'system' | 'object'>;
  readonly auditReadings: Counter<'system' | 'source' | 'outcome'>;
  readonly webhookNotices: Counter<'outcome'>;
  readonly webhookDelaySeconds: Histogram;
}

/** `measure` brings the gauges of accounts up to date; it is called when they are scraped. */
export function createConnectorMetrics(
  metrics: Metrics,
  measure: () => Promise<void> = () => Promise.resolve(),
): ConnectorMetrics {
  return {
    apiRequests: metrics.counter(
      'kempt_crm_api_requests_total',
      'Requests to a CRM; outcome is ok, or the kind of the error, such as rate, locked, validation or unavailable.',
      ['system', 'outcome'],
    ),
    apiRequestSeconds: metrics.histogram('kempt_crm_api_request_duration_seconds', 'How long a CRM took to answer.', {
      labels: ['system'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    }),
    recordsRead: metrics.counter('kempt_records_read_total', 'Records read from a CRM, unchanged ones included.', [
      'system',
      'object',
    ]),
    recordsChanged: metrics.counter(
      'kempt_records_changed_total',
      'Changes of records; kind is created, updated, deleted, restored or merged.',
      ['system', 'object', 'kind'],
    ),
    recordsSkipped: metrics.counter(
      'kempt_records_skipped_total',
      'Records that could not be read; reason is missing-id, missing-stamp, unexpected-value or not-a-record.',
      ['system', 'object', 'reason'],
    ),
    syncRuns: metrics.counter(
      'kempt_sync_runs_total',
      'Sync runs; kind is backfill or incremental, outcome is succeeded, failed or interrupted.',
      ['system', 'object', 'kind', 'outcome'],
    ),
    syncRunSeconds: metrics.histogram('kempt_sync_run_duration_seconds', 'How long a sync run took.', {
      labels: ['system', 'kind'],
      buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400],
    }),
    syncLastSuccess: metrics.gauge(
      'kempt_sync_last_success_timestamp_seconds',
      'When an object was last read to its end without an error, in seconds since 1970.',
      ['system', 'object'],
    ),
    leasesLost: metrics.counter(
      'kempt_sync_leases_lost_total',
      'Sync runs that ended because another instance had taken over their object.',
    ),
    crmUp: metrics.gauge('kempt_crm_up', 'Whether the last probe of an account was answered: 1, or 0.', {
      labels: ['system', 'account'],
      collect: measure,
    }),
    crmProbeSeconds: metrics.histogram('kempt_crm_probe_duration_seconds', 'How long a CRM took to answer a probe.', {
      labels: ['system'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    }),
    crmCallsRemaining: metrics.gauge(
      'kempt_crm_calls_remaining',
      'API calls of the day that an account has left, as its CRM said last.',
      { labels: ['system', 'account'], collect: measure },
    ),
    changeSets: metrics.counter(
      'kempt_change_sets_total',
      'States that change sets came into, such as draft, planned, approved, applied, partly-applied, failed or undone.',
      ['state'],
    ),
    changeSetOperations: metrics.counter(
      'kempt_change_set_operations_total',
      'Operations of change sets that ended; outcome is applied, failed, refused, undone or undo-failed.',
      ['outcome'],
    ),
    crmWrites: metrics.counter(
      'kempt_crm_writes_total',
      'Writes to a CRM that were settled; operation is update, merge, undelete, create, tie or untie, outcome is done or failed.',
      ['system', 'operation', 'outcome'],
    ),
    completenessRatio: metrics.gauge(
      'kempt_sync_completeness_ratio',
      'Records in the mirror and in the CRM, the smaller number by the larger; the lowest of the accounts.',
      { labels: ['system', 'object'], collect: measure },
    ),
    auditReadings: metrics.counter(
      'kempt_audit_readings_total',
      'Readings of what an audit looks at, by source; outcome is read, not-available or failed.',
      ['system', 'source', 'outcome'],
    ),
    webhookNotices: metrics.counter(
      'kempt_webhook_notices_total',
      'What webhooks told; outcome is taken, ignored (of nothing that is read), dropped, or refused (a whole call).',
      ['outcome'],
    ),
    webhookDelaySeconds: metrics.histogram(
      'kempt_webhook_delay_seconds',
      'From the time that a CRM gives for a change until its record was read.',
      { buckets: [0.25, 0.5, 1, 2, 5, 15, 60, 300, 1_800] },
    ),
  };
}
