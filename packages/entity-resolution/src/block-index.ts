import { KeyIds } from './key-ids.ts';
import { type KeyRule, kindOfHash } from './key-kind.ts';
import type { SharedHashes } from './shared-hashes.ts';
import { giveBack, widened } from './text-pool.ts';

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
  /** How many rows had the key at a place of `blocks`; 0 where nobody else had it. */
  sizeAt(place: number): number;
  /** A key that more rows had is common. */
  readonly limit: number;
  /** Frees the memory; nothing can be asked any more. */
  giveBack(): void;
  readonly rowStarts: Int32Array;
  readonly blocks: Int32Array;
}

/** About how many different keys there are for each row, and how many of them several rows have. */
const keysPerRow = 5.8;
const sharedPerRow = 2;

/** About how many different keys that several rows have come up when those that are too common are joined. */
const joinedPerRow = 2;

/** Stands for a key that no other row has. */
const nobodyElse = -1;

/** Collects keys row by row; keys are kept as hashes only. */
export class BlockIndexBuilder {
  /** Keys by hash. Those from before a restart are not looked up again: their numbers come first, and of them only the kinds are kept. */
  #ids: KeyIds;
  #earlierKinds = new Uint8Array(0);
  #sizes: Int32Array;
  #rowStarts: Int32Array;
  #blocks: Int32Array;
  #rows = 0;
  #used = 0;
  readonly #replacing: number[] = [];

  /** `expected` is how many rows there may be; more are no harm. With `sharedOnly` they come by `addShared`. */
  constructor(expected = 0, sharedOnly = false) {
    const keys = expected * (sharedOnly ? sharedPerRow : keysPerRow);
    this.#ids = new KeyIds(keys);
    this.#sizes = new Int32Array((1 << 12) + Math.ceil(keys));
    this.#rowStarts = new Int32Array((1 << 10) + expected);
    this.#blocks = new Int32Array((1 << 13) + expected * 16);
  }

  addRow(hashes: readonly number[]): void {
    this.#makeRoom(hashes.length);
    for (const hash of hashes) this.#put(this.#idOf(hash));
    this.#endRow();
  }

  /**
   * The next row with keys of which only those are kept that others may have, too; the rest have places, so that a trail of all keys can be followed,
   * and nothing else.
   */
  addShared(hashes: readonly number[], shared: SharedHashes): void {
    this.#makeRoom(hashes.length);
    for (const hash of hashes) {
      if (shared.mayBeShared(hash)) {
        this.#put(this.#idOf(hash));
      } else {
        this.#blocks[this.#used] = nobodyElse;
        this.#used += 1;
      }
    }
    this.#endRow();
  }

  /**
   * The next row with the keys that it had before, those that are common replaced by what `instead` puts into the list for their place. Keys that
   * only one row had join nothing and are left out.
   */
  addAgain(
    before: EarlierKeys,
    row: number,
    { shared, instead }: { readonly shared: SharedHashes; readonly instead: (place: number, into: number[]) => void },
  ): void {
    const { blocks, rowStarts, limit } = before;
    const to = rowStarts[row + 1] as number;
    const first = this.#used;
    const replacing = this.#replacing;
    for (let at = rowStarts[row] as number; at < to; at += 1) {
      const size = before.sizeAt(at);
      if (size < 2) continue;
      if (size <= limit) {
        this.#makeRoom(1);
        this.#put(blocks[at] as number);
        continue;
      }
      replacing.length = 0;
      instead(at, replacing);
      this.#makeRoom(replacing.length);
      for (const hash of replacing) {
        if (!shared.mayBeShared(hash)) continue;
        const id = this.#idOf(hash);
        if (!this.#hasSince(first, id)) this.#put(id);
      }
    }
    this.#endRow();
  }

  #hasSince(first: number, id: number): boolean {
    for (let at = first; at < this.#used; at += 1) if (this.#blocks[at] === id) return true;
    return false;
  }

  #idOf(hash: number): number {
    const id = this.#earlierKinds.length + this.#ids.idOf(hash);
    if (id >= this.#sizes.length) this.#sizes = widened(this.#sizes, id + 1);
    return id;
  }

  #endRow(): void {
    this.#rows += 1;
    this.#rowStarts[this.#rows] = this.#used;
  }

  #put(id: number): void {
    this.#sizes[id] = (this.#sizes[id] as number) + 1;
    this.#blocks[this.#used] = id;
    this.#used += 1;
  }

  #makeRoom(keys: number): void {
    if (this.#rows + 2 > this.#rowStarts.length) this.#rowStarts = widened(this.#rowStarts, this.#rows + 2);
    if (this.#used + keys > this.#blocks.length) this.#blocks = widened(this.#blocks, this.#used + keys);
  }

  /** Forgets all rows but not the keys, and answers the rows there were; a key that more than `limit` of them had is common. */
  restart(limit: number): EarlierKeys {
    const rowStarts = this.#rowStarts;
    const blocks = this.#blocks;
    const sizes = this.#sizes;
    this.#earlierKinds = this.#kinds();
    this.#ids.giveBack();
    this.#ids = new KeyIds(this.#rows * joinedPerRow);
    this.#sizes = new Int32Array(this.#earlierKinds.length + this.#rows * joinedPerRow);
    this.#rowStarts = new Int32Array(rowStarts.length);
    this.#blocks = new Int32Array(blocks.length);
    this.#rows = 0;
    this.#used = 0;
    const sizeAt = (place: number): number => {
      const block = blocks[place] as number;
      return block === nobodyElse ? 0 : (sizes[block] as number);
    };
    return {
      rowStarts,
      blocks,
      limit,
      sizeAt,
      giveBack() {
        for (const array of [rowStarts, blocks, sizes]) giveBack(array);
      },
    };
  }

  /** By key, its kind; after a restart of those that are new since then. */
  #kinds(): Uint8Array<ArrayBuffer> {
    const kinds = new Uint8Array(this.#ids.size);
    this.#ids.each((hash, id) => {
      kinds[id] = kindOfHash(hash);
    });
    return kinds;
  }

  /** Hashes of the keys that more than `limit` rows have, in no order; after a restart of those that are new since then. */
  hashesAbove(limit: number): number[] {
    const above: number[] = [];
    const before = this.#earlierKinds.length;
    this.#ids.each((hash, id) => {
      if ((this.#sizes[before + id] as number) > limit) above.push(hash);
    });
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
    const earlier = this.#earlierKinds;
    const places = new Int32Array(earlier.length + this.#ids.size);
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
    const later = this.#kinds();
    for (let id = 0; id < places.length; id += 1) {
      const place = places[id] as number;
      if (place < 0) continue;
      starts[place + 1] = (starts[place] as number) + (sizes[id] as number);
      kinds[place] = (id < earlier.length ? earlier[id] : later[id - earlier.length]) as number;
    }
    this.#ids.giveBack();
    giveBack(sizes);
    const fill = starts.slice(0, -1);
    const members = new Int32Array(total);
    const blocks = new Int32Array(total);
    const rowStarts = new Int32Array(this.#rows + 1);
    let used = 0;
    for (let row = 0; row < this.#rows; row += 1) {
      for (let at = this.#rowStarts[row] as number; at < (this.#rowStarts[row + 1] as number); at += 1) {
        const block = this.#blocks[at] as number;
        const place = block === nobodyElse ? nobodyElse : (places[block] as number);
        if (place < 0) continue;
        members[fill[place] as number] = row;
        fill[place] = (fill[place] as number) + 1;
        blocks[used] = place;
        used += 1;
      }
      rowStarts[row + 1] = used;
    }
    for (const array of [places, fill, this.#blocks, this.#rowStarts]) giveBack(array);
    return { starts, members, rowStarts, blocks, kinds };
  }
}

/**
 * The rows in an order in which rows that share a large block follow each other: what they are compared with is then still at hand. The results of
 * no walk depend on it.
 */
export function rowsByBlock({ starts, rowStarts, blocks }: BlockIndex, largestBlock: number): Int32Array {
  const rows = rowStarts.length - 1;
  const chosen = new Int32Array(rows);
  const places = new Int32Array(starts.length + 1);
  for (let row = 0; row < rows; row += 1) {
    let best = starts.length - 1;
    let most = 0;
    for (let at = rowStarts[row] as number; at < (rowStarts[row + 1] as number); at += 1) {
      const block = blocks[at] as number;
      const size = (starts[block + 1] as number) - (starts[block] as number);
      if (size <= most || size > largestBlock) continue;
      most = size;
      best = block;
    }
    chosen[row] = best;
    places[best + 1] = (places[best + 1] as number) + 1;
  }
  for (let block = 1; block < places.length; block += 1)
    places[block] = (places[block] as number) + (places[block - 1] as number);
  const order = new Int32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const block = chosen[row] as number;
    const at = places[block] as number;
    order[at] = row;
    places[block] = at + 1;
  }
  return order;
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
        if (count === this.candidates.length) this.candidates = widened(this.candidates, count + 1);
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
