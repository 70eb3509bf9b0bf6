import { giveBack } from './text-pool.ts';

/**
 * Numbers distinct whole numbers of up to 53 bits, mostly hashes, 0, 1, 2 ... in order of arrival: an open-addressing table in one flat array,
 * each hash beside its number.
 */
export class KeyIds {
  #slots: Float64Array;
  #mask: number;
  #size = 0;

  /** `expected` is how many there may be; more are no harm. */
  constructor(expected = 0) {
    let room = 1 << 10;
    while (room * fullest < expected) room *= 2;
    this.#slots = emptySlots(room);
    this.#mask = room - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of a hash, a new one if it has none yet. Hashes are not negative. */
  idOf(hash: number): number {
    const slots = this.#slots;
    let at = slotOf(hash, this.#mask);
    for (let found = slots[at * 2] as number; found !== none; found = slots[at * 2] as number) {
      if (found === hash) return slots[at * 2 + 1] as number;
      at = (at + 1) & this.#mask;
    }
    const id = this.#size;
    slots[at * 2] = hash;
    slots[at * 2 + 1] = id;
    this.#size += 1;
    if (this.#size > this.#mask * fullest) this.#grow();
    return id;
  }

  has(hash: number): boolean {
    return this.find(hash) >= 0;
  }

  /** The number of a hash, -1 if it has none. */
  find(hash: number): number {
    const slots = this.#slots;
    let at = slotOf(hash, this.#mask);
    for (let found = slots[at * 2] as number; found !== none; found = slots[at * 2] as number) {
      if (found === hash) return slots[at * 2 + 1] as number;
      at = (at + 1) & this.#mask;
    }
    return -1;
  }

  /** Hashes by their number. */
  hashes(): Float64Array {
    const list = new Float64Array(this.#size);
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += 2)
      if (slots[at] !== none) list[slots[at + 1] as number] = slots[at] as number;
    return list;
  }

  /** Tells every hash with its number, in no order. */
  each(tell: (hash: number, id: number) => void): void {
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += 2)
      if (slots[at] !== none) tell(slots[at] as number, slots[at + 1] as number);
  }

  /** Frees the memory; nothing can be asked any more. */
  giveBack(): void {
    giveBack(this.#slots);
  }

  #grow(): void {
    const before = this.#slots;
    const slots = emptySlots(before.length);
    const mask = before.length - 1;
    for (let from = 0; from < before.length; from += 2) {
      const hash = before[from] as number;
      if (hash === none) continue;
      let at = slotOf(hash, mask);
      while (slots[at * 2] !== none) at = (at + 1) & mask;
      slots[at * 2] = hash;
      slots[at * 2 + 1] = before[from + 1] as number;
    }
    this.#slots = slots;
    this.#mask = mask;
    giveBack(before);
  }
}

/** A table is made larger when more of it than this is taken. */
const fullest = 0.7;
const none = -1;

function emptySlots(room: number): Float64Array {
  const slots = new Float64Array(room * 2);
  for (let at = 0; at < slots.length; at += 2) slots[at] = none;
  return slots;
}

/** Numbers that differ in a few bits only, wherever, must not crowd in one place. */
function slotOf(hash: number, mask: number): number {
  const mixed = Math.imul((hash | 0) ^ Math.imul((hash * 2 ** -32) | 0, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & mask;
}
