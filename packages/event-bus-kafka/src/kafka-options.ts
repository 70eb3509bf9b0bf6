import type { ConnectionOptions } from 'node:tls';

/** What the bus writes its log lines to; every pino logger fits. */
export interface BusLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  /** `token` is asked for a fresh token whenever a connection logs in. */
  | { readonly mechanism: 'oauthbearer'; readonly token: () => Promise<string> };

/** How compacted topics are cleaned. Tests lower these; the defaults keep every erasure within a week. */
export interface CompactionSettings {
  /** The active segment is never compacted, so a new one must begin this often. Default one day. */
  readonly segmentMs: number;
  /** An event stays at least this long, however many newer ones its key has. Default one hour. */
  readonly minCompactionLagMs: number;
  /** A superseded event is gone at the latest after this time: the deadline of erasures. Default seven days. */
  readonly maxCompactionLagMs: number;
  /** How long tombstones stay for consumers that were away. Default seven days. */
  readonly deleteRetentionMs: number;
  /** Share of the log that must be superseded before compaction takes the trouble. Default: the broker's, .5. */
  readonly minCleanableDirtyRatio?: number;
}

export interface KafkaEventBusOptions {
  /** `host:port` of some brokers of the cluster; the others are found through them. */
  readonly brokers: readonly string[];
  /** Name of this client in the broker's logs, metrics and quotas. */
  readonly clientId: string;
  readonly logger: BusLogger;
  /** `true`, or what Node's `tls.connect` takes (`ca`, `cert`, `key`, `servername`). Default: no TLS. */
  readonly tls?: boolean | ConnectionOptions;
  readonly sasl?: KafkaSasl;
  /** Stands before the name of every topic and consumer group on the cluster, and nowhere else. Default none. */
  readonly topicPrefix?: string;
  /** Of topics that this bus creates. Default: what the cluster is set to. */
  readonly replicationFactor?: number;
  readonly compaction?: Partial<CompactionSettings>;
  /** Default `none`, which every client can read. */
  readonly compression?: 'none' | 'gzip' | 'zstd';
  /** An event may have so many bytes, its headers included. Default 1,000,000: what brokers take unless told otherwise. */
  readonly maxRecordBytes?: number;
  /** A publish that is not durable by then rejects. Default 30,000. */
  readonly publishTimeoutMs?: number;
  /** How long one request may wait for its answer. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** How long a connection may take to open. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Bound of `ensureTopics`, `lag` and `seekGroup`. Default 30,000. */
  readonly adminTimeoutMs?: number;
  /** Bound of `ping`. Default 5,000. */
  readonly pingTimeoutMs?: number;
  /** A consumer that is not heard of for so long loses its partitions. Default 45,000. */
  readonly sessionTimeoutMs?: number;
  /** How long a rebalance waits for a consumer to finish its chunks. Default 90,000. */
  readonly rebalanceTimeoutMs?: number;
  /** Default 3,000. */
  readonly heartbeatIntervalMs?: number;
  /** Chunks of so many partitions are worked on at the same time by one subscription. Default 4. */
  readonly maxConcurrentPartitions?: number;
  /** A chunk that runs longer than this is reported, aborted, and no longer covered by heartbeats. Default 300,000. */
  readonly chunkTimeoutMs?: number;
  /** First pause before a chunk that rejected comes again; doubles with each failure. Default 500. */
  readonly redeliveryBaseMs?: number;
  /** Longest such pause. Default 30,000. */
  readonly redeliveryMaxMs?: number;
  /** How long `stop` waits for chunks at hand before it aborts them. Default 10,000. */
  readonly stopTimeoutMs?: number;
  /** Between 0 and 1; spreads back-offs. Default `Math.random`. */
  readonly random?: () => number;
}

/** The options with every default filled in. */
export type KafkaSettings = Required<
  Omit<KafkaEventBusOptions, 'tls' | 'sasl' | 'replicationFactor' | 'compaction'>
> & {
  readonly tls: boolean | ConnectionOptions;
  readonly sasl: KafkaSasl | undefined;
  readonly replicationFactor: number | undefined;
  readonly compaction: CompactionSettings;
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Fills in the defaults. Throws a `TypeError` that names the option which cannot be. */
export function settingsOf(options: KafkaEventBusOptions): KafkaSettings {
  const settings: KafkaSettings = {
    topicPrefix: '',
    compression: 'none',
    maxRecordBytes: 1_000_000,
    publishTimeoutMs: 30_000,
    requestTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
    adminTimeoutMs: 30_000,
    pingTimeoutMs: 5_000,
    sessionTimeoutMs: 45_000,
    rebalanceTimeoutMs: 90_000,
    heartbeatIntervalMs: 3_000,
    maxConcurrentPartitions: 4,
    chunkTimeoutMs: 300_000,
    redeliveryBaseMs: 500,
    redeliveryMaxMs: 30_000,
    stopTimeoutMs: 10_000,
    random: Math.random,
    ...options,
    tls: options.tls ?? false,
    sasl: options.sasl,
    replicationFactor: options.replicationFactor,
    compaction: {
      segmentMs: dayMs,
      minCompactionLagMs: hourMs,
      maxCompactionLagMs: 7 * dayMs,
      deleteRetentionMs: 7 * dayMs,
      ...options.compaction,
    },
  };
  if (settings.brokers.length === 0) throw new TypeError('brokers: name at least one broker as host:port.');
  for (const broker of settings.brokers) {
    if (!/^(\[[^\]]+\]|[^:\s]+):\d{1,5}$/.test(broker)) throw new TypeError(`brokers: "${broker}" is not host:port.`);
  }
  if (!/^[a-zA-Z0-9._-]*$/.test(settings.topicPrefix)) {
    throw new TypeError(`topicPrefix: "${settings.topicPrefix}" may hold letters, digits, ".", "_" and "-" only.`);
  }
  if (settings.heartbeatIntervalMs * 2 > settings.sessionTimeoutMs) {
    throw new TypeError('heartbeatIntervalMs: must be at most half of sessionTimeoutMs, better a third.');
  }
  return settings;
}
