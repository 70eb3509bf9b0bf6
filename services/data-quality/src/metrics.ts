import type { Metrics } from '@kempt/telemetry';

/** Every metric of the service. */
export function createDataQualityMetrics(metrics: Metrics) {
  return {
    /** result: counted | outdated */
    recordStates: metrics.counter(
      'kempt_data_quality_record_states_total',
      'Record states that were looked at; outdated ones came late and changed nothing.',
      ['result'],
    ),
    /** dimension, state: open | closed */
    issueChanges: metrics.counter('kempt_data_quality_issue_changes_total', 'Issues that opened or closed.', [
      'dimension',
      'state',
    ]),
    /** object: as the CRM names it */
    score: metrics.gauge(
      'kempt_data_quality_score',
      'Score of an object when this process last measured it, 0 to 100; the lowest of the accounts.',
      ['object'],
    ),
    newestChange: metrics.gauge(
      'kempt_data_quality_newest_change_timestamp_seconds',
      'When the newest change that this process has counted happened in its CRM.',
    ),
  };
}

export type DataQualityMetrics = ReturnType<typeof createDataQualityMetrics>;
