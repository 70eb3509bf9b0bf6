import { KeyIds } from './key-ids.ts';

/** Which rows share which keys, in flat arrays: the rows of block b are `members[starts[b] .. starts[b + 1]]`, ascending. */
export interface BlockIndex {
  readonly starts: Int32Array;
  readonly members: Int32Array;
  /** The blocks of row r are `blocks[rowStarts[r] .. rowStarts[r + 1]]`. */
  readonly rowStarts: Int32Array;
  readonly blocks: Int32Array;
}

/** Collects keys row by row; keys are kept as hashes only. */
export class BlockIndexBuilder {
  readonly #ids = new KeyIds();
  #sizes = new Int32Array(1 << 12);
  #rowStarts = new Int32Array(1 << 10);
  #blocks = new Int32Array(1 << 13);
  #rows = 0;
  #used = 0;

  addRow(hashes: readonly number[]): void {
    if (this.#rows + 2 > this.#rowStarts.length) this.#rowStarts = widen(this.#rowStarts);
    while (this.#used + hashes.length > this.#blocks.length) this.#blocks = widen(this.#blocks);
    for (const hash of hashes) {
      const id = this.#ids.idOf(hash);
      if (id >= this.#sizes.length) this.#sizes = widen(this.#sizes);
      this.#sizes[id] = (this.#sizes[id] as number) + 1;
      this.#blocks[this.#used] = id;
      this.#used += 1;
    }
    this.#rows += 1;
    this.#rowStarts[this.#rows] = this.#used;
  }

  /** Hashes of the keys that more than `limit` rows have. */
  hashesAbove(limit: number): number[] {
    return [...this.#ids.hashes()].filter((_, id) => (this.#sizes[id] as number) > limit);
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

  build(): BlockIndex {
    const count = this.#ids.size;
    const starts = new Int32Array(count + 1);
    for (let id = 0; id < count; id += 1) starts[id + 1] = (starts[id] as number) + (this.#sizes[id] as number);
    const fill = starts.slice(0, -1);
    const members = new Int32Array(this.#used);
    for (let row = 0; row < this.#rows; row += 1) {
      for (let at = this.#rowStarts[row] as number; at < (this.#rowStarts[row + 1] as number); at += 1) {
        const id = this.#blocks[at] as number;
        members[fill[id] as number] = row;
        fill[id] = (fill[id] as number) + 1;
      }
    }
    return {
      starts,
      members,
      rowStarts: this.#rowStarts.slice(0, this.#rows + 1),
      blocks: this.#blocks.slice(0, this.#used),
    };
  }
}

function widen(from: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}

/** Walks the candidate pairs of an index: every pair once, blocks above `largestBlock` rows left out. */
export class CandidateWalk {
  readonly #index: BlockIndex;
  readonly #largestBlock: number;
  readonly #seen: Int32Array;
  /** Candidates of the row asked for last; valid up to the returned count. */
  candidates: Int32Array;

  constructor(index: BlockIndex, largestBlock: number) {
    this.#index = index;
    this.#largestBlock = largestBlock;
    this.#seen = new Int32Array(index.rowStarts.length - 1).fill(-1);
    this.candidates = new Int32Array(1024);
  }

  get rows(): number {
    return this.#index.rowStarts.length - 1;
  }

  /** Rows above `row` that share a usable block with it; answers how many. */
  after(row: number): number {
    const { starts, members, rowStarts, blocks } = this.#index;
    let count = 0;
    for (let at = rowStarts[row] as number; at < (rowStarts[row + 1] as number); at += 1) {
      const block = blocks[at] as number;
      const to = starts[block + 1] as number;
      const from = starts[block] as number;
      if (to - from > this.#largestBlock) continue;
      for (let position = to - 1; position >= from; position -= 1) {
        const other = members[position] as number;
        if (other <= row) break;
        if (this.#seen[other] === row) continue;
        this.#seen[other] = row;
        if (count === this.candidates.length) this.candidates = widen(this.candidates);
        this.candidates[count] = other;
        count += 1;
      }
    }
    return count;
  }

  /** Whether two rows share a usable block. */
  share(left: number, right: number): boolean {
    const { starts, rowStarts, blocks } = this.#index;
    for (let x = rowStarts[left] as number; x < (rowStarts[left + 1] as number); x += 1) {
      const block = blocks[x] as number;
      if ((starts[block + 1] as number) - (starts[block] as number) > this.#largestBlock) continue;
      for (let y = rowStarts[right] as number; y < (rowStarts[right + 1] as number); y += 1) {
        if (blocks[y] === block) return true;
      }
    }
    return false;
  }
}
