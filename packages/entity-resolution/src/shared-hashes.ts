/**
 * Tells most hashes that came once from those that came more often, in two bits for each place. A hash that came twice is always told to be shared;
 * one that came once may be, where another one fell on its place. Several threads may note hashes in one memory at the same time.
 */
export class SharedHashes {
  readonly #words: Int32Array;
  readonly #mask: number;

  /** @param words memory of `wordsFor` as many hashes as there will be, all zero at the beginning */
  constructor(words: Int32Array) {
    this.#words = words;
    this.#mask = words.length * placesPerWord - 1;
  }

  /** @param expected about how many hashes there will be, of which most come once */
  static wordsFor(expected: number): number {
    let places = 1 << 12;
    while (places < expected * placesPerHash && places < mostPlaces) places *= 2;
    return places / placesPerWord;
  }

  note(hash: number): void {
    const place = (hash | 0) & this.#mask;
    const word = place >>> 4;
    const shift = (place & 15) * 2;
    if ((((this.#words[word] as number) >>> shift) & twice) !== 0) return;
    const before = Atomics.or(this.#words, word, once << shift);
    if (((before >>> shift) & once) !== 0) Atomics.or(this.#words, word, twice << shift);
  }

  mayBeShared(hash: number): boolean {
    const place = (hash | 0) & this.#mask;
    return (((this.#words[place >>> 4] as number) >>> ((place & 15) * 2)) & twice) !== 0;
  }
}

const once = 1;
const twice = 2;
const placesPerWord = 16;
const placesPerHash = 4;
const mostPlaces = 2 ** 30;
