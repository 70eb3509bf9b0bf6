import { finishHash, TextHasher } from './hash.ts';
import { KeyIds } from './key-ids.ts';
import { finishHashOfKind, hashBound, joined, keyKindOf } from './key-kind.ts';
import { anyJoint, type JointKind, type KeyTrail, mostJoints, packedKey, unpackedKey } from './key-trail.ts';
import { TextPool, widened } from './text-pool.ts';

/** What a key begins with: its kind and the hash of the text up to there. */
export interface KeyStart {
  readonly kind: number;
  readonly low: number;
  readonly high: number;
  readonly length: number;
}

const colon = 58;
const leastKeys = 64;
/** Longer than any value. */
const scratchLength = 4_096;

/** Writes the hashes of the keys of one row after the other from parts of interned texts, and joins those that are too common. */
export class KeyWriter {
  readonly #hasher = new TextHasher();
  readonly #stopped = new KeyIds();
  readonly #isFormer: boolean;
  readonly #trail: KeyTrail | undefined;
  /** Texts of joints. */
  readonly #texts: TextPool;
  readonly #scratch = new Uint8Array(scratchLength);
  #kind = 0;

  /** Keys of the row at hand before they are finished, and how many. Lists that are emptied and filled again would be made anew for each row. */
  #lows = new Int32Array(leastKeys);
  #highs = new Int32Array(leastKeys);
  #packed = new Int32Array(leastKeys);
  #count = 0;
  /** Its joints as numbers of their texts. */
  readonly #joints: number[] = [];
  readonly #jointKinds: JointKind[] = [];
  #found = new Float64Array(leastKeys);
  #foundCount = 0;

  constructor(stopKeys: readonly number[], trail: KeyTrail | undefined) {
    for (const hash of stopKeys) this.#stopped.idOf(hash);
    // Models of former versions list hashes of 53 bits, in which the kind of the key does not stand.
    this.#isFormer = stopKeys.some((hash) => hash >= hashBound);
    this.#trail = trail;
    this.#texts = trail?.texts ?? new TextPool();
  }

  /** What keys with a mark begin with. */
  start(mark: string, text = `${mark}:`): KeyStart {
    const hasher = this.#hasher;
    hasher.begin();
    hasher.add(text);
    return { kind: keyKindOf(mark), low: hasher.low, high: hasher.high, length: hasher.length };
  }

  beginRow(): void {
    this.#count = 0;
    if (this.#joints.length === 0) return;
    this.#joints.length = 0;
    this.#jointKinds.length = 0;
  }

  begin({ kind, low, high, length }: KeyStart): void {
    this.#kind = kind;
    this.#hasher.resume(low, high, length);
  }

  /** Goes on with a text. */
  add(pool: TextPool, id: number): void {
    pool.addTo(this.#hasher, id);
  }

  addPart(pool: TextPool, id: number, from: number, to: number): void {
    pool.addPartTo(this.#hasher, id, from, to);
  }

  addText(text: string): void {
    this.#hasher.add(text);
  }

  /** A second text; one that is empty leaves no trace. */
  addSecond(pool: TextPool, id: number, to = Number.POSITIVE_INFINITY): void {
    if (pool.sizeOf(id) === 0) return;
    this.#hasher.addCode(colon);
    pool.addPartTo(this.#hasher, id, 0, to);
  }

  end(joints: JointKind): void {
    const { low, high, length } = this.#hasher;
    const at = this.#count;
    if (at === this.#lows.length) {
      this.#lows = widened(this.#lows, at + 1);
      this.#highs = widened(this.#highs, at + 1);
      this.#packed = widened(this.#packed, at + 1);
    }
    this.#lows[at] = low;
    this.#highs[at] = high;
    this.#packed[at] = packedKey(length, this.#kind, joints);
    this.#count = at + 1;
  }

  /** A property that keys are joined with: a letter, a colon and a part of a text. */
  joint(
    kind: JointKind,
    mark: string,
    { pool, id, from = 0, to = Number.POSITIVE_INFINITY }: { pool: TextPool; id: number; from?: number; to?: number },
  ): void {
    const scratch = this.#scratch;
    scratch[0] = mark.charCodeAt(0);
    scratch[1] = colon;
    const part = pool.partOf(id, from, Math.min(to, from + scratchLength - 2));
    scratch.set(part, 2);
    const text = this.#texts.internCodes(scratch, 0, 2 + part.length);
    if (this.#joints.includes(text)) return;
    this.#joints.push(text);
    this.#jointKinds.push(kind);
  }

  /** Ends the row; the hashes of its keys, which are written over by the next row. */
  endRow(): Float64Array {
    const trail = this.#trail;
    const hasStopped = this.#stopped.size > 0;
    this.#foundCount = 0;
    for (let key = 0; key < this.#count; key += 1) {
      const low = this.#lows[key] as number;
      const high = this.#highs[key] as number;
      const packed = this.#packed[key] as number;
      const { kind, length } = unpackedKey(packed);
      const hash = finishHashOfKind(kind, low, high, length);
      if (hasStopped && this.#stopped.has(this.#isFormer ? finishHash(low, high, length) : hash)) this.#join(key);
      else if (this.#take(hash)) trail?.addKey(low, high, packed);
    }
    trail?.endRow(this.#joints, this.#jointKinds);
    return this.#found.subarray(0, this.#foundCount);
  }

  /** Whether the row has not had the hash before. */
  #take(hash: number): boolean {
    const count = this.#foundCount;
    for (let at = 0; at < count; at += 1) if (this.#found[at] === hash) return false;
    if (count === this.#found.length) this.#found = widened(this.#found, count + 1);
    this.#found[count] = hash;
    this.#foundCount = count + 1;
    return true;
  }

  /** A key that is too common, joined with each of the properties that it takes. */
  #join(key: number): void {
    const hasher = this.#hasher;
    const { kind, length, wanted } = unpackedKey(this.#packed[key] as number);
    hasher.resume(this.#lows[key] as number, this.#highs[key] as number, length);
    hasher.add('&');
    hasher.mark();
    let taken = 0;
    for (let joint = 0; joint < this.#joints.length && taken < mostJoints; joint += 1) {
      if (wanted !== anyJoint && this.#jointKinds[joint] !== wanted) continue;
      taken += 1;
      hasher.back();
      this.#texts.addTo(hasher, this.#joints[joint] as number);
      const both = finishHashOfKind(kind + joined, hasher.low, hasher.high, hasher.length);
      if (!this.#stopped.has(this.#isFormer ? hasher.value() : both)) this.#take(both);
    }
  }
}
