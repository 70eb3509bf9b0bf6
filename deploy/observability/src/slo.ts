import type { Proof } from './proof.ts';
import type { Scale } from './scale.ts';

/** A service level objective: what share of something must be good, over 30 days. */
export interface Slo {
  /** Value of the label `slo`. */
  readonly name: string;
  readonly title: string;
  /** What is good, out of what is valid, in one sentence. */
  readonly promise: string;
  /** The share that must be good, 0 to 1. */
  readonly objective: number;
  /** The share that was bad in a window. Has no answer, instead of NaN, while there is nothing to judge. */
  readonly errorRatio: (window: string, scale: Scale) => string;
  /**
   * How much there was to judge in a window, for objectives over events: an alert needs at least `minimum`, so that one
   * bad event in a quiet night wakes nobody.
   */
  readonly traffic?: { readonly increase: (window: string) => string; readonly minimum: number };
  /** Its alert, without the prefix Kempt. */
  readonly alert: string;
  readonly consequence: string;
  /** How the share of bad ones is seen to change. */
  readonly proof: Proof;
}

export const sloPeriodSeconds = 30 * 86_400;

const changeDelayBuckets = [1, 5, 15, 30, 60, 120, 300, 900, 3_600];
const canaryBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Consumer groups that every canary reaches, one for each service. */
export const canaryGroups = [
  'connector-maintenance',
  'data-quality',
  'dedupe',
  'gateway',
  'integration-audit',
  'metrics',
] as const;

/** Requests of clients. An event stream stays open for hours, so its length says nothing about speed. */
const requests = 'service="gateway",route=~"/v1/.*",route!="/v1/events"';

export const slos: readonly Slo[] = [
  {
    name: 'freshness',
    title: 'Freshness of changes',
    promise:
      'Changes that are saved with their event within 5 minutes of their modification stamp, out of all that were read while nothing kept the account from being read.',
    objective: 0.99,
    errorRatio: (window, scale) =>
      `1 - sum(rate(kempt_change_delay_seconds_bucket{le="${scale.bucket(300, changeDelayBuckets)}"}[${window}])) / (sum(rate(kempt_change_delay_seconds_count[${window}])) > 0)`,
    traffic: { increase: (window) => `sum(increase(kempt_change_delay_seconds_count[${window}]))`, minimum: 20 },
    alert: 'FreshnessBudgetBurn',
    consequence: 'Changes of the CRMs show up late in the mirror, in events and in everything that follows from them.',
    proof: { stimulus: 'crm-outage', before: [0, 0.2], after: { to: [0.5, 1] } },
  },
  {
    name: 'object-freshness',
    title: 'Freshness of objects',
    promise:
      'Objects of accounts that were read to their end within the last 5 minutes, out of all that can be read and were read once.',
    objective: 0.99,
    errorRatio: (window) => `avg_over_time(kempt:stale_targets:ratio[${window}])`,
    alert: 'ObjectFreshnessBudgetBurn',
    consequence: 'Some objects are not read any more; nobody knows what changed in them since.',
    proof: { stimulus: 'crm-outage', before: [0, 0.1], after: { to: [0.3, 1] } },
  },
  {
    name: 'completeness',
    title: 'Completeness',
    promise: 'Records that the mirror and the CRM both count, out of all that either has.',
    objective: 0.9995,
    errorRatio: (window) => `avg_over_time(kempt:differing_records:ratio[${window}])`,
    alert: 'CompletenessBudgetBurn',
    consequence: 'Records of a CRM are missing in the mirror, or the mirror has some that the CRM has not.',
    proof: { stimulus: 'missing-records', before: [0, 0.0004], after: { to: [0.0005, 0.2] } },
  },
  {
    name: 'correctness',
    title: 'Correctness of events',
    promise: 'Events that a consumer applied, out of all that it settled; the others became dead letters.',
    objective: 0.9999,
    errorRatio: (window) =>
      `(sum(rate(kempt_consumer_events_total{outcome="dead_lettered"}[${window}])) or 0 * sum(rate(kempt_consumer_events_total[${window}]))) / (sum(rate(kempt_consumer_events_total{outcome=~"handled|dead_lettered"}[${window}])) > 0)`,
    traffic: {
      increase: (window) => `sum(increase(kempt_consumer_events_total{outcome=~"handled|dead_lettered"}[${window}]))`,
      minimum: 20,
    },
    alert: 'CorrectnessBudgetBurn',
    consequence: 'Events are set aside instead of applied; what they say is missing where they were to take effect.',
    proof: { stimulus: 'dead-letters', before: [0, 0.0001], after: { to: [0.001, 1] } },
  },
  {
    name: 'availability',
    title: 'Availability of the API',
    promise: 'Requests to the API that were not answered with 5xx, out of all requests.',
    objective: 0.999,
    errorRatio: (window) =>
      `(sum(rate(kempt_http_request_duration_seconds_count{${requests},status_class="5xx"}[${window}])) or 0 * sum(rate(kempt_http_request_duration_seconds_count{${requests}}[${window}]))) / (sum(rate(kempt_http_request_duration_seconds_count{${requests}}[${window}])) > 0)`,
    traffic: {
      increase: (window) => `sum(increase(kempt_http_request_duration_seconds_count{${requests}}[${window}]))`,
      minimum: 20,
    },
    alert: 'AvailabilityBudgetBurn',
    consequence: 'Clients of the API, and people in the console, get errors.',
    proof: { stimulus: 'killed-service', before: [0, 0.01], after: { to: [0.2, 1] } },
  },
  {
    name: 'latency',
    title: 'Latency of the API',
    promise: 'Requests to the API that were answered within 300 ms, out of all that were answered without an error.',
    objective: 0.99,
    errorRatio: (window) =>
      `1 - sum(rate(kempt_http_request_duration_seconds_bucket{${requests},status_class!="5xx",le="0.3"}[${window}])) / (sum(rate(kempt_http_request_duration_seconds_count{${requests},status_class!="5xx"}[${window}])) > 0)`,
    traffic: {
      increase: (window) =>
        `sum(increase(kempt_http_request_duration_seconds_count{${requests},status_class!="5xx"}[${window}]))`,
      minimum: 20,
    },
    alert: 'LatencyBudgetBurn',
    consequence: 'Clients of the API, and people in the console, wait.',
    proof: { stimulus: 'slow-answers', before: [0, 0.3], after: { to: [0.5, 1] } },
  },
  {
    name: 'canary',
    title: 'Canary through the pipeline',
    promise: `Canaries that reached the ${canaryGroups.length} services within 2 minutes, out of all that were sent to them.`,
    objective: 0.999,
    errorRatio: (window, scale) =>
      `clamp_min(1 - sum(rate(kempt_canary_round_trip_seconds_bucket{le="${scale.bucket(120, canaryBuckets)}"}[${window}])) / (${canaryGroups.length} * sum(rate(kempt_canary_sent_total[${window}])) > 0), 0)`,
    traffic: { increase: (window) => `sum(increase(kempt_canary_sent_total[${window}]))`, minimum: 10 },
    alert: 'CanaryBudgetBurn',
    consequence: 'Events do not come through outbox, bus and consumers in time, whatever their content.',
    proof: { stimulus: 'killed-service', before: [0, 0.12], after: { to: [0.14, 1] } },
  },
];

/** Ratios that are gauges, for objectives over time instead of events. Every connector shows the same, so one is enough. */
export const sloGauges: readonly { readonly record: string; readonly expr: string; readonly proof: Proof }[] = [
  {
    record: 'kempt:stale_targets:ratio',
    expr: 'sum(max by (system, state) (kempt_sync_targets{state="stale"})) / (sum(max by (system, state) (kempt_sync_targets{state=~"fresh|stale"})) > 0)',
    proof: { stimulus: 'crm-outage', before: [0, 0.1], after: { to: [0.9, 1] } },
  },
  {
    record: 'kempt:differing_records:ratio',
    expr: 'sum(max by (system, object) (kempt_sync_differing_records)) / (sum(max by (system, object) (kempt_sync_compared_records)) > 0)',
    proof: { stimulus: 'missing-records', before: [0, 0], after: { to: [0.0005, 0.2] } },
  },
  {
    record: 'kempt:crm_up:ratio',
    expr: 'sum by (system) (max by (system, outcome) (kempt_crm_accounts{outcome=~"up|refused"})) / (sum by (system) (max by (system, outcome) (kempt_crm_accounts)) > 0)',
    proof: { stimulus: 'crm-outage', of: { system: 'salesforce' }, before: [1, 1], after: { to: [0, 0] } },
  },
];
