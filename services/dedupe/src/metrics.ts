import type { Gauge, Metrics } from '@kempt/telemetry';

/** Every metric of the service. */
export function createDedupeMetrics(metrics: Metrics) {
  return {
    /** entity_kind: person | organisation */
    candidates: metrics.counter('kempt_dedupe_candidates_total', 'Candidate pairs that were scored.', ['entity_kind']),
    unchanged: metrics.counter(
      'kempt_dedupe_unchanged_records_total',
      'Changed records of which nothing changed that is compared.',
      ['entity_kind'],
    ),
    edges: metrics.counter('kempt_dedupe_edges_total', 'Scored pairs above the review floor.', ['entity_kind']),
    clusterChanges: metrics.counter('kempt_dedupe_cluster_changes_total', 'Clusters whose members changed.', [
      'entity_kind',
    ]),
    /** state: open | held | withdrawn */
    proposals: metrics.counter(
      'kempt_dedupe_proposals_total',
      'Merge proposals that were made, held back, withdrawn.',
      ['entity_kind', 'state'],
    ),
    /** verdict: same | different | unsure | revoked */
    reviews: metrics.counter('kempt_dedupe_reviews_total', 'Verdicts of reviewers that were taken or revoked.', [
      'entity_kind',
      'verdict',
    ]),
    /** origin: request | schedule | growth */
    models: metrics.counter('kempt_dedupe_models_total', 'Candidate models that were trained.', [
      'entity_kind',
      'origin',
    ]),
    /** outcome: promoted | forced | refused */
    promotions: metrics.counter('kempt_dedupe_promotions_total', 'Models that were to decide.', [
      'entity_kind',
      'outcome',
    ]),
    rescoredRecords: metrics.counter(
      'kempt_dedupe_rescored_records_total',
      'Records that were scored anew after a promotion.',
      ['entity_kind'],
    ),
    resolutionSeconds: metrics.histogram(
      'kempt_dedupe_resolution_duration_seconds',
      'Time to train a model and resolve every record of a tenant.',
      { labels: ['entity_kind'], buckets: [1, 5, 15, 60, 300, 900, 3600] },
    ),
    watchShelves(rows: () => number) {
      const prepared: Gauge = metrics.gauge(
        'kempt_dedupe_prepared_records',
        'Records that stand ready for comparison in memory, earlier versions among them.',
        { collect: (): void => prepared.set(rows()) },
      );
    },
  };
}

export type DedupeMetrics = ReturnType<typeof createDedupeMetrics>;
