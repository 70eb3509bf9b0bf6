import { type DashboardSource, query } from '../panel.ts';

export const crm: DashboardSource = {
  uid: 'kempt-crm',
  title: 'Kempt: CRM APIs and quota',
  description: 'Do the CRMs answer, how fast, and how much of their allowance is left?',
  rows: [
    {
      title: 'Reachability',
      panels: [
        {
          title: 'Accounts by probe',
          description: 'What the last probe of each account found. Refused: it answered and let nobody in.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query('max by (system, outcome) (kempt_crm_accounts)', '{{system}} {{outcome}}', {
              stimulus: 'crm-outage',
              of: { outcome: 'down' },
              before: [0, 0],
              after: { to: [2, 2] },
            }),
          ],
        },
        {
          title: 'Duration of probes, 95 %',
          description: 'How long the CRMs took to answer one cheap call.',
          unit: 's',
          kind: 'lines',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, system) (rate(kempt_crm_probe_duration_seconds_bucket[$__rate_interval])))',
              '{{system}}',
              { stimulus: 'slow-answers', of: { system: 'salesforce' }, before: [0, 0.25], after: { to: [0.3, 5] } },
            ),
          ],
        },
        {
          title: 'Circuit breakers',
          description: '0: calls pass. 1: one is tried. 2: calls are not made, since too many fail.',
          unit: 'none',
          kind: 'lines',
          thresholds: { warning: 1, bad: 2 },
          queries: [
            query('max by (service, policy) (kempt_breaker_state)', '{{service}} {{policy}}', {
              stimulus: 'crm-outage',
              of: { policy: 'salesforce' },
              before: [0, 0],
              after: { to: [1, 2] },
            }),
          ],
        },
      ],
    },
    {
      title: 'Allowance',
      panels: [
        {
          title: 'Calls left',
          description: 'What is left of the API calls of the day in the account that has least.',
          unit: 'percentunit',
          kind: 'lines',
          thresholds: { warning: 0.25, bad: 0.1 },
          queries: [
            query('min by (system) (kempt_crm_quota_remaining_ratio)', '{{system}}', {
              stimulus: 'quota',
              of: { system: 'salesforce' },
              before: [0.3, 1],
              after: { to: [0, 0.05] },
            }),
          ],
        },
        {
          title: 'Calls of the day',
          description: 'Calls that are used and allowed, of all accounts together, by everybody who uses them.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query('max by (system) (kempt_crm_quota_used_calls)', '{{system}} used', {
              stimulus: 'changes',
              of: { system: 'salesforce' },
              before: 'any',
              after: { plus: [1, 100_000] },
            }),
            query('max by (system) (kempt_crm_quota_allowed_calls)', '{{system}} allowed', {
              stimulus: 'quota',
              of: { system: 'salesforce' },
              before: [10_000, 10_000_000],
              after: { to: [1, 9_999] },
            }),
          ],
        },
        {
          title: 'Objects that wait for calls',
          description: 'Objects that are not read since the allowance is used up.',
          unit: 'short',
          kind: 'lines',
          thresholds: { warning: 1, bad: 1 },
          queries: [
            query('max by (system) (kempt_sync_targets{state="quota"})', '{{system}}', {
              stimulus: 'quota',
              of: { system: 'salesforce' },
              before: [0, 0],
              after: { to: [1, 20] },
            }),
          ],
        },
      ],
    },
    {
      title: 'Calls',
      panels: [
        {
          title: 'Calls by outcome',
          description:
            'Requests a second to the CRMs: ok, or the kind of the error, such as rate, quota, auth, unavailable.',
          unit: 'reqps',
          kind: 'stacked',
          queries: [
            query(
              'sum by (system, outcome) (rate(kempt_crm_api_requests_total[$__rate_interval]))',
              '{{system}} {{outcome}}',
              {
                stimulus: 'crm-outage',
                of: { outcome: 'unavailable' },
                before: 'any',
                after: { plus: [0.1, 500] },
              },
            ),
          ],
        },
        {
          title: 'Duration of calls, 95 %',
          description: 'How long the CRMs took to answer, per attempt.',
          unit: 's',
          kind: 'lines',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, system) (rate(kempt_crm_api_request_duration_seconds_bucket[$__rate_interval])))',
              '{{system}}',
              { stimulus: 'slow-answers', of: { system: 'salesforce' }, before: [0, 0.25], after: { to: [0.3, 5] } },
            ),
          ],
        },
        {
          title: 'Attempts by what became of them',
          description:
            'Attempts a second through retry, bulkhead and breaker. breaker_open and bulkhead_full never left us.',
          unit: 'ops',
          kind: 'stacked',
          queries: [
            query(
              'sum by (policy, outcome) (rate(kempt_policy_attempts_total{service="connector"}[$__rate_interval]))',
              '{{policy}} {{outcome}}',
              { stimulus: 'crm-outage', of: { outcome: 'failure' }, before: 'any', after: { plus: [0.05, 500] } },
            ),
          ],
        },
        {
          title: 'Audit readings',
          description:
            'Readings of what an audit looks at. Not available: the edition or the permissions do not offer it.',
          unit: 'ops',
          kind: 'stacked',
          queries: [
            query(
              'sum by (system, outcome) (rate(kempt_audit_readings_total[$__rate_interval]))',
              '{{system}} {{outcome}}',
              {
                stimulus: 'crm-outage',
                of: { outcome: 'failed' },
                before: 'any',
                after: { plus: [0.01, 100] },
              },
            ),
          ],
        },
        {
          title: 'Webhooks',
          description:
            'Calls of the CRMs by what became of them. Refused: a wrong signature, an old one, one for nobody.',
          unit: 'reqps',
          kind: 'stacked',
          queries: [
            query('sum by (outcome) (rate(kempt_gateway_webhooks_total[$__rate_interval]))', '{{outcome}}', {
              stimulus: 'webhooks',
              of: { outcome: 'unknown' },
              before: 'any',
              after: { plus: [1, 20] },
            }),
          ],
        },
      ],
    },
    {
      title: 'Writes',
      panels: [
        {
          title: 'Change sets',
          description: 'States that change sets came into in the time shown.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query('sum by (state) (increase(kempt_change_sets_total[$__range]))', '{{state}}', {
              stimulus: 'writes',
              of: { state: 'planned' },
              before: 'any',
              after: { plus: [0.5, 50] },
            }),
          ],
        },
        {
          title: 'Operations that ended',
          description:
            'Operations of change sets. Refused ones were overtaken by a change in the CRM and must be planned again.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query('sum by (outcome) (increase(kempt_change_set_operations_total[$__range]))', '{{outcome}}', {
              stimulus: 'writes',
              of: { outcome: 'applied' },
              before: 'any',
              after: { plus: [0.5, 50] },
            }),
          ],
        },
        {
          title: 'Writes to the CRMs',
          description: 'Single writes that were settled, in the time shown.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query(
              'sum by (system, operation, outcome) (increase(kempt_crm_writes_total[$__range]))',
              '{{system}} {{operation}} {{outcome}}',
              { stimulus: 'writes', of: { outcome: 'done' }, before: 'any', after: { plus: [0.5, 50] } },
            ),
          ],
        },
      ],
    },
  ],
};
