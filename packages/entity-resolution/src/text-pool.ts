import { type ArrayHolder, holderOf } from './array-holder.ts';
import { finishHash, hashBasisHigh, hashBasisLow, type TextHasher } from './hash.ts';

/** Integers of a text in `meta`: where it starts in `codes`, its length, which characters it has in 32 classes, and one half of its hash. */
export const start = 0;
export const length = 1;
export const classes = 2;
const low = 3;
export const metaWidth = 4;
/** Only the classes of so many characters are noted: what comes after is not measured. */
export const longestWord = 96;

/**
 * Distinct texts, numbered 0, 1, 2 ... in order of arrival, in flat arrays: one byte a character, 20 bytes a text and an open-addressing table.
 * Texts with characters beyond Latin-1, which normal forms do not have, are kept as strings besides.
 */
export class TextPool {
  protected codes: Uint8Array;
  protected meta: Int32Array;
  /** The other halves of the hashes. */
  #highs: Int32Array;
  /** By hash 1 + number of a text, 0 where there is none, and one half of its hash, so that others are passed by without a look at them. */
  #slots: Int32Array;
  #mask: number;
  #size = 0;
  #used = 0;
  #foreign: Map<string, number> | null = null;
  #foreignTexts: Map<number, string> | null = null;

  /** `expected` is how many texts there may be; room that is not used is not taken from the system. */
  constructor(expected = 0) {
    const room = 1 << Math.ceil(Math.log2(Math.max(256, expected)));
    this.codes = new Uint8Array(room * 24);
    this.meta = new Int32Array(room * metaWidth);
    this.#highs = new Int32Array(room);
    // Memory that is read before it is written is taken from the system twice.
    this.#slots = new Int32Array(room * 4).fill(0);
    this.#mask = room * 2 - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** Characters of all texts together. */
  get used(): number {
    return this.#used;
  }

  /** The arrays that texts are read from. */
  get holders(): readonly ArrayHolder[] {
    return [
      holderOf(
        () => ({ data: this.codes, used: this.#used }),
        (data) => {
          this.codes = data;
        },
      ),
      holderOf(
        () => ({ data: this.meta, used: this.#size * metaWidth }),
        (data) => {
          this.meta = data;
          // No text is added to what threads share.
          this.#size = data.length / metaWidth;
        },
      ),
      holderOf(
        () => ({ data: this.#highs, used: this.#size }),
        (data) => {
          this.#highs = data;
        },
      ),
    ];
  }

  /** Texts beyond Latin-1 stand in no array. */
  get hasForeign(): boolean {
    return this.#foreign !== null;
  }

  /** The number of a text, a new one if it has none yet. */
  intern(text: string): number {
    if (this.#slots.length === 0) throw new Error('the texts were sealed, no further one can be added');
    const count = text.length;
    const from = this.#used;
    if (from + count > this.codes.length) this.codes = widened(this.codes, from + count);
    const { codes } = this;
    let a = hashBasisLow;
    let b = hashBasisHigh;
    let all = 0;
    for (let index = 0; index < count; index += 1) {
      const code = text.charCodeAt(index);
      codes[from + index] = code;
      all |= code;
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x5bd1e995);
      b ^= b >>> 15;
    }
    if (all > 255) return this.#internForeign(text, a, b);
    return this.#internLast(count, a, b);
  }

  /** The number of a text of which each character is one byte, a new one if it has none yet. */
  internCodes(from: Uint8Array, begin: number, end: number): number {
    if (this.#slots.length === 0) throw new Error('the texts were sealed, no further one can be added');
    const count = end - begin;
    let a = hashBasisLow;
    let b = hashBasisHigh;
    for (let at = begin; at < end; at += 1) {
      const code = from[at] as number;
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x5bd1e995);
      b ^= b >>> 15;
    }
    const { meta, codes } = this;
    const slots = this.#slots;
    const mask = this.#mask;
    let at = slotOf(a, b) & mask;
    for (let found = slots[at * 2] as number; found !== 0; found = slots[at * 2] as number) {
      const place = (found - 1) * metaWidth;
      if (slots[at * 2 + 1] === a && meta[place + length] === count) {
        const other = meta[place + start] as number;
        let same = 0;
        while (same < count && codes[other + same] === from[begin + same]) same += 1;
        if (same === count) return found - 1;
      }
      at = (at + 1) & mask;
    }
    const used = this.#used;
    if (used + count > codes.length) this.codes = widened(codes, used + count);
    const room = this.codes;
    for (let index = 0; index < count; index += 1) room[used + index] = from[begin + index] as number;
    return this.#add(at, count, a, b);
  }

  /** The number of the text whose characters stand behind all texts there are. */
  #internLast(count: number, a: number, b: number): number {
    const { meta, codes } = this;
    const slots = this.#slots;
    const mask = this.#mask;
    const from = this.#used;
    let at = slotOf(a, b) & mask;
    for (let found = slots[at * 2] as number; found !== 0; found = slots[at * 2] as number) {
      const place = (found - 1) * metaWidth;
      if (slots[at * 2 + 1] === a && meta[place + length] === count) {
        const other = meta[place + start] as number;
        let same = 0;
        while (same < count && codes[other + same] === codes[from + same]) same += 1;
        if (same === count) return found - 1;
      }
      at = (at + 1) & mask;
    }
    return this.#add(at, count, a, b);
  }

  /** The text whose characters stand behind all others becomes one of them. */
  #add(slot: number, count: number, a: number, b: number): number {
    const id = this.#push(count, a, b);
    this.#slots[slot * 2] = id + 1;
    this.#slots[slot * 2 + 1] = a;
    if (this.#size * 2 > this.#mask) this.#grow();
    return id;
  }

  /** Frees the memory that only finding texts takes: no text can be interned any more. */
  seal(): void {
    giveBack(this.#slots);
  }

  textOf(id: number): string {
    const foreign = this.#foreignTexts?.get(id);
    if (foreign !== undefined) return foreign;
    const from = this.meta[id * metaWidth + start] as number;
    const to = from + (this.meta[id * metaWidth + length] as number);
    const { codes } = this;
    let text = '';
    for (let at = from; at < to; at += pieceLength)
      text += String.fromCharCode.apply(
        null,
        codes.subarray(at, Math.min(to, at + pieceLength)) as unknown as number[],
      );
    return text;
  }

  /** Goes on in a hasher with those characters of a text that lie between two places. */
  addPartTo(hasher: TextHasher, id: number, from: number, to: number): void {
    const begin = this.meta[id * metaWidth + start] as number;
    hasher.addCodes(this.codes, begin + from, begin + Math.min(to, this.sizeOf(id)));
  }

  /** How many characters a text has. */
  sizeOf(id: number): number {
    return this.meta[id * metaWidth + length] as number;
  }

  /** The characters between two places of a text. */
  partOf(id: number, from: number, to: number): Uint8Array {
    const begin = this.meta[id * metaWidth + start] as number;
    return this.codes.subarray(begin + from, begin + Math.min(to, this.sizeOf(id)));
  }

  /** Whether a text comes before another one in the order of their characters. */
  precedes(left: number, right: number): boolean {
    const { meta, codes } = this;
    const a = meta[left * metaWidth + start] as number;
    const b = meta[right * metaWidth + start] as number;
    const m = this.sizeOf(left);
    const n = this.sizeOf(right);
    const both = Math.min(m, n);
    for (let at = 0; at < both; at += 1) {
      const difference = (codes[a + at] as number) - (codes[b + at] as number);
      if (difference !== 0) return difference < 0;
    }
    return m < n;
  }

  /** Goes on with the text in a hasher. */
  addTo(hasher: TextHasher, id: number): void {
    const foreign = this.#foreignTexts?.get(id);
    if (foreign === undefined) {
      const from = this.meta[id * metaWidth + start] as number;
      hasher.addCodes(this.codes, from, from + (this.meta[id * metaWidth + length] as number));
    } else {
      hasher.add(foreign);
    }
  }

  /** What hashText says of the text. */
  hashOf(id: number): number {
    const { meta } = this;
    const place = id * metaWidth;
    return finishHash(meta[place + low] as number, this.#highs[id] as number, meta[place + length] as number);
  }

  #internForeign(text: string, a: number, b: number): number {
    this.#foreign ??= new Map();
    this.#foreignTexts ??= new Map();
    const known = this.#foreign.get(text);
    if (known !== undefined) return known;
    const id = this.#push(text.length, a, b);
    this.#foreign.set(text, id);
    this.#foreignTexts.set(id, text);
    return id;
  }

  #push(count: number, a: number, b: number): number {
    const id = this.#size;
    const place = id * metaWidth;
    if (place + metaWidth > this.meta.length) {
      this.meta = widened(this.meta, place + metaWidth);
      this.#highs = widened(this.#highs, id + 1);
    }
    const { meta, codes } = this;
    let has = 0;
    for (let at = this.#used + Math.min(count, longestWord) - 1; at >= this.#used; at -= 1)
      has |= 1 << ((codes[at] as number) & 31);
    meta[place + classes] = has;
    meta[place + start] = this.#used;
    meta[place + length] = count;
    meta[place + low] = a;
    this.#highs[id] = b;
    this.#used += count;
    this.#size += 1;
    return id;
  }

  #grow(): void {
    const before = this.#slots;
    const slots = new Int32Array(before.length * 2).fill(0);
    const mask = slots.length / 2 - 1;
    for (let from = 0; from < before.length; from += 2) {
      const found = before[from] as number;
      if (found === 0) continue;
      const half = before[from + 1] as number;
      let at = slotOf(half, this.#highs[found - 1] as number) & mask;
      while (slots[at * 2] !== 0) at = (at + 1) & mask;
      slots[at * 2] = found;
      slots[at * 2 + 1] = half;
    }
    giveBack(before);
    this.#slots = slots;
    this.#mask = mask;
  }
}

/** So many characters of a text are read at once. */
const pieceLength = 2_048;

function slotOf(a: number, b: number): number {
  const mixed = Math.imul(a ^ (b >>> 7), 0x85ebca6b);
  return mixed ^ (mixed >>> 15) ^ b;
}

/**
 * The same array with at least `least` places, so many more that adding one after the other is no waste. The array before is given back at once
 * where the runtime can do so, and must not be used any more.
 */
export function widened<T extends Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Float64Array>(
  from: T,
  least: number,
): T {
  const to = new (from.constructor as new (size: number) => T)(Math.max(least, from.length * 2));
  to.set(from);
  giveBack(from);
  return to;
}

/** Frees the memory of an array that nobody uses any more, without waiting for the garbage collector. */
export function giveBack({ buffer }: { readonly buffer: ArrayBufferLike }): void {
  (buffer as { transfer?: (length: number) => unknown }).transfer?.(0);
}
