/** Precision, recall and F1 = 2PR / (P + R), each between 0 and 1. Nothing found, or nothing to find, is no error: it scores 1. */
export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Cluster or entity of each record, by the record's key. */
export type Partition = ReadonlyMap<string, string>;

export type RecordPair = readonly [string, string];

function scoresOf(precision: number, recall: number): Scores {
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

function countScores(hits: number, found: number, wanted: number): Scores {
  return scoresOf(found === 0 ? 1 : hits / found, wanted === 0 ? 1 : hits / wanted);
}

const pairsAmong = (records: number): number => (records * (records - 1)) / 2;

interface Overlap {
  readonly clusterSizes: ReadonlyMap<string, number>;
  readonly entitySizes: ReadonlyMap<string, number>;
  /** Records that a cluster and an entity have in common, for every two that have any. */
  readonly cells: readonly { readonly cluster: string; readonly entity: string; readonly records: number }[];
}

/** Both partitions over the records of the truth. A record that was not clustered counts as one that was left alone. */
function overlapOf(found: Partition, truth: Partition): Overlap {
  const clusterSizes = new Map<string, number>();
  const entitySizes = new Map<string, number>();
  const cells = new Map<string, Map<string, number>>();
  for (const [record, entity] of truth) {
    const known = found.get(record);
    const cluster = known === undefined ? `alone ${record}` : `cluster ${known}`;
    clusterSizes.set(cluster, (clusterSizes.get(cluster) ?? 0) + 1);
    entitySizes.set(entity, (entitySizes.get(entity) ?? 0) + 1);
    const row = cells.get(cluster) ?? new Map<string, number>();
    row.set(entity, (row.get(entity) ?? 0) + 1);
    cells.set(cluster, row);
  }
  return {
    clusterSizes,
    entitySizes,
    cells: [...cells].flatMap(([cluster, row]) => [...row].map(([entity, records]) => ({ cluster, entity, records }))),
  };
}

/**
 * Pairs that the clusters imply against pairs that the entities imply, all transitive ones included:
 * P = |F ∩ T| / |F| and R = |F ∩ T| / |T|, where F and T hold every two records of one cluster and of one entity.
 * Source: the pairwise measure of D. Menestrina, S. E. Whang, H. Garcia-Molina, "Evaluating Entity Resolution Results", VLDB 2010.
 */
export function clusterPairScores(found: Partition, truth: Partition): Scores {
  const { clusterSizes, entitySizes, cells } = overlapOf(found, truth);
  const sum = (sizes: Iterable<number>): number => [...sizes].reduce((total, size) => total + pairsAmong(size), 0);
  return countScores(sum(cells.map(({ records }) => records)), sum(clusterSizes.values()), sum(entitySizes.values()));
}

/**
 * Pairs that the clusters imply against exactly the pairs that somebody listed as matches, without what follows from them: the same
 * formulas with T = the list. Source: P. Christen, "Data Matching", Springer 2012, chapter 7. Every clustered record takes part.
 */
export function pairwiseScores(found: Partition, listed: readonly RecordPair[]): Scores {
  const sizes = new Map<string, number>();
  for (const cluster of found.values()) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  const implied = [...sizes.values()].reduce((total, size) => total + pairsAmong(size), 0);
  const wanted = new Map(
    listed
      .filter(([a, b]) => a !== b)
      .map(([a, b]): [string, RecordPair] =>
        a < b ? [JSON.stringify([a, b]), [a, b]] : [JSON.stringify([b, a]), [b, a]],
      ),
  );
  const hits = [...wanted.values()].filter(([a, b]) => found.has(a) && found.get(a) === found.get(b)).length;
  return countScores(hits, implied, wanted.size);
}

/**
 * The mean over all records r with cluster C(r) and entity E(r): P = mean |C(r) ∩ E(r)| / |C(r)| and R = mean |C(r) ∩ E(r)| / |E(r)|.
 * Source: A. Bagga, B. Baldwin, "Algorithms for Scoring Coreference Chains", LREC workshop 1998.
 */
export function bCubedScores(found: Partition, truth: Partition): Scores {
  if (truth.size === 0) return scoresOf(1, 1);
  const { clusterSizes, entitySizes, cells } = overlapOf(found, truth);
  // Sums of fractions depend on their order in the last digits; sorted terms make the result the same for any order of rows.
  const mean = (terms: number[]): number =>
    Math.min(1, terms.sort((left, right) => left - right).reduce((total, term) => total + term, 0) / truth.size);
  return scoresOf(
    mean(cells.map(({ cluster, records }) => records ** 2 / (clusterSizes.get(cluster) as number))),
    mean(cells.map(({ entity, records }) => records ** 2 / (entitySizes.get(entity) as number))),
  );
}

/** The entities that follow from listed pairs; records that no pair names are entities of their own. */
export function entitiesOf(records: Iterable<string>, pairs: readonly RecordPair[]): Partition {
  const parents = new Map<string, string>();
  for (const record of records) parents.set(record, record);
  const rootOf = (record: string): string => {
    let root = record;
    for (let parent = parents.get(root); parent !== undefined && parent !== root; parent = parents.get(root)) {
      root = parent;
    }
    for (let at = record; at !== root; ) {
      const next = parents.get(at) ?? root;
      parents.set(at, root);
      at = next;
    }
    return root;
  };
  for (const [a, b] of pairs) {
    const left = rootOf(a);
    const right = rootOf(b);
    parents.set(a, parents.get(a) ?? a);
    parents.set(b, parents.get(b) ?? b);
    parents.set(right, left);
  }
  return new Map([...parents.keys()].map((record) => [record, rootOf(record)]));
}
