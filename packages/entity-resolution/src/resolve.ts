import { BlockIndexBuilder } from './block-index.ts';
import { createBlocker } from './blocking.ts';
import { type ClusterStep, clusterComponent } from './clustering.ts';
import { createRarities } from './frequencies.ts';
import { checkModel, type MatchModel, probabilityOf, weightOf } from './model.ts';
import { createNormaliser } from './normal-record.ts';
import { createPace, type PaceOptions } from './pace.ts';
import { PairScorer } from './pair-scorer.ts';
import { planOf } from './plan.ts';
import { RecordStore } from './record-store.ts';
import { groupByComponent, scoreCandidates } from './row-clustering.ts';
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

/** Resolves a whole set of records with a trained model. Ids must be unique; the result does not depend on the order of the records. */
export async function resolve(
  records: Iterable<InputRecord>,
  model: MatchModel,
  options: ResolveOptions = {},
): Promise<Resolution> {
  checkModel(model);
  const pace = createPace(options);
  const plan = planOf(model.schema);
  const rarities = createRarities(model.frequencies);
  const normalise = createNormaliser(model.schema, plan);
  const blocker = createBlocker(plan, rarities, model.blocking.stopKeys);
  const store = new RecordStore(plan, rarities);
  const builder = new BlockIndexBuilder();
  const ids: string[] = [];
  const sources: string[] = [];
  const rowOf = new Map<string, number>();
  for (const record of records) {
    if (rowOf.has(record.id))
      throw new RangeError(`two records have the id ${record.id}; give every record an id of its own`);
    const { values } = normalise(record);
    rowOf.set(record.id, store.add(values, record.source));
    builder.addRow(blocker.hashes(values));
    ids.push(record.id);
    sources.push(record.source);
    if (ids.length % 256 === 0 && pace.due()) await pace.pause('normalise', ids.length, ids.length);
  }
  const scorer = new PairScorer(model, store);
  const minimum = weightOf(options.threshold ?? model.threshold);
  const floor = Math.min(minimum, weightOf(model.reviewFloor));
  const index = builder.build();
  const scored = await scoreCandidates(scorer, index, { largestBlock: model.blocking.largestBlock, floor, pace });

  const strong = { lefts: [] as number[], rights: [] as number[], weights: [] as number[] };
  for (let at = 0; at < scored.lefts.length; at += 1) {
    if ((scored.weights[at] as number) < minimum) continue;
    strong.lefts.push(scored.lefts[at] as number);
    strong.rights.push(scored.rights[at] as number);
    strong.weights.push(scored.weights[at] as number);
  }
  const mustRows = (options.mustLink ?? []).flatMap(([a, b]) => {
    const left = rowOf.get(a);
    const right = rowOf.get(b);
    return left === undefined || right === undefined ? [] : [[left, right] as const];
  });
  const components = groupByComponent(
    ids.length,
    {
      lefts: Int32Array.from(strong.lefts),
      rights: Int32Array.from(strong.rights),
      weights: Float64Array.from(strong.weights),
    },
    mustRows,
  );
  const exclusive = new Set(options.duplicateFreeSources ?? []);
  const clusters: string[][] = [];
  const placed = new Uint8Array(ids.length);
  const idOf = (row: number): string => ids[row] as string;
  for (const component of components) {
    for (const row of component.nodes) placed[row] = 1;
    const found = clusterComponent(
      component.nodes.map(idOf),
      component.edges.map((edge) => ({ a: idOf(edge.left), b: idOf(edge.right), weight: edge.weight })),
      (a, b) => {
        const weight = scorer.weigh(rowOf.get(a) as number, rowOf.get(b) as number);
        return { weight, conflict: scorer.conflict };
      },
      {
        minimumWeight: minimum,
        onStep: options.onStep,
        mustLink: options.mustLink ?? [],
        cannotLink: options.cannotLink ?? [],
        ...(exclusive.size === 0
          ? {}
          : {
              exclusiveSource: (id: string) => {
                const source = sources[rowOf.get(id) as number] as string;
                return exclusive.has(source) ? source : undefined;
              },
            }),
      },
    );
    clusters.push(...found);
    if (pace.due()) await pace.pause('cluster', component.nodes[0] ?? 0, ids.length);
  }
  for (let row = 0; row < ids.length; row += 1) if (placed[row] === 0) clusters.push([idOf(row)]);
  clusters.sort((left, right) => ((left[0] as string) < (right[0] as string) ? -1 : 1));

  const edges: ResolvedEdge[] = [];
  for (let at = 0; at < scored.lefts.length; at += 1) {
    const x = idOf(scored.lefts[at] as number);
    const y = idOf(scored.rights[at] as number);
    const weight = scored.weights[at] as number;
    edges.push({ a: x < y ? x : y, b: x < y ? y : x, weight, probability: probabilityOf(weight) });
  }
  edges.sort((left, right) => (left.a < right.a ? -1 : left.a > right.a ? 1 : left.b < right.b ? -1 : 1));
  return { clusters, edges };
}
