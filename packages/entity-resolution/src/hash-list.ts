import { roomBeside, type SharedArray } from './shared-array.ts';

const half = 2 ** 32;
const leastRoom = 1 << 10;

/** Hashes of keys one after the other, of which others can be told about: 48 bits each. */
export class HashList {
  /** The lowest 32 bits of each, and those above. */
  lows: Int32Array;
  highs: Uint16Array;
  #size = 0;

  /** @param beside memory of the sort that the hashes are to lie in; `expected` is how many there may be, more are no harm */
  constructor(beside: SharedArray, expected: number) {
    // Room that is not used is not taken from the system.
    this.lows = roomBeside(beside, Int32Array, leastRoom + expected);
    this.highs = roomBeside(beside, Uint16Array, leastRoom + expected);
  }

  get size(): number {
    return this.#size;
  }

  push(hash: number): void {
    if (this.#size === this.lows.length) this.#grow();
    this.lows[this.#size] = hash | 0;
    this.highs[this.#size] = Math.floor(hash / half);
    this.#size += 1;
  }

  #grow(): void {
    const lows = roomBeside(this.lows, Int32Array, this.#size * 2);
    const highs = roomBeside(this.highs, Uint16Array, this.#size * 2);
    lows.set(this.lows);
    highs.set(this.highs);
    this.lows = lows;
    this.highs = highs;
  }
}

/** The hash that stands at a place of two such arrays. */
export function hashFrom(low: number, high: number): number {
  return high * half + (low >>> 0);
}
