import { type DashboardSource, query } from '../panel.ts';

export const sync: DashboardSource = {
  uid: 'kempt-sync',
  title: 'Kempt: sync pipeline',
  description: 'Is everything that changes in the CRMs read, in time and completely?',
  rows: [
    {
      title: 'Freshness',
      panels: [
        {
          title: 'Objects by state',
          description:
            'Objects of accounts: fresh, stale, in their first reading, or kept from being read by quota, refusal or a pause.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query('sum by (state) (max by (system, state) (kempt_sync_targets))', '{{state}}', {
              stimulus: 'crm-outage',
              of: { state: 'stale' },
              before: [0, 0],
              after: { to: [2, 40] },
            }),
          ],
        },
        {
          title: 'Oldest success',
          description:
            'Since an object was last read to its end, in the account that waits longest. Normal is about the poll interval.',
          unit: 's',
          kind: 'lines',
          thresholds: { warning: 300, bad: 900 },
          queries: [
            query('max by (system, object) (kempt_sync_oldest_success_age_seconds)', '{{system}} {{object}}', {
              stimulus: 'crm-outage',
              of: { system: 'hubspot', object: 'contacts' },
              before: [0, 8],
              after: { to: [10, 600] },
            }),
          ],
        },
        {
          title: 'Delay of changes',
          description:
            'From the modification stamp in the CRM to the transaction that saved the change with its event.',
          unit: 's',
          kind: 'heatmap',
          queries: [
            query('sum by (le) (increase(kempt_change_delay_seconds_bucket[$__rate_interval]))', '{{le}}', {
              stimulus: 'changes',
              of: { le: '+Inf' },
              before: [0, 3],
              after: { to: [5, 400] },
            }),
          ],
        },
        {
          title: 'Delay of changes, 99 %',
          description: 'The delay that 99 % of the changes stayed below. The objective is 5 minutes.',
          unit: 's',
          kind: 'lines',
          thresholds: { warning: 60, bad: 300 },
          queries: [
            query(
              'histogram_quantile(0.99, sum by (le, system) (rate(kempt_change_delay_seconds_bucket[$__rate_interval])))',
              '{{system}}',
              { stimulus: 'crm-outage', of: { system: 'salesforce' }, before: [0, 5], after: { to: [5.1, 900] } },
            ),
          ],
        },
        {
          title: 'Late for reasons outside',
          description:
            'Changes that came late since nothing could be read: allowance used up, credentials refused, paused. They do not count as late.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query(
              'sum by (system, reason) (increase(kempt_changes_blocked_total[$__rate_interval]))',
              '{{system}} {{reason}}',
              { stimulus: 'quota', of: { reason: 'quota' }, before: [0, 0], after: { to: [0.5, 100] } },
            ),
          ],
        },
      ],
    },
    {
      title: 'Volume',
      panels: [
        {
          title: 'Records read',
          description: 'Records a second that the CRMs handed out, unchanged ones included.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            query(
              'sum by (system, object) (rate(kempt_records_read_total[$__rate_interval]))',
              '{{system}} {{object}}',
              {
                stimulus: 'changes',
                of: { system: 'salesforce', object: 'Contact' },
                before: 'any',
                after: { plus: [0.3, 2_000] },
              },
            ),
          ],
        },
        {
          title: 'Changes by kind',
          description: 'Changes of records a second. A flood of deletions or merges is worth a look.',
          unit: 'ops',
          kind: 'stacked',
          queries: [
            query('sum by (kind) (rate(kempt_records_changed_total[$__rate_interval]))', '{{kind}}', {
              stimulus: 'changes',
              of: { kind: 'updated' },
              before: [0, 0.3],
              after: { to: [0.5, 40] },
            }),
          ],
        },
        {
          title: 'Records that cannot be read',
          description: 'Records left out in the time shown, by reason. GET /v1/skipped-records lists them.',
          unit: 'short',
          kind: 'lines',
          thresholds: { warning: 1, bad: 100 },
          queries: [
            query(
              'sum by (system, object, reason) (increase(kempt_records_skipped_total[$__range]))',
              '{{system}} {{object}} {{reason}}',
              {
                stimulus: 'malformed-records',
                of: { system: 'hubspot' },
                before: 'any',
                after: { plus: [0.5, 100_000] },
              },
            ),
          ],
        },
        {
          title: 'Sync runs',
          description: 'Runs a second by how they ended. Interrupted ones go on where they stood.',
          unit: 'ops',
          kind: 'stacked',
          queries: [
            query('sum by (kind, outcome) (rate(kempt_sync_runs_total[$__rate_interval]))', '{{kind}} {{outcome}}', {
              stimulus: 'crm-outage',
              of: { outcome: 'failed' },
              before: 'any',
              after: { plus: [0.05, 50] },
            }),
          ],
        },
        {
          title: 'Length of runs, 95 %',
          description: 'How long 95 % of the runs took at most, by kind.',
          unit: 's',
          kind: 'lines',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, system, kind) (rate(kempt_sync_run_duration_seconds_bucket[$__rate_interval])))',
              '{{system}} {{kind}}',
              {
                stimulus: 'slow-answers',
                of: { system: 'salesforce', kind: 'incremental' },
                before: [0, 3],
                after: { plus: [0.2, 600] },
              },
            ),
          ],
        },
      ],
    },
    {
      title: 'Completeness',
      panels: [
        {
          title: 'Completeness',
          description: 'Records in mirror and CRM, the smaller number by the larger, in the account that is worst off.',
          unit: 'percentunit',
          kind: 'lines',
          thresholds: { warning: 1, bad: 0.9995 },
          queries: [
            query('min by (system, object) (kempt_sync_completeness_ratio)', '{{system}} {{object}}', {
              stimulus: 'missing-records',
              of: { system: 'salesforce', object: 'Contact' },
              before: [1, 1],
              after: { to: [0.5, 0.9999] },
            }),
          ],
        },
        {
          title: 'Records that differ',
          description: 'By how many records the last counts of mirror and CRM differ.',
          unit: 'short',
          kind: 'lines',
          thresholds: { warning: 1, bad: 10 },
          queries: [
            query('max by (system, object) (kempt_sync_differing_records)', '{{system}} {{object}}', {
              stimulus: 'missing-records',
              of: { system: 'salesforce', object: 'Contact' },
              before: [0, 0],
              after: { to: [60, 60] },
            }),
          ],
        },
      ],
    },
  ],
};
