import { type Container, idOf, type KubernetesObject, type PodTemplate, podTemplates } from './kubernetes-object.ts';

/**
 * What every render has to hold, whatever the values: gives the violations, each with its object. The rules are those of
 * PodSecurity "restricted" and ours.
 */
export function policyViolations(objects: readonly KubernetesObject[]): readonly string[] {
  return [
    ...podTemplates(objects).flatMap(podViolations),
    ...objects.filter(({ kind }) => kind === 'Deployment').flatMap((object) => deploymentViolations(object, objects)),
    ...objects.filter(({ kind }) => kind === 'ConfigMap').flatMap(configMapViolations),
    ...objects.filter(({ kind }) => kind === 'Job').flatMap(jobViolations),
    ...serviceViolations(objects),
    ...objects.flatMap(labelViolations),
  ];
}

function podViolations(pod: PodTemplate): readonly string[] {
  const { spec } = pod;
  const security = spec.securityContext ?? {};
  const found: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(`${pod.of}: ${what}`);
  };
  must(spec.automountServiceAccountToken === false, 'mounts the token of its service account');
  must(spec.enableServiceLinks === false, 'gets the addresses of all Services as environment variables');
  must(spec.hostNetwork !== true, 'uses the network of the node');
  must(security['runAsNonRoot'] === true, 'may run as root');
  must(security['runAsUser'] === 65_532, 'does not run as user 65532');
  must(
    (security['seccompProfile'] as { type?: string } | undefined)?.type === 'RuntimeDefault',
    'has no seccomp profile',
  );
  const allowedVolumes = new Set(['configMap', 'emptyDir', 'projected', 'secret', 'persistentVolumeClaim']);
  for (const { name, ...kinds } of spec.volumes ?? []) {
    for (const kind of Object.keys(kinds)) must(allowedVolumes.has(kind), `volume ${name} is a ${kind}`);
  }
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name));
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  for (const container of containers) found.push(...containerViolations(pod.of, container, volumes));
  return found;
}

function containerViolations(of: string, container: Container, volumes: ReadonlySet<string>): readonly string[] {
  const security = container.securityContext ?? {};
  const found: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(`${of}, container ${container.name}: ${what}`);
  };
  must(security['allowPrivilegeEscalation'] === false, 'may gain privileges');
  must(security['readOnlyRootFilesystem'] === true, 'may write to its root file system');
  must(security['privileged'] !== true, 'is privileged');
  const capabilities = security['capabilities'] as { drop?: readonly string[]; add?: readonly string[] } | undefined;
  must(capabilities?.drop?.includes('ALL') === true && capabilities.add === undefined, 'keeps capabilities');
  const { requests = {}, limits = {} } = container.resources ?? {};
  must(requests['cpu'] !== undefined && requests['memory'] !== undefined, 'requests no CPU or no memory');
  must(limits['memory'] !== undefined, 'has no memory limit');
  must(limits['memory'] === requests['memory'], 'has a memory limit that is not its request');
  must(limits['cpu'] === undefined, 'has a CPU limit');
  must(/(:[^/:]+|@sha256:[0-9a-f]{64})$/.test(container.image), `has an image without a version: ${container.image}`);
  must(!container.image.endsWith(':latest'), `has whatever image is the latest: ${container.image}`);
  must(
    container.volumeMounts?.some(({ mountPath, name }) => mountPath === '/tmp' && volumes.has(name)) === true,
    'has no /tmp',
  );
  for (const { name, mountPath } of container.volumeMounts ?? []) {
    must(volumes.has(name), `mounts ${mountPath} from ${name}, which is no volume`);
  }
  const seen = new Set<string>();
  for (const { name, value } of container.env ?? []) {
    must(!seen.has(name), `has ${name} twice`);
    seen.add(name);
    must(!(secretName.test(name) && value !== undefined && value !== ''), `has the secret ${name} in its environment`);
  }
  return found;
}

/** Names of settings that hold a secret themselves and not the place of one. */
const secretName = /(PASSWORD|SECRET|TOKEN|SEALING_KEY|SIGNING_KEY|API_KEY|DATABASE_URL|ADMIN_URL|TLS_KEY)$/;

function deploymentViolations(object: KubernetesObject, objects: readonly KubernetesObject[]): readonly string[] {
  const [pod] = podTemplates([object]);
  if (pod === undefined) return [`${idOf(object)}: has no pods`];
  const found: string[] = [];
  for (const container of pod.spec.containers) {
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) {
      if (container[probe] === undefined) found.push(`${idOf(object)}, container ${container.name}: has no ${probe}`);
    }
  }
  if (!matches(selectorOf(object), pod.labels)) found.push(`${idOf(object)}: does not select its own pods`);
  // A simulated CRM is one pod by its nature, and nothing that anybody has to keep up.
  if (pod.labels['app.kubernetes.io/name'] === 'simulators') return found;
  const budget = objects.find(
    (other) => other.kind === 'PodDisruptionBudget' && matches(selectorOf(other), pod.labels),
  );
  if (budget === undefined) found.push(`${idOf(object)}: has no PodDisruptionBudget`);
  if ((pod.spec.topologySpreadConstraints ?? []).length < 2)
    found.push(`${idOf(object)}: is not spread over zones and nodes`);
  const strategy = object.spec?.['strategy'] as { rollingUpdate?: { maxUnavailable?: number } } | undefined;
  if (strategy?.rollingUpdate?.maxUnavailable !== 0)
    found.push(`${idOf(object)}: goes below its number of pods in an update`);
  const stopMs = Number(pod.spec.containers[0]?.env?.find(({ name }) => name === 'KEMPT_STOP_TIMEOUT_MS')?.value);
  if (!(stopMs < (pod.spec.terminationGracePeriodSeconds ?? 30) * 1_000)) {
    found.push(`${idOf(object)}: is killed before it has given up stopping`);
  }
  return found;
}

function configMapViolations(object: KubernetesObject): readonly string[] {
  return Object.entries(object.data ?? {}).flatMap(([key, text]) =>
    /(-----BEGIN [A-Z ]*PRIVATE KEY|(password|clientSecret|accessToken|privateKey|refreshToken)["']?\s*:\s*\S|postgres(ql)?:\/\/[^:/\s]+:[^@\s]+@)/i.test(
      text,
    )
      ? [`${idOf(object)}: ${key} holds a secret`]
      : [],
  );
}

function jobViolations(object: KubernetesObject): readonly string[] {
  const annotations = object.metadata.annotations ?? {};
  const spec = object.spec ?? {};
  const found: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(`${idOf(object)}: ${what}`);
  };
  must(annotations['helm.sh/hook'] === 'pre-install,pre-upgrade', 'does not run before install and upgrade');
  must(
    annotations['helm.sh/hook-delete-policy'] === 'before-hook-creation',
    'loses its logs, or collides with the last one',
  );
  must(annotations['argocd.argoproj.io/hook'] === 'PreSync', 'is no hook of Argo CD');
  must(typeof spec['activeDeadlineSeconds'] === 'number', 'may take for ever');
  must(typeof spec['backoffLimit'] === 'number' && spec['backoffLimit'] <= 2, 'is tried again too often');
  return found;
}

/** Every Service leads to pods that have its port. */
function serviceViolations(objects: readonly KubernetesObject[]): readonly string[] {
  const pods = podTemplates(objects);
  return objects
    .filter(({ kind }) => kind === 'Service')
    .flatMap((service) => {
      const { selector, ports } = service.spec as {
        selector: Record<string, string>;
        ports: { targetPort: string; port: number }[];
      };
      const chosen = pods.filter(({ kind, labels }) => kind === 'Deployment' && matches(selector, labels));
      if (chosen.length === 0) return [`${idOf(service)}: leads to no pod`];
      return ports
        .filter(({ targetPort }) =>
          chosen.some(
            ({ spec }) => !spec.containers.some(({ ports: own }) => own?.some(({ name }) => name === targetPort)),
          ),
        )
        .map(({ targetPort }) => `${idOf(service)}: leads to port ${targetPort}, which its pods do not have`);
    });
}

function labelViolations(object: KubernetesObject): readonly string[] {
  if (object.metadata.name.endsWith('-extra')) return [];
  const labels = object.metadata.labels ?? {};
  const missing = ['name', 'instance', 'version', 'component', 'part-of', 'managed-by'].filter(
    (label) => labels[`app.kubernetes.io/${label}`] === undefined,
  );
  return missing.map((label) => `${idOf(object)}: has no label app.kubernetes.io/${label}`);
}

function selectorOf({ spec = {} }: KubernetesObject): Readonly<Record<string, string>> {
  return (spec['selector'] as { readonly matchLabels: Readonly<Record<string, string>> }).matchLabels;
}

export function matches(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}
