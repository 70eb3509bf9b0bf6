import { matches } from './chart-policy.ts';
import { type KubernetesObject, podTemplates } from './kubernetes-object.ts';

/** Somebody who may call or be called: a pod, or an address outside of the cluster. */
export interface Endpoint {
  readonly name: string;
  readonly ip: string;
  readonly ports: readonly EndpointPort[];
  /** Only of pods. */
  readonly pod?: {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly namespaceLabels: Readonly<Record<string, string>>;
  };
}

export interface EndpointPort {
  readonly number: number;
  readonly name?: string;
  readonly protocol?: 'TCP' | 'UDP';
}

interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

interface Peer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly {
    readonly port?: number | string;
    readonly protocol?: string;
    readonly endPort?: number;
  }[];
}

interface PolicySpec {
  readonly podSelector: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

/**
 * Whether NetworkPolicies let a connection through, as Kubernetes defines it: a pod that no policy selects for a direction is
 * open in that direction; one that is selected takes what any of its policies allows; both ends have to agree.
 */
export function isAllowed(
  policies: readonly KubernetesObject[],
  { from, to, port }: { readonly from: Endpoint; readonly to: Endpoint; readonly port: EndpointPort },
): boolean {
  return (
    opens(policies, { end: from, other: to, direction: 'Egress', to, port }) &&
    opens(policies, { end: to, other: from, direction: 'Ingress', to, port })
  );
}

interface Question {
  readonly end: Endpoint;
  readonly other: Endpoint;
  readonly direction: 'Ingress' | 'Egress';
  readonly to: Endpoint;
  readonly port: EndpointPort;
}

function opens(policies: readonly KubernetesObject[], question: Question): boolean {
  const { end, other, direction, port } = question;
  const { pod } = end;
  if (pod === undefined) return true;
  const selecting = policies.filter(({ metadata, spec }) => {
    const { podSelector, policyTypes = ['Ingress'] } = spec as unknown as PolicySpec;
    return (
      metadata.namespace === pod.namespace && policyTypes.includes(direction) && isSelected(podSelector, pod.labels)
    );
  });
  if (selecting.length === 0) return true;
  return selecting.some(({ metadata, spec }) => {
    const { ingress = [], egress = [] } = spec as unknown as PolicySpec;
    return (direction === 'Ingress' ? ingress : egress).some((rule) => {
      const peers = direction === 'Ingress' ? rule.from : rule.to;
      const isPeer =
        peers === undefined ||
        peers.length === 0 ||
        peers.some((peer) => isThePeer(peer, other, metadata.namespace ?? ''));
      return isPeer && hasPort(rule, port);
    });
  });
}

function isThePeer(peer: Peer, { ip, pod }: Endpoint, policyNamespace: string): boolean {
  if (peer.ipBlock !== undefined) {
    return isWithin(ip, peer.ipBlock.cidr) && !(peer.ipBlock.except ?? []).some((range) => isWithin(ip, range));
  }
  if (pod === undefined) return false;
  const isInNamespace =
    peer.namespaceSelector === undefined
      ? pod.namespace === policyNamespace
      : isSelected(peer.namespaceSelector, pod.namespaceLabels);
  return isInNamespace && (peer.podSelector === undefined || isSelected(peer.podSelector, pod.labels));
}

function hasPort({ ports }: Rule, port: EndpointPort): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some(({ port: wanted, protocol = 'TCP', endPort }) => {
    if (protocol !== (port.protocol ?? 'TCP')) return false;
    if (wanted === undefined) return true;
    if (typeof wanted === 'string') return wanted === port.name;
    return port.number >= wanted && port.number <= (endPort ?? wanted);
  });
}

function isSelected(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return (
    matches(selector.matchLabels ?? {}, labels) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
      }
    })
  );
}

/** IPv4 only: the charts name no other ranges. */
function isWithin(ip: string, range: string): boolean {
  const [base = '', bits = '32'] = range.split('/');
  const mask = Number(bits) === 0 ? 0 : (~0 << (32 - Number(bits))) >>> 0;
  return (numberOf(ip) & mask) >>> 0 === (numberOf(base) & mask) >>> 0;
}

function numberOf(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Who else there is around an installation, for the question who may reach whom. */
export const surroundings: readonly Endpoint[] = [
  outsidePod('cluster-dns', 'kube-system', { 'k8s-app': 'kube-dns' }, [
    { number: 53, protocol: 'UDP' },
    { number: 53, protocol: 'TCP' },
  ]),
  outsidePod('ingress-controller', 'ingress', { app: 'ingress' }, []),
  outsidePod('prometheus', 'monitoring', { app: 'prometheus' }, []),
  outsidePod('stranger-in-the-namespace', 'kempt', { app: 'other' }, [{ number: 8080, name: 'http' }]),
  outsidePod('stranger-elsewhere', 'other', { app: 'other' }, [{ number: 8080, name: 'http' }]),
  { name: 'kafka', ip: '10.1.0.10', ports: [{ number: 9092 }, { number: 9093 }] },
  { name: 'postgres', ip: '10.2.0.10', ports: [{ number: 5432 }] },
  { name: 'crm', ip: '203.0.113.7', ports: [{ number: 443 }, { number: 80 }] },
  { name: 'private-service', ip: '192.168.7.7', ports: [{ number: 443 }] },
  { name: 'cloud-metadata', ip: '169.254.169.254', ports: [{ number: 80 }, { number: 443 }] },
];

function outsidePod(
  name: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  ports: readonly EndpointPort[],
): Endpoint {
  return { name, ip: '10.244.9.9', ports, pod: { namespace, labels, namespaceLabels: namespaceLabels(namespace) } };
}

function namespaceLabels(name: string): Readonly<Record<string, string>> {
  return { 'kubernetes.io/metadata.name': name };
}

/** Every connection that a render allows, one a line: `connector -> kafka:9092`. */
export function allowedFlows(objects: readonly KubernetesObject[]): readonly string[] {
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  const own = podTemplates(objects).map(
    ({ of, labels, spec }): Endpoint => ({
      name: of.replace(/^[A-Za-z]+\/kempt-/, ''),
      ip: '10.244.1.1',
      ports: spec.containers.flatMap(({ ports = [] }) =>
        ports.map(({ containerPort, name }) => ({ number: containerPort, ...(name === undefined ? {} : { name }) })),
      ),
      pod: { namespace: 'kempt', labels, namespaceLabels: namespaceLabels('kempt') },
    }),
  );
  const ownNames = new Set(own.map(({ name }) => name));
  const all = [...own, ...surroundings];
  const flows: string[] = [];
  for (const from of all) {
    for (const to of all) {
      // What others do among themselves is none of our business.
      if (from === to || !(ownNames.has(from.name) || ownNames.has(to.name))) continue;
      for (const port of to.ports) {
        if (isAllowed(policies, { from, to, port })) {
          flows.push(`${from.name} -> ${to.name}:${port.number}${port.protocol === 'UDP' ? '/udp' : ''}`);
        }
      }
    }
  }
  return flows.sort();
}
