import type { BlockIndex } from './block-index.ts';
import type { Crew, JobProgress } from './crew.ts';
import type { FrequencyTables } from './frequencies.ts';
import type { ParametersOf } from './jobs.ts';
import {
  type ChunkedKeys,
  chunkRows,
  chunkWidth,
  type IndexedPart,
  type KeyShare,
  nobodyElse,
  partOf,
  replaced,
} from './key-jobs.ts';
import type { Pace } from './pace.ts';
import type { RecordStore } from './record-store.ts';
import type { SharedArray } from './shared-array.ts';
import { SharedHashes } from './shared-hashes.ts';
import { giveBack } from './text-pool.ts';

/** About how many keys a row has, and how many come up when those that are too common are joined. */
const keysPerRow = 12;
const joinedPerRow = 24;
/** Rows for each part of the keys that is numbered by itself: its table of hashes then fits into the memory that is near the processor. */
const rowsPerPart = 32_768;
const leastParts = 4;
const mostParts = 64;

/** Keys that were numbered part by part; a number counts within its part. */
interface NumberedKeys {
  readonly keys: ChunkedKeys;
  readonly parts: readonly IndexedPart[];
}

interface Options {
  readonly crew: Crew;
  readonly pace: Pace;
}

/** The keys of all rows of a store, and which rows share which. */
export class KeyIndex {
  readonly #store: RecordStore;
  readonly #options: Options;
  /** By row, how many keys it has. */
  readonly #counts: Int32Array;
  readonly #plain: NumberedKeys;
  #joined: (NumberedKeys & { readonly limit: number }) | null = null;

  private constructor(store: RecordStore, options: Options, counts: Int32Array, plain: NumberedKeys) {
    this.#store = store;
    this.#options = options;
    this.#counts = counts;
    this.#plain = plain;
  }

  /**
   * Writes the keys of all rows and numbers those that several of them have.
   * @param options.limits sizes of blocks that are asked for later, descending
   * @param options.joins whether `join` will be called
   */
  static async of(
    store: RecordStore,
    options: Options & {
      readonly frequencies: FrequencyTables;
      readonly stopKeys: readonly number[];
      readonly limits: readonly number[];
      readonly joins: boolean;
    },
  ): Promise<KeyIndex> {
    const { crew, pace, frequencies, stopKeys, limits, joins } = options;
    const { rows } = store;
    const noted = crew.room(Int32Array, SharedHashes.wordsFor(rows * keysPerRow)).fill(0);
    const counts = crew.room(Int32Array, rows);
    const { token } = frequencies;
    const words = token === undefined ? {} : { token };
    const shares = await crew.run(
      'writeKeys',
      store,
      { frequencies: words, stopKeys, keepsTrail: joins, noted, counts },
      { pace, phase: 'block', total: rows },
    );
    const keys = chunkedKeys(rows, shares);
    const parts = await numbered(store, { crew, pace, keys, noted, limits });
    crew.giveBack(noted);
    return new KeyIndex(store, { crew, pace }, counts, { keys, parts });
  }

  /** Comparisons that all blocks up to one of the limits cost together, pairs counted once for every block they share. */
  costUpTo(place: number): number {
    return this.#plain.parts.reduce((sum, { costs }) => sum + (costs[place] as number), 0);
  }

  /** Hashes of the keys that more rows have than `limit`, in no order. */
  hashesAbove(limit: number): number[] {
    return hashesAbove(this.#plain.parts, limit);
  }

  /**
   * Replaces every key that more than `limit` rows have by itself joined with further properties of its row. Answers the hashes of those joined keys
   * that are still too common, in no order; they are left out.
   */
  async join(limit: number): Promise<number[]> {
    const store = this.#store;
    const { crew, pace } = this.#options;
    const { rows } = store;
    const noted = crew.room(Int32Array, SharedHashes.wordsFor(rows * joinedPerRow)).fill(0);
    const sizes = this.#plain.parts.map((part) => part.sizes);
    const progress: JobProgress = { pace, phase: 'block', total: rows };
    await crew.run('noteJoined', store, { sizes, limit, noted }, progress);
    const shares = await crew.run('joinKeys', store, { sizes, limit, noted }, progress);
    const keys = chunkedKeys(rows, shares);
    const parts = await numbered(store, { crew, pace, keys, noted, limits: [limit] });
    crew.giveBack(noted);
    this.#joined = { keys, parts, limit };
    return hashesAbove(parts, limit);
  }

  /** Nothing is joined: what was kept for it is forgotten. */
  async joinNothing(): Promise<readonly number[]> {
    const { crew, pace } = this.#options;
    await crew.run('forgetKeys', this.#store, undefined, { pace, phase: 'block', total: 1 });
    return [];
  }

  /** All blocks that make a pair, where keys were joined those of no more than the limit. The keys are forgotten then. */
  build(): BlockIndex {
    const { crew } = this.#options;
    const { rows } = this.#store;
    const counts = this.#counts;
    const plain = this.#plain;
    const joined = this.#joined;
    const limit = joined?.limit ?? Number.POSITIVE_INFINITY;
    const parts = [...plain.parts, ...(joined?.parts ?? [])];
    const blocksOf = parts.map(({ sizes }) => new Int32Array(sizes.length));
    const kept = placeBlocks(parts, { limit, blocksOf, crew });
    const { starts, kinds } = kept;
    const plainBlocks = blocksOf.slice(0, plain.parts.length);
    const joinedBlocks = blocksOf.slice(plain.parts.length);
    const fill = starts.slice();
    const members = crew.room(Int32Array, kept.members);
    const blocks = crew.room(Int32Array, kept.members);
    const rowStarts = crew.room(Int32Array, rows + 1);
    let used = 0;
    const put = (block: number, row: number): void => {
      if (block < 0) return;
      const at = fill[block] as number;
      members[at] = row;
      fill[block] = at + 1;
      blocks[used] = block;
      used += 1;
    };
    eachChunk(rows, plain.keys, (first, { lows, highs, from }, chunk) => {
      const instead = joined === null ? null : chunkOf(joined.keys, chunk);
      let at = from;
      let next = instead?.from ?? 0;
      const to = Math.min(rows, first + chunkRows);
      for (let row = first; row < to; row += 1) {
        for (const end = at + (counts[row] as number); at < end; at += 1) {
          const id = lows[at] as number;
          if (id >= 0) {
            put((plainBlocks[partOf(highs[at] as number, plainBlocks.length)] as Int32Array)[id] as number, row);
          } else if (id !== nobodyElse && instead !== null) {
            for (const last = next + replaced - id; next < last; next += 1) {
              const other = instead.lows[next] as number;
              const part = partOf(instead.highs[next] as number, joinedBlocks.length);
              if (other >= 0) put((joinedBlocks[part] as Int32Array)[other] as number, row);
            }
          }
        }
        rowStarts[row + 1] = used;
      }
    });
    for (const array of [fill, ...blocksOf]) giveBack(array);
    crew.giveBack(counts, ...memoryOf(plain), ...(joined === null ? [] : memoryOf(joined)));
    return { starts, members, rowStarts, blocks, kinds };
  }
}

function memoryOf({ keys, parts }: NumberedKeys): SharedArray[] {
  return [
    ...keys.lists.flatMap(({ lows, highs }) => [lows, highs]),
    ...parts.flatMap(({ sizes, kinds }) => [sizes, kinds]),
  ];
}

/**
 * Numbers the blocks of all parts one after the other: those that make a pair and have no more than so many rows. Writes to `blocksOf` by part and
 * number of a key its block, -1 where it has none; answers where the members of each block begin, of which kind it is, and how many members there are.
 */
function placeBlocks(
  parts: readonly IndexedPart[],
  { limit, blocksOf, crew }: { readonly limit: number; readonly blocksOf: readonly Int32Array[]; readonly crew: Crew },
): Pick<BlockIndex, 'starts' | 'kinds'> & { readonly members: number } {
  let count = 0;
  parts.forEach(({ sizes }, part) => {
    const blocks = blocksOf[part] as Int32Array;
    for (let id = 0; id < sizes.length; id += 1) {
      const size = sizes[id] as number;
      const isKept = size > 1 && size <= limit;
      blocks[id] = isKept ? count : -1;
      if (isKept) count += 1;
    }
  });
  const starts = crew.room(Int32Array, count + 1);
  const kinds = crew.room(Uint8Array, count);
  let members = 0;
  parts.forEach((part, at) => {
    const blocks = blocksOf[at] as Int32Array;
    for (let id = 0; id < blocks.length; id += 1) {
      const block = blocks[id] as number;
      if (block < 0) continue;
      kinds[block] = part.kinds[id] as number;
      members += part.sizes[id] as number;
      starts[block + 1] = members;
    }
  });
  return { starts, kinds, members };
}

interface Chunk {
  readonly lows: Int32Array;
  readonly highs: Uint16Array;
  readonly from: number;
}

function chunkOf({ lists, places }: ChunkedKeys, chunk: number): Chunk {
  const place = chunk * chunkWidth;
  return { ...(lists[places[place] as number] as ChunkedKeys['lists'][number]), from: places[place + 1] as number };
}

function eachChunk(rows: number, keys: ChunkedKeys, visit: (first: number, keys: Chunk, chunk: number) => void): void {
  for (let chunk = 0; chunk * chunkRows < rows; chunk += 1) visit(chunk * chunkRows, chunkOf(keys, chunk), chunk);
}

/** Puts together what several threads wrote. */
function chunkedKeys(rows: number, shares: readonly KeyShare[]): ChunkedKeys {
  const places = new Int32Array(Math.ceil(rows / chunkRows) * chunkWidth);
  shares.forEach(({ chunks }, list) => {
    for (let at = 0; at < chunks.length; at += chunkWidth) {
      const place = (chunks[at] as number) * chunkWidth;
      places[place] = list;
      places[place + 1] = chunks[at + 1] as number;
      places[place + 2] = chunks[at + 2] as number;
    }
  });
  return { lists: shares.map(({ lows, highs }) => ({ lows, highs })), places };
}

async function numbered(
  store: RecordStore,
  { crew, pace, ...task }: Options & Omit<ParametersOf<'indexKeys'>, 'parts'>,
): Promise<IndexedPart[]> {
  let parts = leastParts;
  while (parts < mostParts && parts * rowsPerPart < store.rows) parts *= 2;
  const found = await crew.run('indexKeys', store, { ...task, parts }, { pace, phase: 'block', total: parts });
  return found.flat().sort((left, right) => left.part - right.part);
}

function hashesAbove(parts: readonly IndexedPart[], limit: number): number[] {
  return parts.flatMap(({ commonSizes, commonHashes }) =>
    Array.from(commonHashes).filter((_, at) => (commonSizes[at] as number) > limit),
  );
}
