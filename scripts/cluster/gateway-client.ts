import { kubectl } from './shell.ts';
import { testPodLabels, testPodSpec } from './test-pod.ts';

/** What a client in the cluster saw of one route. */
export interface GatewayAnswers {
  readonly path: string;
  readonly requests: number;
  /** By status; `none` where the connection was refused or broke. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** The longest time from one good answer to the next, in milliseconds. */
  readonly longestGapMs: number;
  /** Of good answers, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface GatewayClient {
  /** Ends it. @returns what it saw of each route */
  finish(): Promise<readonly GatewayAnswers[]>;
}

export interface GatewayClientOptions {
  readonly namespace: string;
  readonly release: string;
  /** Any image with Node.js. */
  readonly image: string;
  /** Routes to ask in turn. */
  readonly paths: readonly string[];
}

const name = 'kempt-gateway-client';

/** Asks for each path once every 100 ms, without trying again, and says every second what came of it so far. */
const program = `
  const seen = process.argv.slice(1).map((path) => ({ path, byStatus: {}, times: [], last: Date.now(), gap: 0 }));
  setInterval(() => {
    console.log(JSON.stringify(seen.map(({ path, byStatus, times, gap }) => {
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share) => Math.round(sorted[Math.floor(share * sorted.length)] ?? 0);
      return { path, byStatus, longestGapMs: gap, p50Ms: at(0.5), p99Ms: at(0.99) };
    })));
  }, 1000);
  process.on('SIGTERM', () => process.exit());
  async function ask(route) {
    const start = performance.now();
    const status = await fetch(process.env.KEMPT_URL + route.path, {
      headers: { authorization: 'Bearer ' + process.env.KEMPT_API_KEY },
      signal: AbortSignal.timeout(10_000),
    }).then(
      async (response) => { await response.arrayBuffer(); return String(response.status); },
      () => 'none',
    );
    route.byStatus[status] = (route.byStatus[status] ?? 0) + 1;
    if (status !== '200') return;
    route.times.push(performance.now() - start);
    route.gap = Math.max(route.gap, Date.now() - route.last);
    route.last = Date.now();
  }
  for (;;) {
    await Promise.all([...seen.map(ask), new Promise((resolve) => setTimeout(resolve, 100))]);
  }`;

/** A client in the cluster, which the gateway's Service leads to whatever pods there are: what it sees is what users would. */
export async function startGatewayClient({
  namespace,
  release,
  image,
  paths,
}: GatewayClientOptions): Promise<GatewayClient> {
  await kubectl(['delete', 'pod', name, '--namespace', namespace, '--ignore-not-found', '--wait']);
  await kubectl(['apply', '--namespace', namespace, '--filename', '-'], {
    input: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        labels: testPodLabels(release),
      },
      spec: {
        ...testPodSpec,
        containers: [
          {
            name: 'client',
            image,
            imagePullPolicy: 'IfNotPresent',
            command: ['node', '--input-type=module', '--eval', program, ...paths],
            env: [
              { name: 'KEMPT_URL', value: `http://${release}-gateway:8080` },
              { name: 'KEMPT_API_KEY', valueFrom: { secretKeyRef: { name: 'kempt-keys', key: 'bootstrap-api-key' } } },
            ],
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    }),
  });
  await kubectl(['wait', 'pod', name, '--namespace', namespace, '--for=condition=Ready', '--timeout', '60s']);
  return {
    async finish() {
      const line = (await kubectl(['logs', name, '--namespace', namespace, '--tail', '1'])).trim();
      await kubectl(['delete', 'pod', name, '--namespace', namespace, '--wait']);
      const routes = JSON.parse(line) as readonly Omit<GatewayAnswers, 'requests'>[];
      return routes.map((route) => ({
        ...route,
        requests: Object.values(route.byStatus).reduce((sum, count) => sum + count, 0),
      }));
    },
  };
}
