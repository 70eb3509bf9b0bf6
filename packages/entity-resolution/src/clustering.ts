import type { MatchModel } from './model.ts';

/** A scored pair. */
export interface Edge {
  readonly a: string;
  readonly b: string;
  /** Match weight in bits. */
  readonly weight: number;
}

export type PairScore = (a: string, b: string) => { readonly weight: number; readonly conflict: boolean };

/** Why two clusters became one, or what kept them apart. */
export type ClusterReason =
  | 'must-link'
  | 'agreement'
  | 'too little agreement'
  | 'cannot-link'
  | 'conflict'
  | 'one per source';

/** One thing that happened, or was refused, while clusters grew. */
export interface ClusterStep {
  readonly joined: boolean;
  readonly reason: ClusterReason;
  /** Sorted ids of the two clusters as they were then, the one with the lowest id first. */
  readonly left: readonly string[];
  readonly right: readonly string[];
  /** The edge that suggested it; null for a must-link. */
  readonly edge: Edge | null;
  /**
   * Mean weight over all pairs across the two, by their voices, a fifth of it that of the strongest pair alone, in bits; null where a constraint
   * decided.
   */
  readonly meanWeight: number | null;
  /** The mean weight that was asked for. */
  readonly neededWeight: number | null;
}

/** Sources of records; the priors are those of a model. */
export interface Origins extends Pick<MatchModel, 'prior' | 'sourcePriors'> {
  sourceOf(id: string): string;
}

export interface ClusterOptions {
  /** Pairs below this weight never start a merge. Default 0 bits, a probability of one half. */
  readonly minimumWeight?: number;
  /**
   * A record joins a cluster only while the mean weight over all pairs across them is at least this; where both sides have more than one
   * record, more is asked. Default: the minimum weight.
   */
  readonly meanWeight?: number;
  /** No single pair counts for more than this many bits either way in the mean. Default 12. */
  readonly clipBits?: number;
  /**
   * Where records come from, and what two weigh by that before anything of them is compared. Given, pairs count in the mean by how far comparing
   * them moved them from there: two records that have next to nothing to compare say next to nothing. Otherwise all pairs count alike.
   */
  readonly origins?: Origins;
  /** Pairs that must end in one cluster; they win over everything but cannotLink. */
  readonly mustLink?: readonly (readonly [string, string])[];
  /** Pairs that must never end in one cluster. */
  readonly cannotLink?: readonly (readonly [string, string])[];
  /** Told of every merge, and of every one that an edge suggested and something forbade, in order. */
  readonly onStep?: ((step: ClusterStep) => void) | undefined;
  /** Given, records of which it returns the same text never share a cluster: sources that are free of duplicates. */
  readonly exclusiveSource?: (id: string) => string | undefined;
}

interface Cluster {
  readonly members: number[];
  /** What the pairs to other clusters say together, by the other's number, as far as it was asked for. */
  readonly sums: Map<number, Across>;
  readonly sources: Set<string>;
}

/** What all pairs across two clusters say. */
interface Across {
  /** Sum of their clipped weights, each times its voice. */
  readonly sum: number;
  readonly voices: number;
  /** The highest of their clipped weights. */
  readonly best: number;
}

/** Weights at or below this stand for a pair that can never be joined. */
const conflictBound = -128;
const impossible: Across = { sum: Number.NEGATIVE_INFINITY, voices: 1, best: Number.NEGATIVE_INFINITY };
/** Bits of evidence, for or against, from which on a pair has a full voice in the mean, and what the voice of one without any is. */
const fullEvidence = 20;
const leastVoice = 0.4;
/**
 * What part of the mean is that of the strongest pair alone: records of one entity differ from each other by their errors, and the one that was
 * copied from another shows it.
 */
const bestShare = 0.2;
/**
 * A source is nearly free of duplicates where two of its records match so many bits less often than records of different sources. Where two
 * clusters have records of two such sources each, one entity would stand twice in both of them, which the mean over all pairs counts once only.
 */
const nearlyFreeBits = 3;
/** Voices live on a grid of 1/64: sums of weights times voices are exact whatever their order. */
const voiceSteps = 64;

function voiceOf(evidence: number): number {
  const full = Math.min(1, Math.abs(evidence) / fullEvidence);
  return Math.round((leastVoice + (1 - leastVoice) * full) * voiceSteps) / voiceSteps;
}
/**
 * Bits more that the mean weight must reach for every doubling of the smaller of two clusters, up to eight records. A single record may
 * differ by an error; where several on each side agree among themselves and not with the other side, the difference is no error.
 */
const cautionBits = 1.5;
const mostDoublings = 3;

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Constrained average-link clustering of one set of records. Edges are taken by falling weight, equal ones by their ids; two clusters are
 * joined when the mean weight over all pairs across them, of which the strongest has a fifth of its own, is high enough and no constraint forbids
 * it, pairs without an edge being scored on demand. The result depends on the set of nodes and edges only, not on their order, and equals the union of the results of the connected
 * components. Clusters and their members come sorted by id.
 */
export function clusterComponent(
  nodes: readonly string[],
  edges: readonly Edge[],
  score: PairScore,
  options: ClusterOptions = {},
): string[][] {
  const minimum = options.minimumWeight ?? 0;
  const tau = options.meanWeight ?? Math.max(0, minimum);
  const clip = options.clipBits ?? 12;
  const ids = [...new Set(nodes)].sort(compareText);
  const count = ids.length;
  const place = new Map(ids.map((id, index) => [id, index] as const));
  const clusters: (Cluster | null)[] = ids.map((id, index) => {
    const source = options.exclusiveSource?.(id);
    return { members: [index], sums: new Map(), sources: new Set(source === undefined ? [] : [source]) };
  });
  const owner = Int32Array.from(ids, (_, index) => index);
  const find = (node: number): number => {
    let at = node;
    while (owner[at] !== at) {
      owner[at] = owner[owner[at] as number] as number;
      at = owner[at] as number;
    }
    return at;
  };
  const keyOf = (x: number, y: number): number => (x < y ? x * count + y : y * count + x);
  const placed = (pairs: readonly (readonly [string, string])[]): [number, number][] =>
    pairs.flatMap(([a, b]) => {
      const x = place.get(a);
      const y = place.get(b);
      return x === undefined || y === undefined || x === y
        ? []
        : [[Math.min(x, y), Math.max(x, y)] as [number, number]];
    });
  const forbidden = new Set(placed(options.cannotLink ?? []).map(([x, y]) => keyOf(x, y)));
  const inside = edges
    .flatMap(({ a, b, weight }) => {
      const x = place.get(a);
      const y = place.get(b);
      return x === undefined || y === undefined || x === y ? [] : [{ x: Math.min(x, y), y: Math.max(x, y), weight }];
    })
    .sort((left, right) => right.weight - left.weight || left.x - right.x || left.y - right.y);
  const known = new Map<number, number>();
  for (const { x, y, weight } of inside.slice(0, 4_000_000)) known.set(x * count + y, weight);

  const { origins } = options;
  const sources = origins === undefined ? null : ids.map((id) => origins.sourceOf(id));
  const priorOf = (x: number, y: number, { prior, sourcePriors }: Origins): number => {
    const source = sources?.[x] as string;
    return source === sources?.[y] ? (sourcePriors[source] ?? prior) : prior;
  };
  /** Match weight of two nodes; null where they can never be joined. */
  const weigh = (x: number, y: number): number | null => {
    const key = keyOf(x, y);
    if (forbidden.size > 0 && forbidden.has(key)) return null;
    let weight = known.get(key);
    if (weight === undefined) {
      const scored = score(ids[Math.min(x, y)] as string, ids[Math.max(x, y)] as string);
      if (scored.conflict) return null;
      weight = scored.weight;
    }
    return weight <= conflictBound ? null : weight;
  };
  const allAcross = (a: Cluster, b: Cluster): Across => {
    let sum = 0;
    let voices = 0;
    let best = Number.NEGATIVE_INFINITY;
    for (const x of a.members)
      for (const y of b.members) {
        const weight = weigh(x, y);
        if (weight === null) return impossible;
        const voice = origins === undefined ? 1 : voiceOf(weight - priorOf(x, y, origins));
        const clipped = Math.max(-clip, Math.min(clip, weight));
        sum += voice * clipped;
        voices += voice;
        best = Math.max(best, clipped);
      }
    return { sum, voices, best };
  };
  const across = (left: number, right: number): Across => {
    const a = clusters[left] as Cluster;
    const b = clusters[right] as Cluster;
    const cached = a.sums.get(right);
    if (cached !== undefined) return cached;
    const all = allAcross(a, b);
    a.sums.set(right, all);
    b.sums.set(left, all);
    return all;
  };
  /** Bits more for two clusters each of which has records of the same sources that are nearly free of duplicates. */
  const rarityOfTwins = (a: Cluster, b: Cluster): number => {
    if (origins === undefined || a.members.length === 1 || b.members.length === 1) return 0;
    const others = new Set(b.members.map((node) => sources?.[node] as string));
    const rarities = [...new Set(a.members.map((node) => sources?.[node] as string))]
      .filter((source) => others.has(source))
      .map((source) => origins.prior - (origins.sourcePriors[source] ?? origins.prior))
      .filter((bits) => bits >= nearlyFreeBits);
    return rarities.length < 2 ? 0 : rarities.reduce((sum, bits) => sum + bits, 0);
  };
  /** Joins two clusters; sums to third ones are added up, which asks for those that only one side knows. */
  const join = (left: number, right: number): void => {
    const [into, from] = left < right ? [left, right] : [right, left];
    const a = clusters[into] as Cluster;
    const b = clusters[from] as Cluster;
    a.sums.delete(from);
    b.sums.delete(into);
    const sums = new Map<number, Across>();
    for (const other of new Set([...a.sums.keys(), ...b.sums.keys()])) {
      const third = clusters[other];
      if (third === null || third === undefined) continue;
      const fromA = a.sums.get(other);
      const fromB = b.sums.get(other);
      third.sums.delete(into);
      third.sums.delete(from);
      if (fromA === impossible || fromB === impossible) {
        sums.set(other, impossible);
        third.sums.set(into, impossible);
      } else if (fromA !== undefined && fromB !== undefined) {
        const both = {
          sum: fromA.sum + fromB.sum,
          voices: fromA.voices + fromB.voices,
          best: Math.max(fromA.best, fromB.best),
        };
        sums.set(other, both);
        third.sums.set(into, both);
      }
    }
    for (const source of b.sources) a.sources.add(source);
    clusters[into] = { members: [...a.members, ...b.members], sums, sources: a.sources };
    clusters[from] = null;
    owner[from] = into;
  };

  const forbids = (a: Cluster, b: Cluster): boolean =>
    forbidden.size > 0 && a.members.some((x) => b.members.some((y) => forbidden.has(keyOf(x, y))));
  const { onStep } = options;
  const namesOf = (cluster: number): string[] =>
    (clusters[cluster] as Cluster).members.toSorted((a, b) => a - b).map((node) => ids[node] as string);
  const tell = (
    [left, right]: readonly [number, number],
    reason: ClusterReason,
    weights: { readonly edge?: (typeof inside)[number]; readonly mean?: number; readonly needed?: number } = {},
  ): void => {
    const { edge, mean, needed } = weights;
    const [lower, higher] = left < right ? [left, right] : [right, left];
    onStep?.({
      joined: reason === 'must-link' || reason === 'agreement',
      reason,
      left: namesOf(lower),
      right: namesOf(higher),
      edge: edge === undefined ? null : { a: ids[edge.x] as string, b: ids[edge.y] as string, weight: edge.weight },
      meanWeight: mean ?? null,
      neededWeight: needed ?? null,
    });
  };
  for (const [x, y] of placed(options.mustLink ?? []).sort((left, right) => left[0] - right[0] || left[1] - right[1])) {
    const left = find(x);
    const right = find(y);
    if (left === right) continue;
    const forbidsIt = forbids(clusters[left] as Cluster, clusters[right] as Cluster);
    if (onStep !== undefined) tell([left, right], forbidsIt ? 'cannot-link' : 'must-link');
    if (!forbidsIt) join(left, right);
  }
  for (const edge of inside) {
    const { x, y, weight } = edge;
    if (weight < minimum) break;
    const left = find(x);
    const right = find(y);
    if (left === right) continue;
    const a = clusters[left] as Cluster;
    const b = clusters[right] as Cluster;
    if (a.sources.size > 0 && [...a.sources].some((source) => b.sources.has(source))) {
      if (onStep !== undefined) tell([left, right], 'one per source', { edge });
      continue;
    }
    const all = across(left, right);
    const smaller = Math.min(a.members.length, b.members.length);
    const needed = tau + cautionBits * Math.min(mostDoublings, Math.log2(smaller)) + rarityOfTwins(a, b);
    const mean = (1 - bestShare) * (all.sum / all.voices) + bestShare * all.best;
    const agrees = all !== impossible && mean >= needed;
    if (onStep !== undefined) {
      if (all !== impossible)
        tell([left, right], agrees ? 'agreement' : 'too little agreement', { edge, mean, needed });
      else tell([left, right], forbids(a, b) ? 'cannot-link' : 'conflict', { edge });
    }
    if (agrees) join(left, right);
  }
  return clusters
    .filter((cluster) => cluster !== null)
    .map((cluster) => cluster.members.sort((left, right) => left - right).map((node) => ids[node] as string))
    .sort((left, right) => compareText(left[0] as string, right[0] as string));
}
