import type { EventRecord, PositionedRecord, TopicDeclaration } from '@kempt/contracts';
import type { PartitionLag } from './event-bus.ts';
import { EventBusError } from './event-bus-error.ts';
import { copyOf } from './event-copy.ts';
import { createFakeGroup, type FakeGroup } from './fake-group.ts';
import { partitionOf } from './partition.ts';

/** One partition in memory. Compaction leaves gaps in the offsets, never another order. */
export interface FakePartition {
  readonly topic: string;
  readonly partition: number;
  records: PositionedRecord[];
  endOffset: bigint;
}

interface FakeTopic {
  readonly declaration: TopicDeclaration;
  readonly partitions: readonly FakePartition[];
}

/**
 * What stands behind fake buses: topics, groups and their committed offsets. Several buses on one broker behave as
 * several processes on one cluster, and what was published outlives each of them.
 */
export interface FakeBroker {
  /** Milliseconds since 1970; also the timestamps of events. */
  readonly now: () => number;
  /** Copies of what a topic still holds, or of all topics, by partition and offset. */
  records(topic?: string): readonly PositionedRecord[];
  /** From now on publish, ping and seek reject and nobody is given events, as when a broker is away. */
  goAway(): void;
  /** Ends what `goAway` began. Nothing that was published is lost; chunks at hand when it went are delivered again. */
  comeBack(): void;
  available(): boolean;
  /** Retention and compaction, at once: drops expired events, and on compacted topics all but the newest of each key. */
  cleanUp(): void;
  /** Resolves when no consumer has anything left to do; rejects after `timeoutMs` (default 5,000), naming what is left. */
  settled(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** For fake buses. */
  ensureTopic(declaration: TopicDeclaration): void;
  append(records: readonly EventRecord[]): void;
  partitionsOf(topic: string): readonly FakePartition[];
  group(name: string): FakeGroup;
  lag(group: string): readonly PartitionLag[];
}

export interface FakeBrokerOptions {
  readonly now?: () => number;
  /** Default 1 MiB, as Kafka's. */
  readonly maxRecordBytes?: number;
}

export function createFakeBroker(options: FakeBrokerOptions = {}): FakeBroker {
  const now = options.now ?? Date.now;
  const maxRecordBytes = options.maxRecordBytes ?? 1_048_576;
  const topics = new Map<string, FakeTopic>();
  const groups = new Map<string, FakeGroup>();
  let away = false;

  function topicOf(name: string): FakeTopic {
    const topic = topics.get(name);
    if (!topic) throw new EventBusError('unknown-topic', `Topic "${name}" does not exist; declare it by ensureTopics.`);
    return topic;
  }

  function wakeAll(): void {
    for (const group of groups.values()) group.wake();
  }

  const broker: FakeBroker = {
    now,
    records(name) {
      const chosen = name === undefined ? [...topics.values()] : [topicOf(name)];
      return chosen.flatMap((topic) => topic.partitions.flatMap((partition) => partition.records.map(copyOf)));
    },
    goAway() {
      away = true;
      for (const group of groups.values()) group.forgetChunksAtHand();
    },
    comeBack() {
      away = false;
      wakeAll();
    },
    available: () => !away,
    cleanUp() {
      for (const topic of topics.values()) for (const partition of topic.partitions) cleanUp(partition, topic, now());
    },
    async settled({ timeoutMs = 5_000 } = {}) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const unfinished = [...groups.values()].flatMap((group) => group.unfinished());
        if (unfinished.length === 0) return;
        if (performance.now() > deadline)
          throw new Error(`Not settled after ${timeoutMs} ms: ${unfinished.join(', ')}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    ensureTopic(declaration) {
      if (topics.has(declaration.name)) return;
      const partitions = Array.from({ length: declaration.partitions }, (_, partition) => ({
        topic: declaration.name,
        partition,
        records: [],
        endOffset: 0n,
      }));
      topics.set(declaration.name, { declaration, partitions });
    },
    append(records) {
      const placed = records.map((record) => {
        const size = record.key.length + (record.value?.length ?? 0);
        if (size > maxRecordBytes) {
          throw new EventBusError(
            'record-too-large',
            `Event of ${size} bytes for topic "${record.topic}": at most ${maxRecordBytes}.`,
          );
        }
        const { partitions } = topicOf(record.topic);
        return { record, target: partitions[partitionOf(record.key, partitions.length)] };
      });
      for (const { record, target } of placed) {
        if (!target) continue;
        const offset = target.endOffset++;
        target.records.push({ ...copyOf(record), partition: target.partition, offset, timestampMs: now() });
      }
      wakeAll();
    },
    partitionsOf: (topic) => topicOf(topic).partitions,
    group(name) {
      let group = groups.get(name);
      if (!group) {
        group = createFakeGroup(name, broker);
        groups.set(name, group);
      }
      return group;
    },
    lag(name) {
      const positions = groups.get(name)?.positions() ?? [];
      return positions.map(({ partition, committed }) => ({
        topic: partition.topic,
        partition: partition.partition,
        committed,
        end: partition.endOffset,
        records: partition.endOffset > committed ? partition.endOffset - committed : 0n,
      }));
    },
  };
  return broker;
}

function cleanUp(partition: FakePartition, { declaration }: FakeTopic, nowMs: number): void {
  if (declaration.cleanup === 'delete') {
    partition.records = partition.records.filter((record) => record.timestampMs > nowMs - declaration.retentionMs);
    return;
  }
  const newest = new Map(partition.records.map((record) => [record.key, record.offset]));
  partition.records = partition.records.filter(
    (record) => newest.get(record.key) === record.offset && record.value !== null,
  );
}
