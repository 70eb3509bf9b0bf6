import { setTimeout as sleep } from 'node:timers/promises';
import { groupsThatRead, topicCatalogue, type WireFormat } from '@kempt/contracts';
import type { EventBus } from '@kempt/event-bus';
import { createDeadLetters, createOutboxDispatcher } from '@kempt/outbox';
import { type Database, openDatabase } from '@kempt/postgres';
import { createLogger, createMetrics, type Logger, type Metrics, startTraceExport } from '@kempt/telemetry';
import { type TObject, Type } from 'typebox';
import { createAbsentBus } from './absent-bus.ts';
import type { Component } from './component.ts';
import type { Environment } from './config-source.ts';
import { createCursorCodec } from './cursor.ts';
import { addDeadLetterRoutes } from './dead-letter-routes.ts';
import { awaitDependency } from './dependency.ts';
import { createFrontServer, type FrontServer } from './front-server.ts';
import { createHttpServer, type HttpServer, type OpenApiDocument, tenantOf } from './http-server.ts';
import { createInternalTokenAuthenticator } from './internal-token.ts';
import { createLifecycle, type Lifecycle, type LifecycleState, StartError, type StopReport } from './lifecycle.ts';
import { loadConfig } from './load-config.ts';
import { openEventBus } from './open-event-bus.ts';
import { openWireFormat } from './open-wire-format.ts';
import { type Authenticator, unauthenticated } from './principal.ts';
import { createReadiness, type Readiness, type ReadinessReport } from './readiness.ts';
import type { Runtime, ServiceDefinition } from './runtime.ts';
import { type RuntimeConfig, runtimeConfigRules, runtimeConfigSchema } from './runtime-config.ts';
import { migrateBusOf, prepareSchema, schemaOf } from './service-migrations.ts';
import { findServicePackage } from './service-package.ts';

export interface StartServiceOptions {
  /** Where settings come from. */
  readonly environment: Environment;
  /** The main file that was started: its package holds version and migrations. */
  readonly entry?: string | undefined;
  /** Aborted when the service is to stop while it may still be starting. */
  readonly signal?: AbortSignal;
  /** Told as soon as the port is open, while dependencies may still be away. */
  readonly onListening?: (url: string) => void;
  /** Default: one that writes to standard output. */
  readonly logger?: Logger;
  /** Opens the bus. Default: what the configuration names. */
  readonly openBus?: typeof openEventBus;
}

/** A service that runs. */
export interface RunningService {
  readonly name: string;
  readonly url: string;
  readonly logger: Logger;
  state(): LifecycleState;
  readiness(): Promise<ReadinessReport>;
  /** Takes no more requests, stops components in reverse order, closes database and bus, all within one deadline. */
  stop(): Promise<StopReport>;
}

/** How often readiness is looked at when no probe does. */
const readinessPeriodMs = 10_000;

/** The whole configuration of a service: the common settings and its own. */
export function serviceConfigSchema(definition: Pick<ServiceDefinition, 'name' | 'configSchema'>): TObject {
  const own = (definition.configSchema as TObject | undefined)?.properties ?? {};
  const clash = Object.keys(own).find((key) => key in runtimeConfigSchema.properties);
  if (clash !== undefined)
    throw new Error(`Setting ${clash} of ${definition.name} is a common one: give it another name.`);
  return Type.Object({ ...runtimeConfigSchema.properties, ...own });
}

/** Reads the configuration of a service. Throws `ConfigError` with everything that is wrong. */
export function loadServiceConfig<C>(definition: ServiceDefinition<C>, environment: Environment): RuntimeConfig & C {
  return loadConfig({
    service: definition.name,
    schema: serviceConfigSchema(definition as ServiceDefinition),
    environment,
    rules: (config) => {
      const settings = config as unknown as RuntimeConfig & C;
      return [...runtimeConfigRules(settings), ...(definition.configRules?.(settings) ?? [])];
    },
  }) as unknown as RuntimeConfig & C;
}

/**
 * Starts a service: opens its port, waits for database and bus, migrates or checks the schema, builds the components,
 * starts them in order and serves. What was started is stopped again when anything fails. Throws `ConfigError`,
 * `ListenError` or `StartError`, each with one sentence for the operator.
 */
export async function startService<C>(
  definition: ServiceDefinition<C>,
  options: StartServiceOptions,
): Promise<RunningService> {
  const config = loadServiceConfig(definition, options.environment);
  const logger = options.logger ?? createLogger({ service: definition.name, level: config.logLevel });
  const { version, migrationsFolder } = findServicePackage(definition.name, options.entry);
  const metrics = createMetrics(definition.name, { version });
  const lifecycle = createLifecycle({ logger, stopTimeoutMs: config.stopTimeoutMs });
  const readiness = createReadiness({ service: definition.name, version, lifecycle, logger, metrics });
  const front = createFrontServer({ readiness, metrics });
  const stopping = new AbortController();
  const starting = startSignal(config.startTimeoutMs, [stopping.signal, options.signal], readiness);

  async function stop(): Promise<StopReport> {
    stopping.abort(new Error('the service is stopping'));
    return lifecycle.stop();
  }

  const parts: Parts<C> = {
    definition: { ...definition, ...(migrationsFolder === undefined ? {} : { migrationsFolder }) },
    version,
    config,
    logger,
    metrics,
    lifecycle,
    readiness,
    front,
    starting: starting.signal,
    stopping: stopping.signal,
  };
  try {
    await startParts(parts, options);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    starting.cancel();
  }
  return {
    name: definition.name,
    url: front.url(),
    logger,
    state: lifecycle.state,
    readiness: readiness.report,
    stop,
  };
}

interface Parts<C> {
  readonly definition: ServiceDefinition<C>;
  readonly version: string;
  readonly config: RuntimeConfig & C;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  readonly readiness: Readiness;
  readonly front: FrontServer;
  /** Aborted when starting must end: the service stops, or took too long. */
  readonly starting: AbortSignal;
  readonly stopping: AbortSignal;
}

async function startParts<C>(
  parts: Parts<C>,
  { onListening, openBus = openEventBus }: Pick<StartServiceOptions, 'onListening' | 'openBus'>,
): Promise<void> {
  const { definition, config, logger, metrics, lifecycle, readiness, front, starting } = parts;
  const start = (component: Component): Promise<void> =>
    unlessAborted(lifecycle.start(component), starting).catch((error: unknown) => {
      throw error instanceof StartError ? error : new StartError(component.name, error);
    });

  await start(tracesComponent(parts));
  await start(portComponent(parts));
  onListening?.(front.url());

  const database = openServiceDatabase(parts);
  measureConnections(metrics, database);
  await start(databaseComponent(parts, database));
  const { usesEvents = true } = definition;
  const bus =
    usesEvents === false ? createAbsentBus() : await openBus({ service: definition.name, config, logger, metrics });
  if (usesEvents === true) await start(busComponent(parts, bus));
  if (usesEvents === 'optional') await start(optionalBusComponent(parts, bus));
  const wireFormat = await awaitWireFormat(parts);

  const { http, components } = await unlessAborted(buildService(parts, { database, bus, wireFormat }), starting);
  if (usesEvents === true) {
    const bulkPace =
      config.bulkBehindMax > 0 ? { readersOf: groupsThatRead, behindMax: config.bulkBehindMax } : undefined;
    await start(
      createOutboxDispatcher({ database, bus, logger, metrics, ...(bulkPace === undefined ? {} : { bulkPace }) }),
    );
  }
  for (const component of components) await start(component);
  await start(routesComponent(parts, http));
  lifecycle.run();
  await readiness.report();
  logger.info({ url: front.url(), version: parts.version, bus: config.bus }, 'service is running');
}

async function buildService<C>(
  parts: Parts<C>,
  {
    database,
    bus,
    wireFormat,
  }: { readonly database: Database; readonly bus: EventBus; readonly wireFormat: WireFormat },
): Promise<{ readonly http: HttpServer; readonly components: readonly Component[] }> {
  const { definition, version, config, logger, metrics, front, stopping } = parts;
  let authenticate = defaultAuthenticator(config);
  let describe = async (own: OpenApiDocument): Promise<OpenApiDocument> => own;
  const shutdowns: (() => void | Promise<void>)[] = [];
  const http = await createHttpServer({
    service: definition.name,
    version,
    ...(definition.description === undefined ? {} : { description: definition.description }),
    logger,
    metrics,
    bodyLimitBytes: config.http.bodyLimitBytes,
    requestTimeoutMs: config.http.requestTimeoutMs,
    authenticate: (headers) => authenticate(headers),
    describe: (own) => describe(own),
    server: (listener) => front.attach(listener),
  });
  const runtime: Runtime<C> = {
    name: definition.name,
    version,
    config,
    logger,
    metrics,
    database,
    bus,
    wireFormat,
    http,
    cursors: createCursorCodec(config.cursorSecret),
    signal: stopping,
    tenantOf,
    authenticateBy: (authenticator) => {
      authenticate = authenticator;
    },
    describeBy: (described) => {
      describe = described;
    },
    onShutdown: (fn) => shutdowns.unshift(fn),
  };
  if (ownsEvents(definition))
    addDeadLetterRoutes({ http, deadLetters: createDeadLetters(database), cursors: runtime.cursors });
  const components = await definition.build(runtime);
  return { http, components: [shutdownComponent(shutdowns), ...components] };
}

function defaultAuthenticator(config: RuntimeConfig): Authenticator {
  if (config.internalTokenPublicKey !== undefined)
    return createInternalTokenAuthenticator(config.internalTokenPublicKey);
  return async () => {
    throw unauthenticated('This service has no KEMPT_INTERNAL_TOKEN_PUBLIC_KEY, so it can trust nobody.');
  };
}

/** The first to start and the last to stop, so that no span of the others is missing. */
function tracesComponent<C>({ definition, version, config }: Parts<C>): Component {
  const { endpoint, ratio } = config.traces;
  let end: () => Promise<void> = async () => undefined;
  return {
    name: 'traces',
    async start() {
      if (endpoint === undefined) return;
      end = await startTraceExport({ service: definition.name, version, endpoint, ratio });
    },
    // A collector that is away keeps nobody from stopping.
    stop: () => end().catch(() => undefined),
  };
}

function portComponent<C>({ config, front }: Parts<C>): Component {
  return {
    name: 'http-port',
    start: () => front.listen(config.http),
    async stop() {
      front.abort();
      await front.close();
    },
  };
}

function openServiceDatabase<C>({ definition, config, logger }: Parts<C>): Database {
  return openDatabase({
    url: config.database.url,
    schema: schemaOf(definition.name),
    applicationName: `kempt-${definition.name}`,
    maxConnections: config.database.maxConnections,
    onError: (error) => logger.warn({ err: error }, 'database connection lost'),
  });
}

function measureConnections(metrics: Metrics, database: Database): void {
  const gauge = metrics.gauge(
    'kempt_database_connections',
    'Connections to Postgres for transactions, and transactions that wait for one; state is in-use, idle or waiting.',
    {
      labels: ['state'],
      collect: () => {
        const { inUse, idle, waiting } = database.connections();
        gauge.set({ state: 'in-use' }, inUse);
        gauge.set({ state: 'idle' }, idle);
        gauge.set({ state: 'waiting' }, waiting);
      },
    },
  );
}

function databaseComponent<C>(parts: Parts<C>, database: Database): Component {
  const { definition, config, logger, readiness, starting } = parts;
  return {
    name: 'database',
    async start() {
      await awaitDependency({
        name: 'Postgres',
        attempt: async () => {
          await database.ping();
          await prepareSchema({
            service: definition.name,
            usesEvents: ownsEvents(definition),
            config,
            migrationsFolder: definition.migrationsFolder,
            logger,
            database,
          });
        },
        signal: starting,
        logger,
        onWaiting: readiness.waitingFor,
      });
    },
    stop: () => database.close(),
    ready: () => database.ping(),
  };
}

function busComponent<C>({ config, logger, readiness, starting }: Parts<C>, bus: EventBus): Component {
  return {
    name: 'event-bus',
    async start() {
      await awaitDependency({
        name: config.bus === 'kafka' ? 'Kafka' : 'Postgres bus',
        attempt: async () => {
          await bus.ping();
          if (config.ensureTopics) await bus.ensureTopics(topicCatalogue);
        },
        signal: starting,
        logger,
        onWaiting: readiness.waitingFor,
      });
    },
    stop: () => bus.close(),
    ready: () => bus.ping(),
  };
}

/** The bus of a service that works without it: it is got ready as soon as it is there, and nobody waits for that. */
function optionalBusComponent<C>(parts: Parts<C>, bus: EventBus): Component {
  const { definition, config, logger, stopping } = parts;
  let preparing: Promise<void> = Promise.resolve();
  return {
    name: 'event-bus',
    async start() {
      preparing = awaitDependency({
        name: config.bus === 'kafka' ? 'Kafka' : 'Postgres bus',
        attempt: async () => {
          if (config.migrations === 'on-start') await migrateBusOf({ service: definition.name, config, logger });
          await bus.ping();
          if (config.ensureTopics) await bus.ensureTopics(topicCatalogue);
        },
        signal: stopping,
        logger,
        onWaiting: () => undefined,
      }).catch((error: unknown) => {
        if (!stopping.aborted)
          logger.error({ err: error }, 'the event bus cannot be used; the service goes on without');
      });
    },
    async stop() {
      await preparing;
      await bus.close();
    },
  };
}

/** Whether the service has an outbox, an inbox and dead letters. */
export function ownsEvents({ usesEvents = true }: Pick<ServiceDefinition, 'usesEvents'>): boolean {
  return usesEvents === true;
}

async function awaitWireFormat<C>({ config, logger, readiness, starting }: Parts<C>): Promise<WireFormat> {
  let wireFormat: WireFormat = { name: 'protobuf' };
  await awaitDependency({
    name: 'Schema registry',
    attempt: async () => {
      wireFormat = await openWireFormat(config);
    },
    signal: starting,
    logger,
    onWaiting: readiness.waitingFor,
  });
  return wireFormat;
}

function routesComponent<C>({ config, front, readiness, logger }: Parts<C>, http: HttpServer): Component {
  let unwatch: () => void = () => undefined;
  return {
    name: 'http-routes',
    async start() {
      await http.ready();
      front.serve();
      unwatch = readiness.watch(readinessPeriodMs);
    },
    async stop() {
      unwatch();
      // Load balancers learn from /readyz that the service goes; until they have, requests still come and are served.
      if (config.http.drainDelayMs > 0) await sleep(config.http.drainDelayMs);
      logger.debug('draining requests');
      await front.close();
      await http.close();
    },
  };
}

function shutdownComponent(shutdowns: readonly (() => void | Promise<void>)[]): Component {
  return {
    name: 'shutdown',
    start: async () => undefined,
    async stop() {
      for (const shutdown of shutdowns) await shutdown();
    },
  };
}

/** Aborted by the first of the given signals, or after the time that starting may take. */
function startSignal(
  timeoutMs: number | undefined,
  signals: readonly (AbortSignal | undefined)[],
  readiness: Readiness,
): { readonly signal: AbortSignal; cancel(): void } {
  const controller = new AbortController();
  const giveUp = (): void => {
    const waiting = readiness.waitingReason();
    const reason = `not started within ${timeoutMs} ms (KEMPT_START_TIMEOUT_MS)`;
    controller.abort(new Error(waiting === undefined ? reason : `${reason}; waiting for ${waiting}`));
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
  const given = signals.filter((signal) => signal !== undefined);
  return { signal: AbortSignal.any([controller.signal, ...given]), cancel: () => clearTimeout(timer) };
}

/** Waits for work that knows no signal, but no longer than until the signal. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    work.catch(() => undefined);
  }
}
