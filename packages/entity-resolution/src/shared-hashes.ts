/**
 * Tells most hashes that came once from those that came more often, in two bits for each place. A hash that came twice is always told to be shared;
 * one that came once may be, where another one fell on its place.
 */
export class SharedHashes {
  readonly #words: Uint32Array;
  readonly #mask: number;

  /** `expected` is about how many hashes there will be, of which most come once. */
  constructor(expected: number) {
    let places = 1 << 12;
    while (places < expected * placesPerHash && places < mostPlaces) places *= 2;
    this.#words = new Uint32Array(places / placesPerWord);
    this.#mask = places - 1;
  }

  note(hash: number): void {
    const place = (hash | 0) & this.#mask;
    const word = place >>> 4;
    const shift = (place & 15) * 2;
    const bits = this.#words[word] as number;
    const came = (bits >>> shift) & 3;
    if (came < 2) this.#words[word] = bits + (1 << shift);
  }

  mayBeShared(hash: number): boolean {
    const place = (hash | 0) & this.#mask;
    return (((this.#words[place >>> 4] as number) >>> ((place & 15) * 2)) & 2) !== 0;
  }
}

const placesPerWord = 16;
const placesPerHash = 4;
const mostPlaces = 2 ** 30;
