import type { TopicDeclaration } from '@kempt/contracts';
import type { Admin, ITopicConfig } from 'kafkajs';
import { pause } from './deadline.ts';
import { protocolErrorsOf } from './error-map.ts';
import type { CompactionSettings, KafkaSettings } from './kafka-options.ts';
import type { Naming } from './record-mapping.ts';

const visiblePollMs = 50;

/**
 * Creates what is missing, waits until it can be used, then names every topic whose partition count differs from its
 * declaration. Changes nothing that exists.
 */
export async function createMissingTopics(
  admin: Admin,
  topics: readonly TopicDeclaration[],
  { settings, naming }: { readonly settings: KafkaSettings; readonly naming: Naming },
): Promise<void> {
  if (topics.length === 0) return;
  const wanted = new Map(topics.map((topic) => [naming.topicOnCluster(topic.name), topic]));
  const existing = new Set(await admin.listTopics());
  const missing = [...wanted].filter(([name]) => !existing.has(name));
  if (missing.length > 0) {
    try {
      await admin.createTopics({
        topics: missing.map(([name, topic]) => topicConfig(name, topic, settings)),
        // That wait takes a broker that has not heard of the topic yet for a failure; the one below does not.
        waitForLeaders: false,
      });
    } catch (error) {
      // Somebody else was faster with some of them.
      if (protocolErrorsOf(error).some((type) => type !== 'TOPIC_ALREADY_EXISTS')) throw error;
    }
  }
  const counts = await partitionCounts(admin, [...wanted.keys()]);
  for (const [name, topic] of wanted) {
    const actual = counts.get(name);
    if (actual !== topic.partitions) {
      settings.logger.warn(
        { topic: topic.name, declared: topic.partitions, actual },
        `Topic "${topic.name}" has ${actual} partitions, declared are ${topic.partitions}. It stays as it is, since another count would move keys; declare what is there, or use a new version of the topic.`,
      );
    }
  }
}

/** A topic that was made a moment ago may need a while until every broker knows it and each partition has a leader. */
async function partitionCounts(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  for (;;) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [...names] });
      const ready = topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
      if (ready) return new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
    } catch (error) {
      const types = protocolErrorsOf(error);
      if (!types.includes('UNKNOWN_TOPIC_OR_PARTITION') && !types.includes('LEADER_NOT_AVAILABLE')) throw error;
    }
    // Ends with the deadline of the whole: the admin client is destroyed then.
    await pause(visiblePollMs);
  }
}

function topicConfig(name: string, topic: TopicDeclaration, settings: KafkaSettings): ITopicConfig {
  const entries: Record<string, number | string> =
    topic.cleanup === 'compact'
      ? { 'cleanup.policy': 'compact', ...compactionEntries(settings.compaction) }
      : { 'cleanup.policy': 'delete', 'retention.ms': topic.retentionMs };
  return {
    topic: name,
    numPartitions: topic.partitions,
    // -1 leaves it to the cluster.
    replicationFactor: settings.replicationFactor ?? -1,
    configEntries: Object.entries(entries).map(([entry, value]) => ({ name: entry, value: String(value) })),
  };
}

function compactionEntries(compaction: CompactionSettings): Record<string, number> {
  const ratio = compaction.minCleanableDirtyRatio;
  return {
    'segment.ms': compaction.segmentMs,
    'min.compaction.lag.ms': compaction.minCompactionLagMs,
    'max.compaction.lag.ms': compaction.maxCompactionLagMs,
    'delete.retention.ms': compaction.deleteRetentionMs,
    ...(ratio === undefined ? {} : { 'min.cleanable.dirty.ratio': ratio }),
  };
}
