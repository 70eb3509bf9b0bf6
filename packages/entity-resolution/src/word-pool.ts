import { classes, length, longestWord, metaWidth, start, TextPool } from './text-pool.ts';

const bitParallelLength = 32;

/**
 * Interned words with the string measures on them. A word is at most 96 Latin-1 characters for the measures; equality of ids is equality of
 * the whole words. Measures are bit-parallel up to 32 characters.
 */
export class WordPool extends TextPool {
  /** Positions of each character in the pattern at hand; always all zero between calls. */
  readonly #positions = new Int32Array(256);
  readonly #row0 = new Uint8Array(longestWord + 1);
  readonly #row1 = new Uint8Array(longestWord + 1);
  readonly #row2 = new Uint8Array(longestWord + 1);

  lengthOf(id: number): number {
    return Math.min(longestWord, this.meta[id * metaWidth + length] as number);
  }

  firstCode(id: number): number {
    return this.lengthOf(id) === 0 ? 0 : (this.codes[this.meta[id * metaWidth + start] as number] as number);
  }

  /** How many characters two words begin with in common. */
  sharedPrefix(left: number, right: number): number {
    const { codes } = this;
    const most = Math.min(this.lengthOf(left), this.lengthOf(right));
    const a = this.meta[left * metaWidth + start] as number;
    const b = this.meta[right * metaWidth + start] as number;
    let prefix = 0;
    while (prefix < most && codes[a + prefix] === codes[b + prefix]) prefix += 1;
    return prefix;
  }

  /** Whether two words of one length differ in their first or last character, where initials stand in mailboxes. */
  differAtEnds(left: number, right: number): boolean {
    const { codes } = this;
    const count = this.lengthOf(left);
    if (count !== this.lengthOf(right) || count === 0) return false;
    const a = this.meta[left * metaWidth + start] as number;
    const b = this.meta[right * metaWidth + start] as number;
    return codes[a] !== codes[b] || codes[a + count - 1] !== codes[b + count - 1];
  }

  /**
   * Jaro-Winkler similarity in [0, 1], prefix weight 0.1 over at most four characters, boosted only above 0.7. Below `least` the answer may
   * be 0 instead: most pairs of words are told apart by the characters they have.
   */
  jaroWinkler(left: number, right: number, least = 0): number {
    if (left === right) return 1;
    const { meta } = this;
    const p = left * metaWidth;
    const q = right * metaWidth;
    const a = meta[p + start] as number;
    const b = meta[q + start] as number;
    const m = Math.min(longestWord, meta[p + length] as number);
    const n = Math.min(longestWord, meta[q + length] as number);
    if (m === 0 || n === 0) return 0;
    if (least > 0) {
      const x = meta[p + classes] as number;
      const y = meta[q + classes] as number;
      const most = Math.min(m - bitCount(x & ~y), n - bitCount(y & ~x));
      if (most <= 0) return 0;
      const bound = (most / m + most / n + 1) / 3;
      if (bound < least && bound + 0.4 * (1 - bound) < least) return 0;
      if (bound + 0.1 * this.#prefix(a, m, b, n) * (1 - bound) < least) return 0;
    }
    const jaro =
      m <= bitParallelLength && n <= bitParallelLength ? this.#jaroBits(a, m, b, n) : this.#jaroPlain(a, m, b, n);
    if (jaro <= 0.7) return jaro;
    return jaro + this.#prefix(a, m, b, n) * 0.1 * (1 - jaro);
  }

  #prefix(a: number, m: number, b: number, n: number): number {
    const codes = this.codes;
    const most = Math.min(4, m, n);
    let prefix = 0;
    while (prefix < most && codes[a + prefix] === codes[b + prefix]) prefix += 1;
    return prefix;
  }

  /** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other; stops caring beyond `most` and answers `most + 1`. */
  edits(left: number, right: number, most: number): number {
    if (left === right) return 0;
    const { meta } = this;
    const p = left * metaWidth;
    const q = right * metaWidth;
    const m = Math.min(longestWord, meta[p + length] as number);
    const n = Math.min(longestWord, meta[q + length] as number);
    if (Math.abs(m - n) > most) return most + 1;
    if (m === 0 || n === 0) return Math.min(m + n, most + 1);
    const x = meta[p + classes] as number;
    const y = meta[q + classes] as number;
    if (Math.max(bitCount(x & ~y), bitCount(y & ~x)) > most) return most + 1;
    const a = meta[p + start] as number;
    const b = meta[q + start] as number;
    const distance =
      m <= bitParallelLength
        ? this.#editsBits(a, m, b, n)
        : n <= bitParallelLength
          ? this.#editsBits(b, n, a, m)
          : this.#editsPlain(a, m, b, n);
    return Math.min(distance, most + 1);
  }

  #jaroBits(a: number, m: number, b: number, n: number): number {
    const codes = this.codes;
    const positions = this.#positions;
    for (let index = 0; index < m; index += 1) {
      const code = codes[a + index] as number;
      positions[code] = (positions[code] as number) | (1 << index);
    }
    const bound = Math.max(0, (Math.max(m, n) >> 1) - 1);
    let window = bound >= 31 ? -1 : (1 << (bound + 1)) - 1;
    let taken = 0;
    let matched = 0;
    let count = 0;
    for (let index = 0; index < n; index += 1) {
      const free = (positions[codes[b + index] as number] as number) & window & ~taken;
      if (free !== 0) {
        taken |= free & -free;
        matched |= 1 << index;
        count += 1;
      }
      window = index < bound ? (window << 1) | 1 : window << 1;
    }
    let swapped = 0;
    if (count > 0) {
      let rest = taken;
      for (let index = 0; index < n; index += 1) {
        if ((matched & (1 << index)) === 0) continue;
        const bit = rest & -rest;
        if (((positions[codes[b + index] as number] as number) & bit) === 0) swapped += 1;
        rest ^= bit;
      }
    }
    for (let index = 0; index < m; index += 1) positions[codes[a + index] as number] = 0;
    return count === 0 ? 0 : (count / m + count / n + (count - (swapped >> 1)) / count) / 3;
  }

  #jaroPlain(a: number, m: number, b: number, n: number): number {
    const codes = this.codes;
    const bound = Math.max(0, (Math.max(m, n) >> 1) - 1);
    const taken = this.#row0.fill(0);
    const order = this.#row1;
    let count = 0;
    for (let right = 0; right < n; right += 1) {
      const code = codes[b + right] as number;
      const to = Math.min(m - 1, right + bound);
      for (let left = Math.max(0, right - bound); left <= to; left += 1) {
        if (taken[left] === 0 && codes[a + left] === code) {
          taken[left] = 1;
          order[count] = code;
          count += 1;
          break;
        }
      }
    }
    if (count === 0) return 0;
    let swapped = 0;
    let at = 0;
    for (let left = 0; left < m; left += 1) {
      if (taken[left] === 0) continue;
      if (codes[a + left] !== order[at]) swapped += 1;
      at += 1;
    }
    return (count / m + count / n + (count - (swapped >> 1)) / count) / 3;
  }

  #editsBits(a: number, m: number, b: number, n: number): number {
    const codes = this.codes;
    const positions = this.#positions;
    for (let index = 0; index < m; index += 1) {
      const code = codes[a + index] as number;
      positions[code] = (positions[code] as number) | (1 << index);
    }
    const top = 1 << (m - 1);
    let up = -1;
    let down = 0;
    let diagonal = 0;
    let before = 0;
    let distance = m;
    for (let index = 0; index < n; index += 1) {
      const here = positions[codes[b + index] as number] as number;
      const swap = ((~diagonal & here) << 1) & before;
      diagonal = (((here & up) + up) ^ up) | here | down | swap;
      let plus = down | ~(diagonal | up);
      let minus = diagonal & up;
      if ((plus & top) !== 0) distance += 1;
      if ((minus & top) !== 0) distance -= 1;
      plus = (plus << 1) | 1;
      minus <<= 1;
      up = minus | ~(diagonal | plus);
      down = plus & diagonal;
      before = here;
    }
    for (let index = 0; index < m; index += 1) positions[codes[a + index] as number] = 0;
    return distance;
  }

  #editsPlain(a: number, m: number, b: number, n: number): number {
    const codes = this.codes;
    let older = this.#row0;
    let previous = this.#row1;
    let current = this.#row2;
    for (let column = 0; column <= n; column += 1) previous[column] = column;
    for (let line = 1; line <= m; line += 1) {
      current[0] = line;
      const code = codes[a + line - 1] as number;
      for (let column = 1; column <= n; column += 1) {
        const other = codes[b + column - 1] as number;
        let best = (previous[column - 1] as number) + (code === other ? 0 : 1);
        best = Math.min(best, (previous[column] as number) + 1, (current[column - 1] as number) + 1);
        if (line > 1 && column > 1 && code === codes[b + column - 2] && codes[a + line - 2] === other) {
          best = Math.min(best, (older[column - 2] as number) + 1);
        }
        current[column] = best;
      }
      const free = older;
      older = previous;
      previous = current;
      current = free;
    }
    return previous[n] as number;
  }
}

function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
