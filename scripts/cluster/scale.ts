import { setTimeout as sleep } from 'node:timers/promises';
import { topics } from '@kempt/contracts';
import { sumOf } from '@kempt/demonstration';
import { beginRebuild } from '@kempt/outbox';
import { openDatabase } from '@kempt/postgres';
import pg from 'pg';
import { forwardKafka } from './cluster-deployment.ts';
import { forward } from './forwarding.ts';
import type { InstallationOptions } from './installation.ts';
import { type NodeUsage, nodeUsage, type PodUsage, podMetrics, podsOf, podUsages } from './pod-measures.ts';
import type { Report } from './report.ts';
import { kubectl, kubectlJson } from './shell.ts';

export interface ScaleOptions extends InstallationOptions {
  readonly report: Report;
  /** Each pod may use this much of a processor. */
  readonly cpuLimit: string;
  /** How long a rate is measured, at most: until there is little left to take in. */
  readonly seconds: number;
}

const service = 'data-quality';
const schema = 'data_quality';
/** What the service made of records, and makes again. */
const tables = [
  'object_profile',
  'field_profile',
  'profiled_record',
  'assessed_record',
  'rule_count',
  'quality_issue',
  'score_due',
  'quality_score',
];
const patienceMs = 300_000;

interface Reading {
  readonly handled: ReadonlyMap<string, number>;
  readonly atMs: number;
}

/**
 * Has one, two and three pods with little CPU build everything from all records that are in the topic, and measures how many events a
 * second they take in while each of them has work. Says how much the pods were held back by their limit and how idle the node was,
 * since a busy node proves nothing.
 */
export async function scaleOut(options: ScaleOptions): Promise<void> {
  const { namespace, release, report, cpuLimit, seconds } = options;
  const deployment = `deployment/${release}-${service}`;
  const rates: number[] = [];
  let leastIdle = 1;
  const isMeasured = await report.step('one, two and three pods with little CPU are measured', async () => {
    await limitCpu(namespace, deployment, cpuLimit);
    try {
      for (const replicas of [1, 2, 3]) {
        await kubectl(['scale', deployment, '--namespace', namespace, '--replicas=0']);
        await until('the consumer is gone', async () => (await podsOf(namespace, service)).length === 0);
        await forgetEverything(options);
        await kubectl(['scale', deployment, '--namespace', namespace, `--replicas=${replicas}`]);
        await kubectl(['rollout', 'status', deployment, '--namespace', namespace, '--timeout', '300s']);
        const pods = await podsOf(namespace, service);
        await until('every pod has work', async () => {
          const { handled } = await read(namespace, pods);
          return pods.length === replicas && [...handled.values()].every((events) => events > 0);
        });

        const start = { ...(await read(namespace, pods)), ...(await usage(namespace, pods)) };
        let end = start;
        while (end.atMs - start.atMs < seconds * 1_000) {
          await sleep(5_000);
          const [lag, now] = [await lagOf(namespace, pods), await read(namespace, pods)];
          // The last ones are not spread evenly over the partitions.
          if (lag < 2_000) break;
          end = { ...now, ...(await usage(namespace, pods)) };
        }
        if (end === start) throw new Error('everything was taken in before it could be measured');

        const events = sum(end.handled) - sum(start.handled);
        const rate = events / ((end.atMs - start.atMs) / 1_000);
        const cpu = end.node.cpuSeconds - start.node.cpuSeconds;
        const idle = 1 - cpu / (((end.node.atMs - start.node.atMs) / 1_000) * end.node.processors);
        const throttled = total(end.pods, 'throttledPeriods') - total(start.pods, 'throttledPeriods');
        const periods = total(end.pods, 'periods') - total(start.pods, 'periods');
        leastIdle = Math.min(leastIdle, idle);
        rates.push(rate);
        report.note(
          `${replicas} pods at ${cpuLimit}: ${rate.toFixed(1)} records/s (${events} in ${((end.atMs - start.atMs) / 1_000).toFixed(0)} s), held back in ${percent(throttled / Math.max(1, periods))} of periods, node ${percent(idle)} idle`,
        );
      }
    } finally {
      await limitCpu(namespace, deployment, null);
      await kubectl(['scale', deployment, '--namespace', namespace, '--replicas=1']);
      await kubectl(['rollout', 'status', deployment, '--namespace', namespace, '--timeout', '300s']);
    }
  });
  if (!isMeasured) return;
  const [one = 0, two = 0, three = 0] = rates;
  await report.step('two pods take in at least 1.8 times, three at least 2.5 times as much as one', async () => {
    const factors = `${(two / one).toFixed(2)} times, ${(three / one).toFixed(2)} times`;
    if (leastIdle < 0.1) throw new Error(`not proven: the node was only ${percent(leastIdle)} idle (${factors})`);
    if (two < one * 1.8 || three < one * 2.5) throw new Error(factors);
    return factors;
  });
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const sum = (numbers: ReadonlyMap<string, number>): number => [...numbers.values()].reduce((all, one) => all + one, 0);
const total = (pods: readonly PodUsage[], field: 'periods' | 'throttledPeriods'): number =>
  pods.reduce((all, pod) => all + pod[field], 0);

/** Events of the record topic that each pod has handled. */
async function read(namespace: string, pods: readonly string[]): Promise<Reading> {
  const entries = await Promise.all(
    pods.map(async (pod) => {
      const lines = (await podMetrics(namespace, pod)).split('\n');
      const ofTopic = lines.filter((line) => line.includes(`topic="${topics.recordState.name}"`)).join('\n');
      return [pod, sumOf(ofTopic, 'kempt_consumer_events_total')] as const;
    }),
  );
  return { handled: new Map(entries), atMs: Date.now() };
}

/** Each pod tells the lag of the whole group. */
async function lagOf(namespace: string, [pod = '']: readonly string[]): Promise<number> {
  return sumOf(await podMetrics(namespace, pod), 'kempt_consumer_lag_records');
}

async function usage(
  namespace: string,
  names: readonly string[],
): Promise<{ readonly pods: readonly PodUsage[]; readonly node: NodeUsage }> {
  const pods = (await podUsages(namespace)).filter(({ pod }) => names.includes(pod));
  return { pods, node: await nodeUsage() };
}

async function limitCpu(namespace: string, deployment: string, cpu: string | null): Promise<void> {
  const patch = { spec: { template: { spec: { containers: [{ name: 'server', resources: { limits: { cpu } } }] } } } };
  await kubectl(['patch', deployment, '--namespace', namespace, '--patch', JSON.stringify(patch)]);
}

/** Empties the tables of the stopped service and has it read the topic of records from its beginning. */
async function forgetEverything(options: ScaleOptions): Promise<void> {
  const { namespace, backing } = options;
  const forwarding = await forward(backing.namespace, 'postgres', 5432);
  const { data } = await kubectlJson<{ readonly data: Readonly<Record<string, string>> }>([
    'get',
    'secret',
    'kempt-database',
    '--namespace',
    namespace,
  ]);
  const at = (text: string): string => {
    const url = new URL(text);
    url.host = new URL(forwarding.url).host;
    return url.href;
  };
  const kafka = await forwardKafka(backing);
  const bus = kafka.openBus();
  const database = openDatabase({
    url: at(Buffer.from(data[service] ?? '', 'base64').toString('utf8')),
    schema,
    applicationName: 'kempt-scale-proof',
  });
  const admin = new pg.Client({ connectionString: at(backing.adminUrl) });
  try {
    await admin.connect();
    await admin.query(`truncate ${tables.map((table) => `${schema}.${table}`).join(', ')}`);
    // A member that left without a word counts for as long as its session.
    await until('the group has no member', () =>
      beginRebuild({ database, bus, group: service }).then(
        () => true,
        () => false,
      ),
    );
    // Clusters are another kind of work, in another mixture in each round.
    await bus.seekGroup(service, topics.clusterChanged.name, 'latest');
  } finally {
    await admin.end();
    await database.close();
    await bus.close();
    kafka.stop();
    forwarding.stop();
  }
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`It did not come to it that ${what}.`);
    await sleep(1_000);
  }
}
