/** Rows of a fixed number of integers in one growing buffer, so that comparing two values touches two cache lines and no objects. */
export class PackedRows {
  data: Int32Array;
  readonly width: number;
  #rows = 0;

  constructor(width: number) {
    this.width = width;
    this.data = new Int32Array(width * 256);
  }

  get rows(): number {
    return this.#rows;
  }

  push(values: readonly number[]): number {
    const row = this.#rows;
    if ((row + 1) * this.width > this.data.length) {
      const wider = new Int32Array(this.data.length * 2);
      wider.set(this.data);
      this.data = wider;
    }
    this.data.set(values, row * this.width);
    this.#rows += 1;
    return row;
  }
}

/** A set of ids as 32 bits: sets that share an id share a bit. */
export function bloomOf(ids: Iterable<number>): number {
  let bits = 0;
  for (const id of ids) bits |= 1 << (Math.imul(id, 0x9e3779b1) >>> 27);
  return bits;
}
