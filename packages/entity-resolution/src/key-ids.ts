/** Numbers distinct whole numbers of up to 53 bits, mostly hashes, 0, 1, 2 ... in order of arrival: an open-addressing table in two flat arrays. */
export class KeyIds {
  #hashes = new Float64Array(1 << 12).fill(-1);
  #ids = new Int32Array(1 << 12);
  #mask = (1 << 12) - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of a hash, a new one if it has none yet. Hashes are not negative. */
  idOf(hash: number): number {
    let at = slotOf(hash, this.#mask);
    for (let found = this.#hashes[at] as number; found !== -1; found = this.#hashes[at] as number) {
      if (found === hash) return this.#ids[at] as number;
      at = (at + 1) & this.#mask;
    }
    const id = this.#size;
    this.#hashes[at] = hash;
    this.#ids[at] = id;
    this.#size += 1;
    if (this.#size * 2 > this.#mask) this.#grow();
    return id;
  }

  has(hash: number): boolean {
    return this.find(hash) >= 0;
  }

  /** The number of a hash, -1 if it has none. */
  find(hash: number): number {
    let at = slotOf(hash, this.#mask);
    for (let found = this.#hashes[at] as number; found !== -1; found = this.#hashes[at] as number) {
      if (found === hash) return this.#ids[at] as number;
      at = (at + 1) & this.#mask;
    }
    return -1;
  }

  /** Hashes by their number. */
  hashes(): Float64Array {
    const list = new Float64Array(this.#size);
    this.#hashes.forEach((hash, at) => {
      if (hash !== -1) list[this.#ids[at] as number] = hash;
    });
    return list;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const ids = this.#ids;
    this.#mask = hashes.length * 2 - 1;
    this.#hashes = new Float64Array(hashes.length * 2).fill(-1);
    this.#ids = new Int32Array(hashes.length * 2);
    for (let from = 0; from < hashes.length; from += 1) {
      const hash = hashes[from] as number;
      if (hash === -1) continue;
      let at = slotOf(hash, this.#mask);
      while (this.#hashes[at] !== -1) at = (at + 1) & this.#mask;
      this.#hashes[at] = hash;
      this.#ids[at] = ids[from] as number;
    }
  }
}

/** Numbers that differ in a few bits only, wherever, must not crowd in one place. */
function slotOf(hash: number, mask: number): number {
  const mixed = Math.imul((hash | 0) ^ Math.imul((hash * 2 ** -32) | 0, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & mask;
}
