import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackingServices, startBackingServices } from './backing-services.ts';
import { type Cluster, ensureBaseImages, openCluster } from './cluster.ts';
import { runDemonstrationJob } from './demonstration-job.ts';
import { leftovers, steadyPods, trialValues } from './installation.ts';
import { createReport } from './report.ts';
import { scaleOut } from './scale.ts';
import { kubectl, root, shell } from './shell.ts';
import { soak } from './soak.ts';
import { tenCommands } from './ten-commands.ts';
import { upgradeAndRollback } from './upgrade.ts';

const args = process.argv.slice(2);
const keep = args.includes('--keep');
const proofs = args.filter((arg) => !arg.startsWith('--'));
const unknown = proofs.find((proof) => !['scale', 'soak', 'upgrade'].includes(proof));
if (unknown !== undefined) throw new Error(`There is no proof "${unknown}"; there are scale, soak and upgrade.`);
/** How long the soak lasts. */
const minutes = Number(args.find((arg) => arg.startsWith('--minutes='))?.split('=')[1] ?? 20);
const namespace = 'kempt';
const release = 'kempt';
const mostInstallMs = 180_000;
const { version } = JSON.parse(await readFile(join(root, 'packages', 'service-runtime', 'package.json'), 'utf8')) as {
  readonly version: string;
};
const images = [
  'connector',
  'dedupe',
  'data-quality',
  'integration-audit',
  'metrics',
  'gateway',
  'simulators',
  'tools',
].map((name) => `kempt/${name}:${version}`);

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

/** From nothing to an installation that did what `npm start -- --exit` does, further proofs on demand, and back to nothing. */
async function prove(): Promise<void> {
  await report.step('a cluster', async () => {
    cluster = await openCluster();
    return (await kubectl(['version', '--output', 'json']).then(serverVersion)) ?? '';
  });
  if (cluster === undefined) return;
  const { load } = cluster;
  if (!args.includes('--no-build')) {
    await report.step('images are built', async () => {
      await ensureBaseImages();
      return (await shell('scripts/build-images', [])).trim().split('\n').join(', ');
    });
  }
  await report.step('images are loaded', () => load(images));
  const backing = await startBackingServices(cluster);
  report.note(`Kafka ${backing.brokers} and a Postgres in namespace ${backing.namespace}`);
  const options = { namespace, release, backing };
  if (!(await install(backing))) return;
  await report.step('the demonstration runs against the gateway Service, with real Kafka', () =>
    runDemonstrationJob({
      namespace,
      release,
      image: `kempt/tools:${version}`,
      onLine: (line) => report.note(line),
    }),
  );
  await report.step('no pod was started again', async () => `${await steadyPods(namespace)} pods`);
  report.note(
    await kubectl(['top', 'pods', '--namespace', namespace]).catch(
      () => 'no metrics server: memory and CPU are not shown',
    ),
  );
  if (proofs.includes('upgrade')) {
    const before = trialValues(backing);
    await upgradeAndRollback({
      ...options,
      before,
      after: { ...before, podLabels: { release: 'next' } },
      kills: 3,
      report,
    });
  }
  if (proofs.includes('scale')) await scaleOut({ namespace, release, report, changes: 6_000, cpuLimit: '100m' });
  if (proofs.includes('soak')) await soak({ namespace, release, minutes, changesPerSecond: 10, report });
  if (keep) return;
  await report.step('helm uninstall leaves nothing', async () => {
    await shell('helm', ['uninstall', release, '--namespace', namespace, '--wait', '--timeout', '120s']);
    const left = await leftovers(namespace, release);
    if (left.length > 0) throw new Error(`left: ${left.join(', ')}`);
  });
  await kubectl(['delete', 'namespace', namespace, backing.namespace, '--wait']);
}

/** Does what the page of the chart says, to the letter. */
async function install(backing: BackingServices): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'kempt-cluster-'));
  const valuesFile = join(folder, 'values.json');
  await writeFile(valuesFile, JSON.stringify(trialValues(backing)));
  const { host, pathname } = new URL(backing.adminUrl);
  const environment = {
    POSTGRES_ADMIN_URL: backing.adminUrl,
    POSTGRES: `${host}${pathname}`,
    KAFKA_BROKERS: backing.brokers,
    KEMPT_VALUES: valuesFile,
  };
  try {
    for (const command of await tenCommands()) {
      const began = performance.now();
      const isInstallation = command.startsWith('helm install');
      const title = isInstallation
        ? 'helm install: every pod is ready, in less than three minutes, under restricted PodSecurity'
        : command.split(/ --namespace| \$\(/)[0];
      const done = await report.step(`${title}`, async () => {
        await shell('bash', ['-ec', command], { environment }).catch((error: unknown) => explain(error));
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
    await rm(join(root, 'kempt-signing-key.pem'), { force: true });
  }
}

/** Adds what the cluster says to the error of a command. */
async function explain(error: unknown): Promise<never> {
  const pods = await kubectl(['get', 'pods,jobs', '--namespace', namespace, '--output', 'wide']).catch(() => '');
  const events = await kubectl(['get', 'events', '--namespace', namespace, '--sort-by', '.lastTimestamp']).catch(
    () => '',
  );
  const last = events.split('\n').slice(-15).join('\n');
  throw new Error(`${error instanceof Error ? error.message : String(error)}\n${pods}\n${last}`);
}

function serverVersion(text: string): string | undefined {
  const { serverVersion: server } = JSON.parse(text) as { readonly serverVersion?: { readonly gitVersion: string } };
  return server?.gitVersion;
}
