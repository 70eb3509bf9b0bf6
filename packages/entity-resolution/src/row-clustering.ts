import { type BlockIndex, rowsByBlock } from './block-index.ts';
import { clusterComponent } from './clustering.ts';
import type { Crew } from './crew.ts';
import type { BlockingModel } from './model.ts';
import type { Pace } from './pace.ts';
import type { DrawnPairs, Seeds } from './pair-sample.ts';
import { PairScorer, type ScoringModel, scoringPartOf } from './pair-scorer.ts';
import type { RecordStore } from './record-store.ts';
import { byLeft, type RowEdges } from './row-edges.ts';

/** Scores every candidate pair and keeps those of at least `floor` bits, by ascending left rows. */
export async function scoreCandidates(
  store: RecordStore,
  options: {
    readonly model: ScoringModel;
    /** Where everybody of the crew can read it. */
    readonly index: BlockIndex;
    readonly blocking: Pick<BlockingModel, 'largestBlock' | 'weakKinds'>;
    readonly floor: number;
    readonly crew: Crew;
    readonly pace: Pace;
  },
): Promise<RowEdges> {
  const { model, index, blocking, floor, crew, pace } = options;
  const rows = index.rowStarts.length - 1;
  const order = crew.shared(rowsByBlock(index, blocking.largestBlock));
  const { largestBlock, weakKinds } = blocking;
  const found = await crew.run(
    'score',
    store,
    {
      model: scoringPartOf(model),
      index,
      order,
      blocking: { largestBlock, ...(weakKinds !== undefined && { weakKinds }) },
      floor,
    },
    { pace, phase: 'score', total: rows },
  );
  crew.giveBack(order);
  return byLeft(found, rows);
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
  store: RecordStore,
  options: {
    readonly rows: number;
    readonly model: ScoringModel;
    readonly pairs: DrawnPairs;
    readonly index: BlockIndex;
    readonly blocking: Pick<BlockingModel, 'largestBlock' | 'weakKinds'>;
    readonly seeds: Seeds | null;
    readonly crew: Crew;
    readonly pace: Pace;
  },
): Promise<Float64Array> {
  const { rows, model, pairs, blocking, seeds, crew, pace } = options;
  const edges =
    pairs.isComplete || seeds !== null
      ? await scoreDrawn(store, pairs, { model, weakKinds: blocking.weakKinds, floor: 0, crew, pace })
      : await scoreCandidates(store, { model, index: options.index, blocking, floor: 0, crew, pace });
  const scorer = new PairScorer(model, store);
  const priorsById = Object.fromEntries(
    Object.entries(model.sourcePriors).map(([source, prior]) => [store.sourceId(source), prior]),
  );
  const parts = new Float64Array(rows).fill(1);
  const name = (row: number): string => String(row).padStart(9, '0');
  for (const component of groupByComponent(rows, edges, [])) {
    const { nodes, edges: inside } = component;
    if (isPlainPair(component, 0)) {
      for (const row of nodes) parts[row] = 1 / 2;
      continue;
    }
    const clusters = clusterComponent(
      nodes.map(name),
      inside.map((edge) => ({ a: name(edge.left), b: name(edge.right), weight: edge.weight })),
      (a, b) => ({ weight: scorer.weigh(Number(a), Number(b)), conflict: scorer.conflict }),
      {
        origins: {
          prior: model.prior,
          sourcePriors: priorsById,
          sourceOf: (id) => String(store.sourceOf(Number(id))),
        },
      },
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
  store: RecordStore,
  { lefts, rights, shared, kept }: DrawnPairs,
  options: {
    readonly model: ScoringModel;
    readonly weakKinds: readonly string[] | undefined;
    readonly floor: number;
    readonly crew: Crew;
    readonly pace: Pace;
  },
): Promise<RowEdges> {
  const { model, weakKinds, floor, crew, pace } = options;
  const found = await crew.run(
    'drawn',
    store,
    { model: scoringPartOf(model), lefts, rights, shared, kept, weakKinds, floor },
    { pace, phase: 'compare', total: kept },
  );
  return byLeft(found, store.rows);
}

export interface ComponentOfRows {
  readonly nodes: number[];
  readonly edges: { readonly left: number; readonly right: number; readonly weight: number }[];
}

/** Two rows with one edge, which the general way would join without looking at anything else. */
export function isPlainPair({ nodes, edges }: ComponentOfRows, minimum: number): boolean {
  return (
    nodes.length === 2 && minimum >= 0 && minimum <= 12 && (edges[0]?.weight ?? Number.NEGATIVE_INFINITY) >= minimum
  );
}

/** Components of more than one row, by their lowest row; each is put together when its turn comes. */
export function* groupByComponent(
  rows: number,
  { lefts, rights, weights }: RowEdges,
  links: readonly (readonly [number, number])[],
): Generator<ComponentOfRows> {
  const all = function* (): Generator<readonly [number, number]> {
    for (let at = 0; at < lefts.length; at += 1) yield [lefts[at] as number, rights[at] as number];
    yield* links;
  };
  const owner = componentsOf(rows, all());
  const isLinked = new Uint8Array(rows);
  for (const left of lefts) isLinked[owner[left] as number] = 1;
  for (const [row] of links) isLinked[owner[row] as number] = 1;
  const nodes = placesByOwner(rows, rows, (row) => owner[row] as number);
  const edges = placesByOwner(lefts.length, rows, (edge) => owner[lefts[edge] as number] as number);
  for (let row = 0; row < rows; row += 1) {
    if (owner[row] !== row || isLinked[row] === 0) continue;
    yield {
      nodes: Array.from(nodes.of(row)),
      edges: Array.from(edges.of(row), (edge) => ({
        left: lefts[edge] as number,
        right: rights[edge] as number,
        weight: weights[edge] as number,
      })),
    };
  }
}

/** Numbers below `count` by their owners, in their order. */
function placesByOwner(
  count: number,
  owners: number,
  ownerOf: (number: number) => number,
): { of(owner: number): Int32Array } {
  const starts = new Int32Array(owners + 1);
  for (let at = 0; at < count; at += 1) {
    const place = ownerOf(at) + 1;
    starts[place] = (starts[place] as number) + 1;
  }
  for (let owner = 1; owner <= owners; owner += 1)
    starts[owner] = (starts[owner] as number) + (starts[owner - 1] as number);
  const next = starts.slice(0, -1);
  const numbers = new Int32Array(count);
  for (let at = 0; at < count; at += 1) {
    const owner = ownerOf(at);
    const place = next[owner] as number;
    numbers[place] = at;
    next[owner] = place + 1;
  }
  return { of: (owner) => numbers.subarray(starts[owner] as number, starts[owner + 1] as number) };
}
