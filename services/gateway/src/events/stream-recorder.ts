import { setTimeout as sleep } from 'node:timers/promises';
import { MalformedEventError, type PositionedRecord, topics } from '@kempt/contracts';
import type { Chunk, EventBus, Subscription } from '@kempt/event-bus';
import { createCanaryWatch } from '@kempt/outbox';
import type { Database, Transaction } from '@kempt/postgres';
import type { Component } from '@kempt/service-runtime';
import type { Logger, Metrics } from '@kempt/telemetry';
import type { GatewayMetrics } from '../metrics.ts';
import { rememberConnections } from '../webhooks/known-connection-store.ts';
import { type FollowedTopic, followedTopics, type StreamNews } from './followed-topic.ts';
import { appendToStream, changedProbes } from './stream-event-store.ts';

export interface StreamRecorderOptions {
  readonly database: Database;
  readonly bus: EventBus;
  /** Whether topics that are missing are created. */
  readonly ensureTopics: boolean;
  /** Events written down longer ago are history, and history is not told. */
  readonly retentionMs: number;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  /** Where canaries are measured. */
  readonly registry: Metrics;
  /** Default 500, doubling up to 30,000. */
  readonly firstPauseMs?: number;
  readonly now?: () => number;
}

const noteworthyPauseMs = 4_000;
const longestPauseMs = 30_000;
const group = 'gateway';

export interface StreamRecorder extends Component {
  /** False while the bus is not heard. */
  isConnected(): boolean;
}

/**
 * Reads the bus and writes what can be followed into the streams of the tenants. It has no inbox: most events are left out
 * after a look at their headers, and those that are kept are recognised by their id when they come again. While the bus is
 * away the streams stand still, and nothing else does: the component is never a reason for not being ready.
 */
export function createStreamRecorder(options: StreamRecorderOptions): StreamRecorder {
  const { database, bus, retentionMs, logger, metrics, firstPauseMs = 500, now = Date.now } = options;
  const watchCanaries = createCanaryWatch({ group, metrics: options.registry, now });
  const byTopic = new Map(followedTopics.map((followed) => [followed.topic.name, followed]));
  const stopping = new AbortController();
  let subscription: Subscription | undefined;
  let joining: Promise<void> = Promise.resolve();

  const isConnected = (): boolean => subscription?.healthy() === true;
  metrics.watchStream(isConnected);

  async function eachChunk(chunk: Chunk): Promise<void> {
    if (chunk.topic === topics.canarySent.name) return measureCanaries(chunk.records);
    const followed = byTopic.get(chunk.topic);
    if (followed === undefined) return;
    const news = chunk.records.flatMap((record) => newsOf(followed, record));
    for (const [tenantId, ofTenant] of Map.groupBy(news, (event) => event.tenantId)) {
      chunk.signal.throwIfAborted();
      const stored = await database.transaction(tenantId, (tx) => record(tx, followed, ofTenant));
      metrics.streamEvents.inc({ topic: followed.name, outcome: 'stored' }, stored);
      metrics.streamEvents.inc({ topic: followed.name, outcome: 'left_out' }, ofTenant.length - stored);
    }
  }

  function measureCanaries(records: readonly PositionedRecord[]): void {
    try {
      watchCanaries(records);
    } catch (error) {
      if (!(error instanceof MalformedEventError)) throw error;
      logger.warn({ err: error }, 'a canary cannot be read');
    }
  }

  function newsOf(followed: FollowedTopic, record: PositionedRecord): readonly StreamNews[] {
    try {
      const news = followed.read(record);
      return news === undefined ? [] : [news];
    } catch (error) {
      if (!(error instanceof MalformedEventError)) throw error;
      // Services keep such an event as a dead letter; here nothing depends on it.
      metrics.streamEvents.inc({ topic: followed.name, outcome: 'unreadable' });
      logger.warn({ err: error, topic: record.topic, offset: String(record.offset) }, 'an event cannot be followed');
      return [];
    }
  }

  async function record(tx: Transaction, followed: FollowedTopic, news: readonly StreamNews[]): Promise<number> {
    if (followed.topic === topics.connectionChanged) await rememberConnections(tx, news.map(connectionOf));
    const recent = news.filter(({ recordedTime }) => recordedTime.getTime() > now() - retentionMs);
    const told = followed.topic === topics.crmProbed ? await changedProbes(tx, recent) : recent;
    return told.length === 0 ? 0 : appendToStream(tx, told);
  }

  async function join(): Promise<void> {
    for (let pauseMs = firstPauseMs; !stopping.signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        if (options.ensureTopics)
          await bus.ensureTopics([...followedTopics.map(({ topic }) => topic), topics.canarySent]);
        subscription = await bus.subscribe({
          group,
          topics: [...byTopic.keys(), topics.canarySent.name],
          from: 'earliest',
          eachChunk,
          onError: (error) => logger.warn({ err: error }, 'events of the bus could not be stored and come again'),
        });
        if (stopping.signal.aborted) await subscription.stop();
        return;
      } catch (error) {
        // While everything starts, the bus may come a moment later than this; that is no news.
        logger[pauseMs < noteworthyPauseMs ? 'debug' : 'warn'](
          { err: error, pauseMs },
          'the event stream waits for the bus',
        );
        await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  return {
    name: 'event-stream',
    isConnected,
    async start() {
      joining = join();
    },
    async stop() {
      stopping.abort();
      await subscription?.stop();
      await joining;
    },
  };
}

function connectionOf({ data, sequence }: StreamNews) {
  return {
    connectionId: String(data['connectionId']),
    system: String(data['system']),
    version: sequence,
    deleted: data['status'] === 'deleted',
  };
}
