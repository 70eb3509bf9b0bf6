import { parseAllDocuments } from 'yaml';

/** As much of an object of Kubernetes as the checks look at. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Record<string, unknown>;
  readonly data?: Readonly<Record<string, string>>;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: object;
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
}

export interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly hostNetwork?: boolean;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly topologySpreadConstraints?: readonly object[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly [kind: string]: unknown }[];
  readonly terminationGracePeriodSeconds?: number;
}

/** A pod as it would run: its labels and what is in it. */
export interface PodTemplate {
  /** Kind and name of what makes it. */
  readonly of: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

/** Every object of a render. Throws where a document is no valid YAML or an object comes twice. */
export function parseObjects(text: string): readonly KubernetesObject[] {
  const objects: KubernetesObject[] = [];
  const seen = new Set<string>();
  for (const document of parseAllDocuments(text)) {
    if (document.errors.length > 0)
      throw new Error(`${document.errors[0]?.message}\n${document.toString().slice(0, 500)}`);
    const object = document.toJS() as KubernetesObject | null;
    if (object === null) continue;
    const id = idOf(object);
    if (seen.has(id)) throw new Error(`${id} is rendered twice.`);
    seen.add(id);
    objects.push(object);
  }
  return objects;
}

export function idOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.name}`;
}

/** The pods that objects make. */
export function podTemplates(objects: readonly KubernetesObject[]): readonly PodTemplate[] {
  return objects.flatMap((object) => {
    const of = idOf(object);
    if (object.kind === 'Pod') {
      return [{ of, kind: object.kind, labels: object.metadata.labels ?? {}, spec: object.spec as unknown as PodSpec }];
    }
    const template = object.spec?.['template'] as
      | { metadata?: { labels?: Record<string, string> }; spec?: PodSpec }
      | undefined;
    if (!['Deployment', 'Job'].includes(object.kind) || template?.spec === undefined) return [];
    return [{ of, kind: object.kind, labels: template.metadata?.labels ?? {}, spec: template.spec }];
  });
}
