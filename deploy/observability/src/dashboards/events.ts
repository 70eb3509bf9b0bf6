import { type DashboardSource, query } from '../panel.ts';

export const events: DashboardSource = {
  uid: 'kempt-events',
  title: 'Kempt: bus, outbox and dead letters',
  description: 'Do events come through, in time, and what was set aside?',
  rows: [
    {
      title: 'Bus',
      panels: [
        {
          title: 'Published',
          description: 'Events a second that the bus took, by topic.',
          unit: 'eps',
          kind: 'lines',
          queries: [
            query('sum by (topic) (rate(kempt_bus_published_total[$__rate_interval]))', '{{topic}}', {
              stimulus: 'changes',
              of: { topic: 'kempt.connector.record-changed.v1' },
              before: [0, 0.5],
              after: { to: [1, 50] },
            }),
          ],
        },
        {
          title: 'Consumed',
          description: 'Events a second that each group handled, repeats included.',
          unit: 'eps',
          kind: 'lines',
          queries: [
            query('sum by (group) (rate(kempt_bus_consumed_total[$__rate_interval]))', '{{group}}', {
              stimulus: 'changes',
              of: { group: 'dedupe' },
              before: 'any',
              after: { plus: [0.5, 50] },
            }),
          ],
        },
        {
          title: 'Lag in events',
          description: 'Events that are published and that the group has not handled. It should come back to zero.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query('max by (group, topic) (kempt_consumer_lag_records)', '{{group}} {{topic}}', {
              stimulus: 'stalled-consumer',
              of: { group: 'dedupe', topic: 'kempt.connector.record-state.v1' },
              before: [0, 2],
              after: { to: [5, 5_000] },
            }),
          ],
        },
        {
          title: 'Lag in time',
          description:
            'For how long a group has been behind, at most. Zero as long as it has no lag, however long nothing comes.',
          unit: 's',
          kind: 'lines',
          thresholds: { warning: 60, bad: 300 },
          queries: [
            query('max by (group, topic) (kempt_consumer_lag_seconds)', '{{group}} {{topic}}', {
              stimulus: 'stalled-consumer',
              of: { group: 'dedupe', topic: 'kempt.connector.record-state.v1' },
              before: [0, 3],
              after: { to: [5, 600] },
            }),
          ],
        },
        {
          title: 'Delay of delivery, 99 %',
          description: 'From the publishing of an event until it was taken up, for the last one of each chunk.',
          unit: 's',
          kind: 'lines',
          queries: [
            query(
              'histogram_quantile(0.99, sum by (le, group) (rate(kempt_consumer_delay_seconds_bucket[$__rate_interval])))',
              '{{group}}',
              { stimulus: 'stalled-consumer', of: { group: 'dedupe' }, before: [0, 2.4], after: { to: [2.5, 3_600] } },
            ),
          ],
        },
        {
          title: 'Time for a chunk, 95 %',
          description: 'From the arrival of a chunk of events to its commit.',
          unit: 's',
          kind: 'lines',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, group) (rate(kempt_consumer_chunk_seconds_bucket[$__rate_interval])))',
              '{{group}}',
              { stimulus: 'stalled-consumer', of: { group: 'dedupe' }, before: [0, 4], after: { to: [5, 300] } },
            ),
          ],
        },
        {
          title: 'Chunks that come again',
          description: 'Chunks that could not be committed, as when the database is away. Nothing is lost by it.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query('sum by (group) (increase(kempt_consumer_chunk_failures_total[$__rate_interval]))', '{{group}}', {
              stimulus: 'stalled-consumer',
              of: { group: 'dedupe' },
              before: [0, 0],
              after: { to: [0.5, 1_000] },
            }),
          ],
        },
      ],
    },
    {
      title: 'Outbox',
      panels: [
        {
          title: 'Waiting events',
          description:
            'Events in the outbox of each service, by lane. Bulk may pile up in a backfill; live should not.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query('max by (service, lane) (kempt_outbox_rows)', '{{service}} {{lane}}', {
              stimulus: 'stuck-outbox',
              of: { service: 'metrics', lane: 'live' },
              before: [0, 3],
              after: { to: [5, 5_000] },
            }),
          ],
        },
        {
          title: 'Oldest waiting event',
          description: 'Age of the oldest event in the outbox, by lane.',
          unit: 's',
          kind: 'lines',
          thresholds: { warning: 30, bad: 120 },
          queries: [
            query('max by (service, lane) (kempt_outbox_oldest_age_seconds)', '{{service}} {{lane}}', {
              stimulus: 'stuck-outbox',
              of: { service: 'metrics', lane: 'live' },
              before: [0, 3],
              after: { to: [5, 600] },
            }),
          ],
        },
        {
          title: 'Dispatched',
          description: 'Events a second that left the outboxes.',
          unit: 'eps',
          kind: 'stacked',
          queries: [
            query(
              'sum by (service, lane) (rate(kempt_outbox_dispatched_total[$__rate_interval]))',
              '{{service}} {{lane}}',
              {
                stimulus: 'changes',
                of: { service: 'connector', lane: 'live' },
                before: 'any',
                after: { plus: [0.5, 200] },
              },
            ),
          ],
        },
        {
          title: 'Failed attempts to publish',
          description:
            'Attempts that failed, by error code. They are repeated; nothing leaves the outbox before the bus has it.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query(
              'sum by (service, code) (increase(kempt_outbox_publish_failures_total[$__rate_interval]))',
              '{{service}} {{code}}',
              {
                stimulus: 'failing-bus',
                of: { service: 'metrics' },
                before: 'any',
                after: { plus: [0.5, 1_000] },
              },
            ),
          ],
        },
        {
          title: 'Events that the bus refuses',
          description:
            'Events that the bus will never take, such as ones that are too large. They are dead letters of the group outbox.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query('sum by (service, topic) (increase(kempt_outbox_refused_total[$__range]))', '{{service}} {{topic}}', {
              stimulus: 'refused-event',
              of: { service: 'metrics' },
              before: 'absent',
              after: { to: [0.5, 5] },
            }),
          ],
        },
      ],
    },
    {
      title: 'Set aside',
      panels: [
        {
          title: 'Dead letters',
          description: 'Dead letters about which nobody has decided: kempt dlq, or GET /v1/dead-letters.',
          unit: 'short',
          kind: 'lines',
          thresholds: { warning: 1, bad: 100 },
          queries: [
            query('max by (service, group) (kempt_dead_letter_rows)', '{{service}} {{group}}', {
              stimulus: 'dead-letters',
              of: { group: 'dedupe' },
              before: [0, 0],
              after: { to: [7, 7] },
            }),
          ],
        },
        {
          title: 'Oldest dead letter',
          description: 'How long the oldest dead letter has waited for a decision.',
          unit: 's',
          kind: 'lines',
          thresholds: { warning: 3_600, bad: 86_400 },
          queries: [
            query('max by (service, group) (kempt_dead_letter_oldest_age_seconds)', '{{service}} {{group}}', {
              stimulus: 'dead-letters',
              of: { group: 'dedupe' },
              before: [0, 0],
              after: { to: [1, 600] },
            }),
          ],
        },
        {
          title: 'Parked events',
          description:
            'Events that wait because an event of their key before them failed, and tenants whose events all wait.',
          unit: 'short',
          kind: 'lines',
          thresholds: { warning: 1, bad: 1_000 },
          queries: [
            query('max by (service, group) (kempt_parked_event_rows)', '{{service}} {{group}} events', {
              stimulus: 'failing-handler',
              of: { group: 'data-quality' },
              before: [0, 0],
              after: { to: [1, 1_000] },
            }),
          ],
        },
        {
          title: 'Events by outcome',
          description:
            'What became of the events that each group received. Repeated ones were recognised and changed nothing.',
          unit: 'eps',
          kind: 'stacked',
          queries: [
            query(
              'sum by (group, outcome) (rate(kempt_consumer_events_total[$__rate_interval]))',
              '{{group}} {{outcome}}',
              {
                stimulus: 'failing-handler',
                of: { group: 'data-quality', outcome: 'parked' },
                before: [0, 0],
                after: { to: [0.05, 100] },
              },
            ),
          ],
        },
        {
          title: 'Age of the newest canary',
          description: 'Since the newest canary that each service received was sent.',
          unit: 's',
          kind: 'lines',
          thresholds: { warning: 60, bad: 300 },
          queries: [
            query('time() - max by (group) (kempt_canary_last_success_timestamp_seconds)', '{{group}}', {
              stimulus: 'stuck-outbox',
              of: { group: 'dedupe' },
              before: [0, 4],
              after: { to: [6, 600] },
            }),
          ],
        },
      ],
    },
    {
      title: 'Event stream of the gateway',
      panels: [
        {
          title: 'Clients',
          description: 'Clients that follow GET /v1/events, the console included.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query('sum(kempt_gateway_stream_clients)', 'clients', {
              stimulus: 'followers',
              before: [0, 0],
              after: { to: [5, 5] },
            }),
          ],
        },
        {
          title: 'Streams that ended',
          description:
            'Event streams that ended in the time shown, by reason. Slow: the client did not take its events.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query('sum by (reason) (increase(kempt_gateway_streams_ended_total[$__range]))', '{{reason}}', {
              stimulus: 'followers',
              of: { reason: 'gone' },
              before: 'any',
              after: { plus: [1, 10] },
            }),
          ],
        },
        {
          title: 'Events for the stream',
          description: 'Events that the stream looked into. Left out: repeats, history, and what is no news.',
          unit: 'eps',
          kind: 'stacked',
          queries: [
            query('sum by (outcome) (rate(kempt_gateway_stream_events_total[$__rate_interval]))', '{{outcome}}', {
              stimulus: 'changes',
              of: { outcome: 'stored' },
              before: 'any',
              after: { plus: [0.5, 50] },
            }),
          ],
        },
      ],
    },
  ],
};
