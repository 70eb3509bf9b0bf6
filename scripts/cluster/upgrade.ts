import { setTimeout as sleep } from 'node:timers/promises';
import { runChaos } from '../slice/chaos.ts';
import { openClusterDeployment } from './cluster-deployment.ts';
import type { InstallationOptions } from './installation.ts';
import type { Report } from './report.ts';
import { shell } from './shell.ts';

export interface UpgradeOptions extends InstallationOptions {
  /** Values of the release as it is, and as it becomes. */
  readonly before: object;
  readonly after: object;
  /** Kills of each service. */
  readonly kills: number;
  readonly report: Report;
}

/**
 * `helm upgrade` and `helm rollback` while the CRMs change, change sets are applied and undone, pods are killed and Kafka and
 * Postgres are started again; then holds CRMs, mirror, topics and answers against each other, as chaos without a cluster does.
 */
export async function upgradeAndRollback(options: UpgradeOptions): Promise<void> {
  const { namespace, release, backing, report } = options;
  await report.step('helm upgrade and rollback under load lose nothing and do nothing twice', async () => {
    const answers = new Map<string, number>();
    const asking = new AbortController();
    const summary = await runChaos({
      start: () => openClusterDeployment(options),
      kills: options.kills,
      seed: 'upgrade',
      async meanwhile({ apiUrl, apiKey }) {
        const asked = askAllTheTime(`${apiUrl}/v1/connections`, apiKey, { answers, signal: asking.signal });
        await helmUpgrade(namespace, release, options.after);
        await backing.restart('kafka');
        await shell('helm', ['rollback', release, '1', '--namespace', namespace, '--wait', '--timeout', '300s']);
        await backing.restart('postgres');
        await helmUpgrade(namespace, release, options.after);
        asking.abort();
        await asked;
      },
    });
    const all = [...answers.values()].reduce((sum, count) => sum + count, 0);
    const wrong = all - (answers.get('200') ?? 0);
    report.note(
      `gateway: ${wrong} of ${all} requests failed (${[...answers].map(([code, count]) => `${code}: ${count}`).join(', ')})`,
    );
    return summary;
  });
}

async function helmUpgrade(namespace: string, release: string, values: object): Promise<void> {
  await shell(
    'helm',
    ['upgrade', release, 'helm/platform', '--namespace', namespace, '--wait', '--timeout', '300s', '--values', '-'],
    {
      input: JSON.stringify(values),
    },
  );
}

/** Counts answers by status; `none` where there was none. The way to the gateway is `kubectl port-forward`, which breaks with its pod. */
async function askAllTheTime(
  url: string,
  apiKey: string,
  { answers, signal }: { readonly answers: Map<string, number>; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const code = await fetch(url, {
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(10_000),
    }).then(
      async (response) => {
        await response.arrayBuffer();
        return String(response.status);
      },
      () => 'none',
    );
    answers.set(code, (answers.get(code) ?? 0) + 1);
    await sleep(100);
  }
}
