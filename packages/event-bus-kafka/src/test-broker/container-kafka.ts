import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { brokerAnswers } from './broker-probe.ts';
import { freePorts } from './free-ports.ts';
import { kafkaVersion } from './kafka-jars.ts';
import type { OwnTestKafka } from './test-kafka.ts';

/** `KAFKA_IMAGE` names another one that takes the same settings, as a registry without a way to the internet has it. */
const image = process.env['KAFKA_IMAGE'] || `apache/kafka:${kafkaVersion}`;
const pullTimeoutMs = 60_000;
const startTimeoutMs = 60_000;

/**
 * A Kafka broker in a container. Throws an error with the reason when no Docker daemon answers or its image is neither
 * present nor to be had within a minute.
 */
export async function startContainerKafka(): Promise<OwnTestKafka> {
  if (!mayHaveDocker()) throw new Error('there is no Docker socket');
  // Loaded only here: it takes a second, and most runs without a daemon never need it.
  const { GenericContainer, getContainerRuntimeClient, ImageName } = await import('testcontainers');
  const runtime = await within(5_000, getContainerRuntimeClient(), 'the Docker daemon does not answer');
  const name = ImageName.fromString(image);
  if (!(await runtime.image.exists(name))) {
    await within(pullTimeoutMs, runtime.image.pull(name), `the image ${image} could not be pulled in time`);
  }
  // The address that the broker tells its clients has to be known before it starts, and must survive a restart.
  const [port = 0] = await freePorts(1);
  const host = runtime.info.containerRuntime.host;
  const container = await within(
    startTimeoutMs,
    new GenericContainer(image)
      .withExposedPorts({ container: 9092, host: port })
      .withEnvironment(brokerSettings(`${host}:${port}`))
      .start(),
    `a container of ${image} did not start in time`,
  );
  const brokers = [`${host}:${port}`];
  const handle = runtime.container.getById(container.getId());
  await brokerAnswers(brokers, startTimeoutMs);
  return {
    available: true,
    origin: 'container',
    brokers,
    control: {
      async kill() {
        await handle.kill();
      },
      async restart() {
        await handle.kill().catch(() => {});
        await handle.start();
        await brokerAnswers(brokers, startTimeoutMs);
      },
      async freeze() {
        await handle.pause();
      },
      async thaw() {
        await handle.unpause();
      },
    },
    async stop() {
      await container.stop({ timeout: 0 });
    },
  };
}

function mayHaveDocker(): boolean {
  if (process.env['DOCKER_HOST']) return true;
  const runtimeFolder = process.env['XDG_RUNTIME_DIR'];
  const sockets = ['/var/run/docker.sock', join(homedir(), '.docker', 'run', 'docker.sock')];
  if (runtimeFolder) sockets.push(join(runtimeFolder, 'docker.sock'), join(runtimeFolder, 'podman', 'podman.sock'));
  return sockets.some((socket) => existsSync(socket));
}

/** The image turns each of these into a line of `server.properties`. */
function brokerSettings(advertised: string): Record<string, string> {
  return {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${advertised}`,
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '3',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    KAFKA_BROKER_SESSION_TIMEOUT_MS: '1500',
    KAFKA_BROKER_HEARTBEAT_INTERVAL_MS: '300',
    KAFKA_LOG_CLEANER_BACKOFF_MS: '200',
    KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS: '500',
    KAFKA_LOG_INITIAL_TASK_DELAY_MS: '500',
    KAFKA_HEAP_OPTS: '-Xmx512m',
  };
}

async function within<T>(timeoutMs: number, work: Promise<T>, reason: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(reason)), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
