/** Pairs of rows with their match weights in bits. */
export interface RowEdges {
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  readonly weights: Float64Array;
}

/** Edges in growing flat arrays. */
export class EdgeList {
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
      lefts: this.#lefts.slice(0, this.#count),
      rights: this.#rights.slice(0, this.#count),
      weights: this.#weights.slice(0, this.#count),
    };
  }
}

function widened<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
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
