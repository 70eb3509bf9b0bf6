import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { BackingServices } from './backing-services.ts';
import { kubectl, kubectlJson, shell } from './shell.ts';

export interface InstallationOptions {
  readonly namespace: string;
  readonly release: string;
  readonly backing: BackingServices;
}

const services = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'] as const;

/** The Secrets that a platform team makes before it installs. */
export async function createSecrets({ namespace, backing }: InstallationOptions): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await applySecret(namespace, 'kempt-keys', {
    'signing-key': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'public-key': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    'sealing-key': randomBytes(32).toString('base64'),
    'cursor-secret': randomBytes(32).toString('base64'),
    'bootstrap-api-key': `kempt_test_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('hex')}`,
  });
  await applySecret(
    namespace,
    'kempt-database',
    Object.fromEntries(services.map((service) => [service, roleUrl(backing.adminUrl, service)])),
  );
  await applySecret(namespace, 'kempt-database-admin', { url: backing.adminUrl });
}

function roleUrl(adminUrl: string, service: string): string {
  const url = new URL(adminUrl);
  url.username = `kempt_${service.replaceAll('-', '_')}`;
  url.password = randomBytes(18).toString('hex');
  return url.href;
}

async function applySecret(namespace: string, name: string, values: Readonly<Record<string, string>>): Promise<void> {
  await kubectl(['apply', '--namespace', namespace, '--filename', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: values }),
  });
}

/** Who is let through to the gateway, the simulators and the metrics besides. */
const demonstration = { podSelector: { matchLabels: { 'app.kubernetes.io/component': 'test' } } };

/** Values of a small installation over the simulated CRMs. */
export function trialValues(backing: BackingServices, tag?: string): object {
  return {
    global: {
      ...(tag === undefined ? {} : { imageTag: tag }),
      kafka: { brokers: [backing.brokers], replicationFactor: 1 },
      simulators: { enabled: true },
      networkPolicy: {
        clients: { from: [demonstration] },
        monitoring: { from: [demonstration] },
      },
    },
  };
}

export async function helmInstall(
  { namespace, release }: InstallationOptions,
  {
    chart = 'helm/platform',
    values,
    timeout = '180s',
  }: { readonly chart?: string; readonly values: object; readonly timeout?: string },
): Promise<void> {
  await shell('helm', ['dependency', 'build', chart]);
  await shell(
    'helm',
    ['install', release, chart, '--namespace', namespace, '--wait', '--timeout', timeout, '--values', '-'],
    {
      input: JSON.stringify(values),
    },
  ).catch(async (error: unknown) => {
    const pods = await kubectl(['get', 'pods,jobs', '--namespace', namespace, '--output', 'wide']).catch(() => '');
    const logs = await kubectl(['get', 'events', '--namespace', namespace, '--sort-by', '.lastTimestamp']).catch(
      () => '',
    );
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}\n${pods}\n${logs.split('\n').slice(-15).join('\n')}`,
    );
  });
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
