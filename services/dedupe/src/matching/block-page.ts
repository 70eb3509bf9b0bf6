/**
 * Pages of the hash table that says which records share a blocking key. The table grows by linear hashing: one page is split at
 * a time, so that no change pays for a reorganisation (Litwin, VLDB 1980).
 */

/** Six bytes of the key's hash and four of the record's number, both little endian. */
const entryBytes = 10;
const hashBytes = 6;
/** Entries that a page holds on the average before the next one is split. */
export const entriesPerPage = 32;

export interface KeyEntry {
  readonly hash: number;
  readonly record: number;
}

/** The page of a key when there are so many pages. */
export function pageOf(hash: number, pages: number): number {
  const level = 2 ** (31 - Math.clz32(pages));
  const low = hash % (level * 2);
  return low < pages ? low : low - level;
}

/** The page whose entries are shared with the next new page, whose number is `pages`. */
export function pageToSplit(pages: number): number {
  return pages - 2 ** (31 - Math.clz32(pages));
}

export function entryCount(page: Buffer): number {
  return page.length / entryBytes;
}

/** Numbers of the records that have the key. */
export function recordsWith(page: Buffer, hash: number): number[] {
  const records: number[] = [];
  const [low, high] = [hash % 2 ** 32, Math.floor(hash / 2 ** 32)];
  for (let at = 0; at < page.length; at += entryBytes) {
    if (page.readUInt32LE(at) === low && page.readUInt16LE(at + 4) === high) {
      records.push(page.readUInt32LE(at + hashBytes));
    }
  }
  return records;
}

export function entriesOf(page: Buffer): KeyEntry[] {
  const entries: KeyEntry[] = [];
  for (let at = 0; at < page.length; at += entryBytes) {
    entries.push({ hash: page.readUIntLE(at, hashBytes), record: page.readUInt32LE(at + hashBytes) });
  }
  return entries;
}

export function pageWith(entries: readonly KeyEntry[]): Buffer {
  const page = Buffer.allocUnsafe(entries.length * entryBytes);
  entries.forEach(({ hash, record }, index) => {
    page.writeUIntLE(hash, index * entryBytes, hashBytes);
    page.writeUInt32LE(record, index * entryBytes + hashBytes);
  });
  return page;
}

/** The page without some of its entries and with others. An entry that is there already is not added again. */
export function changedPage(
  page: Buffer,
  change: { readonly removed: readonly KeyEntry[]; readonly added: readonly KeyEntry[] },
): Buffer {
  // A page has few entries and a change fewer, so they are compared as bytes, without a set.
  const [removed, added] = [change.removed.map(bytesOf), change.added.map(bytesOf)];
  const kept: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < page.length; at += entryBytes) {
    if (!removed.some((entry) => stands(page, at, entry))) continue;
    kept.push(page.subarray(from, at));
    from = at + entryBytes;
  }
  kept.push(page.subarray(from));
  const rest = kept.length === 1 ? page : Buffer.concat(kept);
  const fresh = added.filter(
    (entry, index) => !holds(rest, entry) && !added.slice(0, index).some((earlier) => earlier.equals(entry)),
  );
  return fresh.length === 0 ? rest : Buffer.concat([rest, ...fresh]);
}

function bytesOf(entry: KeyEntry): Buffer {
  return pageWith([entry]);
}

function stands(page: Buffer, at: number, entry: Buffer): boolean {
  return (
    page.readUInt32LE(at) === entry.readUInt32LE(0) &&
    page.readUInt32LE(at + hashBytes) === entry.readUInt32LE(hashBytes) &&
    page.readUInt16LE(at + 4) === entry.readUInt16LE(4)
  );
}

function holds(page: Buffer, entry: Buffer): boolean {
  for (let at = 0; at < page.length; at += entryBytes) if (stands(page, at, entry)) return true;
  return false;
}

/** Shares the entries of a page out between itself and the page that is added as number `pages`. */
export function splitPage(page: Buffer, pages: number): { readonly stays: Buffer; readonly moves: Buffer } {
  const parts = Map.groupBy(entriesOf(page), ({ hash }) => pageOf(hash, pages + 1) === pages);
  return { stays: pageWith(parts.get(false) ?? []), moves: pageWith(parts.get(true) ?? []) };
}

/** Hashes of one record's keys in one piece. */
export function packHashes(hashes: readonly number[]): Buffer {
  const packed = Buffer.allocUnsafe(hashes.length * hashBytes);
  hashes.forEach((hash, index) => {
    packed.writeUIntLE(hash, index * hashBytes, hashBytes);
  });
  return packed;
}

export function unpackHashes(packed: Buffer | null): number[] {
  const hashes: number[] = [];
  if (packed === null) return hashes;
  for (let at = 0; at < packed.length; at += hashBytes) hashes.push(packed.readUIntLE(at, hashBytes));
  return hashes;
}

/** The pages of many entries at once, in order of page. `records[i]` has the key `hashes[i]`. */
export function* pagesOf(
  hashes: Float64Array,
  records: Int32Array,
  pages: number,
): Generator<{ readonly page: number; readonly entries: Buffer }> {
  const starts = new Int32Array(pages + 1);
  for (const hash of hashes) {
    const next = pageOf(hash, pages) + 1;
    starts[next] = (starts[next] as number) + 1;
  }
  for (let page = 0; page < pages; page += 1)
    starts[page + 1] = (starts[page + 1] as number) + (starts[page] as number);
  const fill = starts.slice(0, pages);
  const order = new Int32Array(hashes.length);
  hashes.forEach((hash, index) => {
    const page = pageOf(hash, pages);
    const at = fill[page] as number;
    order[at] = index;
    fill[page] = at + 1;
  });
  for (let page = 0; page < pages; page += 1) {
    const [from, to] = [starts[page] as number, starts[page + 1] as number];
    const entries = Buffer.allocUnsafe((to - from) * entryBytes);
    for (let at = from; at < to; at += 1) {
      const index = order[at] as number;
      entries.writeUIntLE(hashes[index] as number, (at - from) * entryBytes, hashBytes);
      entries.writeUInt32LE(records[index] as number, (at - from) * entryBytes + hashBytes);
    }
    yield { page, entries };
  }
}
