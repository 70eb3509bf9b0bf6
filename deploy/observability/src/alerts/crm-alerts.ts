import { type Alert, growing, steady } from './alert.ts';

const always = (text: string) => (): string => text;

/** Whether the CRMs can be read and written, and how much of their allowance is left. */
export const crmAlerts: readonly Alert[] = [
  {
    name: 'KemptCrmDown',
    severity: 'ticket',
    measure: always('max by (system) (kempt_crm_accounts{outcome="down"})'),
    holds: always('> 0'),
    forSeconds: 300,
    summary: '{{ $value }} accounts of {{ $labels.system }} do not answer.',
    description:
      'Probes go past breaker and pauses, so this is the CRM, or the way to it. GET /v1/crm-status names the accounts.',
    proof: { stimulus: 'crm-outage', of: { system: 'salesforce' }, before: [0, 0], after: { to: [1, 1] } },
    test: {
      firing: [steady('kempt_crm_accounts{system="salesforce",outcome="down"}', 1)],
      silent: [steady('kempt_crm_accounts{system="salesforce",outcome="down"}', 0)],
      labels: { system: 'salesforce' },
    },
  },
  {
    name: 'KemptCrmRefuses',
    severity: 'ticket',
    measure: always('max by (system) (kempt_crm_accounts{outcome="refused"})'),
    holds: always('> 0'),
    forSeconds: 900,
    summary: '{{ $value }} accounts of {{ $labels.system }} refuse the credentials.',
    description:
      'The CRM answers and lets nobody in. The customer has to act; it counts as blocked, not against our objectives.',
    proof: { stimulus: 'crm-refusal', of: { system: 'hubspot' }, before: [0, 0], after: { to: [1, 1] } },
    test: {
      firing: [steady('kempt_crm_accounts{system="hubspot",outcome="refused"}', 1)],
      silent: [steady('kempt_crm_accounts{system="hubspot",outcome="refused"}', 0)],
      labels: { system: 'hubspot' },
    },
  },
  {
    name: 'KemptQuotaLow',
    severity: 'ticket',
    measure: always('min by (system) (kempt_crm_quota_remaining_ratio)'),
    holds: always('< 0.1'),
    forSeconds: 300,
    summary: 'An account of {{ $labels.system }} has less than a tenth of its API calls left.',
    description:
      'The allowance of the day is nearly used up, by Kempt or by others. GET /v1/crm-status names the account.',
    proof: { stimulus: 'quota', of: { system: 'salesforce' }, before: [0.3, 1], after: { to: [0, 0.05] } },
    test: {
      firing: [steady('kempt_crm_quota_remaining_ratio{system="salesforce"}', 0.05)],
      silent: [steady('kempt_crm_quota_remaining_ratio{system="salesforce"}', 0.5)],
      labels: { system: 'salesforce' },
    },
  },
  {
    name: 'KemptQuotaExhausted',
    severity: 'ticket',
    measure: always('max by (system) (kempt_sync_targets{state="quota"})'),
    holds: always('> 0'),
    forSeconds: 0,
    summary: '{{ $value }} objects of {{ $labels.system }} wait for API calls.',
    description:
      'The CRM refuses requests since the allowance of the day is used up. The objects are read again when it is not.',
    proof: { stimulus: 'quota', of: { system: 'salesforce' }, before: [0, 0], after: { to: [1, 20] } },
    test: {
      firing: [steady('kempt_sync_targets{system="salesforce",state="quota"}', 5)],
      silent: [steady('kempt_sync_targets{system="salesforce",state="quota"}', 0)],
      labels: { system: 'salesforce' },
    },
  },
  {
    name: 'KemptSyncStalled',
    severity: 'page',
    measure: always('max by (system, object) (kempt_sync_oldest_success_age_seconds)'),
    holds: (scale) => `> ${scale.seconds(900)}`,
    forSeconds: 60,
    summary: '{{ $labels.object }} of {{ $labels.system }} has not been read to its end for a quarter of an hour.',
    description:
      'What changed in it since is not known. Accounts that refuse us, have no calls left or are paused are not counted here.',
    proof: {
      stimulus: 'crm-outage',
      of: { system: 'salesforce', object: 'Contact' },
      before: [0, 8],
      after: { to: [10, 600] },
    },
    test: {
      firing: [growing('kempt_sync_oldest_success_age_seconds{system="salesforce",object="Contact"}', 60)],
      silent: [steady('kempt_sync_oldest_success_age_seconds{system="salesforce",object="Contact"}', 20)],
      labels: { system: 'salesforce', object: 'Contact' },
      atSeconds: 1_200,
    },
  },
  {
    name: 'KemptBreakerOpen',
    severity: 'ticket',
    measure: always('max by (service, policy) (kempt_breaker_state)'),
    holds: always('== 2'),
    forSeconds: 300,
    summary: '{{ $labels.service }} has left {{ $labels.policy }} alone for five minutes.',
    description:
      'So many calls fail that most are not made any more. The breaker tries one now and then and closes by itself.',
    proof: { stimulus: 'crm-outage', of: { policy: 'salesforce' }, before: [0, 0], after: { to: [1, 2] } },
    test: {
      firing: [steady('kempt_breaker_state{service="connector",policy="salesforce"}', 2)],
      silent: [steady('kempt_breaker_state{service="connector",policy="salesforce"}', 1)],
      labels: { service: 'connector', policy: 'salesforce' },
    },
  },
  {
    name: 'KemptRecordsUnreadable',
    severity: 'ticket',
    measure: (scale) => `sum by (system, object) (increase(kempt_records_skipped_total[${scale.duration(3_600)}]))`,
    holds: always('> 0'),
    forSeconds: 0,
    summary: 'Records of {{ $labels.object }} in {{ $labels.system }} could not be read in the last hour.',
    description: 'They are left out and listed with their reason: GET /v1/skipped-records. The others go on.',
    proof: { stimulus: 'malformed-records', of: { system: 'hubspot' }, before: 'any', after: { plus: [0.5, 100_000] } },
    test: {
      firing: [growing('kempt_records_skipped_total{system="hubspot",object="contacts",reason="not-a-record"}', 1)],
      silent: [steady('kempt_records_skipped_total{system="hubspot",object="contacts",reason="not-a-record"}', 8)],
      labels: { system: 'hubspot', object: 'contacts' },
    },
  },
  {
    name: 'KemptWritesFailing',
    severity: 'ticket',
    measure: (scale) =>
      `sum by (system) (increase(kempt_crm_writes_total{outcome="failed"}[${scale.duration(3_600)}]))`,
    holds: always('> 5'),
    forSeconds: 0,
    summary: 'Writes to {{ $labels.system }} fail.',
    description:
      'More than five writes of approved change sets failed in the last hour. Each change set says which and why.',
    proof: { stimulus: 'writes', of: { system: 'salesforce' }, before: 'any', after: { plus: [0.5, 100] } },
    test: {
      firing: [growing('kempt_crm_writes_total{system="salesforce",operation="update",outcome="failed"}', 1)],
      silent: [growing('kempt_crm_writes_total{system="salesforce",operation="update",outcome="done"}', 1)],
      labels: { system: 'salesforce' },
      atSeconds: 3_600,
    },
  },
];
