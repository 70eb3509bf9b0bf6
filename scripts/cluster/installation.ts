import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackingServices } from './backing-services.ts';
import type { Report } from './report.ts';
import { kubectl, kubectlJson, shell } from './shell.ts';
import { tenCommands } from './ten-commands.ts';

export interface InstallationOptions {
  readonly namespace: string;
  readonly release: string;
  readonly backing: BackingServices;
}

export interface PageOptions extends InstallationOptions {
  /** Whose page and charts. */
  readonly checkout: string;
  readonly values: object;
  readonly report: Report;
}

const mostInstallMs = 180_000;

/** Who is let through to the gateway, the simulators and the metrics besides. */
const demonstration = { podSelector: { matchLabels: { 'app.kubernetes.io/component': 'test' } } };

const services = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'];

/** Values of a small installation over the simulated CRMs: one pod for each service, on a node with two processors. */
export function trialValues(
  backing: BackingServices,
  {
    imageTag = '',
    simulatorsTag = '',
    answeringPods = 1,
  }: { readonly imageTag?: string; readonly simulatorsTag?: string; readonly answeringPods?: number } = {},
): object {
  return {
    global: {
      imageTag,
      kafka: { brokers: [backing.brokers], replicationFactor: 1 },
      simulators: { enabled: true },
      networkPolicy: {
        clients: { from: [demonstration] },
        monitoring: { from: [demonstration] },
      },
    },
    simulators: { image: { tag: simulatorsTag } },
    ...Object.fromEntries(
      services.map((service) => [
        service,
        {
          replicaCount: service === 'gateway' || service === 'connector' ? answeringPods : 1,
          resources: { requests: { cpu: '50m' } },
        },
      ]),
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

/** Pods with a container that ended for want of memory, in whichever of its lives. */
export async function podsOutOfMemory(namespace: string): Promise<readonly string[]> {
  const { items } = await kubectlJson<PodList>(['get', 'pods', '--namespace', namespace]);
  return items
    .filter(({ status }) =>
      (status.containerStatuses ?? []).some(({ lastState }) => lastState.terminated?.reason === 'OOMKilled'),
    )
    .map(({ metadata }) => metadata.name);
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

/** Does what the page of the chart says, to the letter. @returns whether all of it went well */
export async function installAsThePageSays(options: PageOptions): Promise<boolean> {
  const { namespace, backing, checkout, values, report } = options;
  const folder = await mkdtemp(join(tmpdir(), 'kempt-cluster-'));
  const valuesFile = join(folder, 'values.json');
  await writeFile(valuesFile, JSON.stringify(values));
  const { host, pathname } = new URL(backing.adminUrl);
  const environment = {
    POSTGRES_ADMIN_URL: backing.adminUrl,
    POSTGRES: `${host}${pathname}`,
    KAFKA_BROKERS: backing.brokers,
    KEMPT_VALUES: valuesFile,
  };
  try {
    for (const command of await tenCommands(checkout)) {
      const began = performance.now();
      const isInstallation = command.startsWith('helm install');
      const title = isInstallation
        ? 'helm install: every pod is ready, in less than three minutes, under restricted PodSecurity'
        : command.split(/ --namespace| \$\(/)[0];
      const done = await report.step(`${title}`, async () => {
        await shell('bash', ['-ec', command], { environment, folder: checkout }).catch((error: unknown) =>
          explain(namespace, error),
        );
        if (!isInstallation) return;
        const pods = await steadyPods(namespace);
        if (performance.now() - began > mostInstallMs) throw new Error('it took longer than three minutes');
        return `${pods} pods`;
      });
      if (!done) return false;
    }
    return true;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(join(checkout, 'kempt-signing-key.pem'), { force: true });
  }
}

/** Adds what the cluster says to the error of a command. */
async function explain(namespace: string, error: unknown): Promise<never> {
  const pods = await kubectl(['get', 'pods,jobs', '--namespace', namespace, '--output', 'wide']).catch(() => '');
  const events = await kubectl(['get', 'events', '--namespace', namespace, '--sort-by', '.lastTimestamp']).catch(
    () => '',
  );
  const last = events.split('\n').slice(-15).join('\n');
  throw new Error(`${error instanceof Error ? error.message : String(error)}\n${pods}\n${last}`);
}
