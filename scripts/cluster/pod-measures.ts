import { kubectl, kubectlJson } from './shell.ts';

/** What a pod uses, as the kubelet sees it. */
export interface PodUsage {
  readonly pod: string;
  /** What counts against the limit. */
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  /** Since the pod began. */
  readonly cpuSeconds: number;
  /** When the kubelet read that, in milliseconds since 1970. */
  readonly cpuAtMs: number;
  /** Periods of 100 ms in which it ran, and in which it was held back by its CPU limit; 0 without one. */
  readonly periods: number;
  readonly throttledPeriods: number;
}

/** How much the processors of a node have worked since it started. */
export interface NodeUsage {
  readonly cpuSeconds: number;
  readonly atMs: number;
  readonly processors: number;
}

interface NameList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: { readonly capacity?: { readonly cpu: string } };
  }[];
}

interface Reading {
  readonly metric: string;
  readonly labels: string;
  readonly value: number;
  readonly atMs: number;
}

const fields: Readonly<Record<string, Exclude<keyof PodUsage, 'pod' | 'cpuAtMs'>>> = {
  container_memory_working_set_bytes: 'workingSetBytes',
  container_memory_rss: 'rssBytes',
  container_cpu_usage_seconds_total: 'cpuSeconds',
  container_cpu_cfs_periods_total: 'periods',
  container_cpu_cfs_throttled_periods_total: 'throttledPeriods',
};

const labelOf = (labels: string, name: string): string =>
  new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';

/** What the kubelet of a node measured of its control groups. It looks every 10 to 15 s. */
async function readings(node: string): Promise<readonly Reading[]> {
  const text = await kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/metrics/cadvisor`]);
  return text.split('\n').flatMap((line) => {
    const [, metric = '', labels = '', value = '', at = ''] = /^(\w+)\{([^}]*)\} (\S+)(?: (\d+))?/.exec(line) ?? [];
    if (fields[metric] === undefined) return [];
    return [{ metric, labels, value: Number(value), atMs: at === '' ? Date.now() : Number(at) }];
  });
}

async function nodes(): Promise<NameList['items']> {
  return (await kubectlJson<NameList>(['get', 'nodes'])).items;
}

/** Of the pods of a namespace. */
export async function podUsages(namespace: string): Promise<PodUsage[]> {
  const usages = new Map<string, { -readonly [name in keyof PodUsage]: PodUsage[name] }>();
  for (const { metadata } of await nodes()) {
    for (const { metric, labels, value, atMs } of await readings(metadata.name)) {
      const field = fields[metric];
      const pod = labelOf(labels, 'pod');
      // The control group of the pod as a whole has no container.
      if (field === undefined || pod === '' || labelOf(labels, 'namespace') !== namespace) continue;
      const isLimit = field === 'periods' || field === 'throttledPeriods';
      if (!isLimit && labelOf(labels, 'container') !== '') continue;
      const usage = usages.get(pod) ?? {
        pod,
        workingSetBytes: 0,
        rssBytes: 0,
        cpuSeconds: 0,
        cpuAtMs: 0,
        periods: 0,
        throttledPeriods: 0,
      };
      // A limit is set on the pod and on its container; they count alike.
      usage[field] = Math.max(isLimit ? usage[field] : 0, value);
      if (field === 'cpuSeconds') usage.cpuAtMs = atMs;
      usages.set(pod, usage);
    }
  }
  return [...usages.values()];
}

/** Of the only node; the proofs of scale mean nothing on several. */
export async function nodeUsage(): Promise<NodeUsage> {
  const [node, ...others] = await nodes();
  if (node === undefined || others.length > 0) throw new Error('The load of the node is measured on one node only.');
  const whole = (await readings(node.metadata.name)).find(
    ({ metric, labels }) => metric === 'container_cpu_usage_seconds_total' && labelOf(labels, 'id') === '/',
  );
  if (whole === undefined) throw new Error('The kubelet does not tell the load of its node.');
  return { cpuSeconds: whole.value, atMs: whole.atMs, processors: Number(node.status.capacity?.cpu ?? 1) };
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
