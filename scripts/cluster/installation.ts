import type { BackingServices } from './backing-services.ts';
import { kubectl, kubectlJson } from './shell.ts';

export interface InstallationOptions {
  readonly namespace: string;
  readonly release: string;
  readonly backing: BackingServices;
}

/** Who is let through to the gateway, the simulators and the metrics besides. */
const demonstration = { podSelector: { matchLabels: { 'app.kubernetes.io/component': 'test' } } };

const services = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'];

/** Values of a small installation over the simulated CRMs: one pod for each service, on a node with two processors. */
export function trialValues(backing: BackingServices): object {
  return {
    global: {
      kafka: { brokers: [backing.brokers], replicationFactor: 1 },
      simulators: { enabled: true },
      networkPolicy: {
        clients: { from: [demonstration] },
        monitoring: { from: [demonstration] },
      },
    },
    ...Object.fromEntries(
      services.map((service) => [service, { replicaCount: 1, resources: { requests: { cpu: '50m' } } }]),
    ),
  };
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: {
      readonly phase: string;
      readonly containerStatuses?: readonly {
        readonly ready: boolean;
        readonly restartCount: number;
        readonly lastState: { readonly terminated?: { readonly reason?: string } };
      }[];
    };
  }[];
}

/** Pods that run; throws when one is not ready, or was started again. */
export async function steadyPods(namespace: string): Promise<number> {
  const { items } = await kubectlJson<PodList>(['get', 'pods', '--namespace', namespace]);
  const running = items.filter(({ status }) => status.phase === 'Running' || status.phase === 'Pending');
  for (const { metadata, status } of running) {
    for (const container of status.containerStatuses ?? []) {
      if (!container.ready) throw new Error(`${metadata.name} is not ready`);
      if (container.restartCount > 0) {
        throw new Error(
          `${metadata.name} was started again: ${container.lastState.terminated?.reason ?? 'unknown reason'}`,
        );
      }
    }
  }
  return running.length;
}

/**
 * What is still in the namespace that did not come from whoever made it. Jobs of hooks and the canary stay for their logs, as the
 * chart's page says, and are removed first.
 */
export async function leftovers(namespace: string, release: string): Promise<readonly string[]> {
  await kubectl([
    'delete',
    'job,pod',
    '--namespace',
    namespace,
    '--selector',
    `app.kubernetes.io/instance=${release}`,
    '--wait',
  ]);
  const kinds = (await kubectl(['api-resources', '--namespaced', '--verbs=list', '--output', 'name']))
    .trim()
    .split('\n')
    .filter((kind) => !/^(events|bindings|leases|endpoints|endpointslices)(\.|$)/.test(kind));
  const found = await kubectl([
    'get',
    kinds.join(','),
    '--namespace',
    namespace,
    '--ignore-not-found',
    '--output',
    'name',
  ]);
  const own = /^(configmap\/kube-root-ca\.crt|serviceaccount\/default|secret\/kempt-(keys|database|database-admin))$/;
  return found
    .trim()
    .split('\n')
    .filter((name) => name !== '' && !own.test(name));
}
