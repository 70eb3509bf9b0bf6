import { type Metrics, shareMeasurement } from '@kempt/telemetry';
import type { EventBus } from './event-bus.ts';

/** A scrape must not hang on a bus that is away. */
const lagTimeoutMs = 2_000;

/**
 * Counts what passes through a bus and returns the bus to use instead. The lag of every group that subscribes through it
 * is read at each scrape; while it cannot be read there is no value, rather than an old one.
 */
export function registerBusMetrics(metrics: Metrics, bus: EventBus, now: () => number = Date.now): EventBus {
  const published = metrics.counter('kempt_bus_published_total', 'Events that the bus took.', ['topic']);
  const consumed = metrics.counter(
    'kempt_bus_consumed_total',
    'Events that a consumer group handled, repeats included.',
    ['topic', 'group'],
  );
  const groups = new Set<string>();
  const progress = createProgress(now);
  const collect = shareMeasurement(
    async () => {
      const lags = await Promise.all([...groups].map(async (group) => ({ group, byTopic: await readLag(bus, group) })));
      lag.reset();
      lagSeconds.reset();
      for (const { group, byTopic } of lags) {
        for (const [topic, records] of byTopic) {
          lag.set({ group, topic }, records);
          lagSeconds.set({ group, topic }, progress.lagSeconds(group, topic, records));
        }
      }
    },
    // A lag that cannot be read is an empty one: nothing here fails.
    () => undefined,
  );
  const shape = { labels: ['group', 'topic'], collect } as const;
  const lag = metrics.gauge(
    'kempt_consumer_lag_records',
    'Events that are published and that the group has not handled.',
    shape,
  );
  const lagSeconds = metrics.gauge(
    'kempt_consumer_lag_seconds',
    'For how long the group has been behind, at most: since the newest event that it handled was published, or since it had no lag.',
    shape,
  );

  return {
    ensureTopics: (topics) => bus.ensureTopics(topics),
    async publish(records) {
      await bus.publish(records);
      for (const [topic, ofTopic] of Map.groupBy(records, (record) => record.topic))
        published.inc({ topic }, ofTopic.length);
    },
    subscribe(options) {
      groups.add(options.group);
      return bus.subscribe({
        ...options,
        eachChunk: async (chunk) => {
          await options.eachChunk(chunk);
          progress.handled(options.group, chunk.topic, chunk.records.at(-1)?.timestampMs ?? 0);
          consumed.inc({ topic: chunk.topic, group: options.group }, chunk.records.length);
        },
      });
    },
    lag: (group, topics) => bus.lag(group, topics),
    seekGroup: (group, topic, to) => bus.seekGroup(group, topic, to),
    ping: () => bus.ping(),
    close: () => bus.close(),
  };
}

/** How far groups are in time. Reading a topic tells no time of what is unread, so this is what is known from this side. */
function createProgress(now: () => number): {
  handled(group: string, topic: string, publishedMs: number): void;
  lagSeconds(group: string, topic: string, records: number): number;
} {
  const begunMs = now();
  /** Up to this moment everything that was published is known to be handled. */
  const doneMs = new Map<string, number>();
  const note = (key: string, ms: number): void => {
    if (ms > (doneMs.get(key) ?? 0)) doneMs.set(key, ms);
  };
  return {
    handled: (group, topic, publishedMs) => note(`${group} ${topic}`, publishedMs),
    lagSeconds(group, topic, records) {
      const key = `${group} ${topic}`;
      if (records === 0) {
        note(key, now());
        return 0;
      }
      return Math.max(0, now() - (doneMs.get(key) ?? begunMs)) / 1_000;
    },
  };
}

async function readLag(bus: EventBus, group: string): Promise<Map<string, number>> {
  const byTopic = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<[]>((resolve) => {
    timer = setTimeout(resolve, lagTimeoutMs, []);
  });
  const partitions = await Promise.race([bus.lag(group).catch(() => []), limit]);
  clearTimeout(timer);
  for (const { topic, records } of partitions) byTopic.set(topic, (byTopic.get(topic) ?? 0) + Number(records));
  return byTopic;
}
