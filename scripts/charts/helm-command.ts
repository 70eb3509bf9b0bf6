import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where Helm is: `KEMPT_HELM`, the PATH, or where scripts/install-helm puts it; undefined when it is nowhere. */
export function findHelm(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const candidates = [
    environment['KEMPT_HELM'],
    ...(environment['PATH'] ?? '').split(path.delimiter).map((folder) => path.join(folder, 'helm')),
    path.join(homedir(), '.cache', 'local-cluster', 'bin', 'helm'),
    path.join(root, 'node_modules', '.cache', 'helm', 'helm'),
  ];
  return candidates.find(
    (candidate) =>
      candidate !== undefined &&
      existsSync(candidate) &&
      spawnSync(candidate, ['version', '--short'], { stdio: 'ignore' }).status === 0,
  );
}

/** Custom resources that a cluster with everything knows. */
const apiVersions = [
  'monitoring.coreos.com/v1',
  'keda.sh/v1alpha1',
  'kafka.strimzi.io/v1',
  'external-secrets.io/v1',
  'gateway.networking.k8s.io/v1',
];

/** What came of a call: its output, or the message of its failure. */
export interface HelmResult {
  readonly ok: boolean;
  readonly output: string;
}

/** Charts in a folder of their own, with their dependencies, so that the checkout stays as it is. */
export interface StagedCharts {
  readonly folder: string;
  /** `helm template` of a chart with files of values and single ones. */
  render(chart: string, options?: RenderOptions): Promise<HelmResult>;
  lint(chart: string, options?: Pick<RenderOptions, 'valuesFiles'>): Promise<HelmResult>;
  remove(): void;
}

export interface RenderOptions {
  readonly valuesFiles?: readonly string[];
  /** As for `--set`: `a.b=c`. */
  readonly set?: readonly string[];
  readonly kubernetes?: string;
  /** Default: a cluster that knows every custom resource. */
  readonly apiVersions?: readonly string[];
}

/** Copies helm/ and brings every dependency in. */
export async function stageCharts(helm: string, source = path.join(root, 'helm')): Promise<StagedCharts> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kempt-charts-'));
  cpSync(source, folder, { recursive: true, filter: (file) => path.basename(file) !== 'charts' || file === source });
  const home = path.join(folder, '.helm');
  mkdirSync(home, { recursive: true });
  // Nothing of the person's own repositories and plug-ins takes part.
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    HELM_CACHE_HOME: path.join(home, 'cache'),
    HELM_CONFIG_HOME: path.join(home, 'config'),
    HELM_DATA_HOME: path.join(home, 'data'),
  };

  async function call(args: readonly string[]): Promise<HelmResult> {
    try {
      const { stdout } = await run(helm, [...args], { env: environment, maxBuffer: 64 * 1024 * 1024 });
      return { ok: true, output: stdout };
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      return { ok: false, output: `${stdout}${stderr}` };
    }
  }

  // The umbrella first: it must be complete without the charts of services having been built, as GitOps tools build it.
  for (const chart of ['platform', 'connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway']) {
    const built = await call(['dependency', 'update', path.join(folder, chart)]);
    if (!built.ok) throw new Error(`The dependencies of ${chart} are not there: ${built.output}`);
  }
  return {
    folder,
    render: (chart, options = {}) =>
      call([
        'template',
        'kempt',
        path.join(folder, chart),
        '--namespace=kempt',
        `--kube-version=${options.kubernetes ?? '1.34.0'}`,
        ...(options.apiVersions ?? apiVersions).map((api) => `--api-versions=${api}`),
        ...(options.valuesFiles ?? []).map((file) => `--values=${file}`),
        ...(options.set ?? []).map((one) => `--set=${one}`),
      ]),
    lint: (chart, options = {}) =>
      call([
        'lint',
        '--strict',
        '--kube-version=1.34.0',
        path.join(folder, chart),
        ...(options.valuesFiles ?? []).map((file) => `--values=${file}`),
      ]),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
