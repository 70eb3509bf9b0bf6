/** Precision, recall and their harmonic mean. */
export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

function scores(hit: number, found: number, wanted: number): Scores {
  const precision = found === 0 ? 1 : hit / found;
  const recall = wanted === 0 ? 1 : hit / wanted;
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

/** The true entity of each record id; records of unknown truth are left out of every score. */
export type Truth = ReadonlyMap<string, string>;

function known(clusters: readonly (readonly string[])[], truth: Truth): string[][] {
  return clusters.map((cluster) => cluster.filter((id) => truth.has(id))).filter((cluster) => cluster.length > 0);
}

function entitySizes(truth: Truth): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const entity of truth.values()) sizes.set(entity, (sizes.get(entity) ?? 0) + 1);
  return sizes;
}

/** Counts of true entities inside one cluster. */
function mixture(cluster: readonly string[], truth: Truth): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of cluster) {
    const entity = truth.get(id) as string;
    counts.set(entity, (counts.get(entity) ?? 0) + 1);
  }
  return counts;
}

const pairs = (count: number): number => (count * (count - 1)) / 2;

/** Pairs implied by clusters against pairs implied by the truth. */
export function clusterPairScores(clusters: readonly (readonly string[])[], truth: Truth): Scores {
  let hit = 0;
  let found = 0;
  for (const cluster of known(clusters, truth)) {
    found += pairs(cluster.length);
    for (const count of mixture(cluster, truth).values()) hit += pairs(count);
  }
  let wanted = 0;
  for (const size of entitySizes(truth).values()) wanted += pairs(size);
  return scores(hit, found, wanted);
}

/** B-cubed: the mean over records of the purity and the completeness of the cluster they are in. */
export function bCubedScores(clusters: readonly (readonly string[])[], truth: Truth): Scores {
  const sizes = entitySizes(truth);
  let precision = 0;
  let recall = 0;
  let records = 0;
  for (const cluster of known(clusters, truth)) {
    for (const [entity, count] of mixture(cluster, truth)) {
      precision += (count * count) / cluster.length;
      recall += (count * count) / (sizes.get(entity) as number);
      records += count;
    }
  }
  const p = records === 0 ? 1 : precision / records;
  const r = records === 0 ? 1 : recall / records;
  return { precision: p, recall: r, f1: p + r === 0 ? 0 : (2 * p * r) / (p + r) };
}

/** Linked pairs against a list of true pairs, for sets that only say which pairs match between two sources. */
export function pairListScores(
  clusters: readonly (readonly string[])[],
  wanted: ReadonlySet<string>,
  counted: (a: string, b: string) => boolean,
): Scores {
  let hit = 0;
  let found = 0;
  for (const cluster of clusters) {
    for (let x = 0; x < cluster.length; x += 1) {
      for (let y = x + 1; y < cluster.length; y += 1) {
        const [a, b] = [cluster[x] as string, cluster[y] as string].sort() as [string, string];
        if (!counted(a, b)) continue;
        found += 1;
        if (wanted.has(`${a}\u0000${b}`)) hit += 1;
      }
    }
  }
  return scores(hit, found, wanted.size);
}
