import { type PodUsage, podUsages } from './pod-measures.ts';

/** What a pod used in a stretch of time. Memory in bytes, CPU in thousandths of a processor. */
export interface UsageSummary {
  readonly samples: number;
  readonly rssFirst: number;
  readonly rssLast: number;
  readonly rssMost: number;
  readonly workingSetMost: number;
  readonly milliCpu: number;
  /** Mean RSS of the last quarter over that of the second, less 1. */
  readonly growth: number;
}

export interface UsageSamples {
  take(): Promise<void>;
  /** By pod, those with at least two samples. */
  summarise(): ReadonlyMap<string, UsageSummary>;
}

/** Samples of all pods of some namespaces. */
export function createUsageSamples(namespaces: readonly string[]): UsageSamples {
  const byPod = new Map<string, PodUsage[]>();
  return {
    async take() {
      for (const namespace of namespaces) {
        for (const usage of await podUsages(namespace)) {
          const list = byPod.get(usage.pod) ?? [];
          // The kubelet repeats itself until it has looked again.
          if (list.at(-1)?.cpuAtMs !== usage.cpuAtMs) list.push(usage);
          byPod.set(usage.pod, list);
        }
      }
    },
    summarise: () =>
      new Map([...byPod].filter(([, list]) => list.length > 1).map(([pod, list]) => [pod, summaryOf(list)])),
  };
}

function summaryOf(list: readonly PodUsage[]): UsageSummary {
  const first = list[0] as PodUsage;
  const last = list.at(-1) as PodUsage;
  const rss = list.map(({ rssBytes }) => rssBytes);
  const quarter = Math.floor(list.length / 4);
  const mean = (part: readonly number[]): number => part.reduce((sum, bytes) => sum + bytes, 0) / part.length;
  return {
    samples: list.length,
    rssFirst: first.rssBytes,
    rssLast: last.rssBytes,
    rssMost: Math.max(...rss),
    workingSetMost: Math.max(...list.map(({ workingSetBytes }) => workingSetBytes)),
    milliCpu: ((last.cpuSeconds - first.cpuSeconds) / (last.cpuAtMs - first.cpuAtMs)) * 1_000_000,
    growth: quarter === 0 ? 0 : mean(rss.slice(3 * quarter)) / mean(rss.slice(quarter, 2 * quarter)) - 1,
  };
}
