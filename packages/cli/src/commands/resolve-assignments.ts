import type { Resolution } from '@kempt/entity-resolution';
import type { LoadedRecord } from './resolve-records.ts';

/** Where a record belongs. */
export interface Assignment {
  readonly record: LoadedRecord;
  /** Clusters are numbered from 1 as their first records come in the input. */
  readonly clusterId: number;
  /**
   * How probable the decision about this record is: in a cluster the match probability of its strongest link to another record of it, for
   * a record alone one minus the match probability of the strongest link it might have had; 1 where nothing came near.
   */
  readonly probability: number;
}

/** One assignment a record, in the order of the records. */
export function assign(records: readonly LoadedRecord[], { clusters, edges }: Resolution): Assignment[] {
  const clusterOf = new Map<string, number>();
  clusters.forEach((cluster, at) => {
    for (const id of cluster) clusterOf.set(id, at);
  });
  const inside = new Map<string, number>();
  const outside = new Map<string, number>();
  const raise = (best: Map<string, number>, id: string, probability: number): void => {
    if (probability > (best.get(id) ?? 0)) best.set(id, probability);
  };
  for (const { a, b, probability } of edges) {
    const best = clusterOf.get(a) === clusterOf.get(b) ? inside : outside;
    raise(best, a, probability);
    raise(best, b, probability);
  }
  const numbers = new Map<number, number>();
  return records.map((record) => {
    const cluster = clusterOf.get(record.id) as number;
    let clusterId = numbers.get(cluster);
    if (clusterId === undefined) {
      clusterId = numbers.size + 1;
      numbers.set(cluster, clusterId);
    }
    const alone = (clusters[cluster] as readonly string[]).length === 1;
    const probability = alone ? 1 - (outside.get(record.id) ?? 0) : (inside.get(record.id) ?? 0);
    return { record, clusterId, probability };
  });
}

/** Probabilities in files have six decimals: more would tell differences that mean nothing. */
export function rounded(probability: number): number {
  return Math.round(probability * 1e6) / 1e6;
}
