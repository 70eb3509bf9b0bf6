import { AssignerProtocol, type PartitionAssigner } from 'kafkajs';

/**
 * Shares the partitions of each topic among the members that subscribe to it, as evenly as it can. The one that comes
 * with kafkajs hands partitions also to members that do not read the topic, where nobody reads them: so it would be when
 * a new version of a service adds a topic while the old one still runs.
 */
export const subscriptionAwareAssigner: PartitionAssigner = ({ cluster }) => ({
  name: 'KemptBalanced',
  version: 1,
  async assign({ members }) {
    const readers = members.map(({ memberId, memberMetadata }) => ({
      memberId,
      topics: AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? [],
    }));
    const topics = [...new Set(readers.flatMap((reader) => reader.topics))].sort();
    // The leader decides for topics too that it does not read itself.
    await (cluster as unknown as TargetedCluster).addMultipleTargetTopics(topics);
    const partitions = topics.map((topic) => ({
      topic,
      partitions: cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId),
    }));
    return [...assignPartitions(readers, partitions)].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 1,
        assignment: Object.fromEntries(assignment),
        userData: Buffer.alloc(0),
      }),
    }));
  },
  protocol: ({ topics }) => ({
    name: 'KemptBalanced',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
  }),
});

/** What kafkajs' cluster object has besides its declared type. */
interface TargetedCluster {
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
}

export interface GroupReader {
  readonly memberId: string;
  readonly topics: readonly string[];
}

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** Partitions by topic for each member; each partition goes to the member that reads the topic and has the fewest yet. */
export function assignPartitions(
  readers: readonly GroupReader[],
  topics: readonly TopicPartitions[],
): Map<string, Map<string, number[]>> {
  const sorted = [...readers].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const assigned = new Map(sorted.map(({ memberId }) => [memberId, new Map<string, number[]>()]));
  const counts = new Map(sorted.map(({ memberId }) => [memberId, 0]));
  for (const { topic, partitions } of topics) {
    const ofTopic = sorted.filter((reader) => reader.topics.includes(topic));
    for (const partition of [...partitions].sort((a, b) => a - b)) {
      const least = ofTopic.reduce<GroupReader | undefined>(
        (best, reader) => (best && countOf(best) <= countOf(reader) ? best : reader),
        undefined,
      );
      if (!least) break;
      const own = assigned.get(least.memberId);
      own?.set(topic, [...(own.get(topic) ?? []), partition]);
      counts.set(least.memberId, countOf(least) + 1);
    }
  }
  return assigned;

  function countOf(reader: GroupReader): number {
    return counts.get(reader.memberId) ?? 0;
  }
}
