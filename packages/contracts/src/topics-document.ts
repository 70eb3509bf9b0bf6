import type { OwnedDeclaration } from './consumption.ts';
import type { Topic, TopicDeclaration } from './topic.ts';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/** Settings of a topic under the names that Kafka gives them. */
export function kafkaTopicSettings(topic: TopicDeclaration): Readonly<Record<string, string | number>> {
  if (topic.cleanup === 'delete') return { 'cleanup.policy': 'delete', 'retention.ms': topic.retentionMs };
  return {
    'cleanup.policy': 'compact',
    // Compaction leaves the segment alone that is being written, so segments must not stay open for long.
    'segment.ms': dayMs,
    'min.compaction.lag.ms': hourMs,
    // What was erased in a CRM is gone from the topic after this time, tombstones included in the one after.
    'max.compaction.lag.ms': 7 * dayMs,
    'delete.retention.ms': topic.retentionMs,
  };
}

/** The catalogue and the topics of dead letters as plain data, for those who create topics with tools of their own. */
export function topicsDocument(catalogue: readonly Topic[], deadLetters: readonly OwnedDeclaration[] = []): object {
  return {
    topics: catalogue.map((topic) => ({
      name: topic.name,
      owner: topic.owner,
      description: topic.description,
      key: topic.keyPattern,
      message: topic.message.typeName,
      classification: topic.classification,
      partitions: topic.partitions,
      cleanup: topic.cleanup,
      retentionMs: topic.retentionMs,
      settings: kafkaTopicSettings(topic),
    })),
    deadLetters: deadLetters.map((topic) => ({ ...topic, settings: kafkaTopicSettings(topic) })),
  };
}
