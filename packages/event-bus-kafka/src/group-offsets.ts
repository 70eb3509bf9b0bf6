import { EventBusError, type PartitionLag } from '@kempt/event-bus';
import { type Admin, AssignerProtocol } from 'kafkajs';
import { within } from './deadline.ts';
import type { StartPosition } from './group-session.ts';
import { openKafka } from './kafka-connection.ts';
import type { KafkaSettings } from './kafka-options.ts';
import { subscriptionAwareAssigner } from './partition-assigner.ts';
import type { Naming } from './record-mapping.ts';

/** See `EventBus.lag`. A group that reads a topic counts before its first commit too: at the oldest event. */
export async function lagOf(
  admin: Admin,
  { group, topics: wanted }: { readonly group: string; readonly topics: readonly string[] | undefined },
  naming: Naming,
): Promise<readonly PartitionLag[]> {
  const groupId = naming.groupOnCluster(group);
  const [read, subscribed] = await Promise.all([admin.fetchOffsets({ groupId }), topicsOfMembers(admin, groupId)]);
  const committed = new Map(
    read.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic}/${partition}`, BigInt(offset)] as const),
    ),
  );
  const topics = [...new Set([...read.map(({ topic }) => topic), ...subscribed])]
    .filter((topic) => wanted?.includes(naming.topicOfCluster(topic)) ?? true)
    .sort();
  const ofTopics = await Promise.all(
    topics.map(async (topic) => {
      const ends = await admin.fetchTopicOffsets(topic);
      return ends.map(({ partition, low, high }) => {
        // A group goes on with the oldest event that is left when the one it stopped at is gone, or was never set.
        const start = BigInt(low);
        const end = BigInt(high);
        const position = committed.get(`${topic}/${partition}`) ?? start;
        const from = position < start ? start : position;
        return {
          topic: naming.topicOfCluster(topic),
          partition,
          committed: from,
          end,
          records: end > from ? end - from : 0n,
        };
      });
    }),
  );
  return ofTopics.flat().sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : 0));
}

async function topicsOfMembers(admin: Admin, groupId: string): Promise<string[]> {
  const { groups } = await admin.describeGroups([groupId]);
  return groups
    .flatMap(({ members }) => members)
    .flatMap(({ memberMetadata }) =>
      // Empty while the group rebalances.
      memberMetadata.length === 0 ? [] : (AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? []),
    );
}

/** The ends of the partitions of `topics` (as on the cluster) for which the group has no committed offset. */
export async function uncommittedEnds(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<readonly StartPosition[]> {
  const committed = await admin.fetchOffsets({ groupId, topics: [...topics] });
  const known = new Set(
    committed.flatMap(({ topic, partitions }) =>
      partitions.filter(({ offset }) => Number(offset) >= 0).map(({ partition }) => `${topic}/${partition}`),
    ),
  );
  const ofTopics = await Promise.all(
    topics.map(async (topic) =>
      (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({ topic, partition, offset: high })),
    ),
  );
  return ofTopics.flat().filter(({ topic, partition }) => !known.has(`${topic}/${partition}`));
}

export interface SeekRequest {
  readonly group: string;
  readonly topic: string;
  readonly to: 'earliest' | 'latest';
}

/** See `EventBus.seekGroup`. */
export async function seekGroup(
  admin: Admin,
  { group, topic, to }: SeekRequest,
  { settings, naming }: { readonly settings: KafkaSettings; readonly naming: Naming },
): Promise<void> {
  const groupId = naming.groupOnCluster(group);
  const name = naming.topicOnCluster(topic);
  const { groups } = await admin.describeGroups([groupId]);
  if (groups.some(({ state }) => state !== 'Empty' && state !== 'Dead')) throw runningGroup(group, topic);
  const ends = await admin.fetchTopicOffsets(name);
  const positions = ends.map(({ partition, low, high }) => ({
    topic: name,
    partition,
    offset: to === 'earliest' ? low : high,
  }));
  await commitAsOnlyMember(groupId, positions, settings, () => runningGroup(group, topic));
}

/**
 * Commits offsets for a group by joining it for a moment. kafkajs' own way commits a partition when it is fetched and
 * stops after the first fetch, so that with several brokers some partitions are left where they were.
 */
async function commitAsOnlyMember(
  groupId: string,
  positions: readonly StartPosition[],
  settings: KafkaSettings,
  running: () => Error,
): Promise<void> {
  const topics = [...new Set(positions.map(({ topic }) => topic))];
  const connection = openKafka(settings);
  const consumer = connection.kafka.consumer({
    groupId,
    sessionTimeout: settings.sessionTimeoutMs,
    heartbeatInterval: settings.heartbeatIntervalMs,
    maxWaitTimeInMs: 100,
    maxBytesPerPartition: 1,
    allowAutoTopicCreation: false,
    partitionAssigners: [subscriptionAwareAssigner],
    retry: { retries: 3, restartOnFailure: async () => false },
  });
  const joined = Promise.withResolvers<number>();
  joined.promise.catch(() => {});
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
    joined.resolve(topics.reduce((sum, topic) => sum + (payload.memberAssignment[topic]?.length ?? 0), 0)),
  );
  consumer.on(consumer.events.CRASH, ({ payload }) => joined.reject(payload.error));
  try {
    await consumer.connect();
    await consumer.subscribe({ topics });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} });
    // Somebody who joined in the meantime has the rest.
    if ((await joined.promise) < positions.length) throw running();
    await consumer.commitOffsets([...positions]);
  } finally {
    await within(settings.connectTimeoutMs, consumer.disconnect(), () => new Error('overdue')).catch(() => {});
    connection.destroy('the group was moved');
  }
}

function runningGroup(group: string, topic: string): EventBusError {
  return new EventBusError(
    'group-running',
    `Group "${group}" has a running consumer, so it cannot be moved on topic "${topic}". Stop it first; after a crash the group counts as running until the session has timed out.`,
  );
}
