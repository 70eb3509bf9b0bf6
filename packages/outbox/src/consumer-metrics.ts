import type { Database } from '@kempt/postgres';
import { type Counter, type Histogram, type Logger, type Metrics, shareMeasurement } from '@kempt/telemetry';
import { measureWaiting } from './waiting-store.ts';

/** What became of an event. */
export type EventOutcome = 'handled' | 'repeated' | 'parked' | 'dead-lettered';

/** How many events of a topic had which outcome. Added up only after the transaction has committed. */
export type OutcomeCounts = Record<EventOutcome, number>;

export function noOutcomes(): OutcomeCounts {
  return { handled: 0, repeated: 0, parked: 0, 'dead-lettered': 0 };
}

export interface ConsumerMetrics {
  readonly events: Counter<'group' | 'topic' | 'outcome'>;
  readonly chunkSeconds: Histogram<'group' | 'topic'>;
  readonly delaySeconds: Histogram<'group' | 'topic'>;
  readonly chunkFailures: Counter<'group' | 'topic'>;
  count(topic: string, counts: OutcomeCounts): void;
}

const delayBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600];

/** What there is to know about a consumer. The gauges ask the database at each scrape. */
export function createConsumerMetrics(deps: {
  readonly metrics: Metrics;
  readonly database: Database;
  readonly group: string;
  readonly topics: readonly string[];
  readonly logger: Logger;
}): ConsumerMetrics {
  const { metrics, database, group, topics, logger } = deps;
  const events = metrics.counter(
    'kempt_consumer_events_total',
    'Events that a consumer received, by what became of them.',
    ['group', 'topic', 'outcome'],
  );
  const collect = shareMeasurement(
    async () => {
      const waiting = await measureWaiting(database, group);
      letters.set({ group }, waiting.deadLetters);
      letterAge.set({ group }, waiting.oldestDeadLetterSeconds);
      parked.set({ group }, waiting.parkedEvents);
      paused.set({ group }, waiting.pausedTenants);
    },
    (error) => logger.debug({ err: error, group }, 'Parked events could not be measured'),
  );
  const gauge = { labels: ['group'], collect } as const;
  const letters = metrics.gauge('kempt_dead_letter_rows', 'Dead letters about which nobody has decided.', gauge);
  const letterAge = metrics.gauge(
    'kempt_dead_letter_oldest_age_seconds',
    'Age of the oldest dead letter about which nobody has decided.',
    gauge,
  );
  const parked = metrics.gauge(
    'kempt_parked_event_rows',
    'Events that wait because an event before them failed.',
    gauge,
  );
  const paused = metrics.gauge('kempt_paused_tenant_rows', 'Tenants whose events all wait.', gauge);
  const chunkFailures = metrics.counter(
    'kempt_consumer_chunk_failures_total',
    'Chunks that could not be committed and come again, as when the database is away.',
    ['group', 'topic'],
  );
  // A counter that begins with its first dead letter has no increase that anybody could see.
  for (const topic of topics) {
    for (const outcome of Object.keys(noOutcomes())) events.inc({ group, topic, outcome: labelOf(outcome) }, 0);
    chunkFailures.inc({ group, topic }, 0);
  }
  return {
    events,
    chunkSeconds: metrics.histogram('kempt_consumer_chunk_seconds', 'Time from a chunk of events to its commit.', [
      'group',
      'topic',
    ]),
    delaySeconds: metrics.histogram(
      'kempt_consumer_delay_seconds',
      'Time from the moment an event was published until it was taken up, for the last event of each chunk.',
      { labels: ['group', 'topic'], buckets: delayBuckets },
    ),
    chunkFailures,
    count(topic, counts) {
      for (const [outcome, number] of Object.entries(counts)) {
        if (number > 0) events.inc({ group, topic, outcome: labelOf(outcome) }, number);
      }
    },
  };
}

const labelOf = (outcome: string): string => outcome.replaceAll('-', '_');
