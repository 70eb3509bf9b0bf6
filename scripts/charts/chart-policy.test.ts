import { describe, expect, test } from '@jest/globals';
import { policyViolations } from './chart-policy.ts';
import { type KubernetesObject, parseObjects } from './kubernetes-object.ts';
import { renderDifference } from './render-difference.ts';
import { createResourceCheck } from './resource-schemas.ts';

const labels =
  'app.kubernetes.io/name: a, app.kubernetes.io/instance: b, app.kubernetes.io/version: "1", app.kubernetes.io/component: c, app.kubernetes.io/part-of: d, app.kubernetes.io/managed-by: e';

/** Everything as it should be; each test spoils one thing. */
const good = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: one, labels: { ${labels} } }
spec:
  strategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 0 } }
  selector: { matchLabels: { app.kubernetes.io/name: a } }
  template:
    metadata: { labels: { ${labels} } }
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 45
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway }, { maxSkew: 1, topologyKey: node, whenUnsatisfiable: ScheduleAnyway }]
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: server
          image: kempt/one:1.0.0
          env: [{ name: KEMPT_STOP_TIMEOUT_MS, value: "40000" }, { name: KEMPT_KAFKA_SASL_PASSWORD_FILE, value: /etc/kempt/secrets/kafka-password }]
          ports: [{ name: http, containerPort: 8080 }]
          startupProbe: { httpGet: { path: /livez, port: http } }
          livenessProbe: { httpGet: { path: /livez, port: http } }
          readinessProbe: { httpGet: { path: /readyz, port: http } }
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
          resources: { requests: { cpu: 100m, memory: 256Mi }, limits: { memory: 256Mi } }
          volumeMounts: [{ name: tmp, mountPath: /tmp }]
      volumes: [{ name: tmp, emptyDir: {} }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: one, labels: { ${labels} } }
spec: { maxUnavailable: 1, selector: { matchLabels: { app.kubernetes.io/name: a } } }
---
apiVersion: v1
kind: Service
metadata: { name: one, labels: { ${labels} } }
spec: { selector: { app.kubernetes.io/name: a }, ports: [{ port: 8080, targetPort: http }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: one, labels: { ${labels} } }
data: { file.yaml: "clientSecretFile: /etc/kempt/credentials/a" }
---
apiVersion: batch/v1
kind: Job
metadata:
  name: two
  labels: { ${labels} }
  annotations: { helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation, argocd.argoproj.io/hook: PreSync }
spec: { backoffLimit: 2, activeDeadlineSeconds: 600, template: { spec: { restartPolicy: Never, automountServiceAccountToken: false, enableServiceLinks: false, securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: RuntimeDefault } }, containers: [] } } }
`;

const spoilt = (from: string | RegExp, to: string): readonly KubernetesObject[] => {
  const text = good.replace(from, to);
  expect(text).not.toBe(good);
  return parseObjects(text);
};

describe('rules of the charts', () => {
  test('have nothing against what keeps them', () => {
    expect(policyViolations(parseObjects(good))).toEqual([]);
  });

  test.each([
    ['runAsNonRoot: true', 'runAsNonRoot: false', 'may run as root'],
    ['runAsUser: 65532', 'runAsUser: 0', 'does not run as user 65532'],
    ['type: RuntimeDefault', 'type: Unconfined', 'has no seccomp profile'],
    ['automountServiceAccountToken: false', 'automountServiceAccountToken: true', 'mounts the token'],
    ['enableServiceLinks: false', 'enableServiceLinks: true', 'addresses of all Services'],
    ['allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true', 'may gain privileges'],
    ['readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', 'may write to its root file system'],
    ['drop: [ALL]', 'drop: [NET_RAW]', 'keeps capabilities'],
    ['drop: [ALL]', 'drop: [ALL], add: [NET_ADMIN]', 'keeps capabilities'],
    ['limits: { memory: 256Mi }', 'limits: {}', 'has no memory limit'],
    ['limits: { memory: 256Mi }', 'limits: { memory: 512Mi }', 'is not its request'],
    ['limits: { memory: 256Mi }', 'limits: { memory: 256Mi, cpu: "1" }', 'has a CPU limit'],
    ['cpu: 100m, memory: 256Mi', 'memory: 256Mi', 'requests no CPU'],
    ['kempt/one:1.0.0', 'kempt/one:latest', 'whatever image is the latest'],
    ['kempt/one:1.0.0', 'registry:5000/kempt/one', 'without a version'],
    ['emptyDir: {} }]', 'hostPath: { path: / } }]', 'is a hostPath'],
    ['mountPath: /tmp', 'mountPath: /data', 'has no /tmp'],
    ['KEMPT_KAFKA_SASL_PASSWORD_FILE', 'KEMPT_KAFKA_SASL_PASSWORD', 'has the secret KEMPT_KAFKA_SASL_PASSWORD'],
    ['KEMPT_KAFKA_SASL_PASSWORD_FILE', 'KEMPT_STOP_TIMEOUT_MS', 'has KEMPT_STOP_TIMEOUT_MS twice'],
    [/ +startupProbe.*\n/, '', 'has no startupProbe'],
    [/ +livenessProbe.*\n/, '', 'has no livenessProbe'],
    [/ +readinessProbe.*\n/, '', 'has no readinessProbe'],
    [/ +topologySpread.*\n/, '', 'is not spread'],
    ['maxUnavailable: 0', 'maxUnavailable: 1', 'goes below its number of pods'],
    ['value: "40000"', 'value: "45000"', 'is killed before it has given up stopping'],
    [
      'selector: { matchLabels: { app.kubernetes.io/name: a } }',
      'selector: { matchLabels: { app.kubernetes.io/name: x } }',
      'does not select its own pods',
    ],
    [
      'maxUnavailable: 1, selector: { matchLabels: { app.kubernetes.io/name: a',
      'maxUnavailable: 1, selector: { matchLabels: { app.kubernetes.io/name: x',
      'has no PodDisruptionBudget',
    ],
    [
      'spec: { selector: { app.kubernetes.io/name: a }',
      'spec: { selector: { app.kubernetes.io/name: x }',
      'leads to no pod',
    ],
    ['targetPort: http', 'targetPort: metrics', 'which its pods do not have'],
    ['clientSecretFile: /etc', 'clientSecret: 8f3', 'holds a secret'],
    ['helm.sh/hook: "pre-install,pre-upgrade"', 'helm.sh/hook: pre-install', 'does not run before install and upgrade'],
    [
      'helm.sh/hook-delete-policy: before-hook-creation',
      'helm.sh/hook-delete-policy: hook-succeeded',
      'loses its logs',
    ],
    ['activeDeadlineSeconds: 600, ', '', 'may take for ever'],
    ['backoffLimit: 2', 'backoffLimit: 6', 'is tried again too often'],
    ['app.kubernetes.io/part-of: d, ', '', 'has no label app.kubernetes.io/part-of'],
  ])('find %s made to %j', (from, to, what) => {
    expect(policyViolations(spoilt(from, to)).join('\n')).toContain(what);
  });
});

describe('the schemas', () => {
  const check = createResourceCheck('1.34');
  const [deployment] = parseObjects(good) as [KubernetesObject];

  test('take what is right, and refuse by its place what they do not name or what has another type', () => {
    expect(check([deployment])).toEqual([]);
    expect(check(spoilt('strategy:', 'strategie:')).join()).toContain('strategie');
    expect(check(spoilt('containerPort: 8080', 'containerPort: "8080"')).join()).toContain(
      '/spec/template/spec/containers/0/ports/0/containerPort',
    );
  });

  test('know custom resources as strictly, and no kind that nobody defined', () => {
    const topic = (spec: object): KubernetesObject => ({
      apiVersion: 'kafka.strimzi.io/v1',
      kind: 'KafkaTopic',
      metadata: { name: 'a' },
      spec: spec as Record<string, unknown>,
    });
    expect(check([topic({ partitions: 3, config: { 'retention.ms': 1 } })])).toEqual([]);
    expect(check([topic({ partition: 3 })]).join()).toContain('partition');
    expect(check([{ ...deployment, apiVersion: 'apps/v1beta1' }]).join()).toContain('does not know apps/v1beta1');
  });
});

describe('the difference of two renders', () => {
  test('names each place that changed, and moves nothing when a list gets one more', () => {
    const [before] = parseObjects(good) as [KubernetesObject];
    const [after] = parseObjects(
      good.replace('env: [', 'env: [{ name: FIRST, value: "1" }, ').replace('kempt/one:1.0.0', 'kempt/one:1.0.1'),
    ) as [KubernetesObject];
    expect(renderDifference([before], [after])).toEqual([
      'Deployment/one',
      '  - spec.template.spec.containers.[server].image = "kempt/one:1.0.0"',
      '  + spec.template.spec.containers.[server].image = "kempt/one:1.0.1"',
      '  + spec.template.spec.containers.[server].env.[FIRST].name = "FIRST"',
      '  + spec.template.spec.containers.[server].env.[FIRST].value = "1"',
    ]);
    expect(renderDifference([before], [])).toEqual(['- Deployment/one']);
    expect(renderDifference([before], [before])).toEqual([]);
  });
});
