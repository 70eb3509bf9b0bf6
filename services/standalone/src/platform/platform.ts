import { createServer } from 'node:net';
import { join } from 'node:path';
import { provisionSchemas, startEmbeddedPostgres } from '@kempt/postgres';
import type { StandaloneConfig } from '../config.ts';
import type { DataFolder } from '../data-folder/data-folder.ts';
import { type ServiceSchema, serviceSchemas } from '../data-folder/secrets.ts';
import { StandaloneError } from '../errors.ts';
import { writeConnectorConfig } from './connector-config.ts';
import { freePort } from './free-port.ts';
import { type ServiceThread, startServiceThread } from './service-thread.ts';
import { type SimulatorsProcess, startSimulators } from './simulators-process.ts';

/** Everything that runs, under one roof. */
export interface Platform {
  /** Where clients reach the API. */
  readonly apiUrl: string;
  readonly adminUrl: string;
  readonly services: readonly ServiceThread[];
  readonly simulators: SimulatorsProcess;
  /** Resolves with the reason when a part ends without having been asked to. */
  readonly broke: Promise<string>;
  /** Stops every part in reverse order, within the deadline. */
  stop(): Promise<void>;
}

/** Services that need not know where the others are. */
const inner = ['connector', 'dedupe', 'data-quality', 'integration-audit'] as const;

/** People watch this one: figures follow within seconds. */
const measuringIntervalMs = '5000';

/** Together with Postgres and the simulators everything must have stopped 5 s after Ctrl-C. */
const serviceStopMs = 2_500;

export interface PlatformOptions {
  readonly config: StandaloneConfig;
  readonly folder: DataFolder;
  /** Told what is being started. */
  readonly onStep: (step: string) => void;
  /** Told when a part that runs is in trouble that somebody at the keyboard can end. */
  readonly onTrouble: (sentence: string) => void;
  /** Aborted when nobody wants the platform any more while it starts. */
  readonly signal: AbortSignal;
}

/** Starts the simulated CRMs, Postgres and every service. What was started is stopped again when anything fails. */
export async function startPlatform({ config, folder, onStep, onTrouble, signal }: PlatformOptions): Promise<Platform> {
  await refuseBusyPort(config.httpPort);
  const started: { readonly name: string; stop(): Promise<void> }[] = [];
  const beginning: Promise<unknown>[] = [];
  async function stop(): Promise<void> {
    // What is still beginning must be there before it can be stopped.
    await Promise.allSettled(beginning);
    // The services among each other know no order: each finishes its own work, and all of them do so at once.
    const threads = started.filter((part) => part.name === 'service');
    await Promise.all(threads.map((part) => part.stop()));
    const others = started.filter((part) => part.name !== 'service').toReversed();
    await Promise.all(others.map((part) => part.stop()));
  }
  /** Waits for a part to begin, and not longer than anybody wants it. */
  async function begin<T>(name: string, part: Promise<T>, stopPart: (part: T) => Promise<void>): Promise<T> {
    const registered = part.then((running) => {
      started.push({ name, stop: () => stopPart(running) });
      return running;
    });
    beginning.push(registered);
    return unlessAborted(registered, signal);
  }

  try {
    onStep(folder.isNew ? 'Creating the database' : 'Starting the database');
    const [simulators, postgres] = await Promise.all([
      begin('simulators', startSimulators({ dataFolder: folder.simulatorsFolder, seed: config.seed }), (part) =>
        part.stop(),
      ),
      begin('postgres', startEmbeddedPostgres({ dataFolder: folder.postgresFolder, onTrouble }), (part) => part.stop()),
    ]);
    await provisionSchemas({
      adminUrl: postgres.adminUrl,
      services: serviceSchemas.map((schema) => ({
        schema,
        role: `kempt_${schema}`,
        password: folder.secrets.rolePasswords[schema],
      })),
    });

    onStep('Starting the services');
    const connectorConfig = await writeConnectorConfig(join(folder.path, 'connector.yaml'), simulators.accounts);
    const common = commonEnvironment(config, folder, postgres.adminUrl);
    const startThread = (name: string, environment: Record<string, string>): Promise<ServiceThread> =>
      begin(
        'service',
        startServiceThread(name, {
          signal,
          environment: {
            ...common,
            KEMPT_DATABASE_URL: roleUrl(postgres.adminUrl, name, folder),
            KEMPT_BUS_DATABASE_URL: roleUrl(postgres.adminUrl, name, folder),
            ...environment,
          },
        }),
        (thread) => thread.stop(serviceStopMs),
      );
    const services = await Promise.all(
      inner.map((name) =>
        startThread(
          name,
          name === 'connector'
            ? connectorEnvironment(config, folder, { connectorConfig, simulators })
            : name === 'data-quality'
              ? { KEMPT_DATA_QUALITY_SCORE_INTERVAL_MS: measuringIntervalMs }
              : {},
        ),
      ),
    );
    // The gateway must know where every service is, and metrics asks each of them whether it lives, the gateway too.
    const metricsPort = await freePort();
    const gatewayPort = config.httpPort === 0 ? await freePort() : config.httpPort;
    const metricsUrl = `http://127.0.0.1:${metricsPort}`;
    const [metrics, gateway] = await Promise.all([
      startThread('metrics', {
        KEMPT_HTTP_PORT: String(metricsPort),
        KEMPT_METRICS_PROBE_TARGETS: [
          ...services.map(({ name, url }) => `${name}=${url}/livez`),
          `metrics=${metricsUrl}/livez`,
          `gateway=http://127.0.0.1:${gatewayPort}/livez`,
        ].join(','),
        KEMPT_METRICS_KPI_INTERVAL_MS: measuringIntervalMs,
        KEMPT_METRICS_CALENDAR_INTERVAL_MS: measuringIntervalMs,
      }),
      startThread('gateway', {
        KEMPT_HTTP_PORT: String(gatewayPort),
        KEMPT_GATEWAY_SIGNING_KEY: folder.secrets.signingKey,
        KEMPT_GATEWAY_BOOTSTRAP_API_KEY: folder.secrets.apiKey,
        ...Object.fromEntries(
          [...services, { name: 'metrics', url: metricsUrl }].map((service) => [
            `KEMPT_GATEWAY_UPSTREAMS_${service.name.toUpperCase().replaceAll('-', '_')}`,
            service.url,
          ]),
        ),
      }),
    ]);
    const all = [...services, metrics, gateway];
    return {
      apiUrl: gateway.url,
      adminUrl: postgres.adminUrl,
      services: all,
      simulators,
      broke: Promise.race([...all.map((service) => service.died), simulators.died]),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // The work goes on when nobody waits for it any more; that it may fail then is of no interest.
  work.catch(() => {});
  let giveUp: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(new StandaloneError('STANDALONE_INTERRUPTED', 'Interrupted while starting.'));
  });
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function commonEnvironment(config: StandaloneConfig, folder: DataFolder, adminUrl: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    KEMPT_HTTP_HOST: '127.0.0.1',
    KEMPT_HTTP_PORT: '0',
    KEMPT_DATABASE_ADMIN_URL: adminUrl,
    KEMPT_DATABASE_MAX_CONNECTIONS: '6',
    KEMPT_MIGRATIONS: 'on-start',
    KEMPT_BUS: 'postgres',
    KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: folder.secrets.verifyingKey,
    KEMPT_CURSOR_SECRET: folder.secrets.cursorKey,
    KEMPT_LOG_LEVEL: config.logLevel,
    KEMPT_STOP_TIMEOUT_MS: String(serviceStopMs - 300),
  };
}

function connectorEnvironment(
  config: StandaloneConfig,
  folder: DataFolder,
  parts: { readonly connectorConfig: string; readonly simulators: SimulatorsProcess },
): Record<string, string> {
  return {
    KEMPT_CONFIG_FILE: parts.connectorConfig,
    KEMPT_CONNECTOR_SEALING_KEY: folder.secrets.sealingKey,
    KEMPT_CONNECTOR_ALLOWED_HOSTS: parts.simulators.hosts.join(','),
    KEMPT_CONNECTOR_POLL_INTERVAL_MS: String(config.syncIntervalMs),
    KEMPT_CONNECTOR_DELETED_INTERVAL_MS: String(config.syncIntervalMs * 6),
  };
}

function roleUrl(adminUrl: string, service: string, folder: DataFolder): string {
  const schema = service.replaceAll('-', '_') as ServiceSchema;
  const url = new URL(adminUrl);
  url.username = `kempt_${schema}`;
  url.password = folder.secrets.rolePasswords[schema];
  return url.toString();
}

/** Finds out before minutes of work whether the port of the API is to be had. */
async function refuseBusyPort(port: number): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new StandaloneError(
          'STANDALONE_PORT_BUSY',
          error.code === 'EADDRINUSE'
            ? `Port ${port} on 127.0.0.1 is in use by another program. Stop it, or name another port in KEMPT_HTTP_PORT.`
            : `Port ${port} on 127.0.0.1 cannot be opened (${error.code ?? error.message}). Name another port in KEMPT_HTTP_PORT.`,
          { cause: error },
        ),
      );
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}
