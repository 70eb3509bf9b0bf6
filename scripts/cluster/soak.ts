import { setTimeout as sleep } from 'node:timers/promises';
import { steadyPods } from './installation.ts';
import { podUsages } from './pod-measures.ts';
import type { Report } from './report.ts';
import { openSimulatedChanges } from './simulated-changes.ts';

export interface SoakOptions {
  readonly namespace: string;
  readonly release: string;
  readonly minutes: number;
  /** Changed records a second. */
  readonly changesPerSecond: number;
  readonly report: Report;
}

/** RSS of the last quarter may be this much above that of the second: what grows for ever grows by more. */
const mostGrowth = 0.15;
const sampleMs = 15_000;
const mib = 1_048_576;

/** Changes records steadily and watches memory and CPU of every pod; no pod may be started again, and none may keep growing. */
export async function soak({ namespace, release, minutes, changesPerSecond, report }: SoakOptions): Promise<void> {
  const changes = await openSimulatedChanges(namespace, release);
  const samples = new Map<
    string,
    { readonly at: number; readonly rss: number; readonly workingSet: number; readonly cpu: number }[]
  >();
  const began = Date.now();
  let touched = 0;
  let lastSample = 0;
  try {
    while (Date.now() - began < minutes * 60_000) {
      const round = Date.now();
      touched += await changes.touch(changesPerSecond);
      if (Date.now() - lastSample >= sampleMs) {
        lastSample = Date.now();
        for (const { pod, rssBytes, workingSetBytes, cpuSeconds } of await podUsages(namespace)) {
          const list = samples.get(pod) ?? [];
          list.push({ at: Date.now(), rss: rssBytes, workingSet: workingSetBytes, cpu: cpuSeconds });
          samples.set(pod, list);
        }
      }
      await sleep(Math.max(0, 1_000 - (Date.now() - round)));
    }
  } finally {
    changes.stop();
  }
  report.note(`${touched} records were changed in ${minutes} minutes.`);
  report.note('pod | RSS MiB start, end, most | working set most | CPU mean (m)');
  const growing: string[] = [];
  for (const [pod, list] of [...samples].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const first = list[0];
    const last = list.at(-1);
    if (first === undefined || last === undefined || list.length < 8) continue;
    const mean = (part: typeof list): number => part.reduce((sum, { rss }) => sum + rss, 0) / part.length;
    const quarter = Math.floor(list.length / 4);
    const before = mean(list.slice(quarter, 2 * quarter));
    const after = mean(list.slice(3 * quarter));
    const growth = after / before - 1;
    if (growth > mostGrowth) growing.push(`${pod} by ${(growth * 100).toFixed(0)} %`);
    const milliCpu = ((last.cpu - first.cpu) / (last.at - first.at)) * 1_000_000;
    report.note(
      `${pod} | ${[first.rss, last.rss, Math.max(...list.map(({ rss }) => rss))].map((bytes) => (bytes / mib).toFixed(0)).join(', ')} | ${(Math.max(...list.map(({ workingSet }) => workingSet)) / mib).toFixed(0)} | ${milliCpu.toFixed(0)} | RSS of the last quarter against the second: ${(growth * 100).toFixed(1)} %`,
    );
  }
  await report.step('no pod was started again in the soak', async () => `${await steadyPods(namespace)} pods`);
  await report.step('the memory of no pod keeps growing', async () => {
    if (growing.length > 0) throw new Error(growing.join(', '));
  });
}
