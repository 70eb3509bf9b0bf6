import type { KeyRule } from './key-kind.ts';
import { widened } from './text-pool.ts';

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
