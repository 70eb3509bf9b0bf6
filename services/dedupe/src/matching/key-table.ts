import type { Transaction } from '@kempt/postgres';
import {
  changedPage,
  entriesPerPage,
  entryCount,
  type KeyEntry,
  pageOf,
  pagesOf,
  pageToSplit,
  recordsWith,
  splitPage,
} from './block-page.ts';
import {
  deletePages,
  type KeyTableSize,
  loadKeyTableSize,
  loadPages,
  saveKeyTableSize,
  savePages,
} from './block-page-store.ts';
import type { ChangeLock } from './change-lock.ts';
import type { EntityKind } from './entity-kind.ts';
import { saveChange } from './kind-change-store.ts';

/** The keys of one record before and after a change. */
export interface KeyChange {
  readonly record: number;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** A key whose records became too many to be candidates of each other, or few enough again. */
export interface CrossedKey {
  readonly hash: number;
  readonly usable: boolean;
  readonly records: readonly number[];
}

/**
 * The key table of a kind inside one transaction that holds the lock of the kind. Pages are read as they are needed, changed
 * in memory, and written once by `save`.
 */
export interface KeyTable {
  /** False when it was never written, or in another format. */
  readonly isWritten: boolean;
  /** The next free number of a record. */
  number(): number;
  /**
   * Takes changed keys in.
   * @returns the keys that crossed the largest size of a block, either way
   */
  change(changes: readonly KeyChange[], blockSizeMax: number): Promise<CrossedKey[]>;
  /** Reads what `records` needs. */
  load(hashes: Iterable<number>): Promise<void>;
  /** Numbers of the records that have the key, which was loaded or changed. */
  records(hash: number): readonly number[];
  save(): Promise<void>;
}

const splitsAtOnce = 64;
const pagesInOneStatement = 2_000;

/** @param lock of who changes the kind; without it pages are read from where they are stored, and what others remember of them ends */
export async function openKeyTable(tx: Transaction, kind: EntityKind, lock?: ChangeLock): Promise<KeyTable> {
  const size = lock?.size ?? (await loadKeyTableSize(tx, kind));
  const loan = lock?.loan;
  let pageCount = Math.max(1, size.pages);
  let { entries, recordsNumbered } = size;
  const pages = new Map<number, Buffer>();
  const dirty = new Set<number>();

  async function fetch(wanted: Iterable<number>): Promise<void> {
    const missing: number[] = [];
    for (const page of new Set(wanted)) {
      if (pages.has(page)) continue;
      const remembered = loan?.page(page);
      if (remembered === undefined) missing.push(page);
      else pages.set(page, remembered);
    }
    if (missing.length === 0) return;
    for (const [page, bytes] of (await loadPages(tx, kind, missing)).pages) {
      pages.set(page, bytes);
      loan?.keepPage(page, bytes);
    }
  }

  const load = (hashes: Iterable<number>): Promise<void> => fetch([...hashes].map((hash) => pageOf(hash, pageCount)));
  const pageAt = (page: number): Buffer => pages.get(page) ?? Buffer.alloc(0);
  const records = (hash: number): number[] => recordsWith(pageAt(pageOf(hash, pageCount)), hash);

  function put(page: number, bytes: Buffer): void {
    pages.set(page, bytes);
    dirty.add(page);
  }

  async function grow(): Promise<void> {
    while (entries > pageCount * entriesPerPage) {
      const count = Math.min(splitsAtOnce, Math.ceil(entries / entriesPerPage) - pageCount);
      const added = Array.from({ length: count }, (_, index) => pageCount + index);
      await fetch(added.map(pageToSplit));
      for (const page of added) {
        const from = pageToSplit(page);
        const { stays, moves } = splitPage(pageAt(from), page);
        put(from, stays);
        put(page, moves);
        pageCount = page + 1;
      }
    }
  }

  return {
    isWritten: size.pages > 0,
    number() {
      recordsNumbered += 1;
      return recordsNumbered - 1;
    },
    load,
    records,
    async change(changes, blockSizeMax) {
      const removed: KeyEntry[] = [];
      const added: KeyEntry[] = [];
      for (const { record, before, after } of changes) {
        const [had, has] = [new Set(before), new Set(after)];
        for (const hash of had) if (!has.has(hash)) removed.push({ hash, record });
        for (const hash of has) if (!had.has(hash)) added.push({ hash, record });
      }
      const hashes = new Set([...removed, ...added].map(({ hash }) => hash));
      await load(hashes);
      const usableBefore = new Map([...hashes].map((hash) => [hash, records(hash).length <= blockSizeMax]));
      const byPage = (list: readonly KeyEntry[]) => Map.groupBy(list, ({ hash }) => pageOf(hash, pageCount));
      const [removedOf, addedOf] = [byPage(removed), byPage(added)];
      for (const page of new Set([...removedOf.keys(), ...addedOf.keys()])) {
        const before = pageAt(page);
        const after = changedPage(before, { removed: removedOf.get(page) ?? [], added: addedOf.get(page) ?? [] });
        entries += entryCount(after) - entryCount(before);
        put(page, after);
      }
      return [...hashes].flatMap((hash): CrossedKey[] => {
        const now = records(hash);
        const usable = now.length <= blockSizeMax;
        return usable === usableBefore.get(hash) ? [] : [{ hash, usable, records: now }];
      });
    },
    async save() {
      await grow();
      const changed = [...dirty].toSorted((left, right) => left - right);
      dirty.clear();
      for (const page of changed) loan?.changePage(page, pageAt(page));
      const saved: KeyTableSize = { pages: pageCount, entries, recordsNumbered };
      if (lock !== undefined) lock.size = saved;
      const change = loan?.leave();
      await Promise.all([
        savePages(
          tx,
          kind,
          changed.map((page) => ({ page, entries: pageAt(page) })),
        ),
        saveKeyTableSize(tx, kind, saved, change),
        ...(change === undefined ? [] : [saveChange(tx, kind, change)]),
      ]);
    },
  };
}

/** Writes the whole key table of a kind anew. Takes about 32 bytes of memory for each key of each record meanwhile. */
export async function writeKeyTable(
  tx: Transaction,
  kind: EntityKind,
  table: { readonly hashes: Float64Array; readonly records: Int32Array; readonly recordsNumbered: number },
): Promise<void> {
  const pages = Math.max(1, Math.ceil(table.hashes.length / (entriesPerPage * 0.75)));
  await deletePages(tx, kind);
  let batch: { page: number; entries: Buffer }[] = [];
  for (const page of pagesOf(table.hashes, table.records, pages)) {
    batch.push(page);
    if (batch.length < pagesInOneStatement) continue;
    await savePages(tx, kind, batch);
    batch = [];
  }
  await savePages(tx, kind, batch);
  const { recordsNumbered } = table;
  await saveKeyTableSize(tx, kind, { pages, entries: table.hashes.length, recordsNumbered });
}

/**
 * Records that share a key with others, for readers who do not hold the lock of the kind. Keys that more than `blockSizeMax`
 * records share say too little and are left out.
 */
export async function readBlocks(
  tx: Transaction,
  kind: EntityKind,
  options: { readonly hashes: readonly number[]; readonly blockSizeMax: number },
): Promise<Map<number, number[]>> {
  let { pages: count } = await loadKeyTableSize(tx, kind);
  for (;;) {
    if (count === 0) return new Map();
    const wanted = count;
    const read = await loadPages(tx, kind, [...new Set(options.hashes.map((hash) => pageOf(hash, wanted)))]);
    if (read.count === wanted) {
      const blocks = options.hashes.map(
        (hash) => [hash, recordsWith(read.pages.get(pageOf(hash, wanted)) as Buffer, hash)] as const,
      );
      return new Map(blocks.filter(([, records]) => records.length > 0 && records.length <= options.blockSizeMax));
    }
    count = read.count;
  }
}
