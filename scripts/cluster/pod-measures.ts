import { kubectl, kubectlJson } from './shell.ts';

/** What a pod uses, as the kubelet sees it. */
export interface PodUsage {
  readonly pod: string;
  /** What counts against the limit. */
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  /** Since the pod began. */
  readonly cpuSeconds: number;
}

interface NameList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  }[];
}

const usageMetrics: Readonly<Record<string, Exclude<keyof PodUsage, 'pod'>>> = {
  container_memory_working_set_bytes: 'workingSetBytes',
  container_memory_rss: 'rssBytes',
  container_cpu_usage_seconds_total: 'cpuSeconds',
};

/** Of the pods of a namespace. The kubelet looks every 10 to 15 s. */
export async function podUsages(namespace: string): Promise<PodUsage[]> {
  const nodes = await kubectlJson<NameList>(['get', 'nodes']);
  const usages = new Map<string, { -readonly [name in keyof PodUsage]: PodUsage[name] }>();
  for (const { metadata } of nodes.items) {
    const text = await kubectl(['get', '--raw', `/api/v1/nodes/${metadata.name}/proxy/metrics/cadvisor`]);
    for (const line of text.split('\n')) {
      const [, metric = '', labels = '', value = ''] = /^(\w+)\{([^}]*)\} (\S+)/.exec(line) ?? [];
      const field = usageMetrics[metric];
      // The control group of the pod as a whole has no container.
      if (field === undefined || !labels.includes(`namespace="${namespace}"`) || !labels.includes('container=""'))
        continue;
      const pod = /(?:^|,)pod="([^"]+)"/.exec(labels)?.[1];
      if (pod === undefined) continue;
      const usage = usages.get(pod) ?? { pod, workingSetBytes: 0, rssBytes: 0, cpuSeconds: 0 };
      usage[field] = Number(value);
      usages.set(pod, usage);
    }
  }
  return [...usages.values()];
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
