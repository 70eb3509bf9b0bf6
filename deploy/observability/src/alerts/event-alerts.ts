import { type Alert, growing, steady } from './alert.ts';

const always = (text: string) => (): string => text;

/** Whether events come through: outbox, bus, consumers, what is set aside. */
export const eventAlerts: readonly Alert[] = [
  {
    name: 'KemptCanaryLost',
    severity: 'page',
    measure: always('time() - max by (group) (kempt_canary_last_success_timestamp_seconds)'),
    holds: (scale) => `> ${scale.seconds(300)}`,
    forSeconds: 60,
    summary: 'No canary has reached {{ $labels.group }} for five minutes.',
    description: 'A canary is an event that goes through outbox, bus and consumer like any other. None comes through.',
    proof: { stimulus: 'stuck-outbox', of: { group: 'dedupe' }, before: [0, 4], after: { to: [6, 600] } },
    test: {
      firing: [steady('kempt_canary_last_success_timestamp_seconds{group="dedupe"}', 0)],
      silent: [growing('kempt_canary_last_success_timestamp_seconds{group="dedupe"}', 60)],
      labels: { group: 'dedupe' },
      atSeconds: 600,
    },
  },
  {
    name: 'KemptOutboxStuck',
    severity: 'page',
    measure: always('max by (service) (kempt_outbox_oldest_age_seconds{lane="live"})'),
    holds: (scale) => `> ${scale.seconds(120)}`,
    forSeconds: 120,
    summary: 'Events of {{ $labels.service }} wait in its outbox.',
    description:
      'The oldest live event has waited for more than two minutes to be published. Nothing is lost while it waits.',
    proof: { stimulus: 'stuck-outbox', of: { service: 'metrics' }, before: [0, 3], after: { to: [5, 600] } },
    test: {
      firing: [growing('kempt_outbox_oldest_age_seconds{service="connector",lane="live"}', 60)],
      silent: [growing('kempt_outbox_oldest_age_seconds{service="connector",lane="bulk"}', 60)],
      labels: { service: 'connector' },
    },
  },
  {
    name: 'KemptConsumerStalled',
    severity: 'page',
    measure: always('max by (group, topic) (kempt_consumer_lag_seconds)'),
    holds: (scale) => `> ${scale.seconds(300)}`,
    forSeconds: 300,
    summary: '{{ $labels.group }} is more than five minutes behind on {{ $labels.topic }}.',
    description: 'Published events are not handled. They wait in the topic until its retention ends.',
    proof: {
      stimulus: 'stalled-consumer',
      of: { group: 'dedupe', topic: 'kempt.connector.record-state.v1' },
      before: [0, 3],
      after: { to: [5, 600] },
    },
    test: {
      firing: [growing('kempt_consumer_lag_seconds{group="dedupe",topic="t"}', 60)],
      silent: [steady('kempt_consumer_lag_seconds{group="dedupe",topic="t"}', 20)],
      labels: { group: 'dedupe', topic: 't' },
      atSeconds: 900,
    },
  },
  {
    name: 'KemptDeadLetters',
    severity: 'ticket',
    measure: always('max by (service, group) (kempt_dead_letter_rows)'),
    holds: always('> 0'),
    forSeconds: 300,
    summary: '{{ $value }} dead letters of {{ $labels.group }} wait for a decision.',
    description:
      'Events that could not be applied are set aside with their reason. What they say is missing until they are replayed.',
    proof: { stimulus: 'dead-letters', of: { group: 'dedupe' }, before: [0, 0], after: { to: [7, 7] } },
    test: {
      firing: [steady('kempt_dead_letter_rows{service="dedupe",group="dedupe"}', 3)],
      silent: [steady('kempt_dead_letter_rows{service="dedupe",group="dedupe"}', 0)],
      labels: { service: 'dedupe', group: 'dedupe' },
    },
  },
  {
    name: 'KemptDeadLettersUnattended',
    severity: 'ticket',
    measure: always('max by (service, group) (kempt_dead_letter_oldest_age_seconds)'),
    holds: (scale) => `> ${scale.seconds(86_400)}`,
    forSeconds: 300,
    summary: 'A dead letter of {{ $labels.group }} has waited for a decision for a day.',
    description: 'Dead letters are kept for 30 days in their topic; the longer one waits, the older what it says.',
    proof: { stimulus: 'dead-letters', of: { group: 'dedupe' }, before: [0, 0], after: { to: [1, 600] } },
    test: {
      firing: [steady('kempt_dead_letter_oldest_age_seconds{service="dedupe",group="dedupe"}', 90_000)],
      silent: [steady('kempt_dead_letter_oldest_age_seconds{service="dedupe",group="dedupe"}', 3_600)],
      labels: { service: 'dedupe', group: 'dedupe' },
    },
  },
  {
    name: 'KemptParkedEvents',
    severity: 'ticket',
    measure: always('max by (service, group) (kempt_parked_event_rows)'),
    holds: always('> 0'),
    forSeconds: 1_800,
    summary: '{{ $value }} events of {{ $labels.group }} are parked.',
    description: 'A key fails again and again, and the events behind it wait for their turn.',
    proof: { stimulus: 'failing-handler', of: { group: 'data-quality' }, before: [0, 0], after: { to: [1, 1_000] } },
    test: {
      firing: [steady('kempt_parked_event_rows{service="dedupe",group="dedupe"}', 3)],
      silent: [steady('kempt_parked_event_rows{service="dedupe",group="dedupe"}', 0)],
      labels: { service: 'dedupe', group: 'dedupe' },
    },
  },
  {
    name: 'KemptEventStreamDisconnected',
    severity: 'ticket',
    measure: always('min by (service) (kempt_gateway_stream_connected)'),
    holds: always('== 0'),
    forSeconds: 300,
    summary: 'The event stream of the gateway does not hear the bus.',
    description: 'Clients of GET /v1/events and the console see nothing new. The rest of the API works.',
    proof: { stimulus: 'failing-bus', before: [1, 1], after: { to: [0, 0] } },
    test: {
      firing: [steady('kempt_gateway_stream_connected{service="gateway"}', 0)],
      silent: [steady('kempt_gateway_stream_connected{service="gateway"}', 1)],
      labels: { service: 'gateway' },
    },
  },
];
