import type { TextHasher } from './hash.ts';
import { finishHashOfKind, joined } from './key-kind.ts';
import { giveBack, TextPool, widened } from './text-pool.ts';

/** Properties that a key which is too common is joined with, at most. */
export const mostJoints = 8;

/** Which properties a key is joined with. */
export type JointKind = number;
/** A key with a name in it gains nothing from the name again, and one without it needs a name more than anything else. */
export const anyJoint: JointKind = 0;
export const nameJoint: JointKind = 1;
export const otherJoint: JointKind = 2;

/** Integers of a key: the two halves of its hash before it was finished, and length, kind of key and kind of joints in one. */
const keyWidth = 3;
const kindStep = 4;
const lengthStep = 256;

/** Length of the text, kind of key and kind of joints in one number. */
export function packedKey(length: number, kind: number, joints: JointKind): number {
  return length * lengthStep + kind * kindStep + joints;
}

export function unpackedKey(packed: number): {
  readonly length: number;
  readonly kind: number;
  readonly wanted: JointKind;
} {
  return { length: packed >> 8, kind: (packed & (lengthStep - 1)) >> 2, wanted: packed & (kindStep - 1) };
}

/** How the keys of many rows were made: enough to join them with a property of their record later, without looking at the record again. */
export class KeyTrail {
  #keys: Int32Array;
  #keyCount = 0;
  #joints: Int32Array;
  #jointStarts: Int32Array;
  /** Where the keys of each row begin. */
  #keyStarts: Int32Array;
  #rows = 0;
  /** Properties are few. */
  readonly texts = new TextPool();

  /** `expected` is how many rows there may be; more are no harm. */
  constructor(expected = 0) {
    // Room that is not used is not taken from the system.
    this.#keys = new Int32Array(keyWidth * 16 * (expected + 64));
    this.#joints = new Int32Array(12 * (expected + 64));
    this.#jointStarts = new Int32Array(expected + 64);
    this.#keyStarts = new Int32Array(expected + 64);
  }

  /** Frees the memory; nothing can be asked any more. */
  giveBack(): void {
    giveBack(this.#keys);
    giveBack(this.#joints);
    giveBack(this.#jointStarts);
    giveBack(this.#keyStarts);
  }

  /** One more key of the row at hand, by the two halves of its hash before that is finished and by what packedKey says of it. */
  addKey(low: number, high: number, packed: number): void {
    const at = this.#keyCount * keyWidth;
    if (at + keyWidth > this.#keys.length) this.#keys = widened(this.#keys, at + keyWidth);
    this.#keys[at] = low;
    this.#keys[at + 1] = high;
    this.#keys[at + 2] = packed;
    this.#keyCount += 1;
  }

  /** Ends the row at hand; the texts of its properties stand in `texts`. */
  endRow(joints: readonly number[], kinds: readonly JointKind[]): void {
    const from = this.#jointStarts[this.#rows] as number;
    if (from + joints.length > this.#joints.length) this.#joints = widened(this.#joints, from + joints.length);
    if (this.#rows + 2 > this.#jointStarts.length) {
      this.#jointStarts = widened(this.#jointStarts, this.#rows + 2);
      this.#keyStarts = widened(this.#keyStarts, this.#rows + 2);
    }
    for (let at = 0; at < joints.length; at += 1)
      this.#joints[from + at] = (joints[at] as number) * kindStep + (kinds[at] as number);
    this.#rows += 1;
    this.#jointStarts[this.#rows] = from + joints.length;
    this.#keyStarts[this.#rows] = this.#keyCount;
  }

  get rows(): number {
    return this.#rows;
  }

  /** The place among all keys where those of a row begin; of the row after the last one, where all end. */
  firstKeyOf(row: number): number {
    return this.#keyStarts[row] as number;
  }

  /** Puts the hashes of a key, by its place among all keys, joined with each of the properties of its row into `into`. */
  join(key: number, row: number, { hasher, into }: { readonly hasher: TextHasher; readonly into: number[] }): void {
    const at = key * keyWidth;
    const { kind, length, wanted } = unpackedKey(this.#keys[at + 2] as number);
    hasher.resume(this.#keys[at] as number, this.#keys[at + 1] as number, length);
    hasher.add('&');
    hasher.mark();
    let taken = 0;
    const to = this.#jointStarts[row + 1] as number;
    for (let joint = this.#jointStarts[row] as number; joint < to && taken < mostJoints; joint += 1) {
      const value = this.#joints[joint] as number;
      if (wanted !== anyJoint && value % kindStep !== wanted) continue;
      taken += 1;
      hasher.back();
      this.texts.addTo(hasher, Math.floor(value / kindStep));
      into.push(finishHashOfKind(kind + joined, hasher.low, hasher.high, hasher.length));
    }
  }
}
