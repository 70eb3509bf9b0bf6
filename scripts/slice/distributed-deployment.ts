import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKafkaEventBus } from '@kempt/event-bus-kafka';
import { createPostgresEventBus } from '@kempt/event-bus-postgres';
import { provisionSchemas, startEmbeddedPostgres } from '@kempt/postgres';
import { createLogger } from '@kempt/telemetry';
import { createTcpGate, type TcpGate } from '../../packages/service-runtime/src/tcp-gate.ts';
import { freePort } from '../../services/standalone/src/platform/free-port.ts';
import { startSimulators } from '../../services/standalone/src/platform/simulators-process.ts';
import { type Deployment, type ServiceName, serviceNames } from './deployment.ts';
import { createServiceProcess, type ServiceProcess } from './service-process.ts';

export interface DistributedOptions {
  readonly folder: string;
  /** Brokers of a Kafka. Absent: the Postgres bus, through a gate that each service has for itself. */
  readonly brokers?: readonly string[];
  readonly seed: string;
  /** Begins every topic name, so that runs share a broker without meeting. */
  readonly topicPrefix: string;
  readonly syncIntervalMs: number;
  /** Settings of single services besides those that every run has. */
  readonly environment?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** Sizes of the simulated CRMs, where they are not to be as large as usual. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** What can be done to the parts of it, besides what can be done to any. */
export interface DistributedDeployment extends Deployment {
  /** Postgres, as the owner of everything in it. */
  readonly adminUrl: string;
  process(service: ServiceName): ServiceProcess;
  /** The way of a service to the Postgres bus. */
  busGate(service: ServiceName): TcpGate;
}

/** Each service as a process of its own, on a real Kafka and a Postgres that none of them started. */
export async function startDistributed(options: DistributedOptions): Promise<DistributedDeployment> {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  const [postgres, simulators] = await Promise.all([
    startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') }),
    startSimulators({
      dataFolder: join(folder, 'simulators'),
      seed: options.seed,
      ...(options.sizes === undefined ? {} : { sizes: options.sizes }),
    }),
  ]);
  const passwords = new Map(serviceNames.map((name) => [name, randomBytes(12).toString('hex')]));
  await provisionSchemas({
    adminUrl: postgres.adminUrl,
    services: serviceNames.map((name) => ({
      schema: name.replaceAll('-', '_'),
      role: `kempt_${name.replaceAll('-', '_')}`,
      password: passwords.get(name) as string,
    })),
  });
  const configFile = join(folder, 'connector.yaml');
  await writeFile(configFile, JSON.stringify({ connections: simulators.accounts }));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const apiKey = `kempt_test_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('hex')}`;
  const cursorSecret = randomBytes(32).toString('base64');

  const ports = new Map<ServiceName, number>();
  for (const name of serviceNames) ports.set(name, await freePort());
  const own: Partial<Record<ServiceName, Record<string, string>>> = {
    connector: {
      KEMPT_CONFIG_FILE: configFile,
      KEMPT_CONNECTOR_SEALING_KEY: randomBytes(32).toString('base64'),
      KEMPT_CONNECTOR_ALLOWED_HOSTS: simulators.hosts.join(','),
      KEMPT_CONNECTOR_POLL_INTERVAL_MS: String(options.syncIntervalMs),
      KEMPT_CONNECTOR_DELETED_INTERVAL_MS: String(options.syncIntervalMs * 3),
      // An undo that was killed while it made a record waits as long as that record may take to show up.
      KEMPT_CONNECTOR_CRM_TIMEOUT_MS: '20000',
      KEMPT_CONNECTOR_OVERLAP_MS: '20000',
    },
    'data-quality': { KEMPT_DATA_QUALITY_SCORE_INTERVAL_MS: '5000' },
    metrics: {
      KEMPT_METRICS_KPI_INTERVAL_MS: '5000',
      KEMPT_METRICS_CALENDAR_INTERVAL_MS: '5000',
      KEMPT_METRICS_PROBE_TARGETS: serviceNames
        .map((name) => `${name}=http://127.0.0.1:${ports.get(name)}/livez`)
        .join(','),
    },
    gateway: {
      KEMPT_GATEWAY_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      KEMPT_GATEWAY_BOOTSTRAP_API_KEY: apiKey,
      ...Object.fromEntries(
        serviceNames
          .filter((name) => name !== 'gateway')
          .map((name) => [
            `KEMPT_GATEWAY_UPSTREAMS_${name.toUpperCase().replaceAll('-', '_')}`,
            `http://127.0.0.1:${ports.get(name)}`,
          ]),
      ),
    },
  };
  const processes = new Map<ServiceName, ServiceProcess>();
  const gates = new Map<ServiceName, TcpGate>();
  for (const name of serviceNames) {
    const url = new URL(postgres.adminUrl);
    url.username = `kempt_${name.replaceAll('-', '_')}`;
    url.password = passwords.get(name) as string;
    processes.set(
      name,
      await createServiceProcess(name, {
        port: ports.get(name) as number,
        logFolder: folder,
        environment: {
          KEMPT_DATABASE_URL: url.href,
          KEMPT_DATABASE_ADMIN_URL: postgres.adminUrl,
          KEMPT_DATABASE_MAX_CONNECTIONS: '6',
          KEMPT_MIGRATIONS: 'on-start',
          ...(await busSettings(name, url)),
          KEMPT_TOPIC_PREFIX: options.topicPrefix,
          KEMPT_CURSOR_SECRET: cursorSecret,
          KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
          KEMPT_LOG_LEVEL: 'info',
          ...own[name],
          ...options.environment?.[name],
        },
      }),
    );
  }
  for (const process of processes.values()) process.start();
  try {
    await Promise.all([...processes.values()].map((process) => process.ready(120_000)));
  } catch (error) {
    await stop();
    throw error;
  }

  async function stop(): Promise<void> {
    await Promise.all([...processes.values()].map((process) => process.stop()));
    await simulators.stop();
    await Promise.all([...gates.values()].map((gate) => gate.shut()));
    await postgres.stop();
  }

  async function busSettings(name: ServiceName, role: URL): Promise<Record<string, string>> {
    if (options.brokers !== undefined) {
      return {
        KEMPT_BUS: 'kafka',
        KEMPT_KAFKA_BROKERS: options.brokers.join(','),
        KEMPT_KAFKA_REPLICATION_FACTOR: '1',
      };
    }
    const gate = await createTcpGate({ host: role.hostname, port: Number(role.port) });
    gates.set(name, gate);
    const through = (from: URL | string): string => {
      const url = new URL(from);
      url.port = String(gate.port);
      return url.href;
    };
    return {
      KEMPT_BUS: 'postgres',
      KEMPT_BUS_DATABASE_URL: through(role),
      KEMPT_BUS_DATABASE_ADMIN_URL: through(postgres.adminUrl),
    };
  }

  return {
    shape: 'distributed',
    apiUrl: processes.get('gateway')?.url as string,
    apiKey,
    controlUrl: simulators.controlUrl,
    metricsUrls: () => [...processes.values()].map((process) => `${process.url}/metrics`),
    adminUrl: postgres.adminUrl,
    process: (service) => processes.get(service) as ServiceProcess,
    busGate(service) {
      const gate = gates.get(service);
      if (gate === undefined) throw new Error('Only the Postgres bus has gates.');
      return gate;
    },
    openBus() {
      if (options.brokers === undefined) {
        return createPostgresEventBus({
          url: postgres.adminUrl,
          applicationName: 'kempt-slice',
          topicPrefix: options.topicPrefix,
        });
      }
      return createKafkaEventBus({
        clientId: 'kempt-slice',
        logger: createLogger({ service: 'slice', level: 'error' }),
        brokers: options.brokers,
        topicPrefix: options.topicPrefix,
      });
    },
    async killAndRestart(service) {
      const process = processes.get(service) as ServiceProcess;
      await process.kill();
      process.start();
    },
    stop,
  };
}
