import { type DashboardSource, query } from '../panel.ts';

export const dedupe: DashboardSource = {
  uid: 'kempt-dedupe',
  title: 'Kempt: duplicates and data quality',
  description: 'Are duplicates found as records change, what is proposed, and how good are the records?',
  rows: [
    {
      title: 'Duplicates',
      panels: [
        {
          title: 'Candidate pairs',
          description:
            'Pairs a second that were scored. Many more than before for the same changes means blocks that are too large.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            query('sum by (entity_kind) (rate(kempt_dedupe_candidates_total[$__rate_interval]))', '{{entity_kind}}', {
              stimulus: 'duplicates',
              of: { entity_kind: 'person' },
              before: [0, 0.5],
              after: { to: [1, 100_000] },
            }),
          ],
        },
        {
          title: 'Pairs above the review floor',
          description:
            'Share of the scored pairs that are worth a look. It falls when blocking finds less relevant pairs.',
          unit: 'percentunit',
          kind: 'lines',
          queries: [
            query(
              'sum by (entity_kind) (rate(kempt_dedupe_edges_total[$__rate_interval])) / (sum by (entity_kind) (rate(kempt_dedupe_candidates_total[$__rate_interval])) > 0)',
              '{{entity_kind}}',
              { stimulus: 'duplicates', of: { entity_kind: 'person' }, before: 'absent', after: { to: [0.001, 1] } },
            ),
          ],
        },
        {
          title: 'Clusters that changed',
          description: 'Clusters a second whose members changed.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            query(
              'sum by (entity_kind) (rate(kempt_dedupe_cluster_changes_total[$__rate_interval]))',
              '{{entity_kind}}',
              {
                stimulus: 'duplicates',
                of: { entity_kind: 'person' },
                before: [0, 0.5],
                after: { to: [0.6, 1_000] },
              },
            ),
          ],
        },
        {
          title: 'Merge proposals',
          description:
            'Proposals in the time shown: open for a decision, held back by a rule, withdrawn since the records changed.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query(
              'sum by (entity_kind, state) (increase(kempt_dedupe_proposals_total[$__range]))',
              '{{entity_kind}} {{state}}',
              {
                stimulus: 'duplicates',
                of: { entity_kind: 'person', state: 'open' },
                before: 'any',
                after: { plus: [0.5, 5_000] },
              },
            ),
          ],
        },
        {
          title: 'Verdicts',
          description:
            'Verdicts of reviewers in the time shown. Many that say different mean thresholds that are too low.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query(
              'sum by (entity_kind, verdict) (increase(kempt_dedupe_reviews_total[$__range]))',
              '{{entity_kind}} {{verdict}}',
              {
                stimulus: 'reviews',
                of: { verdict: 'different' },
                before: 'any',
                after: { plus: [0.5, 50] },
              },
            ),
          ],
        },
        {
          title: 'Waiting changes',
          description: 'Events that the service dedupe has not handled.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query('sum(max by (topic) (kempt_consumer_lag_records{group="dedupe"}))', 'events', {
              stimulus: 'stalled-consumer',
              before: [0, 2],
              after: { to: [5, 5_000] },
            }),
          ],
        },
      ],
    },
    {
      title: 'Data quality',
      panels: [
        {
          title: 'Score',
          description: 'Score of each object as it was measured last, 0 to 100, in the account that is worst off.',
          unit: 'none',
          kind: 'lines',
          queries: [
            query('min by (object) (kempt_data_quality_score)', '{{object}}', {
              stimulus: 'duplicates',
              of: { object: 'Contact' },
              before: [1, 100],
              after: { plus: [-100, -0.001] },
            }),
          ],
        },
        {
          title: 'Issues',
          description: 'Issues a second that opened or closed, by dimension.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            query(
              'sum by (dimension, state) (rate(kempt_data_quality_issue_changes_total[$__rate_interval]))',
              '{{dimension}} {{state}}',
              { stimulus: 'duplicates', of: { state: 'open' }, before: 'any', after: { plus: [0.2, 1_000] } },
            ),
          ],
        },
        {
          title: 'Records judged',
          description: 'Record states a second that were judged. Outdated ones came late and changed nothing.',
          unit: 'ops',
          kind: 'stacked',
          queries: [
            query('sum by (result) (rate(kempt_data_quality_record_states_total[$__rate_interval]))', '{{result}}', {
              stimulus: 'changes',
              of: { result: 'counted' },
              before: [0, 0.5],
              after: { to: [0.6, 100] },
            }),
          ],
        },
        {
          title: 'Open findings',
          description: 'Findings about access and integrations that nobody has resolved or accepted.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query('max by (severity) (sum by (instance, severity) (kempt_findings_open))', '{{severity}}', {
              stimulus: 'reviews',
              before: 'any',
              after: { plus: [-10, -1] },
            }),
          ],
        },
      ],
    },
  ],
};
