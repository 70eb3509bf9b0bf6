import { kubectl, kubectlJson } from './shell.ts';
import { testPodLabels, testPodSpec } from './test-pod.ts';

export interface DemonstrationJobOptions {
  readonly namespace: string;
  readonly release: string;
  readonly image: string;
  readonly onLine: (line: string) => void;
}

interface JobView {
  readonly status: { readonly succeeded?: number; readonly failed?: number };
}

const services = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'];
const timeoutMs = 900_000;

/** Runs `kempt demo` in the cluster, as a client of the gateway's Service. Throws with its output when it fails. */
export async function runDemonstrationJob({
  namespace,
  release,
  image,
  onLine,
}: DemonstrationJobOptions): Promise<void> {
  const name = `${release}-demonstration`;
  await kubectl(['delete', 'job', name, '--namespace', namespace, '--ignore-not-found', '--wait']);
  await kubectl(['apply', '--namespace', namespace, '--filename', '-'], {
    input: JSON.stringify(jobOf({ name, release, image })),
  });
  const deadline = performance.now() + timeoutMs;
  await kubectl([
    'wait',
    'pod',
    '--namespace',
    namespace,
    '--selector',
    `job-name=${name}`,
    '--for=condition=Ready',
    '--timeout',
    '60s',
  ]).catch(() => '');
  await kubectl(['logs', '--follow', '--namespace', namespace, `job/${name}`], { onLine, timeoutMs });
  for (;;) {
    const { status } = await kubectlJson<JobView>(['get', 'job', name, '--namespace', namespace]);
    if ((status.succeeded ?? 0) > 0) break;
    if ((status.failed ?? 0) > 0 || performance.now() > deadline) {
      throw new Error(
        `the demonstration failed:\n${await kubectl(['logs', '--namespace', namespace, `job/${name}`, '--tail', '20'])}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await kubectl(['delete', 'job', name, '--namespace', namespace, '--wait']);
}

function jobOf({
  name,
  release,
  image,
}: {
  readonly name: string;
  readonly release: string;
  readonly image: string;
}): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: {
          labels: testPodLabels(release),
        },
        spec: {
          ...testPodSpec,
          containers: [
            {
              name: 'demonstration',
              image,
              imagePullPolicy: 'IfNotPresent',
              args: [
                'demo',
                `--control-url=http://${release}-simulators:8083`,
                ...services.map((service) => `--metrics-url=http://${release}-${service}:8080/metrics`),
              ],
              env: [
                { name: 'KEMPT_URL', value: `http://${release}-gateway:8080` },
                {
                  name: 'KEMPT_API_KEY',
                  valueFrom: { secretKeyRef: { name: 'kempt-keys', key: 'bootstrap-api-key' } },
                },
              ],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    },
  };
}
