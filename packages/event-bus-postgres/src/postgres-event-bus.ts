import type { EventBus, SubscribeOptions } from '@kempt/event-bus';
import { createConnections } from './connections.ts';
import { createGroupStore } from './group-store.ts';
import { createHousekeeping, type HousekeepingReport } from './housekeeping.ts';
import { migratePostgresEventBus } from './migration.ts';
import { closedError, createPublisher } from './publisher.ts';
import { createSession } from './session.ts';
import { createSubscription, type PostgresSubscription, type SubscriptionTuning } from './subscription.ts';
import { endsWithin } from './time-limit.ts';
import { createTopicStore } from './topic-store.ts';

export interface PostgresEventBusOptions {
  /**
   * Connection URL of a role among those that `migratePostgresEventBus` was given. It must reach the server itself or a
   * pooler in session mode, since the bus listens and holds session locks.
   */
  readonly url: string;
  /** When given, the first call that needs the bus brings its schema up to date. */
  readonly adminUrl?: string;
  /** Default `event_bus`. */
  readonly schema?: string;
  /** Begins the stored name of every topic, so that several deployments can share a schema. Default none. */
  readonly topicPrefix?: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  readonly logger?: BusLogger;
  /** Connections for statements, beside the one that listens. Default 3. */
  readonly maxConnections?: number;
  /** Default 1 MiB. */
  readonly maxRecordBytes?: number;
  /** How often each topic is cleaned, by whichever process is first. Default 300,000. */
  readonly retentionIntervalMs?: number;
  /** Compaction leaves younger events alone. Default 1 h. */
  readonly compactionLagMs?: number;
  /** How long a tombstone stays for consumers that are behind. Default 7 days. */
  readonly tombstoneRetentionMs?: number;
  /** A number in [0, 1) that spreads retries. Default `Math.random`. */
  readonly random?: () => number;
  readonly tuning?: Partial<SubscriptionTuning>;
}

/** The part of a logger that the bus uses; pino's fits. */
export interface BusLogger {
  warn(fields: object, message: string): void;
}

export interface PostgresEventBus extends EventBus {
  /** Retention and compaction of every topic, now instead of at the next interval. */
  housekeep(): Promise<HousekeepingReport>;
}

const defaultTuning: SubscriptionTuning = {
  leaseMs: 15_000,
  missedMs: 1_000,
  pollIntervalMs: 10_000,
  readPace: { shortestMs: 10, longestMs: 150 },
  commitIntervalMs: 50,
  maxConcurrentChunks: 4,
  maxChunkBytes: 4_194_304,
  redeliveryPause: { baseMs: 200, maxMs: 30_000 },
  maxSilenceMs: 300_000,
  stopTimeoutMs: 3_000,
};

/** How long `close` waits for a publish that is on its way, and for connections to end. */
const closeTimeoutMs = 2_000;

/** Opens the bus. Nothing is connected before the first call. */
export function createPostgresEventBus(options: PostgresEventBusOptions): PostgresEventBus {
  const {
    url,
    adminUrl,
    schema = 'event_bus',
    applicationName,
    logger,
    topicPrefix = '',
    random = Math.random,
  } = options;
  const tuning = { ...defaultTuning, ...options.tuning };
  const channel = schema;
  const subscriptions = new Set<PostgresSubscription>();
  let migrated: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  function warn(error: unknown): void {
    logger?.warn({ err: error }, 'The Postgres bus met an error and goes on');
  }

  const connections = createConnections({
    url,
    schema,
    applicationName,
    maxConnections: options.maxConnections ?? 3,
    onError: warn,
  });
  const topics = createTopicStore(connections, topicPrefix);
  const store = createGroupStore({ connections, schema, channel, applicationName, topicPrefix, ...tuning });
  const publisher = createPublisher({
    connections,
    topics,
    channel,
    maxRecordBytes: options.maxRecordBytes ?? 1_048_576,
  });
  const session = createSession({
    connections,
    channel,
    random,
    onNotify: heard,
    onReturn: () => subscriptions.forEach((subscription) => subscription.sessionReturned()),
    onLost: () => subscriptions.forEach((subscription) => subscription.sessionLost()),
    onError: warn,
  });
  const housekeeping = createHousekeeping({
    connections,
    schema,
    intervalMs: options.retentionIntervalMs ?? 300_000,
    compactionLagMs: options.compactionLagMs ?? 3_600_000,
    tombstoneRetentionMs: options.tombstoneRetentionMs ?? 604_800_000,
    random,
    onError: warn,
  });
  housekeeping.start();

  /** Notifications read `events <topic number> <partition>,...` or `group <name>`. */
  function heard(payload: string): void {
    const [kind, subject = '', partitions = ''] = payload.split(' ');
    if (kind === 'events') {
      const numbers = partitions.split(',').map(Number);
      for (const subscription of subscriptions) subscription.eventsArrived(Number(subject), numbers);
    } else if (kind === 'group') {
      const group = payload.slice('group '.length);
      for (const subscription of subscriptions) if (subscription.group === group) subscription.groupChanged();
    }
  }

  async function ready(): Promise<void> {
    if (closing) throw closedError();
    if (adminUrl === undefined) return;
    migrated ??= migrateFor(adminUrl).catch((error: unknown) => {
      migrated = undefined;
      throw error;
    });
    await migrated;
  }

  async function migrateFor(admin: string): Promise<void> {
    const role = decodeURIComponent(new URL(url).username);
    await migratePostgresEventBus({ adminUrl: admin, schema, roles: role === '' ? [] : [role] });
  }

  async function subscribe(subscribeOptions: SubscribeOptions): Promise<PostgresSubscription> {
    const wanted = await topics.find([...new Set(subscribeOptions.topics)]);
    await session.start();
    const subscription = createSubscription({
      connections,
      store,
      topics: wanted,
      options: subscribeOptions,
      tuning,
      sessionKey: () => session.key(),
      random,
      onStopped: () => subscriptions.delete(subscription),
    });
    subscriptions.add(subscription);
    try {
      await subscription.start();
      return subscription;
    } catch (error) {
      await subscription.stop();
      throw error;
    }
  }

  async function close(): Promise<void> {
    await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
    await endsWithin(closeTimeoutMs, Promise.all([publisher.close(), housekeeping.stop()]));
    await endsWithin(closeTimeoutMs, session.close());
    await endsWithin(closeTimeoutMs, connections.close());
  }

  return {
    async ensureTopics(declarations) {
      await ready();
      await topics.declare(declarations);
    },
    async publish(records) {
      await ready();
      await publisher.publish(records);
    },
    async subscribe(subscribeOptions) {
      await ready();
      return subscribe(subscribeOptions);
    },
    async lag(group, topics) {
      await ready();
      return store.lag(group, topics);
    },
    async seekGroup(group, topicName, to) {
      await ready();
      for (const topic of await topics.find([topicName])) await store.seek(group, topic, to);
    },
    async ping() {
      await ready();
      await connections.run({ name: 'ping', text: 'SELECT 1', values: [] });
    },
    async housekeep() {
      await ready();
      return housekeeping.pass({ evenIfNotDue: true });
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
