import { setTimeout as sleep } from 'node:timers/promises';
import { sumOf } from '@kempt/demonstration';
import { nodeTimes, podMetrics, podsOf, throttling } from './pod-measures.ts';
import type { Report } from './report.ts';
import { kubectl } from './shell.ts';
import { openSimulatedChanges } from './simulated-changes.ts';

export interface ScaleOptions {
  readonly namespace: string;
  readonly release: string;
  readonly report: Report;
  /** Changes that wait for the consumers in each round. */
  readonly changes: number;
  /** Each pod may use this much of a processor. */
  readonly cpuLimit: string;
}

const service = 'data-quality';
const patienceMs = 600_000;

/**
 * Lets changes pile up while nobody consumes, then measures how many a second one, two and three pods with little CPU take in. Says
 * how much the pods were held back by their limit and how idle the node was, since a busy node proves nothing.
 */
export async function scaleOut({ namespace, release, report, changes, cpuLimit }: ScaleOptions): Promise<void> {
  const deployment = `deployment/${release}-${service}`;
  const simulated = await openSimulatedChanges(namespace, release);
  const rates: number[] = [];
  let leastIdle = 1;
  try {
    await kubectl([
      'set',
      'resources',
      deployment,
      '--namespace',
      namespace,
      `--limits=cpu=${cpuLimit}`,
      `--requests=cpu=${cpuLimit}`,
    ]);
    for (const replicas of [1, 2, 3]) {
      await kubectl(['scale', deployment, '--namespace', namespace, '--replicas=0']);
      await until('the consumer is gone', async () => (await podsOf(namespace, service)).length === 0);
      const before = await total('connector', 'kempt_records_changed_total');
      await simulated.touch(changes);
      await until('the connector has published all changes', async () => {
        const published = (await total('connector', 'kempt_records_changed_total')) - before;
        return published >= changes && (await total('connector', 'kempt_outbox_rows')) === 0;
      });
      // The other consumers of the same events are to be done, so that they do not count as load.
      await until('the others are done', async () => (await total('dedupe', 'kempt_consumer_lag_records')) === 0);
      await kubectl(['scale', deployment, '--namespace', namespace, `--replicas=${replicas}`]);
      await kubectl(['rollout', 'status', deployment, '--namespace', namespace, '--timeout', '300s']);
      const pods = await podsOf(namespace, service);
      const [first = ''] = pods;
      const start = {
        at: Date.now(),
        handled: await handled(),
        times: await nodeTimes(namespace, first),
        held: await held(pods),
      };
      await until('the backlog is gone', async () => (await total(service, 'kempt_consumer_lag_records')) === 0);
      const end = {
        at: Date.now(),
        handled: await handled(),
        times: await nodeTimes(namespace, first),
        held: await held(pods),
      };
      const rate = (end.handled - start.handled) / ((end.at - start.at) / 1_000);
      const idle =
        (end.times.idle - start.times.idle) / (end.times.idle + end.times.busy - start.times.idle - start.times.busy);
      const heldBack = (end.held.throttled - start.held.throttled) / Math.max(1, end.held.periods - start.held.periods);
      leastIdle = Math.min(leastIdle, idle);
      rates.push(rate);
      report.note(
        `${replicas} pods at ${cpuLimit}: ${rate.toFixed(1)} records/s (${end.handled - start.handled} in ${((end.at - start.at) / 1_000).toFixed(0)} s), held back in ${(heldBack * 100).toFixed(0)} % of periods, node ${(idle * 100).toFixed(0)} % idle`,
      );
    }
  } finally {
    simulated.stop();
  }
  const [one = 0, two = 0, three = 0] = rates;
  await report.step('two pods take in at least 1.8 times, three at least 2.5 times as much as one', async () => {
    const factors = `${(two / one).toFixed(2)} times, ${(three / one).toFixed(2)} times`;
    if (leastIdle < 0.1)
      throw new Error(`not proven: the node was only ${(leastIdle * 100).toFixed(0)} % idle (${factors})`);
    if (two < one * 1.8 || three < one * 2.5) throw new Error(factors);
    return factors;
  });

  async function total(of: string, metric: string): Promise<number> {
    const pods = await podsOf(namespace, of);
    const texts = await Promise.all(pods.map((pod) => podMetrics(namespace, pod)));
    return texts.reduce((sum, text) => sum + sumOf(text, metric), 0);
  }

  async function handled(): Promise<number> {
    return total(service, 'kempt_consumer_events_total');
  }

  async function held(pods: readonly string[]): Promise<{ readonly periods: number; readonly throttled: number }> {
    const all = await Promise.all(pods.map((pod) => throttling(namespace, pod)));
    return {
      periods: all.reduce((sum, { periods }) => sum + periods, 0),
      throttled: all.reduce((sum, { throttled }) => sum + throttled, 0),
    };
  }
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`It did not come to it that ${what}.`);
    await sleep(500);
  }
}
