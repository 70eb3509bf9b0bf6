import { kubectl, kubectlJson } from './shell.ts';

/** What a pod uses, as the kubelet sees it. */
export interface PodUsage {
  readonly pod: string;
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  /** Since the container began. */
  readonly cpuSeconds: number;
}

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly containers?: readonly {
      readonly cpu?: { readonly usageCoreNanoSeconds?: number };
      readonly memory?: { readonly workingSetBytes?: number; readonly rssBytes?: number };
    }[];
  }[];
}

interface NameList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  }[];
}

export async function podUsages(namespace: string): Promise<PodUsage[]> {
  const nodes = await kubectlJson<NameList>(['get', 'nodes']);
  const usages: PodUsage[] = [];
  for (const { metadata } of nodes.items) {
    const summary = JSON.parse(
      await kubectl(['get', '--raw', `/api/v1/nodes/${metadata.name}/proxy/stats/summary`]),
    ) as Summary;
    for (const { podRef, containers = [] } of summary.pods) {
      if (podRef.namespace !== namespace) continue;
      const sum = (of: (container: (typeof containers)[number]) => number | undefined): number =>
        containers.reduce((total, container) => total + (of(container) ?? 0), 0);
      usages.push({
        pod: podRef.name,
        workingSetBytes: sum(({ memory }) => memory?.workingSetBytes),
        rssBytes: sum(({ memory }) => memory?.rssBytes),
        cpuSeconds: sum(({ cpu }) => cpu?.usageCoreNanoSeconds) / 1e9,
      });
    }
  }
  return usages;
}

/** Names of the pods of one service. */
export async function podsOf(namespace: string, service: string): Promise<string[]> {
  const { items } = await kubectlJson<NameList>([
    'get',
    'pods',
    '--namespace',
    namespace,
    '--selector',
    `app.kubernetes.io/name=${service}`,
    '--field-selector',
    'status.phase=Running',
  ]);
  return items.map(({ metadata }) => metadata.name);
}

/** The metrics of one pod, through the API server, so that it does not matter where this program runs. */
export function podMetrics(namespace: string, pod: string): Promise<string> {
  return kubectl(['get', '--raw', `/api/v1/namespaces/${namespace}/pods/${pod}:8080/proxy/metrics`]);
}

/** How often and for how long a pod was held back by its CPU limit, from its control group. */
export async function throttling(
  namespace: string,
  pod: string,
): Promise<{ readonly periods: number; readonly throttled: number }> {
  const script = `const fs = require('fs');
    const file = ['/sys/fs/cgroup/cpu.stat', '/sys/fs/cgroup/cpu/cpu.stat'].find((name) => fs.existsSync(name));
    console.log(fs.readFileSync(file, 'utf8'));`;
  const text = await kubectl(['exec', '--namespace', namespace, pod, '--', 'node', '-e', script]);
  const number = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { periods: number('nr_periods'), throttled: number('nr_throttled') };
}

/** Seconds since boot that the processors of the node of a pod worked, and that they idled. */
export async function nodeTimes(
  namespace: string,
  pod: string,
): Promise<{ readonly busy: number; readonly idle: number }> {
  const text = await kubectl([
    'exec',
    '--namespace',
    namespace,
    pod,
    '--',
    'node',
    '-p',
    "require('fs').readFileSync('/proc/stat', 'utf8')",
  ]);
  const ticks = (text.split('\n')[0] ?? '').split(/\s+/).slice(1, 9).map(Number);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: (ticks.reduce((sum, tick) => sum + tick, 0) - idle) / 100, idle: idle / 100 };
}
