import { probabilityOf, type RecordTable, type RowResolution } from '@kempt/entity-resolution';

/** Where the records belong, by their place in the input. */
export interface Assignments {
  /** Clusters are numbered from 1 as their first records come in the input. */
  readonly clusterIds: Int32Array;
  /**
   * How probable the decision about each record is: in a cluster the match probability of its strongest link to another record of it, for
   * a record alone one minus the match probability of the strongest link it might have had; 1 where nothing came near.
   */
  readonly probabilities: Float64Array;
  readonly clusters: number;
  /** Clusters of more than one record. */
  readonly severals: number;
}

export function assign({ arrivals }: Pick<RecordTable, 'arrivals'>, { clusterOf, edges }: RowResolution): Assignments {
  const rows = clusterOf.length;
  const sizes = new Int32Array(rows);
  for (const owner of clusterOf) sizes[owner] = (sizes[owner] as number) + 1;
  const inside = new Float64Array(rows);
  const outside = new Float64Array(rows);
  for (let at = 0; at < edges.weights.length; at += 1) {
    const left = edges.lefts[at] as number;
    const right = edges.rights[at] as number;
    const best = clusterOf[left] === clusterOf[right] ? inside : outside;
    const probability = probabilityOf(edges.weights[at] as number);
    if (probability > (best[left] as number)) best[left] = probability;
    if (probability > (best[right] as number)) best[right] = probability;
  }
  const rowOf = new Int32Array(rows);
  arrivals.forEach((place, row) => {
    rowOf[place] = row;
  });
  const numbers = new Int32Array(rows);
  let clusters = 0;
  let severals = 0;
  const clusterIds = new Int32Array(rows);
  const probabilities = new Float64Array(rows);
  for (let place = 0; place < rows; place += 1) {
    const row = rowOf[place] as number;
    const owner = clusterOf[row] as number;
    const isAlone = sizes[owner] === 1;
    if (numbers[owner] === 0) {
      clusters += 1;
      numbers[owner] = clusters;
      if (!isAlone) severals += 1;
    }
    clusterIds[place] = numbers[owner] as number;
    probabilities[place] = isAlone ? 1 - (outside[row] as number) : (inside[row] as number);
  }
  return { clusterIds, probabilities, clusters, severals };
}

/** Probabilities in files have six decimals: more would tell differences that mean nothing. */
export function rounded(probability: number): number {
  return Math.round(probability * 1e6) / 1e6;
}
