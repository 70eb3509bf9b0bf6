import { hashText } from './hash.ts';

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
  readonly #ids = new Map<number, number>();
  readonly #hashes: number[] = [];
  readonly #sizes: number[] = [];
  readonly #rowStarts: number[] = [0];
  readonly #blocks: number[] = [];

  addRow(keys: readonly string[]): void {
    for (const key of keys) {
      const hash = hashText(key);
      let id = this.#ids.get(hash);
      if (id === undefined) {
        id = this.#sizes.length;
        this.#ids.set(hash, id);
        this.#hashes.push(hash);
        this.#sizes.push(0);
      }
      this.#sizes[id] = (this.#sizes[id] as number) + 1;
      this.#blocks.push(id);
    }
    this.#rowStarts.push(this.#blocks.length);
  }

  /** Hashes of the keys that more than `limit` rows have. */
  hashesAbove(limit: number): number[] {
    return this.#hashes.filter((_, id) => (this.#sizes[id] as number) > limit);
  }

  /** Comparisons that all blocks up to `limit` rows cost together, pairs counted once for every block they share. */
  costUpTo(limit: number): number {
    let cost = 0;
    for (const size of this.#sizes) if (size <= limit) cost += (size * (size - 1)) / 2;
    return cost;
  }

  build(): BlockIndex {
    const starts = new Int32Array(this.#sizes.length + 1);
    for (let id = 0; id < this.#sizes.length; id += 1)
      starts[id + 1] = (starts[id] as number) + (this.#sizes[id] as number);
    const fill = starts.slice(0, -1);
    const members = new Int32Array(this.#blocks.length);
    for (let row = 0; row + 1 < this.#rowStarts.length; row += 1) {
      for (let at = this.#rowStarts[row] as number; at < (this.#rowStarts[row + 1] as number); at += 1) {
        const id = this.#blocks[at] as number;
        members[fill[id] as number] = row;
        fill[id] = (fill[id] as number) + 1;
      }
    }
    return { starts, members, rowStarts: Int32Array.from(this.#rowStarts), blocks: Int32Array.from(this.#blocks) };
  }
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
        if (count === this.candidates.length) {
          const wider = new Int32Array(count * 2);
          wider.set(this.candidates);
          this.candidates = wider;
        }
        this.candidates[count] = other;
        count += 1;
      }
    }
    return count;
  }
}
