import { fileURLToPath } from 'node:url';
import { decodeEvent, type EventRecord, type Topic, topics } from '@kempt/contracts';
import { createFakeEventBus, type EventBus } from '@kempt/event-bus';
import { outboxMigrationsFolder } from '@kempt/outbox';
import { createTestSchema, type Database, type TestDatabase } from '@kempt/postgres';
import {
  type Component,
  createCursorCodec,
  createHttpServer,
  type HttpServer,
  type Runtime,
  scopes,
  tenantOf,
} from '@kempt/service-runtime';
import { createLogger, createMetrics, type Metrics } from '@kempt/telemetry';
import { Value } from 'typebox/value';
import { type ConnectorConfig, connectorConfigSchema } from './config.ts';
import type { DeclaredConnection } from './connections/declared-connections.ts';
import { buildConnector, type ConnectorSeams } from './service.ts';

/** A connector as its main file puts it together, without a bus: its events stay in the outbox, where tests read them. */
export interface RunningConnector {
  readonly http: HttpServer;
  readonly metrics: Metrics;
  /** Everything it logged, one JSON line an entry. */
  readonly logs: string[];
  /** Starts what was built; rejects like a start that fails. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A request with every scope, by default of the tenant `default`. */
  request<T>(method: Method, url: string, options?: RequestOptions): Promise<Answer<T>>;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RequestOptions {
  readonly body?: unknown;
  readonly tenantId?: string;
  /** What the caller may do; everything by default. */
  readonly scopes?: readonly string[];
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly text: string;
}

export const sealingKey = Buffer.alloc(32, 7).toString('base64');

/** A schema of the connector in a test database. */
export async function createConnectorSchema(server: TestDatabase): Promise<Database> {
  const schema = await createTestSchema({
    adminUrl: server.adminUrl,
    schema: 'connector',
    folders: [outboxMigrationsFolder, fileURLToPath(new URL('../migrations', import.meta.url))],
    maxConnections: 12,
  });
  return schema.database;
}

/** Settings with short times, so that tests wait for little. */
const quickSettings = {
  sealingKey,
  allowedHosts: ['127.0.0.1'],
  pollIntervalMs: 100,
  deletedIntervalMs: 150,
  overlapMs: 3_000,
  scheduleMs: 50,
  leaseMs: 2_000,
  refusedRetryMs: 200,
  quotaRetryMs: 200,
  longestRetryMs: 1_000,
  crmTimeoutMs: 5_000,
  crmRetryBaseMs: 10,
  declaredPatienceMs: 0,
  // Tests that need probes, counts or audits say so: others would meet calls that they do not expect.
  probeIntervalMs: 0,
  completenessIntervalMs: 0,
  auditIntervalMs: 0,
  completenessSettleMs: 50,
};

export async function buildTestConnector(options: {
  readonly database: Database;
  readonly connections?: readonly DeclaredConnection[];
  readonly settings?: Partial<ConnectorConfig['connector']>;
  readonly fieldMaps?: ConnectorConfig['fieldMaps'];
  readonly bus?: EventBus;
  readonly seams?: ConnectorSeams;
}): Promise<RunningConnector> {
  const logs: string[] = [];
  const logger = createLogger({
    service: 'connector',
    level: 'debug',
    destination: { write: (line: string) => void logs.push(line) },
  });
  const metrics = createMetrics('connector');
  const stopping = new AbortController();
  const shutdowns: (() => void | Promise<void>)[] = [];
  const given = {
    connections: options.connections ?? [],
    fieldMaps: options.fieldMaps ?? {},
    connector: { ...quickSettings, ...options.settings },
  };
  const config = Value.Default(connectorConfigSchema, given) as ConnectorConfig;
  const http = await createHttpServer({
    service: 'connector',
    version: '0.0.0',
    logger,
    metrics,
    bodyLimitBytes: 1_000_000,
    requestTimeoutMs: 10_000,
    authenticate: async (headers) => ({
      tenantId: String(headers['x-tenant']),
      subject: 'test',
      scopes: new Set(typeof headers['x-scopes'] === 'string' ? headers['x-scopes'].split(' ') : scopes),
    }),
  });
  const runtime = {
    name: 'connector',
    version: '0.0.0',
    config,
    logger,
    metrics,
    database: options.database,
    bus: options.bus ?? createFakeEventBus(),
    wireFormat: { name: 'protobuf' },
    http,
    cursors: createCursorCodec('a secret of the tests'),
    signal: stopping.signal,
    tenantOf,
    authenticateBy: () => undefined,
    onShutdown: (fn: () => void | Promise<void>) => void shutdowns.push(fn),
  } as unknown as Runtime<ConnectorConfig>;
  const components = await buildConnector(runtime, options.seams);
  await http.ready();
  const started: Component[] = [];
  return {
    http,
    metrics,
    logs,
    async start() {
      for (const component of components) {
        await component.start();
        started.push(component);
      }
    },
    async stop() {
      stopping.abort(new Error('the test ends'));
      for (const component of started.reverse()) await component.stop();
      for (const shutdown of shutdowns) await shutdown();
      await http.close();
    },
    async request<T>(method: Method, url: string, request: RequestOptions = {}) {
      const answer = await http.inject({
        method,
        url,
        headers: {
          'x-tenant': request.tenantId ?? 'default',
          ...(request.scopes === undefined ? {} : { 'x-scopes': request.scopes.join(' ') }),
        },
        ...(request.body === undefined ? {} : { payload: request.body as object }),
      });
      return { status: answer.statusCode, text: answer.body, body: (answer.body === '' ? null : answer.json()) as T };
    },
  };
}

/** Waits until something holds. Rejects after a while, saying what was waited for. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Waits until every object was read once and the connections are connected. */
export async function connected(connector: RunningConnector, tenantId = 'default'): Promise<void> {
  await eventually('every connection to be connected', async () => {
    const { body } = await connector.request<{ items: { status: string }[] }>('GET', '/v1/connections', { tenantId });
    return body.items.length > 0 && body.items.every(({ status }) => status === 'connected');
  });
}

/** Takes every object off the schedule, so that the connectors of later tests do not read what earlier ones connected. */
export async function clearSchedule(database: Database): Promise<void> {
  await database.systemTransaction((tx) => tx.execute('delete from sync_lease'));
}

/** The events in the outbox of a tenant, decoded, in the order in which they were appended. */
export async function outboxEvents(database: Database, tenantId = 'default') {
  const rows = await database.transaction(tenantId, (tx) =>
    tx.query<{
      aggregatetype: string;
      aggregateid: string;
      headers: Record<string, string>;
      payload: Buffer;
      lane: string;
    }>('select aggregatetype, aggregateid, headers, payload, lane from outbox order by position'),
  );
  return rows.map((row) => {
    const record: EventRecord = {
      topic: row.aggregatetype,
      key: row.aggregateid,
      headers: row.headers,
      value: row.payload,
    };
    const topic = Object.values(topics).find(({ name }) => name === row.aggregatetype) as Topic;
    return { ...decodeEvent(topic, record), lane: row.lane, record };
  });
}
