import type { SubscribeOptions } from '@kempt/event-bus';
import type { Consumer, ConsumerGroupJoinEvent, LogEntry } from 'kafkajs';
import { createChunkWorker } from './chunk-worker.ts';
import { pause, within } from './deadline.ts';
import { openKafka } from './kafka-connection.ts';
import type { KafkaSettings } from './kafka-options.ts';
import { subscriptionAwareAssigner } from './partition-assigner.ts';
import type { Naming } from './record-mapping.ts';

/** A broker answers a fetch after this time even when there is nothing new. */
const fetchWaitMs = 500;
const disconnectTimeoutMs = 3_000;
const watchIntervalMs = 1_000;
/** kafkajs' words for a group whose place in the log is no longer there. */
const outOfRangeLine = 'Offset out of range, resetting to default offset';

/** A place at which a group begins that never committed. */
export interface StartPosition {
  /** As it is called on the cluster. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

export interface GroupSessionDeps {
  readonly options: SubscribeOptions;
  readonly settings: KafkaSettings;
  readonly naming: Naming;
  /** Where partitions without a committed offset begin instead of at their first event. */
  readonly startPositions: readonly StartPosition[];
  readonly onError: (error: unknown) => void;
}

/** One life of a consumer, from connecting to the first failure that it cannot get over. Then another one is opened. */
export interface GroupSession {
  /** Resolves when the consumer has joined its group for the first time. Stays open if it never does. */
  readonly joined: Promise<void>;
  /** Resolves with the reason when this life is over, without one after `stop`. Nothing of it reaches the cluster then. */
  readonly ended: Promise<unknown>;
  healthy(): boolean;
  /** Finishes the chunks at hand, commits them, leaves the group. Bounded. */
  stop(): Promise<void>;
}

export function openGroupSession(deps: GroupSessionDeps): GroupSession {
  const { options, settings, naming, startPositions, onError } = deps;
  const connection = openKafka(settings, reportLostPosition);
  const worker = createChunkWorker({ options, settings, naming, onError });
  const joined = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const life = new AbortController();
  let member = false;
  let heardMs = performance.now();
  let waitsForGroup = true;
  let hasJoined = false;

  const consumer = connection.kafka.consumer({
    groupId: naming.groupOnCluster(options.group),
    sessionTimeout: settings.sessionTimeoutMs,
    rebalanceTimeout: settings.rebalanceTimeoutMs,
    heartbeatInterval: settings.heartbeatIntervalMs,
    maxWaitTimeInMs: fetchWaitMs,
    allowAutoTopicCreation: false,
    partitionAssigners: [subscriptionAwareAssigner],
    // This life ends with the first crash, and whoever opened it opens the next. kafkajs' own restart keeps the state
    // that led to the crash, and gives up for good on errors that pass.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3, restartOnFailure: async () => false },
  });

  follow(consumer);
  void run();
  void watch();

  function follow({ events, on }: Consumer): void {
    on(events.GROUP_JOIN, ({ payload }) => {
      member = true;
      waitsForGroup = false;
      heardMs = performance.now();
      seekStartPositions(payload);
      joined.resolve();
    });
    on(events.HEARTBEAT, () => {
      heardMs = performance.now();
    });
    on(events.REBALANCING, () => {
      member = false;
      waitsForGroup = true;
      heardMs = performance.now();
    });
    on(events.CRASH, ({ payload }) => end(payload.error));
  }

  async function run(): Promise<void> {
    try {
      await consumer.connect();
      // Events that retention removed must not take newer ones with them, so a lost position always means the first one.
      await consumer.subscribe({ topics: options.topics.map(naming.topicOnCluster), fromBeginning: true });
      await consumer.run({
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.maxConcurrentPartitions ?? settings.maxConcurrentPartitions,
        eachBatch: worker.eachBatch,
      });
    } catch (error) {
      end(error);
    }
  }

  /** Before the first fetch, and only at the first join: from then on the group has committed offsets. */
  function seekStartPositions({ memberAssignment }: ConsumerGroupJoinEvent['payload']): void {
    for (const { topic, partition, offset } of startPositions) {
      if (!hasJoined && memberAssignment[topic]?.includes(partition)) consumer.seek({ topic, partition, offset });
    }
    hasJoined = true;
  }

  /** kafkajs can wait for ever for something that will not come; a consumer that nobody hears of is given up. */
  async function watch(): Promise<void> {
    while (!life.signal.aborted) {
      await pause(watchIntervalMs, life.signal);
      const silentMs = performance.now() - heardMs;
      const allowedMs = settings.sessionTimeoutMs + (waitsForGroup ? settings.rebalanceTimeoutMs : 0);
      if (silentMs > allowedMs && worker.busySince() === undefined) {
        end(new Error(`no heartbeat of group "${options.group}" for ${Math.round(silentMs)} ms`));
      }
    }
  }

  function end(reason?: unknown): void {
    if (life.signal.aborted) return;
    member = false;
    life.abort();
    const text = reason instanceof Error ? reason.message : 'the consumer was stopped';
    worker.abort(reason instanceof Error ? reason : new Error(text));
    connection.destroy(text);
    // The next life may be given the same partitions, so it must not begin while a chunk of this one still runs.
    void worker.idle().then(() => ended.resolve(reason));
  }

  function reportLostPosition({ log }: LogEntry): void {
    if (log.message !== outOfRangeLine) return;
    const { topic, partition } = log as { readonly topic?: unknown; readonly partition?: unknown };
    onError(
      new Error(
        `Group "${options.group}" was so far behind that retention removed what it had not read of topic "${naming.topicOfCluster(String(topic))}", partition ${String(partition)}; it goes on with the oldest event that is left. Rebuild from a compacted topic if it needs the lost ones.`,
      ),
    );
  }

  return {
    joined: joined.promise,
    ended: ended.promise,
    healthy() {
      const busySinceMs = worker.busySince();
      const stuck = busySinceMs !== undefined && performance.now() - busySinceMs > settings.chunkTimeoutMs;
      if (stuck || life.signal.aborted) return false;
      const silentMs = performance.now() - heardMs;
      if (member) return silentMs < settings.heartbeatIntervalMs * 4;
      // A member that waits for the others is fine: the group waits for one that died for as long as a session lasts.
      return hasJoined && waitsForGroup && silentMs < settings.sessionTimeoutMs + settings.heartbeatIntervalMs * 4;
    },
    async stop() {
      await worker.stop(settings.stopTimeoutMs);
      await within(disconnectTimeoutMs, consumer.disconnect(), () => new Error('overdue')).catch(() => {});
      end();
    },
  };
}
