/** A scored pair. */
export interface Edge {
  readonly a: string;
  readonly b: string;
  /** Match weight in bits. */
  readonly weight: number;
}

export type PairScore = (a: string, b: string) => { readonly weight: number; readonly conflict: boolean };

export interface ClusterOptions {
  /** Pairs below this weight never start a merge. Default 0 bits, a probability of one half. */
  readonly minimumWeight?: number;
  /** Two clusters are joined only while the mean weight over all pairs across them is at least this. Default 0. */
  readonly meanWeight?: number;
  /** No single pair counts for more than this many bits either way in the mean. Default 12. */
  readonly clipBits?: number;
  /** Pairs that must end in one cluster; they win over everything but cannotLink. */
  readonly mustLink?: readonly (readonly [string, string])[];
  /** Pairs that must never end in one cluster. */
  readonly cannotLink?: readonly (readonly [string, string])[];
  /** Given, records of which it returns the same text never share a cluster: sources that are free of duplicates. */
  readonly exclusiveSource?: (id: string) => string | undefined;
}

interface Cluster {
  readonly members: string[];
  /** Sum of clipped weights to other clusters, by the other's number; dropped when either side changes. */
  readonly sums: Map<number, number>;
  readonly sources: Set<string>;
}

const impossible = Number.NEGATIVE_INFINITY;

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Constrained average-link clustering of one set of records. Edges are taken by falling weight, equal ones by their ids; two clusters are
 * joined when the mean weight over all pairs across them is high enough and no constraint forbids it, pairs without an edge being scored on
 * demand. The result depends on the set of nodes and edges only, not on their order, and equals the union of the results of the connected
 * components. Clusters and their members come sorted by id.
 */
export function clusterComponent(
  nodes: readonly string[],
  edges: readonly Edge[],
  score: PairScore,
  options: ClusterOptions = {},
): string[][] {
  const minimum = options.minimumWeight ?? 0;
  const tau = options.meanWeight ?? 0;
  const clip = options.clipBits ?? 12;
  const sorted = [...new Set(nodes)].sort(compareText);
  const place = new Map(sorted.map((id, index) => [id, index] as const));
  const clusters: (Cluster | null)[] = sorted.map((id) => {
    const source = options.exclusiveSource?.(id);
    return { members: [id], sums: new Map(), sources: new Set(source === undefined ? [] : [source]) };
  });
  const owner = Int32Array.from(sorted, (_, index) => index);
  const find = (id: string): number => {
    let at = place.get(id) as number;
    while (owner[at] !== at) {
      owner[at] = owner[owner[at] as number] as number;
      at = owner[at] as number;
    }
    return at;
  };
  const pairKey = (a: string, b: string): string => (a < b ? `${a}\u0000${b}` : `${b}\u0000${a}`);
  const known = new Map<string, number>();
  for (const edge of edges) known.set(pairKey(edge.a, edge.b), edge.weight);
  const forbidden = new Set((options.cannotLink ?? []).map(([a, b]) => pairKey(a, b)));

  const clipped = (a: string, b: string): number => {
    const key = pairKey(a, b);
    if (forbidden.has(key)) return impossible;
    let weight = known.get(key);
    if (weight === undefined) {
      const scored = a < b ? score(a, b) : score(b, a);
      weight = scored.conflict ? impossible : scored.weight;
      known.set(key, weight);
    }
    if (weight <= -128) return impossible;
    return Math.max(-clip, Math.min(clip, weight));
  };
  const sumAcross = (left: number, right: number): number => {
    const a = clusters[left] as Cluster;
    const b = clusters[right] as Cluster;
    const cached = a.sums.get(right);
    if (cached !== undefined) return cached;
    let sum = 0;
    outer: for (const x of a.members) {
      for (const y of b.members) {
        sum += clipped(x, y);
        if (sum === impossible) break outer;
      }
    }
    a.sums.set(right, sum);
    b.sums.set(left, sum);
    return sum;
  };
  const sharesSource = (a: Cluster, b: Cluster): boolean => [...a.sources].some((source) => b.sources.has(source));
  const join = (left: number, right: number): void => {
    const [into, from] = left < right ? [left, right] : [right, left];
    const a = clusters[into] as Cluster;
    const b = clusters[from] as Cluster;
    for (const cluster of [a, b]) {
      for (const other of cluster.sums.keys()) clusters[other]?.sums.delete(cluster === a ? into : from);
    }
    const sums = new Map<number, number>();
    a.members.push(...b.members);
    for (const source of b.sources) a.sources.add(source);
    clusters[into] = { members: a.members, sums, sources: a.sources };
    clusters[from] = null;
    owner[from] = into;
  };

  const musts = [...(options.mustLink ?? [])]
    .map(([a, b]) => (a < b ? [a, b] : [b, a]) as [string, string])
    .sort((x, y) => compareText(x[0], y[0]) || compareText(x[1], y[1]));
  for (const [a, b] of musts) {
    if (!place.has(a) || !place.has(b)) continue;
    const left = find(a);
    const right = find(b);
    if (left === right) continue;
    const apart = (clusters[left] as Cluster).members.some((x) =>
      (clusters[right] as Cluster).members.some((y) => forbidden.has(pairKey(x, y))),
    );
    if (!apart) join(left, right);
  }

  const ordered = edges
    .filter((edge) => edge.weight >= minimum && place.has(edge.a) && place.has(edge.b))
    .map((edge) => (edge.a < edge.b ? edge : { a: edge.b, b: edge.a, weight: edge.weight }))
    .sort((x, y) => y.weight - x.weight || compareText(x.a, y.a) || compareText(x.b, y.b));
  for (const edge of ordered) {
    const left = find(edge.a);
    const right = find(edge.b);
    if (left === right) continue;
    const a = clusters[left] as Cluster;
    const b = clusters[right] as Cluster;
    if (a.sources.size > 0 && sharesSource(a, b)) continue;
    const sum = sumAcross(left, right);
    if (sum !== impossible && sum / (a.members.length * b.members.length) >= tau) join(left, right);
  }
  return clusters
    .filter((cluster) => cluster !== null)
    .map((cluster) => cluster.members.sort(compareText))
    .sort((x, y) => compareText(x[0] as string, y[0] as string));
}
