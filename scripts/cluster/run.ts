import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitFirstSync } from '../slice/settled.ts';
import { type BackingServices, startBackingServices } from './backing-services.ts';
import { type Cluster, openCluster } from './cluster.ts';
import { openClusterDeployment } from './cluster-deployment.ts';
import { runDemonstrationJob } from './demonstration-job.ts';
import { installAsThePageSays, leftovers, podsOutOfMemory, steadyPods, trialValues } from './installation.ts';
import { buildPreviousRelease } from './previous-release.ts';
import { createReport } from './report.ts';
import { scaleOut } from './scale.ts';
import { kubectl, root, shell } from './shell.ts';
import { soak } from './soak.ts';
import { upgradeAndRollback } from './upgrade.ts';

const known = ['installation', 'upgrade', 'scale', 'soak'];
const args = process.argv.slice(2);
const keep = args.includes('--keep');
const named = args.filter((arg) => !arg.startsWith('--'));
const unknown = named.find((proof) => !known.includes(proof));
if (unknown !== undefined) throw new Error(`There is no proof "${unknown}"; there are ${known.join(', ')}.`);
const proofs = new Set(named.length === 0 ? ['installation'] : named);
/** How long the soak lasts. */
const minutes = Number(args.find((arg) => arg.startsWith('--minutes='))?.split('=')[1] ?? 20);
const namespace = 'kempt';
const release = 'kempt';
const { version } = JSON.parse(await readFile(join(root, 'packages', 'service-runtime', 'package.json'), 'utf8')) as {
  readonly version: string;
};
const programs = [
  'connector',
  'dedupe',
  'data-quality',
  'integration-audit',
  'metrics',
  'gateway',
  'simulators',
  'tools',
];
const imagesOf = (tag: string): readonly string[] => programs.map((name) => `kempt/${name}:${tag}`);
const toolsImage = `kempt/tools:${version}`;

const report = createReport();
let cluster: Cluster | undefined;
try {
  await prove();
} catch (error) {
  await report.step('going on', async () => {
    throw error;
  });
} finally {
  if (!keep) await cluster?.stop();
  report.finish();
  process.exitCode = report.failed === 0 ? 0 : 1;
}

async function prove(): Promise<void> {
  await report.step('a cluster', async () => {
    cluster = await openCluster();
    return (await kubectl(['version', '--output', 'json']).then(serverVersion)) ?? '';
  });
  if (cluster === undefined) return;
  const { load, ensureBaseImages } = cluster;
  if (!args.includes('--no-build')) {
    const isBuilt = await report.step('images are built', async () => {
      await ensureBaseImages();
      return (await shell('scripts/build-images', [])).trim().split('\n').join(', ');
    });
    if (!isBuilt) return;
  }
  await report.step('images are loaded', () => load(imagesOf(version)));
  if (['installation', 'scale', 'soak'].some((proof) => proofs.has(proof))) await proveInstallation(cluster);
  if (proofs.has('upgrade')) await proveUpgrade(cluster);
}

/** From nothing to an installation that did what `npm start -- --exit` does, further proofs on demand, and back to nothing. */
async function proveInstallation(on: Cluster): Promise<void> {
  const backing = await startBacking(on);
  const values = trialValues(backing);
  if (!(await installAsThePageSays({ namespace, release, backing, checkout: root, values, report }))) return;
  if (proofs.has('installation') && !args.includes('--quick')) {
    await report.step('the demonstration runs against the gateway Service, with real Kafka', () =>
      runDemonstrationJob({ namespace, release, image: toolsImage, onLine: (line) => report.note(line) }),
    );
  }
  if (proofs.has('scale') || proofs.has('soak')) {
    await report.step('everything is read', async () => {
      const deployment = await openClusterDeployment({ namespace, release, backing });
      await awaitFirstSync(deployment, 300_000).finally(() => deployment.stop());
    });
  }
  if (proofs.has('soak')) {
    await soak({ namespace, backingNamespace: backing.namespace, release, minutes, changesPerSecond: 10, report });
  }
  await report.step('no pod was started again', async () => `${await steadyPods(namespace)} pods`);
  if (proofs.has('scale')) await scaleOut({ namespace, release, backing, report, cpuLimit: '100m', seconds: 60 });
  await uninstall(backing);
}

/** From the previous release to this one, back, and here again. */
async function proveUpgrade(on: Cluster): Promise<void> {
  let previous: Awaited<ReturnType<typeof buildPreviousRelease>> | undefined;
  const isBuilt = await report.step('the previous release is built and loaded', async () => {
    previous = await buildPreviousRelease(programs);
    await on.load(imagesOf(previous.imageTag));
    return previous.imageTag;
  });
  if (!isBuilt || previous === undefined) return;
  try {
    const backing = await startBacking(on);
    // Two pods of the gateway and of the connector behind it, as whoever means it has; the rest fits a node with two processors.
    // The simulated CRMs live in memory: another image would be another customer.
    const common = { answeringPods: 2, simulatorsTag: version };
    const values = trialValues(backing, common);
    const checkout = previous.folder;
    const before = trialValues(backing, { ...common, imageTag: previous.imageTag });
    if (!(await installAsThePageSays({ namespace, release, backing, checkout, values: before, report }))) return;
    await upgradeAndRollback({ namespace, release, backing, previous, values, clientImage: toolsImage, report });
    await report.step('no pod was started again', async () => `${await steadyPods(namespace)} pods`);
    await uninstall(backing);
  } finally {
    await previous.remove();
  }
}

async function startBacking(on: Cluster): Promise<BackingServices> {
  const backing = await startBackingServices(on);
  report.note(`Kafka ${backing.brokers} and a Postgres in namespace ${backing.namespace}`);
  return backing;
}

async function uninstall(backing: BackingServices): Promise<void> {
  await report.step('no pod ran out of memory', async () => {
    const pods = [...(await podsOutOfMemory(namespace)), ...(await podsOutOfMemory(backing.namespace))];
    if (pods.length > 0) throw new Error(pods.join(', '));
  });
  if (keep) return;
  await report.step('helm uninstall leaves nothing', async () => {
    await shell('helm', ['uninstall', release, '--namespace', namespace, '--wait', '--timeout', '120s']);
    const left = await leftovers(namespace, release);
    if (left.length > 0) throw new Error(`left: ${left.join(', ')}`);
  });
  await kubectl(['delete', 'namespace', namespace, backing.namespace, '--wait']);
}

function serverVersion(text: string): string | undefined {
  const { serverVersion: server } = JSON.parse(text) as { readonly serverVersion?: { readonly gitVersion: string } };
  return server?.gitVersion;
}
