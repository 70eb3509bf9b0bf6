import { widened } from '../text-pool.ts';

const leastRoom = 256;

/** Rows of a fixed number of integers in one growing buffer, so that comparing two values touches two cache lines and no objects. */
export class PackedRows {
  data: Int32Array;
  readonly width: number;
  #rows = 0;

  /** `expected` is how many rows there may be; room that is not used is not taken from the system. */
  constructor(width: number, expected = 0) {
    this.width = width;
    this.data = new Int32Array(width * Math.max(leastRoom, expected));
  }

  get rows(): number {
    return this.#rows;
  }

  get used(): number {
    return this.#rows * this.width;
  }

  push(values: readonly number[]): number {
    const row = this.#rows;
    const at = row * this.width;
    if (at + this.width > this.data.length) this.data = widened(this.data, at + this.width);
    const { data } = this;
    for (let column = 0; column < values.length; column += 1) data[at + column] = values[column] as number;
    this.#rows += 1;
    return row;
  }
}

/** Lists of integers one after the other in one growing buffer. */
export class PackedLists {
  data: Int32Array;
  #used = 0;

  constructor(expected = 0) {
    this.data = new Int32Array(Math.max(leastRoom, expected));
  }

  get used(): number {
    return this.#used;
  }

  /** Where the list begins that was put at the end. */
  push(values: readonly number[]): number {
    const from = this.#used;
    if (from + values.length > this.data.length) this.data = widened(this.data, from + values.length);
    this.data.set(values, from);
    this.#used = from + values.length;
    return from;
  }
}

/** Whether a list that begins with its length has a number. */
export function isAmong(lists: Int32Array, list: number, wanted: number): boolean {
  const to = list + (lists[list] as number);
  for (let at = list + 1; at <= to; at += 1) if (lists[at] === wanted) return true;
  return false;
}

/** A fixed number of rarities in bits for every value. */
export class Prices {
  #used = 0;
  data: Float64Array;
  readonly width: number;

  constructor(width: number, expected = 0) {
    this.width = width;
    this.data = new Float64Array(width * Math.max(leastRoom, expected));
  }

  get used(): number {
    return this.#used;
  }

  /** Makes room for a value and answers where its rarities begin. */
  at(id: number): number {
    const from = id * this.width;
    this.#used = Math.max(this.#used, from + this.width);
    if (from + this.width > this.data.length) this.data = widened(this.data, from + this.width);
    return from;
  }
}

/** A set of ids as 32 bits: sets that share an id share a bit. */
export function bloomOf(ids: Iterable<number>): number {
  let bits = 0;
  for (const id of ids) bits |= 1 << (Math.imul(id, 0x9e3779b1) >>> 27);
  return bits;
}
