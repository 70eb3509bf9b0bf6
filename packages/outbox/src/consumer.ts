import { deadLetterDeclaration, type PositionedRecord, type TopicDeclaration } from '@kempt/contracts';
import type { Chunk, EventBus, Subscription } from '@kempt/event-bus';
import type { Database, Listener } from '@kempt/postgres';
import { type Logger, type Metrics, withBatchSpan, withLogFields } from '@kempt/telemetry';
import { backoffMs } from './backoff.ts';
import { createConsumerMetrics } from './consumer-metrics.ts';
import { sendToDeadLetters } from './dead-letter-store.ts';
import { parkedChannel } from './dead-letters.ts';
import { EnvelopeError, isTenantId, isUuid, readEnvelope } from './envelope.ts';
import { createEventApplication, type RetryPauses } from './event-application.ts';
import { createEventAttempts, type Handle } from './event-attempt.ts';
import { type FailPoint, noFailPoint } from './fail-point.ts';
import { classifyFailure, describeFailure, type FailureKind } from './failure.ts';
import { inboxRetentionDays, keepInboxSmall } from './inbox-retention.ts';
import { ensureStreams, lockStreamsShared } from './inbox-store.ts';
import { createJointApplication } from './joint-application.ts';
import { createParkedEventRetry } from './parked-event-retry.ts';
import type { IncomingEvent } from './parked-event-store.ts';
import { pause } from './pause.ts';

export interface ConsumerSubscription {
  /** A `Topic` of the catalogue. */
  readonly topic: TopicDeclaration;
  readonly handle: Handle;
  /**
   * For a handler that works on one tenant in one transaction at a time: what several partitions bring for a tenant is applied together,
   * up to `maxChunkRecords`. Default false.
   */
  readonly joint?: boolean;
}

export interface ConsumerOptions {
  readonly database: Database;
  readonly bus: EventBus;
  /** Consumer group: by convention the name of the service. */
  readonly group: string;
  readonly subscriptions: readonly ConsumerSubscription[];
  /** What a failure of a handler means. Default `classifyFailure`. */
  readonly classify?: (error: unknown) => FailureKind;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Where a group that never committed begins. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
  /** Default 500. */
  readonly maxChunkRecords?: number;
  /** Failures of one event, with growing pauses in between, before it becomes a dead letter. Default 8. */
  readonly maxAttempts?: number;
  /** Default: events 1 s to 5 min, tenants 5 s to 5 min. */
  readonly pauses?: RetryPauses;
  /** How many tenants of a chunk are worked on at the same time. Default 4. */
  readonly tenantConcurrency?: number;
  /** How often parked events are looked for when nothing says that there are any. Default 5,000. */
  readonly retryPollIntervalMs?: number;
  readonly random?: () => number;
  readonly failpoint?: FailPoint;
}

/** Applies events of the bus to the database of a service, each with effect exactly once. Fits `Component`. */
export interface Consumer {
  readonly name: string;
  /** Resolves also while the bus is away; `ready` rejects until it is there. Rejects when the database is. */
  start(): Promise<void>;
  stop(): Promise<void>;
  ready(): Promise<void>;
  healthy(): boolean;
}

const heartbeatIntervalMs = 3_000;
/** A chunk that takes longer than this is stuck: its consumer stops saying that it lives, and the group moves on. */
const longestChunkMs = 300_000;
const joinPauses = { baseMs: 500, maxMs: 30_000 };

export function createConsumer(options: ConsumerOptions): Consumer {
  const { database, bus, group, subscriptions, logger } = options;
  const random = options.random ?? Math.random;
  const failpoint = options.failpoint ?? noFailPoint;
  const pauses = options.pauses ?? {
    record: { baseMs: 1_000, maxMs: 300_000 },
    tenant: { baseMs: 5_000, maxMs: 300_000 },
  };
  const topics = subscriptions.map(({ topic }) => topic.name);
  const metrics = createConsumerMetrics({ metrics: options.metrics, database, group, topics, logger });
  const attempts = createEventAttempts({
    handlers: new Map(subscriptions.map(({ topic, handle }) => [topic.name, handle])),
    classify: options.classify ?? classifyFailure,
    maxAttempts: options.maxAttempts ?? 8,
    failpoint,
  });
  const shared = { database, attempts, pauses, metrics, logger, random, failpoint };
  const retry = createParkedEventRetry({
    ...shared,
    consumer: group,
    topics,
    pollIntervalMs: options.retryPollIntervalMs ?? 5_000,
  });
  const apply = createEventApplication({ ...shared, onParked: () => retry.wake() });
  const maxChunkRecords = options.maxChunkRecords ?? 500;
  const applyJointly = createJointApplication(apply, maxChunkRecords);
  const joint = subscriptions.flatMap((each) => (each.joint === true ? [each.topic] : []));
  const jointTopics = new Set(joint.map(({ name }) => name));

  const stopping = new AbortController();
  let subscription: Subscription | undefined;
  let listener: Listener | undefined;
  let lastError: unknown;
  let background: readonly Promise<void>[] = [];

  async function eachChunk(chunk: Chunk): Promise<void> {
    const labels = { group, topic: chunk.topic };
    const newest = chunk.records.at(-1);
    if (newest !== undefined)
      metrics.delaySeconds.observe(labels, Math.max(0, Date.now() - newest.timestampMs) / 1_000);
    const stopTimer = metrics.chunkSeconds.startTimer(labels);
    const stopHeartbeats = beatWhileWorking(chunk);
    try {
      await withBatchSpan(
        { name: `process ${chunk.topic}`, kind: 'consumer', headers: chunk.records.map(({ headers }) => headers) },
        {
          'messaging.operation.type': 'process',
          'messaging.destination.name': chunk.topic,
          'messaging.consumer.group.name': group,
          'messaging.batch.message_count': chunk.records.length,
        },
        () => applyChunk(chunk),
      );
      stopTimer();
    } catch (error) {
      metrics.chunkFailures.inc(labels);
      throw error;
    } finally {
      stopHeartbeats();
    }
  }

  async function applyChunk(chunk: Chunk): Promise<void> {
    const events: IncomingEvent[] = [];
    const unreadable: { readonly record: PositionedRecord; readonly error: EnvelopeError }[] = [];
    for (const record of chunk.records) {
      try {
        events.push({ ...readEnvelope(record), record });
      } catch (error) {
        if (!(error instanceof EnvelopeError)) throw error;
        unreadable.push({ record, error });
      }
    }
    if (unreadable.length > 0) await keepUnreadable(unreadable);
    const byTenant = [...Map.groupBy(events, ({ tenantId }) => tenantId)];
    await inTurns(byTenant, options.tenantConcurrency ?? 4, async ([tenantId, ofTenant]) => {
      chunk.signal.throwIfAborted();
      const applyEvents = jointTopics.has(chunk.topic) ? applyJointly : apply;
      await withLogFields({ tenant: tenantId }, () =>
        applyEvents({ tenantId, consumer: group, topic: chunk.topic }, ofTenant, chunk),
      );
      await chunk.heartbeat();
    });
    await failpoint('chunk-applied');
  }

  async function keepUnreadable(
    unreadable: readonly { readonly record: PositionedRecord; readonly error: EnvelopeError }[],
  ): Promise<void> {
    await database.systemTransaction((tx) =>
      sendToDeadLetters(
        tx,
        unreadable.map(({ record, error }) => ({
          tenantId: isTenantId(record.headers.ce_tenantid) ? record.headers.ce_tenantid : '',
          consumer: group,
          record,
          eventId: isUuid(record.headers.ce_id) ? record.headers.ce_id : null,
          failure: describeFailure(error, { reason: 'undecodable', stage: 'envelope' }),
          attempts: 1,
          firstSeenAt: new Date(),
        })),
      ),
    );
    metrics.count(unreadable[0]?.record.topic ?? '', {
      handled: 0,
      repeated: 0,
      parked: 0,
      'dead-lettered': unreadable.length,
    });
    logger.error({ group, events: unreadable.length }, 'Events without a readable envelope became dead letters');
  }

  /** Tells the group that a long chunk is still worked on, but not for ever. */
  function beatWhileWorking(chunk: Chunk): () => void {
    const startedMs = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - startedMs > longestChunkMs) clearInterval(timer);
      else chunk.heartbeat().catch((error: unknown) => noteError(error));
    }, heartbeatIntervalMs);
    return () => clearInterval(timer);
  }

  function noteError(error: unknown): void {
    lastError = error;
    logger.warn({ err: error, group }, 'A chunk of events could not be applied and comes again');
  }

  async function joinOnce(): Promise<void> {
    await bus.ensureTopics(subscriptions.map(({ topic }) => deadLetterDeclaration(topic, group)));
    // The lock keeps a rebuild from beginning between here and the moment when the group has a running consumer.
    await database.systemTransaction(async (tx) => {
      await lockStreamsShared(tx, group);
      subscription ??= await bus.subscribe({
        group,
        topics,
        from: options.from ?? 'earliest',
        maxChunkRecords,
        // What is applied together has to be at hand together.
        ...(joint.length > 0 && { maxConcurrentPartitions: Math.max(...joint.map(({ partitions }) => partitions)) }),
        eachChunk,
        onError: noteError,
      });
    });
  }

  /** Tries until the bus takes the consumer into its group. `attempted` is told of the first attempt's end. */
  async function join(attempted: () => void): Promise<void> {
    for (let failures = 1; !stopping.signal.aborted; failures += 1) {
      try {
        await joinOnce();
        if (stopping.signal.aborted) await subscription?.stop();
        return attempted();
      } catch (error) {
        lastError = error;
        attempted();
        const pauseMs = backoffMs(failures, joinPauses, random);
        logger.warn({ err: error, group, pauseMs }, 'The consumer could not join its group; trying again');
        await pause(pauseMs, stopping.signal);
      }
    }
  }

  const healthy = (): boolean => subscription?.healthy() ?? false;

  return {
    name: `consumer-${group}`,
    async start() {
      await database.systemTransaction((tx) => ensureStreams(tx, group, topics));
      listener = await database.listen(parkedChannel(database.schema), () => retry.wake());
      const retention = {
        database,
        consumer: group,
        retentionDays: inboxRetentionDays(subscriptions.map(({ topic }) => topic)),
        logger,
        random,
      };
      const attempted = Promise.withResolvers<void>();
      background = [join(attempted.resolve), retry.run(stopping.signal), keepInboxSmall(retention, stopping.signal)];
      await attempted.promise;
    },
    async stop() {
      stopping.abort();
      await subscription?.stop();
      await Promise.all(background);
      await listener?.close();
    },
    async ready() {
      if (healthy()) return;
      const reason = lastError instanceof Error ? `: ${lastError.message}` : '';
      throw new Error(`Consumer group ${group} is not connected to the event bus${reason}`, { cause: lastError });
    },
    healthy,
  };
}

/** Works on the items, some at a time. All that began are finished; then the first failure, if any, is thrown. */
async function inTurns<T>(items: readonly T[], concurrency: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  let failed = false;
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, async () => {
    for (const item of waiting) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  });
  for (const result of await Promise.allSettled(workers)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
