import { KeyIds } from './key-ids.ts';
import { type KeyRule, kindOfHash } from './key-kind.ts';

/** Which rows share which keys, in flat arrays: the rows of block b are `members[starts[b] .. starts[b + 1]]`, ascending. */
export interface BlockIndex {
  readonly starts: Int32Array;
  readonly members: Int32Array;
  /** The blocks of row r are `blocks[rowStarts[r] .. rowStarts[r + 1]]`. */
  readonly rowStarts: Int32Array;
  readonly blocks: Int32Array;
  /** By block, the kind of its key. */
  readonly kinds: Uint8Array;
}

/** The keys that rows had before the index was started again. */
export interface EarlierKeys {
  isCommon(row: number): boolean;
  /** Whether the key at a place of `blocks` is common. */
  isCommonAt(place: number): boolean;
  readonly rowStarts: Int32Array;
  readonly blocks: Int32Array;
}

/** About how many keys rows have, and how many different ones there are for each. */
const keysPerRow = 8;

/** Collects keys row by row; keys are kept as hashes only. */
export class BlockIndexBuilder {
  readonly #ids: KeyIds;
  #sizes: Int32Array;
  #rowStarts: Int32Array;
  #blocks: Int32Array;
  #rows = 0;
  #used = 0;
  readonly #replacing: number[] = [];

  /** `expected` is how many rows there may be; more are no harm. */
  constructor(expected = 0) {
    this.#ids = new KeyIds(expected * keysPerRow);
    this.#sizes = new Int32Array((1 << 12) + expected * keysPerRow);
    this.#rowStarts = new Int32Array((1 << 10) + expected);
    this.#blocks = new Int32Array((1 << 13) + expected * keysPerRow);
  }

  addRow(hashes: readonly number[]): void {
    this.#makeRoom(hashes.length);
    for (const hash of hashes) {
      const id = this.#ids.idOf(hash);
      if (id >= this.#sizes.length) this.#sizes = widen(this.#sizes);
      this.#put(id);
    }
    this.#rows += 1;
    this.#rowStarts[this.#rows] = this.#used;
  }

  /** The next row with the keys that it had before. */
  addKnown(before: EarlierKeys, row: number): void {
    const from = before.rowStarts[row] as number;
    const to = before.rowStarts[row + 1] as number;
    this.#makeRoom(to - from);
    for (let at = from; at < to; at += 1) this.#put(before.blocks[at] as number);
    this.#rows += 1;
    this.#rowStarts[this.#rows] = this.#used;
  }

  /** The next row with the keys that it had before, those that are common replaced by what `instead` puts into the list for their place. */
  addReplaced(before: EarlierKeys, row: number, instead: (place: number, into: number[]) => void): void {
    const to = before.rowStarts[row + 1] as number;
    const first = this.#used;
    for (let at = before.rowStarts[row] as number; at < to; at += 1) {
      if (!before.isCommonAt(at)) {
        this.#makeRoom(1);
        this.#put(before.blocks[at] as number);
        continue;
      }
      this.#replacing.length = 0;
      instead(at, this.#replacing);
      this.#makeRoom(this.#replacing.length);
      for (const hash of this.#replacing) {
        const id = this.#ids.idOf(hash);
        if (id >= this.#sizes.length) this.#sizes = widen(this.#sizes);
        if (this.#blocks.subarray(first, this.#used).includes(id)) continue;
        this.#put(id);
      }
    }
    this.#rows += 1;
    this.#rowStarts[this.#rows] = this.#used;
  }

  #put(id: number): void {
    this.#sizes[id] = (this.#sizes[id] as number) + 1;
    this.#blocks[this.#used] = id;
    this.#used += 1;
  }

  #makeRoom(keys: number): void {
    if (this.#rows + 2 > this.#rowStarts.length) this.#rowStarts = widen(this.#rowStarts);
    while (this.#used + keys > this.#blocks.length) this.#blocks = widen(this.#blocks);
  }

  /** Forgets all rows but not the keys, and answers the rows there were; a key that more than `limit` of them had is common. */
  restart(limit: number): EarlierKeys {
    const rowStarts = this.#rowStarts;
    const blocks = this.#blocks;
    const sizes = this.#sizes;
    this.#sizes = new Int32Array(sizes.length);
    this.#rowStarts = new Int32Array(rowStarts.length);
    this.#blocks = new Int32Array(blocks.length);
    this.#rows = 0;
    this.#used = 0;
    const isCommonAt = (place: number): boolean => (sizes[blocks[place] as number] as number) > limit;
    return {
      rowStarts,
      blocks,
      isCommonAt,
      isCommon(row) {
        for (let at = rowStarts[row] as number; at < (rowStarts[row + 1] as number); at += 1)
          if (isCommonAt(at)) return true;
        return false;
      },
    };
  }

  /** Hashes of the keys that more than `limit` rows have. */
  hashesAbove(limit: number): number[] {
    const above: number[] = [];
    const hashes = this.#ids.hashes();
    for (let id = 0; id < hashes.length; id += 1)
      if ((this.#sizes[id] as number) > limit) above.push(hashes[id] as number);
    return above;
  }

  /** Comparisons that all blocks up to `limit` rows cost together, pairs counted once for every block they share. */
  costUpTo(limit: number): number {
    let cost = 0;
    for (let id = 0; id < this.#ids.size; id += 1) {
      const size = this.#sizes[id] as number;
      if (size <= limit) cost += (size * (size - 1)) / 2;
    }
    return cost;
  }

  /** The index of all blocks that make a pair and have no more than `limit` rows. The builder is of no use afterwards. */
  build(limit = Number.POSITIVE_INFINITY): BlockIndex {
    const sizes = this.#sizes;
    const places = new Int32Array(this.#ids.size);
    let count = 0;
    let total = 0;
    for (let id = 0; id < places.length; id += 1) {
      const size = sizes[id] as number;
      const isKept = size > 1 && size <= limit;
      places[id] = isKept ? count : -1;
      if (!isKept) continue;
      count += 1;
      total += size;
    }
    const starts = new Int32Array(count + 1);
    const kinds = new Uint8Array(count);
    const hashes = this.#ids.hashes();
    for (let id = 0; id < places.length; id += 1) {
      const place = places[id] as number;
      if (place < 0) continue;
      starts[place + 1] = (starts[place] as number) + (sizes[id] as number);
      kinds[place] = kindOfHash(hashes[id] as number);
    }
    const fill = starts.slice(0, -1);
    const members = new Int32Array(total);
    const blocks = new Int32Array(total);
    const rowStarts = new Int32Array(this.#rows + 1);
    let used = 0;
    for (let row = 0; row < this.#rows; row += 1) {
      for (let at = this.#rowStarts[row] as number; at < (this.#rowStarts[row + 1] as number); at += 1) {
        const place = places[this.#blocks[at] as number] as number;
        if (place < 0) continue;
        members[fill[place] as number] = row;
        fill[place] = (fill[place] as number) + 1;
        blocks[used] = place;
        used += 1;
      }
      rowStarts[row + 1] = used;
    }
    return { starts, members, rowStarts, blocks, kinds };
  }
}

/** What a pair shares more than one key of is called. */
export const several = 255;

/**
 * Walks the candidate pairs of an index: every pair once, blocks above `largestBlock` rows left out, and pairs that share nothing but one
 * key of a weak kind.
 */
export class CandidateWalk {
  readonly #index: BlockIndex;
  readonly #largestBlock: number;
  readonly #weak: Uint8Array;
  /** By row: the walk in which it was seen last. */
  readonly #seen: Int32Array;
  #walks = 0;
  /** By row that was seen: the kind of the one key that it shares, or `several`. */
  readonly #shared: Uint8Array;
  /** Candidates of the row asked for last; valid up to the returned count. */
  candidates: Int32Array;

  constructor(index: BlockIndex, largestBlock: number, rule: KeyRule) {
    this.#index = index;
    this.#largestBlock = largestBlock;
    this.#weak = rule.weak;
    this.#seen = new Int32Array(index.rowStarts.length - 1);
    this.#shared = new Uint8Array(index.rowStarts.length - 1);
    this.candidates = new Int32Array(1024);
  }

  get rows(): number {
    return this.#index.rowStarts.length - 1;
  }

  /** Rows above `row` that are its candidates; answers how many. */
  after(row: number): number {
    return this.#walk(row, row);
  }

  /** All rows that are candidates of `row`; answers how many. */
  around(row: number): number {
    return this.#walk(row, -1);
  }

  /** The kind of the one key that a candidate of the row asked for last shares with it, or `several`. */
  sharedKind(candidate: number): number {
    return this.#shared[candidate] as number;
  }

  #walk(row: number, above: number): number {
    const { starts, members, rowStarts, blocks, kinds } = this.#index;
    const seen = this.#seen;
    const shared = this.#shared;
    this.#walks += 1;
    const walk = this.#walks;
    let count = 0;
    for (let at = rowStarts[row] as number; at < (rowStarts[row + 1] as number); at += 1) {
      const block = blocks[at] as number;
      const to = starts[block + 1] as number;
      const from = starts[block] as number;
      if (to - from > this.#largestBlock) continue;
      const kind = kinds[block] as number;
      const isWeak = this.#weak[kind] === 1;
      for (let position = to - 1; position >= from; position -= 1) {
        const other = members[position] as number;
        if (other <= above) break;
        if (seen[other] === walk) {
          if (shared[other] === several) continue;
          // A pair that waited for a second key has it now.
          const waited = this.#weak[shared[other] as number] === 1;
          shared[other] = several;
          if (!waited) continue;
        } else {
          if (other === row) continue;
          seen[other] = walk;
          shared[other] = kind;
          if (isWeak) continue;
        }
        if (count === this.candidates.length) this.candidates = widen(this.candidates);
        this.candidates[count] = other;
        count += 1;
      }
    }
    return count;
  }

  /** Whether two rows are candidates of each other. */
  share(left: number, right: number): boolean {
    const { starts, rowStarts, blocks, kinds } = this.#index;
    let found = 0;
    for (let x = rowStarts[left] as number; x < (rowStarts[left + 1] as number); x += 1) {
      const block = blocks[x] as number;
      if ((starts[block + 1] as number) - (starts[block] as number) > this.#largestBlock) continue;
      for (let y = rowStarts[right] as number; y < (rowStarts[right + 1] as number); y += 1) {
        if (blocks[y] !== block) continue;
        found += 1;
        if (found > 1 || this.#weak[kinds[block] as number] === 0) return true;
      }
    }
    return false;
  }
}

function widen(from: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}
