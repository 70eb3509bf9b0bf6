import type { Lane } from '@kempt/contracts';
import type { Database } from '@kempt/postgres';
import { type Counter, type Logger, type Metrics, shareMeasurement } from '@kempt/telemetry';
import { measureOutbox } from './outbox-store.ts';

export interface OutboxMetrics {
  readonly dispatched: Counter<'topic' | 'lane'>;
  readonly publishFailures: Counter<'code'>;
  readonly refused: Counter<'topic'>;
  /** Says which topics hold bulk events back; asked at each scrape. */
  measureHeld(heldTopics: () => readonly string[]): void;
}

const lanes: readonly Lane[] = ['live', 'bulk'];

/** What there is to know about the outbox of a service. The gauges ask the database at each scrape. */
export function createOutboxMetrics(deps: {
  readonly metrics: Metrics;
  readonly database: Database;
  readonly logger: Logger;
}): OutboxMetrics {
  const { metrics, database, logger } = deps;
  const collect = shareMeasurement(
    async () => {
      const backlogs = await measureOutbox(database);
      for (const lane of lanes) {
        const backlog = backlogs.find((one) => one.lane === lane);
        rows.set({ lane }, backlog?.rows ?? 0);
        age.set({ lane }, backlog?.oldestAgeSeconds ?? 0);
      }
    },
    (error) => logger.debug({ err: error }, 'The outbox could not be measured'),
  );
  const gauge = { labels: ['lane'], collect } as const;
  const rows = metrics.gauge('kempt_outbox_rows', 'Events that wait in the outbox to be published.', gauge);
  const age = metrics.gauge(
    'kempt_outbox_oldest_age_seconds',
    'Age of the oldest event that waits in the outbox.',
    gauge,
  );
  return {
    dispatched: metrics.counter('kempt_outbox_dispatched_total', 'Events from the outbox that the bus has taken.', [
      'topic',
      'lane',
    ]),
    publishFailures: metrics.counter(
      'kempt_outbox_publish_failures_total',
      'Attempts to publish events from the outbox that failed, by error code.',
      ['code'],
    ),
    refused: metrics.counter(
      'kempt_outbox_refused_total',
      'Events that the bus will never take and that became dead letters.',
      ['topic'],
    ),
    measureHeld(heldTopics) {
      const held = metrics.gauge(
        'kempt_outbox_bulk_held',
        '1 while bulk events of a topic wait in the outbox because those who read it are behind.',
        {
          labels: ['topic'],
          collect: () => {
            held.reset();
            for (const topic of heldTopics()) held.set({ topic }, 1);
          },
        },
      );
    },
  };
}
