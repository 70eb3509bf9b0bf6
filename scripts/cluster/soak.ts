import { setTimeout as sleep } from 'node:timers/promises';
import { podsOutOfMemory, steadyPods } from './installation.ts';
import type { Report } from './report.ts';
import { openSimulatedChanges } from './simulated-changes.ts';
import { createUsageSamples, type UsageSamples } from './usage-samples.ts';

export interface SoakOptions {
  readonly namespace: string;
  /** Where Kafka and Postgres run. */
  readonly backingNamespace: string;
  readonly release: string;
  readonly minutes: number;
  /** Changed records a second. */
  readonly changesPerSecond: number;
  readonly report: Report;
}

/** RSS of the last quarter may be this much above that of the second: what grows for ever grows by more. */
const mostGrowth = 0.15;
const idleMinutes = 3;
const sampleMs = 15_000;

const mebibytes = (bytes: number): string => (bytes / 1_048_576).toFixed(0);

/**
 * Watches memory and CPU of every pod, first while nothing changes, then while records change steadily; no pod may be started again,
 * and no service may keep growing. Kafka and Postgres are shown, and not judged: they fill what they are given.
 */
export async function soak(options: SoakOptions): Promise<void> {
  const { namespace, backingNamespace, release, minutes, changesPerSecond, report } = options;
  const namespaces = [namespace, backingNamespace];
  const idle = createUsageSamples(namespaces);
  await sampled(idle, idleMinutes, () => sleep(1_000));

  const loaded = createUsageSamples(namespaces);
  const changes = await openSimulatedChanges(namespace, release);
  let touched = 0;
  let slowest = 0;
  try {
    await sampled(loaded, minutes, async () => {
      const round = performance.now();
      touched += await changes.touch(changesPerSecond);
      const took = performance.now() - round;
      slowest = Math.max(slowest, took);
      await sleep(Math.max(0, 1_000 - took));
    });
  } finally {
    changes.stop();
  }
  report.note(
    `${touched} records were changed in ${minutes} minutes (${(touched / minutes / 60).toFixed(1)} a second; making the changes of a second took ${slowest.toFixed(0)} ms at most).`,
  );
  report.note(
    '| Pod | RSS idle, MiB | CPU idle, m | RSS under load: first, last, most | Working set, most | CPU, m | RSS, last quarter against second |',
  );
  report.note('|---|---|---|---|---|---|---|');
  const growing: string[] = [];
  const before = idle.summarise();
  for (const [pod, summary] of [...loaded.summarise()].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const quiet = before.get(pod);
    const isOurs = !/^(kafka|postgres)-\d+$/.test(pod);
    const growth = `${(summary.growth * 100).toFixed(1)} %`;
    if (isOurs && summary.growth > mostGrowth) growing.push(`${pod} by ${growth}`);
    const cells = [
      pod,
      quiet === undefined ? '' : mebibytes(quiet.rssLast),
      quiet?.milliCpu.toFixed(0) ?? '',
      [summary.rssFirst, summary.rssLast, summary.rssMost].map(mebibytes).join(', '),
      mebibytes(summary.workingSetMost),
      summary.milliCpu.toFixed(0),
      `${growth} (${summary.samples} samples)`,
    ];
    report.note(`| ${cells.join(' | ')} |`);
  }
  await report.step('no pod was started again in the soak, and none for want of memory', async () => {
    const starved = (await Promise.all(namespaces.map(podsOutOfMemory))).flat();
    if (starved.length > 0) throw new Error(starved.join(', '));
    return `${await steadyPods(namespace)} pods`;
  });
  await report.step('the memory of no service keeps growing', async () => {
    if (growing.length > 0) throw new Error(growing.join(', '));
  });
}

/** Goes on with something for so long and takes samples meanwhile. */
async function sampled(samples: UsageSamples, minutes: number, round: () => Promise<void>): Promise<void> {
  const end = performance.now() + minutes * 60_000;
  let last = Number.NEGATIVE_INFINITY;
  while (performance.now() < end) {
    await round();
    if (performance.now() - last < sampleMs) continue;
    last = performance.now();
    await samples.take();
  }
}
