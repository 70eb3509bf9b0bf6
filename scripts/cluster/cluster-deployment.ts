import type { EventBus } from '@kempt/event-bus';
import { createKafkaEventBus } from '@kempt/event-bus-kafka';
import { createLogger } from '@kempt/telemetry';
import { type Deployment, serviceNames } from '../slice/deployment.ts';
import type { BackingServices } from './backing-services.ts';
import { forward } from './forwarding.ts';
import { podsOf } from './pod-measures.ts';
import { kubectl, kubectlJson } from './shell.ts';

export interface ClusterDeploymentOptions {
  readonly namespace: string;
  readonly release: string;
  readonly backing: BackingServices;
}

/** The listener whose clients know the broker as 127.0.0.1. */
const forwardedKafkaPort = 19_092;

/** The Kafka of the installation as this machine reaches it. */
export async function forwardKafka(backing: BackingServices): Promise<{ openBus(): EventBus; stop(): void }> {
  const forwarding = await forward(backing.namespace, 'kafka', forwardedKafkaPort, forwardedKafkaPort);
  return {
    openBus: () =>
      createKafkaEventBus({
        clientId: 'kempt-cluster-proof',
        logger: createLogger({ service: 'cluster-proof', level: 'error' }),
        brokers: [`127.0.0.1:${forwardedKafkaPort}`],
        topicPrefix: '',
      }),
    stop: forwarding.stop,
  };
}

/** An installation in a cluster as the proofs of the slice see a Kempt: they kill its pods and read its topics from outside. */
export async function openClusterDeployment({
  namespace,
  release,
  backing,
}: ClusterDeploymentOptions): Promise<Deployment> {
  const gateway = await forward(namespace, `${release}-gateway`, 8080);
  const simulators = await forward(namespace, `${release}-simulators`, 8083);
  const kafka = await forwardKafka(backing);
  const metrics = await Promise.all(serviceNames.map((name) => forward(namespace, `${release}-${name}`, 8080)));
  const { data } = await kubectlJson<{ readonly data: Readonly<Record<string, string>> }>([
    'get',
    'secret',
    'kempt-keys',
    '--namespace',
    namespace,
  ]);
  return {
    shape: 'distributed',
    apiUrl: gateway.url,
    apiKey: Buffer.from(data['bootstrap-api-key'] ?? '', 'base64').toString('utf8'),
    controlUrl: simulators.url,
    metricsUrls: () => metrics.map(({ url }) => `${url}/metrics`),
    openBus: kafka.openBus,
    async killAndRestart(service) {
      const [victim] = await podsOf(namespace, service);
      if (victim === undefined) return;
      await kubectl(['delete', 'pod', victim, '--namespace', namespace, '--grace-period=0', '--force', '--wait=false']);
    },
    async stop() {
      for (const forwarding of [gateway, simulators, kafka, ...metrics]) forwarding.stop();
    },
  };
}
