import { type CanarySentSchema, decodeEvent, type PositionedRecord, timestampDate, topics } from '@kempt/contracts';
import type { Metrics } from '@kempt/telemetry';
import type { ConsumerSubscription } from './consumer.ts';

/** The tenant of canaries. It has no CRM, and no API key speaks for it. */
export const canaryTenant = 'kempt-canary';

const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/**
 * Measures canaries as they arrive at a consumer group: the way through outbox, bus and group, by the clocks of sender and
 * receiver. A canary that comes late counts as late, one that never comes is missing among those that were sent; so is one
 * that was sent before this watch began, since a group that reads a topic from its beginning meets all that were ever sent.
 */
export function createCanaryWatch(options: {
  readonly group: string;
  readonly metrics: Metrics;
  readonly now?: () => number;
}): (records: readonly PositionedRecord[]) => void {
  const { group, metrics, now = Date.now } = options;
  const seconds = metrics.histogram(
    'kempt_canary_round_trip_seconds',
    'From the sending of a canary until a consumer group took it up.',
    { labels: ['group'], buckets },
  );
  const lastSuccess = metrics.gauge(
    'kempt_canary_last_success_timestamp_seconds',
    'When the newest canary that a consumer group took up was sent, in seconds since 1970.',
    ['group'],
  );
  const begunMs = now();
  let newestMs = 0;
  return (records) => {
    for (const record of records) {
      const sentAt = decodeEvent<typeof CanarySentSchema>(topics.canarySent, record).data?.sentAt;
      if (sentAt === undefined) continue;
      const sentMs = timestampDate(sentAt).getTime();
      if (sentMs >= begunMs) seconds.observe({ group }, Math.max(0, now() - sentMs) / 1_000);
      newestMs = Math.max(newestMs, sentMs);
      lastSuccess.set({ group }, newestMs / 1_000);
    }
  };
}

/** Canaries as a subscription of a consumer, so that each goes through its inbox like any event. */
export function canarySubscription(options: {
  readonly group: string;
  readonly metrics: Metrics;
}): ConsumerSubscription {
  const watch = createCanaryWatch(options);
  // There is nothing to undo when the transaction fails: a canary that is tried again counts again, and later.
  return { topic: topics.canarySent, handle: async (_tx, events) => watch(events) };
}
