import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { hasImage } from './cluster.ts';
import { kubectl, root, shell } from './shell.ts';

/** A Kafka and a Postgres that the installation uses and does not own. */
export interface BackingServices {
  readonly namespace: string;
  readonly brokers: string;
  readonly adminUrl: string;
  /** Kills the pod; it comes back empty-handed only where its volume went with it, so the container alone is killed. */
  restart(name: 'kafka' | 'postgres'): Promise<void>;
}

const namespace = 'kempt-backing';
const password = 'kempt-trial';
const publicImages = { kafka: 'apache/kafka:4.1.0', postgres: 'postgres:17' } as const;

export async function startBackingServices(cluster: Cluster): Promise<BackingServices> {
  let manifest = await readFile(join(root, 'deploy', 'kind', 'backing-services.yaml'), 'utf8');
  for (const [name, image] of Object.entries(publicImages)) {
    const found = await imageOf(name, image);
    manifest = manifest.replaceAll(`image: ${image}`, `image: ${found}\n          imagePullPolicy: IfNotPresent`);
    if (await hasImage(found)) await cluster.load([found]);
  }
  await createRestrictedNamespace(namespace);
  await kubectl(['apply', '--namespace', namespace, '--filename', '-'], { input: manifest });
  for (const name of Object.keys(publicImages)) {
    await kubectl(['rollout', 'status', `statefulset/${name}`, '--namespace', namespace, '--timeout', '180s']);
  }
  return {
    namespace,
    brokers: `kafka.${namespace}.svc:9092`,
    adminUrl: `postgres://postgres:${password}@postgres.${namespace}.svc:5432/kempt`,
    async restart(name) {
      // Its volume lives as long as the pod, so the process ends and the pod stays.
      await kubectl([
        'exec',
        '--namespace',
        namespace,
        `${name}-0`,
        '--',
        'bash',
        '-c',
        'kill -9 -1 || kill -TERM 1',
      ]).catch(() => '');
      await kubectl([
        'wait',
        '--namespace',
        namespace,
        '--for=condition=Ready=false',
        `pod/${name}-0`,
        '--timeout',
        '30s',
      ]).catch(() => '');
      await kubectl(['wait', '--namespace', namespace, '--for=condition=Ready', `pod/${name}-0`, '--timeout', '180s']);
    },
  };
}

export async function createRestrictedNamespace(name: string): Promise<void> {
  await kubectl(['apply', '--filename', '-'], {
    input: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name,
        labels: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
      },
    }),
  });
}

/** The public image where the machine has it or can pull it, else a stand-in made from what the machine has. */
async function imageOf(name: string, image: string): Promise<string> {
  if (await hasImage(image)) return image;
  try {
    await shell('docker', ['pull', '--quiet', image], { timeoutMs: 60_000 });
    return image;
  } catch {
    const made = (await shell('scripts/build-stand-ins', [name])).trim().split('\n').at(-1);
    if (made === undefined || made === '') throw new Error(`Neither ${image} nor a stand-in for it is to be had.`);
    return made.includes(':') ? made : `${made}:latest`;
  }
}
