import type { EventRecord, PositionedRecord, TopicDeclaration } from '@kempt/contracts';

/**
 * The one way in which services talk to each other.
 *
 * Every adapter keeps these promises, and the conformance suite holds each of them against it:
 * - Events of one key arrive in the order in which they were published.
 * - An event is delivered at least once to every consumer group, also when a process is killed at any moment. It can
 *   arrive more than once; effects must not mind.
 * - `publish` resolves only when every event is durable.
 * - Within a consumer group one partition belongs to one consumer at a time.
 */
export interface EventBus {
  /** Creates the topics that are missing. Never changes the partition count of one that exists. */
  ensureTopics(topics: readonly TopicDeclaration[]): Promise<void>;

  /** Appends events. Events with the same key MUST be appended in array order. Rejects if any of them is not durable. */
  publish(records: readonly EventRecord[]): Promise<void>;

  /** Joins a consumer group. Resolves when the consumer runs; partitions are assigned soon after. */
  subscribe(options: SubscribeOptions): Promise<Subscription>;

  /** How far a group is behind, for each partition of the topics it has read, or of those among `topics`. */
  lag(group: string, topics?: readonly string[]): Promise<readonly PartitionLag[]>;

  /**
   * Moves a group that has no running consumer. `earliest` reads again all that the topic still holds.
   * Rejects while a consumer of the group runs.
   */
  seekGroup(group: string, topic: string, to: 'earliest' | 'latest'): Promise<void>;

  /** Resolves when the bus answers; rejects with the reason otherwise. Used by readiness. */
  ping(): Promise<void>;

  /** Stops every subscription, then lets go of connections. Bounded in time. */
  close(): Promise<void>;
}

export interface SubscribeOptions {
  /** Consumer group: by convention the name of the service. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Where a group that never committed begins. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
  /** Upper bound of a chunk. Default 500. */
  readonly maxChunkRecords?: number;
  /** Of how many partitions chunks may be worked on at the same time; the bus decides by default, and need not reach it. */
  readonly maxConcurrentPartitions?: number;
  /**
   * Called with consecutive events of one partition. When it resolves, the chunk is committed; when it rejects, nothing
   * is, and the same events come again after a pause. Chunks of one partition never overlap; those of different
   * partitions may.
   */
  readonly eachChunk: (chunk: Chunk) => Promise<void>;
  /** Told of every failure that the subscription survived: a chunk that rejected, a lost connection. */
  readonly onError?: (error: unknown) => void;
}

export interface Chunk {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly PositionedRecord[];
  /** Tells the group that this consumer still works. Call it between steps that take seconds. */
  heartbeat(): Promise<void>;
  /** Aborted when the partition was taken away or the consumer stops: what follows will be done by another. */
  readonly signal: AbortSignal;
}

export interface Subscription {
  /**
   * False while the consumer cannot reach the bus or is not part of its group. While its group shares the work out anew, a member of it
   * stays healthy for as long as a dead one may be waited for.
   */
  healthy(): boolean;
  /** Finishes the chunk at hand, commits it, leaves the group. Bounded in time. Safe to call twice. */
  stop(): Promise<void>;
}

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** Offset that the group reads next. */
  readonly committed: bigint;
  /** Offset that the next published event gets. */
  readonly end: bigint;
  /** `end - committed`, never negative. */
  readonly records: bigint;
}
