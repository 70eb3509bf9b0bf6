import type { OffsetsByTopicPartition } from 'kafkajs';

/** What kafkajs gives each batch to commit offsets with. */
export type CommitOffsets = (offsets: OffsetsByTopicPartition) => Promise<void>;

export interface OffsetCommits {
  /** Resolves when the cluster has taken the offset. */
  commit(
    send: CommitOffsets,
    at: { readonly topic: string; readonly partition: number; readonly offset: string },
  ): Promise<void>;
}

interface Waiting {
  readonly offsets: Map<string, { readonly topic: string; readonly partition: number; readonly offset: string }>;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Sends the offsets of chunks that are done at the same time in one request, and those of chunks that are done while it is under way in
 * the next: a cluster takes one request for many partitions as fast as for one. A request that fails fails for all who shared it.
 */
export function createOffsetCommits(): OffsetCommits {
  let waiting: Waiting | undefined;
  let underWay: Promise<void> = Promise.resolve();

  async function sendNext(send: CommitOffsets): Promise<void> {
    const before = underWay;
    const next = Promise.withResolvers<void>();
    underWay = next.promise;
    // Chunks that end in one turn of the event loop do so one after the other.
    await Promise.all([before, new Promise((resolve) => setImmediate(resolve))]);
    const { offsets, done } = waiting as Waiting;
    waiting = undefined;
    const byTopic = Map.groupBy(offsets.values(), ({ topic }) => topic);
    try {
      await send({
        topics: [...byTopic].map(([topic, partitions]) => ({
          topic,
          partitions: partitions.map(({ partition, offset }) => ({ partition, offset })),
        })),
      });
      done.resolve();
    } catch (error) {
      done.reject(error);
    } finally {
      next.resolve();
    }
  }

  return {
    commit(send, at) {
      const isFirst = waiting === undefined;
      waiting ??= { offsets: new Map(), done: Promise.withResolvers() };
      waiting.offsets.set(`${at.topic}/${at.partition}`, at);
      const { promise } = waiting.done;
      if (isFirst) void sendNext(send);
      return promise;
    },
  };
}
