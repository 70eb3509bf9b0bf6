import { type ClusterStep, clusterComponent } from './clustering.ts';
import { alone, type Crew } from './crew.ts';
import { type DistinctRows, distinctRows } from './equal-rows.ts';
import { createRarities } from './frequencies.ts';
import { KeyIndex } from './key-index.ts';
import { checkModel, type MatchModel, probabilityOf, weightOf } from './model.ts';
import { createPace, type Pace, type PaceOptions } from './pace.ts';
import { PairScorer } from './pair-scorer.ts';
import { prepareRecords, type RecordTable } from './record-table.ts';
import { groupByComponent, isPlainPair, scoreCandidates } from './row-clustering.ts';
import { byLeft, EdgeList, type RowEdges } from './row-edges.ts';
import type { InputRecord } from './schema.ts';

export interface ResolveOptions extends PaceOptions {
  /** Match probability from which on records are joined; the model's own by default. */
  readonly threshold?: number;
  /** Pairs of ids that belong together whatever the data says. */
  readonly mustLink?: readonly (readonly [string, string])[];
  /** Pairs of ids that never belong together; they win over mustLink. */
  readonly cannotLink?: readonly (readonly [string, string])[];
  /** Sources in which no entity stands twice: two of their records are never joined. */
  readonly duplicateFreeSources?: readonly string[];
  /** Who does the work, by default this thread alone; see the entry `parallel` of the package. The result is the same. */
  readonly crew?: Crew | undefined;
  /** Told of every merge, and of every one that an edge suggested and something forbade, cluster by cluster. */
  readonly onStep?: (step: ClusterStep) => void;
}

export interface ResolvedEdge {
  readonly a: string;
  readonly b: string;
  /** Match weight in bits. */
  readonly weight: number;
  readonly probability: number;
}

export interface Resolution {
  /** Record ids by cluster, singletons included; sorted inside and by their first id. */
  readonly clusters: string[][];
  /** Candidate pairs above the model's review floor, by ids. */
  readonly edges: ResolvedEdge[];
}

/** What a Resolution says, by rows of a table. */
export interface RowResolution {
  /** For every row the lowest row of its cluster. */
  readonly clusterOf: Int32Array;
  /** Candidate pairs above the model's review floor by rows, the lower one left, in their order; weights in bits. */
  readonly edges: RowEdges;
}

/** Resolves a whole set of records with a trained model. Ids must be unique; the result does not depend on the order of the records. */
export async function resolve(
  records: Iterable<InputRecord>,
  model: MatchModel,
  options: ResolveOptions = {},
): Promise<Resolution> {
  checkModel(model);
  const table = await prepareRecords(records, model.schema, options);
  return resolutionOf(table, await resolveTable(table, model, options));
}

/** The same by ids. */
export function resolutionOf({ ids }: RecordTable, { clusterOf, edges }: RowResolution): Resolution {
  const byOwner = new Map<number, string[]>();
  clusterOf.forEach((owner, row) => {
    const members = byOwner.get(owner);
    if (members === undefined) byOwner.set(owner, [ids[row] as string]);
    else members.push(ids[row] as string);
  });
  return {
    clusters: [...byOwner.values()],
    edges: Array.from(edges.weights, (weight, at) => ({
      a: ids[edges.lefts[at] as number] as string,
      b: ids[edges.rights[at] as number] as string,
      weight,
      probability: probabilityOf(weight),
    })),
  };
}

/** Resolves the rows of a table with a model of its schema; a model that was trained on this very table finds its work half done. */
export async function resolveTable(
  table: RecordTable,
  model: MatchModel,
  options: ResolveOptions = {},
): Promise<RowResolution> {
  checkModel(model);
  const { ids } = table;
  for (let row = 1; row < ids.length; row += 1) {
    if (ids[row] === ids[row - 1])
      throw new RangeError(`two records have the id ${ids[row]}; give every record an id of its own`);
  }
  const distinct = isUnconstrained(options) ? distinctRows(table) : null;
  if (distinct === null) return resolveRows(table, model, options);
  return withEqualRows(table, distinct, { model, options, found: await resolveRows(distinct.table, model, options) });
}

function isUnconstrained({ mustLink = [], cannotLink = [], duplicateFreeSources = [] }: ResolveOptions): boolean {
  return mustLink.length === 0 && cannotLink.length === 0 && duplicateFreeSources.length === 0;
}

/** What was found of the distinct rows, told of all rows: those that are equal are one where their weight says so. */
function withEqualRows(
  { ids }: RecordTable,
  { table, firsts, standsFor }: DistinctRows,
  work: { readonly model: MatchModel; readonly options: ResolveOptions; readonly found: RowResolution },
): RowResolution {
  const { model, options, found } = work;
  const minimum = weightOf(options.threshold ?? model.threshold);
  const floor = Math.min(minimum, weightOf(model.reviewFloor));
  const scorer = new PairScorer(model, table.store);
  const edges = new EdgeList();
  found.edges.weights.forEach((weight, at) => {
    edges.push(
      firsts[found.edges.lefts[at] as number] as number,
      firsts[found.edges.rights[at] as number] as number,
      weight,
    );
  });
  const members = new Map<number, string[]>();
  if (options.onStep !== undefined)
    found.clusterOf.forEach((owner, place) => {
      const id = ids[firsts[place] as number] as string;
      const list = members.get(owner);
      if (list === undefined) members.set(owner, [id]);
      else list.push(id);
    });
  const clusterOf = Int32Array.from(standsFor, (place, row) => {
    const first = firsts[place] as number;
    const owner = found.clusterOf[place] as number;
    if (row === first) return firsts[owner] as number;
    const weight = scorer.weigh(place, place);
    if (weight >= floor) edges.push(first, row, weight);
    if (weight < minimum) return row;
    const cluster = members.get(owner);
    if (cluster !== undefined) {
      const [left, id] = [ids[first] as string, ids[row] as string];
      options.onStep?.({
        joined: true,
        reason: 'agreement',
        left: cluster.toSorted(),
        right: [id],
        edge: { a: left, b: id, weight },
        meanWeight: weight,
        neededWeight: minimum,
      });
      cluster.push(id);
    }
    return firsts[owner] as number;
  });
  return { clusterOf, edges: inOrder(byLeft([edges.take()], ids.length)) };
}

async function resolveRows(table: RecordTable, model: MatchModel, options: ResolveOptions): Promise<RowResolution> {
  const pace = createPace(options);
  const crew = options.crew ?? alone;
  const { store } = table;
  let index = table.blocks?.index;
  if (
    table.blocks?.stopKeys !== model.blocking.stopKeys ||
    table.blocks.frequencies !== model.frequencies ||
    index === undefined
  ) {
    const { frequencies, blocking } = model;
    store.reprice(createRarities(frequencies));
    const keys = await KeyIndex.of(store, {
      frequencies,
      stopKeys: blocking.stopKeys,
      limits: [],
      joins: false,
      crew,
      pace,
    });
    index = keys.build();
    table.blocks = { stopKeys: model.blocking.stopKeys, frequencies: model.frequencies, index };
  }
  const minimum = weightOf(options.threshold ?? model.threshold);
  const floor = Math.min(minimum, weightOf(model.reviewFloor));
  const scorer = new PairScorer(model, store);
  const edges = inOrder(await scoreCandidates(store, { model, index, blocking: model.blocking, floor, crew, pace }));
  const clusterOf = await cluster(table, edges, { model, scorer, minimum, options, pace });
  return { clusterOf, edges };
}

/** Edges by their left row, then by their right one; they come by left rows already. */
function inOrder({ lefts, rights, weights }: RowEdges): RowEdges {
  for (let from = 0, to = 0; from < lefts.length; from = to) {
    while (to < lefts.length && lefts[to] === lefts[from]) to += 1;
    for (let at = from + 1; at < to; at += 1) {
      const right = rights[at] as number;
      const weight = weights[at] as number;
      let place = at;
      for (; place > from && (rights[place - 1] as number) > right; place -= 1) {
        rights[place] = rights[place - 1] as number;
        weights[place] = weights[place - 1] as number;
      }
      rights[place] = right;
      weights[place] = weight;
    }
  }
  return { lefts, rights, weights };
}

async function cluster(
  table: RecordTable,
  edges: RowEdges,
  work: {
    readonly model: MatchModel;
    readonly scorer: PairScorer;
    readonly minimum: number;
    readonly options: ResolveOptions;
    readonly pace: Pace;
  },
): Promise<Int32Array> {
  const { ids, sources } = table;
  const { model, scorer, minimum, options, pace } = work;
  const { prior, sourcePriors } = model;
  const mustLink = options.mustLink ?? [];
  const cannotLink = options.cannotLink ?? [];
  const exclusive = new Set(options.duplicateFreeSources ?? []);
  const rowOf = new Map<string, number>();
  const knowRow = (row: number): void => void rowOf.set(ids[row] as string, row);
  if (mustLink.length > 0 || cannotLink.length > 0) for (let row = 0; row < ids.length; row += 1) knowRow(row);
  const mustRows = mustLink.flatMap(([a, b]) => {
    const left = rowOf.get(a);
    const right = rowOf.get(b);
    return left === undefined || right === undefined ? [] : [[left, right] as const];
  });
  const isFree = mustLink.length === 0 && cannotLink.length === 0 && exclusive.size === 0;
  const clusterOf = Int32Array.from(ids, (_, row) => row);
  let done = 0;
  for (const component of groupByComponent(ids.length, strongOnes(edges, minimum), mustRows)) {
    done += 1;
    if (done % 64 === 0 && pace.due()) await pace.pause('cluster', component.nodes[0] ?? 0, ids.length);
    if (isFree && options.onStep === undefined && isPlainPair(component, minimum)) {
      clusterOf[component.nodes[1] as number] = component.nodes[0] as number;
      continue;
    }
    for (const row of component.nodes) knowRow(row);
    const clusters = clusterComponent(
      component.nodes.map((row) => ids[row] as string),
      component.edges.map(({ left, right, weight }) => ({ a: ids[left] as string, b: ids[right] as string, weight })),
      (a, b) => {
        const weight = scorer.weigh(rowOf.get(a) as number, rowOf.get(b) as number);
        return { weight, conflict: scorer.conflict };
      },
      {
        minimumWeight: minimum,
        origins: { prior, sourcePriors, sourceOf: (id) => sources[rowOf.get(id) as number] as string },
        onStep: options.onStep,
        mustLink,
        cannotLink,
        ...(exclusive.size > 0 && {
          exclusiveSource: (id: string) => {
            const source = sources[rowOf.get(id) as number] as string;
            return exclusive.has(source) ? source : undefined;
          },
        }),
      },
    );
    for (const members of clusters) {
      const owner = rowOf.get(members[0] as string) as number;
      for (const member of members) clusterOf[rowOf.get(member) as number] = owner;
    }
    if (isFree) for (const row of component.nodes) rowOf.delete(ids[row] as string);
  }
  return clusterOf;
}

function strongOnes({ lefts, rights, weights }: RowEdges, minimum: number): RowEdges {
  const strong = new EdgeList();
  for (let at = 0; at < weights.length; at += 1)
    if ((weights[at] as number) >= minimum)
      strong.push(lefts[at] as number, rights[at] as number, weights[at] as number);
  return strong.take();
}
