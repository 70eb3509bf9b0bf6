import type { Counter, Gauge, Histogram, Metrics } from '@kempt/telemetry';

/** Everything the connector measures. Label values are systems, object names of the CRMs and fixed words: never a tenant or an account. */
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
  readonly syncTargets: Gauge<'system' | 'state'>;
  readonly syncOldestAge: Gauge<'system' | 'object'>;
  readonly changeDelaySeconds: Histogram<'system'>;
  readonly changesBlocked: Counter<'system' | 'reason'>;
  readonly leasesLost: Counter;
  readonly olderSeals: Gauge;
  readonly crmAccounts: Gauge<'system' | 'outcome'>;
  readonly crmProbeSeconds: Histogram<'system'>;
  readonly crmCallsUsed: Gauge<'system'>;
  readonly crmCallsAllowed: Gauge<'system'>;
  readonly crmQuotaRemaining: Gauge<'system'>;
  readonly changeSets: Counter<'state'>;
  readonly changeSetOperations: Counter<'outcome'>;
  readonly crmWrites: Counter<'system' | 'operation' | 'outcome'>;
  readonly completenessRatio: Gauge<'system' | 'object'>;
  readonly completenessRecords: Gauge<'system' | 'object'>;
  readonly completenessDifference: Gauge<'system' | 'object'>;
  readonly auditReadings: Counter<'system' | 'source' | 'outcome'>;
  readonly webhookNotices: Counter<'outcome'>;
  readonly webhookDelaySeconds: Histogram;
}

/**
 * `measure` brings the gauges of accounts up to date; it is called when they are scraped. What an alert looks at for an increase
 * begins at nought.
 */
export function createConnectorMetrics(
  metrics: Metrics,
  measure: () => Promise<void> = () => Promise.resolve(),
): ConnectorMetrics {
  const created = connectorMetrics(metrics, measure);
  for (const system of systems) {
    created.changeDelaySeconds.zero({ system });
    for (const reason of ['quota', 'refused', 'paused']) created.changesBlocked.inc({ system, reason }, 0);
    for (const operation of ['update', 'merge', 'undelete', 'create', 'tie', 'untie']) {
      for (const outcome of ['done', 'failed']) created.crmWrites.inc({ system, operation, outcome }, 0);
    }
  }
  return created;
}

const systems = ['salesforce', 'hubspot'];

/**
 * Lets the counters of an object begin at nought, before it is read for the first time: one that begins with the first record
 * that cannot be read has no increase that an alert could see.
 */
export function countFromZero(
  metrics: ConnectorMetrics,
  labels: { readonly system: string; readonly object: string },
): void {
  metrics.recordsRead.inc(labels, 0);
  for (const kind of ['created', 'updated', 'deleted', 'restored', 'merged']) {
    metrics.recordsChanged.inc({ ...labels, kind }, 0);
  }
  for (const reason of ['missing-id', 'missing-stamp', 'unexpected-value', 'not-a-record']) {
    metrics.recordsSkipped.inc({ ...labels, reason }, 0);
  }
}

function connectorMetrics(metrics: Metrics, measure: () => Promise<void>): ConnectorMetrics {
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
    syncTargets: metrics.gauge(
      'kempt_sync_targets',
      'Objects of accounts by how they are read; state is fresh, stale, first (never read to its end), quota, refused or paused.',
      { labels: ['system', 'state'], collect: measure },
    ),
    syncOldestAge: metrics.gauge(
      'kempt_sync_oldest_success_age_seconds',
      'Since an object was last read to its end; the highest of the accounts, those that cannot be read left out.',
      { labels: ['system', 'object'], collect: measure },
    ),
    changeDelaySeconds: metrics.histogram(
      'kempt_change_delay_seconds',
      'From the modification stamp of a change in its CRM until it was saved with its event.',
      { labels: ['system'], buckets: [1, 5, 15, 30, 60, 120, 300, 900, 3_600] },
    ),
    changesBlocked: metrics.counter(
      'kempt_changes_blocked_total',
      'Changes that came late since nothing could be read; reason is quota, refused or paused. Their delay is not counted.',
      ['system', 'reason'],
    ),
    leasesLost: metrics.counter(
      'kempt_sync_leases_lost_total',
      'Sync runs that ended because another instance had taken over their object.',
    ),
    olderSeals: metrics.gauge(
      'kempt_credential_older_seals',
      'Credentials that are sealed with a key other than the first, and could not be sealed anew in the last pass.',
    ),
    crmAccounts: metrics.gauge(
      'kempt_crm_accounts',
      'Accounts by what their last probe found; outcome is up, down, or refused (it answered and let nobody in).',
      { labels: ['system', 'outcome'], collect: measure },
    ),
    crmProbeSeconds: metrics.histogram('kempt_crm_probe_duration_seconds', 'How long a CRM took to answer a probe.', {
      labels: ['system'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    }),
    crmCallsUsed: metrics.gauge(
      'kempt_crm_quota_used_calls',
      'API calls of the day that are used, as the CRMs said last, of all accounts together.',
      { labels: ['system'], collect: measure },
    ),
    crmCallsAllowed: metrics.gauge(
      'kempt_crm_quota_allowed_calls',
      'API calls of the day that are allowed, as the CRMs said last, of all accounts together.',
      { labels: ['system'], collect: measure },
    ),
    crmQuotaRemaining: metrics.gauge(
      'kempt_crm_quota_remaining_ratio',
      'What is left of the API calls of the day, 0 to 1; the lowest of the accounts.',
      { labels: ['system'], collect: measure },
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
    completenessRecords: metrics.gauge(
      'kempt_sync_compared_records',
      'Records that the last counts compared, the larger number of mirror and CRM; of all accounts together.',
      { labels: ['system', 'object'], collect: measure },
    ),
    completenessDifference: metrics.gauge(
      'kempt_sync_differing_records',
      'By how many records the last counts of mirror and CRM differ; of all accounts together.',
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
