import { createHash } from 'node:crypto';
import { type PositionedRecord, topicCatalogue } from '@kempt/contracts';
import type { EventBus } from '@kempt/event-bus';

/** An event as two deployments can be compared by: nothing in it depends on when or where it was written. */
export interface RecordedEvent {
  readonly topic: string;
  readonly key: string;
  readonly type: string;
  readonly sequence: number;
  /** SHA-256 of the value, or `tombstone`. */
  readonly payloadHash: string;
}

/** Everything that the topics hold, each event once: what was delivered twice has the same id. */
export interface TopicDump {
  readonly events: readonly RecordedEvent[];
  readonly records: readonly PositionedRecord[];
  /** Deliveries of an event that had been delivered before. */
  readonly redelivered: number;
}

/** Reads every topic from its beginning until nothing comes any more. */
export async function dumpTopics(bus: EventBus, group: string): Promise<TopicDump> {
  const seen = new Map<string, PositionedRecord>();
  let deliveries = 0;
  let lastDelivery = performance.now();
  const subscription = await bus.subscribe({
    group,
    topics: topicCatalogue.map((topic) => topic.name),
    from: 'earliest',
    eachChunk: async (chunk) => {
      for (const record of chunk.records) {
        deliveries += 1;
        seen.set(`${record.topic}\n${record.headers['ce_id']}`, record);
      }
      lastDelivery = performance.now();
    },
  });
  // The group has read everything once it has no lag; a bus may take a while until it says so for the first time.
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const lag = await bus.lag(group);
    const assigned = lag.length > 0 || performance.now() - lastDelivery > 20_000;
    if (assigned && lag.every((partition) => partition.records === 0n) && performance.now() - lastDelivery > 1_500)
      break;
  }
  await subscription.stop();
  const records = [...seen.values()];
  return { records, events: records.map(recordedEvent), redelivered: deliveries - records.length };
}

function recordedEvent(record: PositionedRecord): RecordedEvent {
  return {
    topic: record.topic,
    key: record.key,
    type: record.headers['ce_type'] ?? '',
    sequence: Number(record.headers['ce_sequence']),
    payloadHash: record.value === null ? 'tombstone' : createHash('sha256').update(record.value).digest('hex'),
  };
}

/** What one side has more often than the other, as readable lines. */
export function multisetDifference(left: readonly RecordedEvent[], right: readonly RecordedEvent[]): string[] {
  const counts = new Map<string, number>();
  for (const event of left) counts.set(lineOf(event), (counts.get(lineOf(event)) ?? 0) + 1);
  for (const event of right) counts.set(lineOf(event), (counts.get(lineOf(event)) ?? 0) - 1);
  return [...counts]
    .filter(([, count]) => count !== 0)
    .map(([line, count]) => `${count > 0 ? 'only left ' : 'only right'} x${Math.abs(count)}  ${line}`)
    .toSorted();
}

function lineOf(event: RecordedEvent): string {
  return `${event.topic} ${event.key} #${event.sequence} ${event.payloadHash.slice(0, 16)}`;
}
