import { type BlockIndex, CandidateWalk } from './block-index.ts';
import { clusterComponent } from './clustering.ts';
import type { Pace } from './pace.ts';
import type { ComparedPairs } from './pair-sample.ts';
import type { PairScorer } from './pair-scorer.ts';

export interface RowEdges {
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  readonly weights: Float64Array;
}

/** Scores every candidate pair and keeps those of at least `floor` bits. */
export async function scoreCandidates(
  scorer: PairScorer,
  index: BlockIndex,
  options: { readonly largestBlock: number; readonly floor: number; readonly pace: Pace },
): Promise<RowEdges> {
  const { largestBlock, floor, pace } = options;
  const rows = index.rowStarts.length - 1;
  const walk = new CandidateWalk(index, largestBlock);
  const lefts: number[] = [];
  const rights: number[] = [];
  const weights: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const count = walk.after(row);
    for (let at = 0; at < count; at += 1) {
      const other = walk.candidates[at] as number;
      const weight = scorer.weigh(row, other);
      if (weight >= floor) {
        lefts.push(row);
        rights.push(other);
        weights.push(weight);
      }
    }
    if (pace.due()) await pace.pause('score', row, rows);
  }
  return { lefts: Int32Array.from(lefts), rights: Int32Array.from(rights), weights: Float64Array.from(weights) };
}

/** Connected components of rows over edges and further links: for each row the lowest row of its component. */
export function componentsOf(rows: number, links: Iterable<readonly [number, number]>): Int32Array {
  const owner = Int32Array.from({ length: rows }, (_, row) => row);
  const find = (row: number): number => {
    let at = row;
    while (owner[at] !== at) {
      owner[at] = owner[owner[at] as number] as number;
      at = owner[at] as number;
    }
    return at;
  };
  for (const [a, b] of links) {
    const x = find(a);
    const y = find(b);
    if (x < y) owner[y] = x;
    else if (y < x) owner[x] = y;
  }
  for (let row = 0; row < rows; row += 1) owner[row] = find(row);
  return owner;
}

/**
 * Clusters rows by a scorer's own weights, without constraints from outside; for each row the lowest row of its cluster. Pairs that were
 * compared before are not compared again where they are all the candidates there are.
 */
export async function clusterRows(
  scorer: PairScorer,
  options: {
    readonly rows: number;
    readonly pairs: ComparedPairs;
    readonly index: BlockIndex;
    readonly largestBlock: number;
    readonly pace: Pace;
  },
): Promise<Int32Array> {
  const { rows, pairs, pace } = options;
  const edges =
    pairs.kept === pairs.candidates
      ? scoreCompared(scorer, pairs, 0)
      : await scoreCandidates(scorer, options.index, { largestBlock: options.largestBlock, floor: 0, pace });
  const owner = Int32Array.from({ length: rows }, (_, row) => row);
  const name = (row: number): string => String(row).padStart(9, '0');
  for (const { nodes, edges: inside } of groupByComponent(rows, edges, [])) {
    const clusters = clusterComponent(
      nodes.map(name),
      inside.map((edge) => ({ a: name(edge.left), b: name(edge.right), weight: edge.weight })),
      (a, b) => ({ weight: scorer.weigh(Number(a), Number(b)), conflict: scorer.conflict }),
    );
    for (const cluster of clusters) for (const member of cluster) owner[Number(member)] = Number(cluster[0]);
    if (pace.due()) await pace.pause('cluster', nodes[0] ?? 0, rows);
  }
  return owner;
}

function scoreCompared(scorer: PairScorer, pairs: ComparedPairs, floor: number): RowEdges {
  const { store } = scorer;
  const lefts: number[] = [];
  const rights: number[] = [];
  const weights: number[] = [];
  for (let pair = 0; pair < pairs.kept; pair += 1) {
    const left = pairs.lefts[pair] as number;
    const right = pairs.rights[pair] as number;
    const source = store.sourceOf(left);
    const weight = scorer.weighAgreement(pairs.levels, pairs.rarities, pair * pairs.features, {
      sameSource: source === store.sourceOf(right) ? source : -1,
      conflict: pairs.conflicts[pair] === 1,
      mask: store.maskOf(left) & store.maskOf(right),
    });
    if (weight < floor) continue;
    lefts.push(left);
    rights.push(right);
    weights.push(weight);
  }
  return { lefts: Int32Array.from(lefts), rights: Int32Array.from(rights), weights: Float64Array.from(weights) };
}

export interface ComponentOfRows {
  readonly nodes: number[];
  readonly edges: { readonly left: number; readonly right: number; readonly weight: number }[];
}

/** Components of more than one row, by their lowest row. */
export function groupByComponent(
  rows: number,
  edges: RowEdges,
  links: readonly (readonly [number, number])[],
): ComponentOfRows[] {
  const all = function* (): Generator<readonly [number, number]> {
    for (let at = 0; at < edges.lefts.length; at += 1) yield [edges.lefts[at] as number, edges.rights[at] as number];
    yield* links;
  };
  const owner = componentsOf(rows, all());
  const groups = new Map<number, ComponentOfRows>();
  const groupOf = (row: number): ComponentOfRows => {
    const key = owner[row] as number;
    let group = groups.get(key);
    if (group === undefined) {
      group = { nodes: [], edges: [] };
      groups.set(key, group);
    }
    return group;
  };
  for (let at = 0; at < edges.lefts.length; at += 1) {
    const left = edges.lefts[at] as number;
    groupOf(left).edges.push({ left, right: edges.rights[at] as number, weight: edges.weights[at] as number });
  }
  for (const [a] of links) groupOf(a);
  for (let row = 0; row < rows; row += 1) groups.get(owner[row] as number)?.nodes.push(row);
  return [...groups.values()];
}
