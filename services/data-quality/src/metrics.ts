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
    newestChange: metrics.gauge(
      'kempt_data_quality_newest_change_timestamp_seconds',
      'When the newest change that this process has counted happened in its CRM.',
    ),
  };
}

export type DataQualityMetrics = ReturnType<typeof createDataQualityMetrics>;
