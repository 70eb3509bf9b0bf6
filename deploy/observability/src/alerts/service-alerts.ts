import { type Alert, growing, steady } from './alert.ts';

const always = (text: string) => (): string => text;

/** Whether the services live and have what they need. */
export const serviceAlerts: readonly Alert[] = [
  {
    name: 'KemptServiceDown',
    severity: 'page',
    measure: always('sum by (service) (up{job="kempt"})'),
    holds: always('== 0'),
    forSeconds: 120,
    summary: 'No instance of {{ $labels.service }} answers.',
    description: 'Prometheus has reached no instance of the service for two minutes.',
    proof: { stimulus: 'killed-service', of: { service: 'dedupe' }, before: [1, 1], after: { to: [0, 0] } },
    test: {
      firing: [steady('up{job="kempt",service="dedupe",instance="a"}', 0)],
      silent: [
        steady('up{job="kempt",service="dedupe",instance="a"}', 0),
        steady('up{job="kempt",service="dedupe",instance="b"}', 1),
      ],
      labels: { service: 'dedupe' },
    },
  },
  {
    name: 'KemptProbeFailing',
    severity: 'page',
    measure: always('max by (target) (kempt_probe_up)'),
    holds: always('== 0'),
    forSeconds: 180,
    summary: '{{ $labels.target }} does not answer the probes of the installation.',
    description:
      'The service metrics asks each service over the network that clients use. It has had no answer for three minutes, whatever Prometheus sees.',
    proof: { stimulus: 'killed-service', of: { target: 'dedupe' }, before: [1, 1], after: { to: [0, 0] } },
    test: {
      firing: [steady('kempt_probe_up{target="dedupe"}', 0)],
      silent: [steady('kempt_probe_up{target="dedupe"}', 1)],
      labels: { target: 'dedupe' },
    },
  },
  {
    name: 'KemptRestarting',
    severity: 'ticket',
    measure: (scale) => `max by (service) (changes(process_start_time_seconds{job="kempt"}[${scale.duration(1_800)}]))`,
    holds: always('>= 3'),
    forSeconds: 0,
    summary: 'An instance of {{ $labels.service }} started again three times in half an hour.',
    description: 'A process that ends again and again does no lasting work, although it is up most of the time.',
    proof: { stimulus: 'killed-service', of: { service: 'dedupe' }, before: 'any', after: { plus: [1, 10] } },
    test: {
      firing: [growing('process_start_time_seconds{job="kempt",service="dedupe",instance="a"}', 60)],
      silent: [steady('process_start_time_seconds{job="kempt",service="dedupe",instance="a"}', 60)],
      labels: { service: 'dedupe' },
    },
  },
  {
    name: 'KemptNotReady',
    severity: 'ticket',
    measure: always('max by (service, component) (kempt_component_ready)'),
    holds: always('== 0'),
    forSeconds: 600,
    summary: '{{ $labels.component }} of {{ $labels.service }} is not ready.',
    description: 'The service runs and cannot do this part of its work; /readyz of the service says why.',
    proof: {
      stimulus: 'failing-bus',
      of: { service: 'metrics', component: 'event-bus' },
      before: [1, 1],
      after: { to: [0, 0] },
    },
    test: {
      firing: [steady('kempt_component_ready{service="dedupe",component="event-bus"}', 0)],
      silent: [steady('kempt_component_ready{service="dedupe",component="event-bus"}', 1)],
      labels: { service: 'dedupe', component: 'event-bus' },
    },
  },
  {
    name: 'KemptEventLoopBlocked',
    severity: 'ticket',
    measure: always('max by (service) (nodejs_eventloop_lag_p99_seconds{job="kempt"})'),
    // The sampling interval of 0.1 s is part of each sample.
    holds: always('> 0.6'),
    forSeconds: 600,
    summary: '{{ $labels.service }} keeps its event loop busy for half a second at a time.',
    description:
      'Requests and heartbeats wait for the computation at hand; a consumer can lose its partitions over it.',
    proof: { stimulus: 'busy-service', of: { service: 'gateway' }, before: 'any', after: { plus: [0.02, 60] } },
    test: {
      firing: [steady('nodejs_eventloop_lag_p99_seconds{job="kempt",service="dedupe"}', 0.8)],
      silent: [steady('nodejs_eventloop_lag_p99_seconds{job="kempt",service="dedupe"}', 0.11)],
      labels: { service: 'dedupe' },
    },
  },
  {
    name: 'KemptDatabaseConnectionsShort',
    severity: 'ticket',
    measure: (scale) =>
      `max by (service) (min_over_time(kempt_database_connections{state="waiting"}[${scale.duration(300)}]))`,
    holds: always('> 0'),
    forSeconds: 300,
    summary: 'Transactions of {{ $labels.service }} wait for a connection to Postgres.',
    description: 'All connections of an instance have been in use at every look for five minutes.',
    proof: { stimulus: 'connection-shortage', of: { service: 'dedupe' }, before: [0, 0], after: { to: [1, 1_000] } },
    test: {
      firing: [steady('kempt_database_connections{service="dedupe",state="waiting"}', 4)],
      silent: [
        { series: 'kempt_database_connections{service="dedupe",state="waiting"}', values: '0 4 0 4 0 4 0 4 0 4 0 4 0' },
      ],
      labels: { service: 'dedupe' },
    },
  },
];
