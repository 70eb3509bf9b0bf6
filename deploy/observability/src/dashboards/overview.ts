import { type DashboardSource, query } from '../panel.ts';
import { budgetRecord, burnRecord } from '../recording-rules.ts';

export const overview: DashboardSource = {
  uid: 'kempt-overview',
  title: 'Kempt: overview',
  description: 'Do we keep our promises, and if not, where does it go wrong?',
  rows: [
    {
      title: 'Promises',
      panels: [
        {
          title: 'Error budget left',
          description:
            'What is left of the error budget of 30 days. Below zero the objective is broken; at 25 % changes should wait.',
          unit: 'percentunit',
          kind: 'stat',
          width: 24,
          thresholds: { warning: 0.5, bad: 0.25 },
          queries: [
            query(budgetRecord, '{{slo}}', {
              stimulus: 'killed-service',
              of: { slo: 'availability' },
              before: 'any',
              after: { plus: [-100_000, -0.1] },
            }),
          ],
        },
        {
          title: 'Burn rate',
          description:
            'How fast the error budget goes, over an hour: at 1 it lasts for 30 days, at 14.4 two per cent of it are gone in that hour.',
          unit: 'none',
          kind: 'lines',
          width: 12,
          thresholds: { warning: 1, bad: 14.4 },
          queries: [
            query(burnRecord, '{{slo}}', {
              stimulus: 'killed-service',
              of: { slo: 'availability' },
              before: 'any',
              after: { plus: [1, 1_000] },
            }),
          ],
        },
        {
          title: 'Firing alerts',
          description: 'Alerts of Kempt that fire now. Each has a runbook of its name.',
          unit: 'short',
          kind: 'table',
          width: 12,
          queries: [
            query('sum by (alertname, severity) (ALERTS{alertname=~"Kempt.+",alertstate="firing"})', '{{alertname}}', {
              stimulus: 'killed-service',
              of: { alertname: 'KemptServiceDown' },
              before: 'absent',
              after: { to: [1, 1] },
            }),
          ],
        },
      ],
    },
    {
      title: 'Uptime',
      panels: [
        {
          title: 'Uptime of the services',
          description: 'Share of scrapes in the time shown that an instance answered.',
          unit: 'percentunit',
          kind: 'stat',
          thresholds: { warning: 0.9999, bad: 0.999 },
          queries: [
            query('avg by (service) (avg_over_time(up{job="kempt"}[$__range]))', '{{service}}', {
              stimulus: 'killed-service',
              of: { service: 'dedupe' },
              before: 'any',
              after: { plus: [-1, -0.001] },
            }),
          ],
        },
        {
          title: 'Uptime of the CRMs',
          description:
            'Share of accounts that answered their probes in the time shown. An account that refuses our credentials is up.',
          unit: 'percentunit',
          kind: 'stat',
          thresholds: { warning: 0.999, bad: 0.99 },
          queries: [
            query('avg_over_time(kempt:crm_up:ratio[$__range])', '{{system}}', {
              stimulus: 'crm-outage',
              of: { system: 'salesforce' },
              before: 'any',
              after: { plus: [-1, -0.001] },
            }),
          ],
        },
        {
          title: 'Services as their clients see them',
          description: 'Whether each service answers the probes that the service metrics makes over the network.',
          unit: 'none',
          kind: 'stat',
          thresholds: { warning: 0.99, bad: 0.5 },
          queries: [
            query('max by (target) (kempt_probe_up)', '{{target}}', {
              stimulus: 'killed-service',
              of: { target: 'dedupe' },
              before: [1, 1],
              after: { to: [0, 0] },
            }),
          ],
        },
      ],
    },
    {
      title: 'Work',
      panels: [
        {
          title: 'Requests to the API',
          description: 'Requests a second by status. 5xx count against availability; 4xx are mistakes of clients.',
          unit: 'reqps',
          kind: 'stacked',
          queries: [
            query(
              'sum by (status_class) (rate(kempt_http_request_duration_seconds_count{service="gateway",route=~"/v1/.*"}[$__rate_interval]))',
              '{{status_class}}',
              { stimulus: 'requests', of: { status_class: '2xx' }, before: 'any', after: { plus: [14, 26] } },
            ),
          ],
        },
        {
          title: 'Changes in the CRMs',
          description: 'Changes of records a second that were read and told, backfills included.',
          unit: 'ops',
          kind: 'lines',
          queries: [
            query('sum by (system) (rate(kempt_records_changed_total[$__rate_interval]))', '{{system}}', {
              stimulus: 'changes',
              before: [0, 0.5],
              after: { to: [1, 40] },
            }),
          ],
        },
        {
          title: 'Canary',
          description: 'Time in which 99 % of the canaries came through outbox, bus and each consumer.',
          unit: 's',
          kind: 'lines',
          thresholds: { warning: 30, bad: 120 },
          queries: [
            query(
              'histogram_quantile(0.99, sum by (le, group) (rate(kempt_canary_round_trip_seconds_bucket[$__rate_interval])))',
              '{{group}}',
              { stimulus: 'stuck-outbox', of: { group: 'dedupe' }, before: [0, 2], after: { to: [2.1, 120] } },
            ),
          ],
        },
        {
          title: 'Key figures of the business',
          description: 'Newest value of each KPI of the tenants that are shown. Targets are in the console.',
          unit: 'short',
          kind: 'table',
          width: 12,
          queries: [
            query('max by (tenant, kpi) (kempt_kpi_value)', '{{kpi}}', {
              stimulus: 'feedback',
              of: { kpi: 'customer-satisfaction' },
              before: [0.3, 1],
              after: { plus: [-1, -0.05] },
            }),
          ],
        },
        {
          title: 'What runs',
          description: 'Version and Node.js of every service.',
          unit: 'short',
          kind: 'table',
          width: 12,
          queries: [
            query('sum by (service, version, node_version) (kempt_build_info)', '{{service}} {{version}}', {
              stimulus: 'killed-service',
              before: [6, 6],
              after: { to: [5, 5] },
            }),
          ],
        },
      ],
    },
  ],
};
