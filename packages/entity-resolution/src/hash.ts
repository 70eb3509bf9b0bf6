/** What the two halves of a hash begin with; each character multiplies them as hashText does. */
export const hashBasisLow = 0x9e3779b9 | 0;
export const hashBasisHigh = 0x85ebca6b | 0;

/** The hash of a text from the two halves that its characters made. */
export function finishHash(before: number, also: number, length: number): number {
  return finishHashWithin(before, also, length, 0x1f_ffff);
}

/** The lowest bits of the same: 32, and those of the higher half that the mask leaves. */
export function finishHashWithin(before: number, also: number, length: number, mask: number): number {
  let low = before ^ length;
  let high = also;
  low = Math.imul(low ^ (low >>> 16), 0x7feb352d);
  low ^= high >>> 13;
  high = Math.imul(high ^ (high >>> 15), 0x846ca68b);
  high ^= low >>> 16;
  low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d);
  return ((high >>> 11) & mask) * 0x1_0000_0000 + (low >>> 0);
}

/**
 * A 53-bit hash of a string as a safe integer. Equal strings give equal numbers on every machine and in every version: frequency tables and
 * blocking stop lists inside stored models are written with it.
 */
export function hashText(text: string): number {
  let low = hashBasisLow;
  let high = hashBasisHigh;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x5bd1e995);
    high ^= high >>> 15;
  }
  return finishHash(low, high, text.length);
}

/** Hashes a text that comes in pieces, without putting it together: the value is that of hashText of all pieces joined. */
export class TextHasher {
  /** Low half, high half, length; a second set of them for `back`. */
  readonly #state = new Int32Array(6);

  begin(): void {
    const state = this.#state;
    state[0] = hashBasisLow;
    state[1] = hashBasisHigh;
    state[2] = 0;
  }

  /** Goes on with a text that was begun before. */
  resume(low: number, high: number, length: number): void {
    const state = this.#state;
    state[0] = low;
    state[1] = high;
    state[2] = length;
  }

  get low(): number {
    return this.#state[0] as number;
  }

  get high(): number {
    return this.#state[1] as number;
  }

  get length(): number {
    return this.#state[2] as number;
  }

  add(text: string): void {
    const state = this.#state;
    let low = state[0] as number;
    let high = state[1] as number;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995);
      high ^= high >>> 15;
    }
    state[0] = low;
    state[1] = high;
    state[2] = (state[2] as number) + text.length;
  }

  /** The same for a part of a text of which each character is one byte. */
  addCodes(codes: Uint8Array, from: number, to: number): void {
    const state = this.#state;
    let low = state[0] as number;
    let high = state[1] as number;
    for (let at = from; at < to; at += 1) {
      const code = codes[at] as number;
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995);
      high ^= high >>> 15;
    }
    state[0] = low;
    state[1] = high;
    state[2] = (state[2] as number) + to - from;
  }

  /** Goes on with one character. */
  addCode(code: number): void {
    const state = this.#state;
    const high = Math.imul((state[1] as number) ^ code, 0x5bd1e995);
    state[0] = Math.imul((state[0] as number) ^ code, 0x01000193);
    state[1] = high ^ (high >>> 15);
    state[2] = (state[2] as number) + 1;
  }

  /** Remembers the text so far for `back`. */
  mark(): void {
    this.#state.copyWithin(3, 0, 3);
  }

  back(): void {
    this.#state.copyWithin(0, 3, 6);
  }

  value(): number {
    return finishHash(this.#state[0] as number, this.#state[1] as number, this.#state[2] as number);
  }
}

/** A short version id of a JSON text: two independent hashes, base 36. */
export function hashDocument(text: string): string {
  return `${hashText(text).toString(36)}${hashText(`kempt ${text}`).toString(36)}`;
}
