import { createBlocker } from './blocking.ts';
import { createRarities, type FrequencyTables } from './frequencies.ts';
import { TextHasher } from './hash.ts';
import { HashList, hashFrom } from './hash-list.ts';
import type { Job } from './jobs.ts';
import { KeyIds } from './key-ids.ts';
import { kindOfHash } from './key-kind.ts';
import { KeyTrail } from './key-trail.ts';
import type { RecordStore } from './record-store.ts';
import { RowKeys } from './row-keys.ts';
import { roomBeside } from './shared-array.ts';
import { SharedHashes } from './shared-hashes.ts';
import { giveBack, widened } from './text-pool.ts';

/** Rows that a thread takes at once; they are a chunk, whose keys stand together in the list of that thread. */
export const chunkRows = 1_024;
/** About how many keys a row has, and how many of those that are joined several rows have. */
const keysPerRow = 12;
const sharedJoinedPerRow = 4;
/** About what part of all keys is had by several rows. */
const sharedPart = 0.3;

/** Stands for the number of a key that no other row has. */
export const nobodyElse = -1;
/** A key that is too common has instead of its number the number of those that replace it, below this. */
export const replaced = -2;

/** What a thread wrote: for each chunk of rows that it took the number of the chunk, and from where to where its keys stand in the list. */
export interface KeyShare {
  readonly chunks: Int32Array;
  readonly lows: Int32Array;
  readonly highs: Uint16Array;
}

/** Keys of all rows: for every chunk of rows the list that they stand in, and from where to where. */
export interface ChunkedKeys {
  readonly lists: readonly Pick<KeyShare, 'lows' | 'highs'>[];
  readonly places: Int32Array;
}

/** Integers of a chunk in a share and in `places`. */
export const chunkWidth = 3;

/** What this thread wrote of the rows of a store, and how, until the keys that are too common are joined. */
interface OwnKeys {
  readonly hashes: HashList;
  readonly trail: KeyTrail;
  /** Numbers of chunks, and by chunk which row of the trail is its first one. */
  readonly chunks: number[];
  readonly firstRows: number[];
}

const ownKeys = new WeakMap<RecordStore, OwnKeys>();

/**
 * Writes the keys of all rows, and notes which of them come more than once. With `keepsTrail` the thread remembers how it wrote them, for joinKeys.
 */
export function writeKeys(
  store: RecordStore,
  {
    frequencies,
    stopKeys,
    keepsTrail,
    noted,
    counts,
  }: {
    /** Of the words of organisations, by which the rarest ones are chosen. */
    readonly frequencies: FrequencyTables;
    readonly stopKeys: readonly number[];
    readonly keepsTrail: boolean;
    /** See SharedHashes. */
    readonly noted: Int32Array;
    /** By row, how many keys it has. */
    readonly counts: Int32Array;
  },
  taken: Int32Array,
): Job<KeyShare> {
  const { rows, plan } = store;
  const rarities = createRarities(frequencies);
  const shared = new SharedHashes(noted);
  const hashes = new HashList(counts, rows * keysPerRow * 1.5);
  const trail = keepsTrail ? new KeyTrail(rows) : undefined;
  const rowKeys = store.words.hasForeign ? null : new RowKeys(plan, store, { rarities, stopKeys, trail });
  const blocker = rowKeys === null ? createBlocker(plan, rarities, stopKeys) : null;
  const chunks: number[] = [];
  const numbers: number[] = [];
  const firstRows: number[] = [];
  let written = 0;
  if (trail !== undefined) ownKeys.set(store, { hashes, trail, chunks: numbers, firstRows });
  return {
    next() {
      const first = Atomics.add(taken, 0, chunkRows);
      if (first >= rows) return false;
      const from = hashes.size;
      const to = Math.min(rows, first + chunkRows);
      for (let row = first; row < to; row += 1) {
        const found = rowKeys?.of(row) ?? blocker?.hashes(store.valuesOf(row), trail) ?? [];
        counts[row] = found.length;
        for (let key = 0; key < found.length; key += 1) {
          const hash = found[key] as number;
          hashes.push(hash);
          shared.note(hash);
        }
      }
      numbers.push(first / chunkRows);
      firstRows.push(written);
      written += to - first;
      chunks.push(first / chunkRows, from, hashes.size);
      return true;
    },
    found: () => ({ chunks: Int32Array.from(chunks), lows: hashes.lows, highs: hashes.highs }),
  };
}

/** What came of a part of the keys: those whose hashes fall into it are numbered by themselves. */
export interface IndexedPart {
  readonly part: number;
  /** By number, how many rows have the key and what kind it is of. */
  readonly sizes: Int32Array;
  readonly kinds: Uint8Array;
  /** By limit, the comparisons that all blocks up to so many rows cost together, pairs counted once for every block they share. */
  readonly costs: readonly number[];
  /** Keys that more rows have than the smallest limit: how many, and their hashes. */
  readonly commonSizes: Int32Array;
  readonly commonHashes: Float64Array;
}

/** The part of a key by the higher bits of its hash, of so many parts as a power of two. */
export function partOf(high: number, parts: number): number {
  return high & (parts - 1);
}

/** Numbers the keys that several rows have, part by part; the numbers take the place of the lower halves of the hashes. */
export function indexKeys(
  _: RecordStore,
  {
    keys,
    parts,
    noted,
    limits,
  }: {
    readonly keys: ChunkedKeys;
    readonly parts: number;
    readonly noted: Int32Array;
    /** Sizes of blocks, descending. */
    readonly limits: readonly number[];
  },
  taken: Int32Array,
): Job<IndexedPart[]> {
  const { lists, places } = keys;
  const shared = new SharedHashes(noted);
  const found: IndexedPart[] = [];
  let total = 0;
  for (let at = 0; at < places.length; at += chunkWidth)
    total += (places[at + 2] as number) - (places[at + 1] as number);
  const index = (part: number): void => {
    const ids = new KeyIds((total / parts) * sharedPart);
    let sizes = new Int32Array(1 << 10);
    for (let chunk = 0; chunk < places.length; chunk += chunkWidth) {
      const { lows, highs } = lists[places[chunk] as number] as Pick<KeyShare, 'lows' | 'highs'>;
      const to = places[chunk + 2] as number;
      for (let at = places[chunk + 1] as number; at < to; at += 1) {
        const high = highs[at] as number;
        if (partOf(high, parts) !== part) continue;
        const hash = hashFrom(lows[at] as number, high);
        if (!shared.mayBeShared(hash)) {
          lows[at] = nobodyElse;
          continue;
        }
        const id = ids.idOf(hash);
        if (id >= sizes.length) sizes = widened(sizes, id + 1);
        sizes[id] = (sizes[id] as number) + 1;
        lows[at] = id;
      }
    }
    found.push({ part, ...partFrom(ids, sizes, { limits, beside: noted }) });
    ids.giveBack();
    giveBack(sizes);
  };
  return {
    next() {
      const part = Atomics.add(taken, 0, 1);
      if (part >= parts) return false;
      index(part);
      return true;
    },
    found: () => found,
  };
}

function partFrom(
  ids: KeyIds,
  counted: Int32Array,
  { limits, beside }: { readonly limits: readonly number[]; readonly beside: Int32Array },
): Omit<IndexedPart, 'part'> {
  const sizes = roomBeside(beside, Int32Array, ids.size);
  sizes.set(counted.subarray(0, ids.size));
  const kinds = roomBeside(beside, Uint8Array, ids.size);
  const least = limits.at(-1) ?? Number.POSITIVE_INFINITY;
  const commonSizes: number[] = [];
  const commonHashes: number[] = [];
  ids.each((hash, id) => {
    kinds[id] = kindOfHash(hash);
    if ((sizes[id] as number) <= least) return;
    commonSizes.push(sizes[id] as number);
    commonHashes.push(hash);
  });
  const costs = limits.map((limit) => {
    let cost = 0;
    for (const size of sizes) if (size <= limit) cost += (size * (size - 1)) / 2;
    return cost;
  });
  return {
    sizes,
    kinds,
    costs,
    commonSizes: Int32Array.from(commonSizes),
    commonHashes: Float64Array.from(commonHashes),
  };
}

/** Which keys are too common. */
interface CommonKeys {
  /** By part and number of a key, how many rows have it. */
  readonly sizes: readonly Int32Array[];
  readonly limit: number;
  /** Of joined keys, see SharedHashes. */
  readonly noted: Int32Array;
}

/** Calls with the keys of this thread's rows that are too common, a chunk at a time. */
function eachChunkOfCommon(
  store: RecordStore,
  { sizes, limit }: CommonKeys,
  taken: Int32Array,
  visit: { key(key: number, row: number): void; beginRow(): void; endChunk(chunk: number): void },
): () => boolean {
  const own = ownKeys.get(store);
  let turn = 0;
  return () => {
    if (own === undefined || turn === own.chunks.length) return false;
    const { lows, highs } = own.hashes;
    const first = own.firstRows[turn] as number;
    const to = own.firstRows[turn + 1] ?? own.trail.rows;
    for (let row = first; row < to; row += 1) {
      visit.beginRow();
      const end = own.trail.firstKeyOf(row + 1);
      for (let key = own.trail.firstKeyOf(row); key < end; key += 1) {
        const id = lows[key] as number;
        if (id < 0) continue;
        const size = (sizes[partOf(highs[key] as number, sizes.length)] as Int32Array)[id] as number;
        if (size > limit) visit.key(key, row);
      }
    }
    visit.endChunk(own.chunks[turn] as number);
    turn += 1;
    Atomics.add(taken, 0, to - first);
    return true;
  };
}

/** Notes which keys come more than once when those that are too common are joined with the other properties of their rows. */
export function noteJoined(store: RecordStore, common: CommonKeys, taken: Int32Array): Job<null> {
  const shared = new SharedHashes(common.noted);
  const trail = ownKeys.get(store)?.trail;
  const hasher = new TextHasher();
  const into: number[] = [];
  return {
    next: eachChunkOfCommon(store, common, taken, {
      beginRow() {},
      key(key, row) {
        into.length = 0;
        trail?.join(key, row, { hasher, into });
        for (const hash of into) shared.note(hash);
      },
      endChunk() {},
    }),
    found: () => null,
  };
}

/**
 * Joins the keys that are too common, and writes those of the joined ones that may come more than once, no key of a row twice; what they replace
 * is told how many replace it. How the keys were made is forgotten then.
 */
export function joinKeys(store: RecordStore, common: CommonKeys, taken: Int32Array): Job<KeyShare> {
  const shared = new SharedHashes(common.noted);
  const own = ownKeys.get(store);
  const hashes = new HashList(common.noted, (own?.trail.rows ?? 0) * sharedJoinedPerRow);
  const hasher = new TextHasher();
  const into: number[] = [];
  const inRow: number[] = [];
  const chunks: number[] = [];
  let from = 0;
  const next = eachChunkOfCommon(store, common, taken, {
    beginRow() {
      inRow.length = 0;
    },
    key(key, row) {
      into.length = 0;
      own?.trail.join(key, row, { hasher, into });
      let count = 0;
      for (const hash of into) {
        if (!shared.mayBeShared(hash) || inRow.includes(hash)) continue;
        inRow.push(hash);
        hashes.push(hash);
        count += 1;
      }
      (own as OwnKeys).hashes.lows[key] = replaced - count;
    },
    endChunk(chunk) {
      chunks.push(chunk, from, hashes.size);
      from = hashes.size;
    },
  });
  return {
    next,
    found: () => {
      forget(store);
      return { chunks: Int32Array.from(chunks), lows: hashes.lows, highs: hashes.highs };
    },
  };
}

/** Frees what this thread remembers of the keys that it wrote. */
export function forgetKeys(store: RecordStore): Job<null> {
  forget(store);
  return { next: () => false, found: () => null };
}

function forget(store: RecordStore): void {
  ownKeys.get(store)?.trail.giveBack();
  ownKeys.delete(store);
}
