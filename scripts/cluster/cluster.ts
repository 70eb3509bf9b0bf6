import { delimiter } from 'node:path';
import { shell } from './shell.ts';

/** The cluster that the proof runs on. */
export interface Cluster {
  load(images: readonly string[]): Promise<void>;
  /** Base images that are neither there nor to be pulled are made by the tool, where it can. */
  ensureBaseImages(): Promise<void>;
  /** Takes down what this program started. */
  stop(): Promise<void>;
}

const kindName = 'kempt';
/** The program that makes a cluster of one node where no image registry can be reached. */
const ownTool = 'scripts/cluster/one-node/cluster';

/** Takes the way that was named, then kind, then what is built here. */
async function findTool(): Promise<string | undefined> {
  const named = process.env['KEMPT_CLUSTER_TOOL'];
  if (named !== undefined) return named;
  const hasKind = await shell('bash', ['-c', 'command -v kind']).then(
    () => true,
    () => false,
  );
  return hasKind ? undefined : ownTool;
}

/**
 * Takes the cluster of KUBECONFIG, or starts one: with the program that KEMPT_CLUSTER_TOOL names, else with kind, else with the one of this
 * checkout. From then on kubectl and helm find it by the environment of this process.
 */
export async function openCluster(): Promise<Cluster> {
  const isGiven = (process.env['KUBECONFIG'] ?? '') !== '';
  const tool = isGiven ? process.env['KEMPT_CLUSTER_TOOL'] : await findTool();
  let stop = async (): Promise<void> => {};
  if (!isGiven && tool !== undefined) {
    takeExports(await shell(tool, ['up']));
    stop = async () => void (await shell(tool, ['down']));
  } else if (!isGiven) {
    await shell('kind', [
      'create',
      'cluster',
      '--name',
      kindName,
      '--config',
      'deploy/kind/cluster.yaml',
      '--wait',
      '120s',
    ]);
    stop = async () => void (await shell('kind', ['delete', 'cluster', '--name', kindName]));
  }
  return {
    async load(images) {
      const loader =
        process.env['KEMPT_IMAGE_LOADER'] ??
        (tool === undefined ? `kind load docker-image --name ${kindName}` : `${tool} load`);
      const [command = '', ...args] = loader.split(' ');
      await shell(command, [...args, ...images]);
    },
    async ensureBaseImages() {
      if (tool !== undefined && !(await hasImage('node:24-bookworm-slim'))) await shell(tool, ['base']);
    },
    stop,
  };
}

export async function hasImage(name: string): Promise<boolean> {
  return shell('docker', ['image', 'inspect', name]).then(
    () => true,
    () => false,
  );
}

/** `export A=b C=d:$PATH` as a shell would take it. */
function takeExports(text: string): void {
  for (const line of text.split('\n').filter((candidate) => candidate.startsWith('export '))) {
    for (const [, name = '', value = ''] of line.slice('export '.length).matchAll(/(\w+)=(\S+)/g)) {
      process.env[name] = value
        .replaceAll('$PATH', process.env['PATH'] ?? '')
        .replaceAll(`${delimiter}${delimiter}`, delimiter);
    }
  }
}
