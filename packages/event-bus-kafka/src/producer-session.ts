import { partitionOf } from '@kempt/event-bus';
import { CompressionTypes, type ICustomPartitioner } from 'kafkajs';
import { within } from './deadline.ts';
import { type KafkaConnection, openKafka } from './kafka-connection.ts';
import type { KafkaSettings } from './kafka-options.ts';
import type { KeyedMessage } from './record-mapping.ts';

/** Messages by the name of the topic on the cluster, in the order in which they must be appended. */
export type TopicMessages = ReadonlyMap<string, readonly KeyedMessage[]>;

/**
 * One idempotent producer. At most one `send` at a time: kafkajs gives back the sequence numbers of a request that
 * failed, and when another request takes them, the broker mistakes it for a repetition and drops it.
 */
export interface ProducerSession {
  connect(): Promise<void>;
  /** Resolves when every message is on all replicas that are in step. May be repeated with the same messages. */
  send(messages: TopicMessages): Promise<void>;
  /** Lets go of it at once. Nothing that is still under way will reach the cluster. */
  destroy(reason: string): void;
  /** Lets go of it in order, within `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

const compressionTypes = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  zstd: CompressionTypes.ZSTD,
} as const;

export function openProducer(
  settings: KafkaSettings,
  connection: KafkaConnection = openKafka(settings),
): ProducerSession {
  const placement = new Map<object, string>();
  const producer = connection.kafka.producer({
    idempotent: true,
    allowAutoTopicCreation: false,
    createPartitioner: () => placingPartitioner(placement),
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4 },
  });

  async function sendOnce(messages: TopicMessages): Promise<TopicMessages> {
    placement.clear();
    const answers = await producer.sendBatch({
      acks: -1,
      timeout: settings.requestTimeoutMs,
      compression: compressionTypes[settings.compression],
      topicMessages: [...messages].map(([topic, ofTopic]) => ({ topic, messages: [...ofTopic] })),
    });
    const acknowledged = new Set(answers.map(({ topicName, partition }) => `${topicName}/${partition}`));
    const left = missing(messages, (message) => acknowledged.has(placement.get(message) ?? ''));
    placement.clear();
    return left;
  }

  return {
    connect: () => producer.connect(),
    async send(messages) {
      let left = messages;
      // When a partition gets another leader in the middle, kafkajs can take the answer of its new leader for other
      // partitions as the answer for this one too. What no answer names was not written.
      for (let round = 0; left.size > 0; round += 1) {
        if (round === 5) throw new Error(`no acknowledgement for topic ${[...left.keys()].join(', ')}`);
        left = await sendOnce(left);
      }
    },
    destroy: (reason) => connection.destroy(reason),
    async close(timeoutMs) {
      await within(timeoutMs, producer.disconnect(), () => new Error('the producer did not disconnect in time')).catch(
        () => {},
      );
      connection.destroy('the producer was closed');
    },
  };
}

function missing(messages: TopicMessages, isThere: (message: KeyedMessage) => boolean): TopicMessages {
  const left = new Map<string, readonly KeyedMessage[]>();
  for (const [topic, ofTopic] of messages) {
    const ofTopicLeft = ofTopic.filter((message) => !isThere(message));
    if (ofTopicLeft.length > 0) left.set(topic, ofTopicLeft);
  }
  return left;
}

/** Kafka's own rule by the faster hash, noting for each message which partition it got. */
function placingPartitioner(placement: Map<object, string>): ReturnType<ICustomPartitioner> {
  return ({ topic, partitionMetadata, message }) => {
    const partition = partitionOf(String(message.key), partitionMetadata.length);
    placement.set(message, `${topic}/${partition}`);
    return partition;
  };
}
