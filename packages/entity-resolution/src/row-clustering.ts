import { type BlockIndex, CandidateWalk, rowsByBlock, several } from './block-index.ts';
import { clusterComponent } from './clustering.ts';
import { KeyRule } from './key-kind.ts';
import type { BlockingModel } from './model.ts';
import type { Pace } from './pace.ts';
import type { DrawnPairs, Seeds } from './pair-sample.ts';
import type { PairScorer } from './pair-scorer.ts';

export interface RowEdges {
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  readonly weights: Float64Array;
}

/** Edges in growing flat arrays. */
class EdgeList {
  #lefts = new Int32Array(1 << 12);
  #rights = new Int32Array(1 << 12);
  #weights = new Float64Array(1 << 12);
  #count = 0;

  push(left: number, right: number, weight: number): void {
    const at = this.#count;
    if (at === this.#lefts.length) {
      this.#lefts = widened(this.#lefts, new Int32Array(at * 2));
      this.#rights = widened(this.#rights, new Int32Array(at * 2));
      this.#weights = widened(this.#weights, new Float64Array(at * 2));
    }
    this.#lefts[at] = left;
    this.#rights[at] = right;
    this.#weights[at] = weight;
    this.#count += 1;
  }

  take(): RowEdges {
    return {
      lefts: this.#lefts.subarray(0, this.#count),
      rights: this.#rights.subarray(0, this.#count),
      weights: this.#weights.subarray(0, this.#count),
    };
  }
}

function widened<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Scores the candidate pairs of one row after the other. */
export class CandidateTurns {
  readonly #scorer: PairScorer;
  readonly #walk: CandidateWalk;
  readonly #floor: number;
  readonly #edges = new EdgeList();

  constructor(
    scorer: PairScorer,
    index: BlockIndex,
    options: { readonly blocking: Pick<BlockingModel, 'largestBlock' | 'weakKinds'>; readonly floor: number },
  ) {
    this.#scorer = scorer;
    this.#walk = new CandidateWalk(index, options.blocking.largestBlock, new KeyRule(options.blocking.weakKinds));
    this.#floor = options.floor;
  }

  /** The pairs of a row with rows above it. */
  score(row: number): void {
    const scorer = this.#scorer;
    const walk = this.#walk;
    const floor = this.#floor;
    const count = walk.after(row);
    for (let at = 0; at < count; at += 1) {
      const other = walk.candidates[at] as number;
      const weight = scorer.weigh(row, other, floor);
      if (weight >= floor) this.#edges.push(row, other, weight);
    }
  }

  /** What was found, in the order of the turns. */
  edges(): RowEdges {
    return this.#edges.take();
  }
}

/** All edges by ascending left rows. */
export function byLeft(lists: readonly RowEdges[], rows: number): RowEdges {
  const places = new Int32Array(rows + 1);
  for (const { lefts } of lists) for (const left of lefts) places[left + 1] = (places[left + 1] as number) + 1;
  for (let row = 1; row <= rows; row += 1) places[row] = (places[row] as number) + (places[row - 1] as number);
  const count = places[rows] as number;
  const sorted = {
    lefts: new Int32Array(count),
    rights: new Int32Array(count),
    weights: new Float64Array(count),
  };
  for (const { lefts, rights, weights } of lists)
    lefts.forEach((left, edge) => {
      const at = places[left] as number;
      places[left] = at + 1;
      sorted.lefts[at] = left;
      sorted.rights[at] = rights[edge] as number;
      sorted.weights[at] = weights[edge] as number;
    });
  return sorted;
}

/** Scores every candidate pair and keeps those of at least `floor` bits. */
export async function scoreCandidates(
  scorer: PairScorer,
  index: BlockIndex,
  options: {
    readonly blocking: Pick<BlockingModel, 'largestBlock' | 'weakKinds'>;
    readonly floor: number;
    readonly pace: Pace;
  },
): Promise<RowEdges> {
  const { blocking, floor, pace } = options;
  const rows = index.rowStarts.length - 1;
  const turns = new CandidateTurns(scorer, index, { blocking, floor });
  const order = rowsByBlock(index, blocking.largestBlock);
  for (let turn = 0; turn < rows; turn += 1) {
    turns.score(order[turn] as number);
    if (turn % 64 === 0 && pace.due()) await pace.pause('score', turn, rows);
  }
  return byLeft([turns.edges()], rows);
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
 * Clusters rows by a scorer's own weights, without constraints from outside, and tells for each row what part of its cluster it is. Pairs that
 * share nothing but one key of a weak kind are left out, as they are when records are matched. Where there are `seeds` only their clusters are
 * looked at, and every other row counts as much as a seed does on average.
 */
export async function partsOfEntities(
  scorer: PairScorer,
  options: {
    readonly rows: number;
    readonly pairs: DrawnPairs;
    readonly index: BlockIndex;
    readonly blocking: Pick<BlockingModel, 'largestBlock' | 'weakKinds'>;
    readonly seeds: Seeds | null;
    readonly pace: Pace;
  },
): Promise<Float64Array> {
  const { rows, pairs, blocking, seeds, pace } = options;
  const edges =
    pairs.isComplete || seeds !== null
      ? await scoreDrawn(scorer, pairs, { rule: new KeyRule(blocking.weakKinds), floor: 0, pace })
      : await scoreCandidates(scorer, options.index, { blocking, floor: 0, pace });
  const parts = new Float64Array(rows).fill(1);
  const name = (row: number): string => String(row).padStart(9, '0');
  for (const { nodes, edges: inside } of groupByComponent(rows, edges, [])) {
    const clusters = clusterComponent(
      nodes.map(name),
      inside.map((edge) => ({ a: name(edge.left), b: name(edge.right), weight: edge.weight })),
      (a, b) => ({ weight: scorer.weigh(Number(a), Number(b)), conflict: scorer.conflict }),
    );
    for (const cluster of clusters) for (const member of cluster) parts[Number(member)] = 1 / cluster.length;
    if (pace.due()) await pace.pause('cluster', nodes[0] ?? 0, rows);
  }
  if (seeds === null) return parts;
  let sum = 0;
  for (const row of seeds.rows) sum += parts[row] as number;
  const usual = sum / Math.max(1, seeds.rows.length);
  for (let row = 0; row < rows; row += 1) if (seeds.has[row] === 0) parts[row] = usual;
  return parts;
}

/** The drawn candidate pairs of at least `floor` bits. */
async function scoreDrawn(
  scorer: PairScorer,
  { lefts, rights, shared, kept }: DrawnPairs,
  { rule, floor, pace }: { readonly rule: KeyRule; readonly floor: number; readonly pace: Pace },
): Promise<RowEdges> {
  const edges = new EdgeList();
  for (let pair = 0; pair < kept; pair += 1) {
    const kind = shared[pair] as number;
    if (kind !== several && rule.weak[kind] === 1) continue;
    const left = lefts[pair] as number;
    const right = rights[pair] as number;
    const weight = scorer.weigh(left, right, floor);
    if (weight >= floor) edges.push(left, right, weight);
    if (pair % 4096 === 0 && pace.due()) await pace.pause('compare', pair, kept);
  }
  return edges.take();
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
