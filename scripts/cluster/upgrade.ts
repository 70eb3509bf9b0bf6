import { setTimeout as sleep } from 'node:timers/promises';
import { ChangeKind, decodeEvent, topics } from '@kempt/contracts';
import type { EventBus } from '@kempt/event-bus';
import pg from 'pg';
import { runChaos } from '../slice/chaos.ts';
import { awaitFirstSync, awaitTrue } from '../slice/settled.ts';
import type { BackingServices } from './backing-services.ts';
import { openClusterDeployment } from './cluster-deployment.ts';
import { forward } from './forwarding.ts';
import { type GatewayAnswers, startGatewayClient } from './gateway-client.ts';
import type { InstallationOptions } from './installation.ts';
import { podsOf } from './pod-measures.ts';
import type { PreviousRelease } from './previous-release.ts';
import type { Report } from './report.ts';
import { shell } from './shell.ts';

export interface UpgradeOptions extends InstallationOptions {
  /** What is installed when this begins. */
  readonly previous: PreviousRelease;
  /** Values of both releases. */
  readonly values: object;
  /** An image with Node.js. */
  readonly clientImage: string;
  readonly report: Report;
}

interface Told {
  /** Updates that name the fields that changed, as this release does. */
  readonly withNames: number;
  /** Updates that do not, as the release before. */
  readonly withoutNames: number;
}

/** The gateway answers the one by itself, and asks the connector for the other. */
const askedPaths = ['/v1/api-keys?limit=1', '/v1/connections'];
const lackingRoute = '/v1/setup-changes';
const lackingColumn = { schema: 'connector', table: 'sync_lease', column: 'succeeded_at' } as const;

/**
 * `helm upgrade` from the previous release, `helm rollback` to it and `helm upgrade` again, while the CRMs change, change sets are
 * applied and undone, pods are killed and Kafka and Postgres are started again; then holds CRMs, mirror, topics and answers against each
 * other, as chaos without a cluster does. Each release has to show that it is the one it should be.
 */
export async function upgradeAndRollback(options: UpgradeOptions): Promise<void> {
  const { namespace, release, backing, report, previous } = options;
  let answers: readonly GatewayAnswers[] = [];
  await report.step('upgrade, rollback and upgrade under load lose nothing and do nothing twice', async () => {
    const summary = await runChaos({
      async start() {
        const deployment = await openClusterDeployment(options);
        await awaitFirstSync(deployment, 300_000);
        return deployment;
      },
      kills: 1,
      seed: 'upgrade',
      // A rollout ends when all pods are ready at once, and a group waits up to 45 s for a member that died without a word.
      pauseMs: { least: 40_000, most: 120_000 },
      async meanwhile(deployment) {
        const client = await startGatewayClient({ namespace, release, image: options.clientImage, paths: askedPaths });
        const updates = await followUpdates(deployment.openBus());
        const { told } = updates;
        const step = async (title: string, work: () => Promise<string | void>): Promise<void> => {
          const began = performance.now();
          const remark = await work();
          report.note(
            `${title} (${((performance.now() - began) / 1_000).toFixed(0)} s)${remark === undefined ? '' : `: ${remark}`}`,
          );
        };
        const isAsPrevious = async (): Promise<void> => {
          await awaitTrue(60_000, 'the previous release', async () => (await routeStatus(deployment)) === 404);
        };
        const isAsNow = async (): Promise<void> => {
          await awaitTrue(60_000, 'this release', async () => (await routeStatus(deployment)) === 200);
        };
        const simulators = String(await podsOf(namespace, 'simulators'));
        const areSameCrms = async (): Promise<void> => {
          if (String(await podsOf(namespace, 'simulators')) !== simulators) {
            throw new Error('The simulated CRMs were started again, and with them what Kempt had read was lost.');
          }
        };
        await isAsPrevious();
        if (await hasColumn(backing)) throw new Error('The previous release has a column of today.');
        await awaitTrue(120_000, 'a change that the previous release tells', async () => told().withoutNames > 0);
        const first = told();
        if (first.withNames > 0) throw new Error('The previous release tells a field of today.');

        await step('helm upgrade', () => upgrade(options));
        await isAsNow();
        await areSameCrms();
        if (!(await hasColumn(backing))) throw new Error('The upgrade brought no column.');
        await step('Kafka is started again', () => backing.restart('kafka'));
        await awaitTrue(120_000, 'a change that names its fields', async () => told().withNames > 0);
        const second = told();

        await step('helm rollback', async () => {
          await shell('helm', ['rollback', release, '1', '--namespace', namespace, '--wait', '--timeout', '300s']);
        });
        await isAsPrevious();
        if (!(await hasColumn(backing))) throw new Error('The rollback took a column away.');
        await step('Postgres is started again', () => backing.restart('postgres'));
        await awaitTrue(120_000, 'a change that the previous release tells on the newer schema', async () => {
          return told().withoutNames > second.withoutNames;
        });
        const third = told();

        await step('helm upgrade once more', () => upgrade(options));
        await isAsNow();
        await awaitTrue(120_000, 'a change after the second upgrade', async () => {
          return told().withNames > third.withNames;
        });
        await areSameCrms();
        answers = await client.finish();
        await noDeadLetters(deployment);
        report.note(`updates told: ${JSON.stringify({ first, second, third, last: told() })}`);
        await updates.stop();
      },
    });
    return summary;
  });
  for (const { path, requests, byStatus, longestGapMs, p50Ms, p99Ms } of answers) {
    const wrong = requests - (byStatus['200'] ?? 0);
    const codes = Object.entries(byStatus).map(([code, count]) => `${code}: ${count}`);
    report.note(
      `gateway, ${path}, seen from the cluster: ${wrong} of ${requests} requests failed (${((100 * wrong) / Math.max(1, requests)).toFixed(2)} %; ${codes.join(', ')}), longest time without an answer ${(longestGapMs / 1_000).toFixed(1)} s, p50 ${p50Ms} ms, p99 ${p99Ms} ms`,
    );
  }
  report.note(`previous release: ${previous.imageTag}`);
}

interface Reachable {
  readonly apiUrl: string;
  readonly apiKey: string;
}

async function upgrade({ namespace, release, values }: UpgradeOptions): Promise<void> {
  await shell('helm', ['dependency', 'build', 'helm/platform']);
  await shell(
    'helm',
    ['upgrade', release, 'helm/platform', '--namespace', namespace, '--wait', '--timeout', '300s', '--values', '-'],
    { input: JSON.stringify(values) },
  );
}

async function routeStatus({ apiUrl, apiKey }: Reachable): Promise<number> {
  const response = await fetch(`${apiUrl}${lackingRoute}`, {
    headers: { authorization: `Bearer ${apiKey}` },
    signal: AbortSignal.timeout(10_000),
  });
  await response.arrayBuffer();
  return response.status;
}

async function noDeadLetters({ apiUrl, apiKey }: Reachable): Promise<void> {
  let items: readonly unknown[] = [];
  await awaitTrue(60_000, 'an answer about dead letters', async () => {
    const response = await fetch(`${apiUrl}/v1/dead-letters`, { headers: { authorization: `Bearer ${apiKey}` } });
    ({ items } = (await response.json()) as { readonly items: readonly unknown[] });
    return response.ok;
  });
  if (items.length > 0) throw new Error(`${items.length} dead letters: ${JSON.stringify(items[0])}`);
}

async function hasColumn(backing: BackingServices): Promise<boolean> {
  const { schema, table, column } = lackingColumn;
  for (let attempt = 1; ; attempt += 1) {
    const forwarding = await forward(backing.namespace, 'postgres', 5432);
    const url = new URL(backing.adminUrl);
    url.host = new URL(forwarding.url).host;
    const client = new pg.Client({ connectionString: url.href });
    try {
      await client.connect();
      const { rows } = await client.query(
        'select 1 from information_schema.columns where table_schema = $1 and table_name = $2 and column_name = $3',
        [schema, table, column],
      );
      return rows.length > 0;
    } catch (error) {
      if (attempt === 5) throw error;
      await sleep(1_000);
    } finally {
      await client.end().catch(() => undefined);
      forwarding.stop();
    }
  }
}

/** Counts updates of records as they are published from now on. */
async function followUpdates(bus: EventBus): Promise<{ told(): Told; stop(): Promise<void> }> {
  const seen = new Map<string, boolean>();
  const subscription = await bus.subscribe({
    group: 'upgrade-proof',
    topics: [topics.recordChanged.name],
    from: 'latest',
    eachChunk: async ({ records }) => {
      for (const record of records) {
        const { id, data } = decodeEvent(topics.recordChanged, record);
        if (data?.kind === ChangeKind.UPDATED) seen.set(id, data.changedFields.length > 0);
      }
    },
  });
  return {
    told() {
      const withNames = [...seen.values()].filter(Boolean).length;
      return { withNames, withoutNames: seen.size - withNames };
    },
    async stop() {
      await subscription.stop();
      await bus.close();
    },
  };
}
