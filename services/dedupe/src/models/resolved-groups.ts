import { probabilityOf, type RowResolution } from '@kempt/entity-resolution';
import type { ResolvedGroup } from '../clusters/cluster-writer.ts';
import type { Edge } from '../matching/match-graph-store.ts';
import type { Pair } from '../reviews/verdict-graph.ts';
import { rowOf } from './kind-table.ts';

/** The edges of a batch, many at a time. */
export function* edgeBatches(ids: readonly string[], { edges }: RowResolution, size: number): Generator<Edge[]> {
  for (let from = 0; from < edges.weights.length; from += size) {
    const batch: Edge[] = [];
    for (let at = from; at < Math.min(from + size, edges.weights.length); at += 1) {
      const weight = edges.weights[at] as number;
      batch.push({
        // Rows stand in the order of their ids.
        left: ids[edges.lefts[at] as number] as string,
        right: ids[edges.rights[at] as number] as string,
        weight,
        probability: probabilityOf(weight),
      });
    }
    yield batch;
  }
}

/**
 * The clusters of a batch with how strongly each member is tied to the rest, many at a time: by its best pair inside the cluster, where a verdict
 * ties as firmly as anything can; 1 when it is alone.
 */
export function* groupBatches(
  ids: readonly string[],
  { clusterOf, edges }: RowResolution,
  { mustLink, size }: { readonly mustLink: readonly Pair[]; readonly size: number },
): Generator<ResolvedGroup[]> {
  const best = new Float64Array(ids.length);
  const tie = (left: number, right: number, probability: number): void => {
    if (left < 0 || right < 0 || clusterOf[left] !== clusterOf[right]) return;
    for (const row of [left, right]) best[row] = Math.max(best[row] as number, probability);
  };
  for (let at = 0; at < edges.weights.length; at += 1)
    tie(edges.lefts[at] as number, edges.rights[at] as number, probabilityOf(edges.weights[at] as number));
  for (const [left, right] of mustLink) tie(rowOf(ids, left), rowOf(ids, right), 1);
  // By row the next one of its cluster, 0 where there is none: a cluster begins with its lowest row.
  const next = new Int32Array(ids.length);
  for (let row = ids.length - 1; row >= 0; row -= 1) {
    const owner = clusterOf[row] as number;
    if (owner === row) continue;
    next[row] = next[owner] as number;
    next[owner] = row;
  }
  let batch: ResolvedGroup[] = [];
  for (let row = 0; row < ids.length; row += 1) {
    if (clusterOf[row] !== row) continue;
    const members = [{ ref: ids[row] as string, probability: next[row] === 0 ? 1 : (best[row] as number) }];
    for (let at = next[row] as number; at !== 0; at = next[at] as number)
      members.push({ ref: ids[at] as string, probability: best[at] as number });
    batch.push({ members });
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
