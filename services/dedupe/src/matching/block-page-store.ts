import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from './entity-kind.ts';
import type { KindMark } from './kind-memory.ts';

/** How hashes of keys are made: it changes with what the library writes, and pages of another format are of no use. */
const keyFormat = 2;

export const sizeColumns = `key_format = ${keyFormat} as usable, key_pages, key_entries, records_numbered`;

export interface SizeRow {
  readonly usable: boolean;
  readonly key_pages: number;
  readonly key_entries: string;
  readonly records_numbered: number;
}

/** How large the key table of a kind is. */
export interface KeyTableSize {
  /** 0 when it was never written, or in another format. */
  readonly pages: number;
  readonly entries: number;
  /** Records that have a number; the next one gets this. */
  readonly recordsNumbered: number;
}

export async function loadKeyTableSize(tx: Transaction, kind: EntityKind): Promise<KeyTableSize> {
  const rows = await tx.query<SizeRow>(
    `select ${sizeColumns} from resolution_state where tenant_id = $1 and entity_kind = $2`,
    [tx.tenantId, kind],
  );
  return keyTableSizeOf(rows[0]);
}

export function keyTableSizeOf(row: SizeRow | undefined): KeyTableSize {
  const isUsable = row?.usable === true;
  return {
    pages: isUsable ? row.key_pages : 0,
    entries: isUsable ? Number(row.key_entries) : 0,
    recordsNumbered: row?.records_numbered ?? 0,
  };
}

/**
 * The caller holds the lock of the kind.
 * @param mark of the change; without it the table leaves one that nobody knows, so that whoever remembers anything of the kind forgets it
 */
export async function saveKeyTableSize(
  tx: Transaction,
  kind: EntityKind,
  size: KeyTableSize,
  mark?: KindMark,
): Promise<void> {
  await tx.execute(
    `update resolution_state
     set key_pages = $3, key_entries = $4, records_numbered = $5, key_format = $6,
         change_no = coalesce($7, change_no), change_mark = coalesce($8, change_mark)
     where tenant_id = $1 and entity_kind = $2`,
    [
      tx.tenantId,
      kind,
      size.pages,
      size.entries,
      size.recordsNumbered,
      keyFormat,
      mark?.no ?? null,
      mark?.mark ?? null,
    ],
  );
}

/** Pages, and how many there are by the same snapshot: whoever reads without the lock of the kind sees by it whether the table grew meanwhile. */
export interface ReadPages {
  readonly pages: Map<number, Buffer>;
  readonly count: number;
}

/** The pages asked for, an empty one for each that has no row. */
export async function loadPages(tx: Transaction, kind: EntityKind, pages: readonly number[]): Promise<ReadPages> {
  const read = await readPages(tx, 'page = any($3::int[])', [tx.tenantId, kind, pages]);
  for (const page of pages) if (!read.pages.has(page)) read.pages.set(page, Buffer.alloc(0));
  return read;
}

/** The pages of a range that have a row; `to` is not among them. */
export async function loadPageRange(
  tx: Transaction,
  kind: EntityKind,
  range: { readonly from: number; readonly to: number },
): Promise<ReadPages> {
  return readPages(tx, 'page >= $3 and page < $4', [tx.tenantId, kind, range.from, range.to]);
}

async function readPages(tx: Transaction, condition: string, parameters: readonly unknown[]): Promise<ReadPages> {
  // One piece instead of many: the driver decodes a single value, not one for each page.
  const rows = await tx.query<{
    count: number;
    pages: number[] | null;
    lengths: number[] | null;
    bytes: Buffer | null;
  }>(
    `select (select key_pages from resolution_state
             where tenant_id = $1 and entity_kind = $2 and key_format = ${keyFormat}) as count,
            array_agg(page) as pages, array_agg(length(entries)) as lengths, string_agg(entries, ''::bytea) as bytes
     from block_page where tenant_id = $1 and entity_kind = $2 and ${condition}`,
    parameters,
  );
  const found = new Map<number, Buffer>();
  const row = rows[0];
  let from = 0;
  row?.pages?.forEach((page, index) => {
    const to = from + (row.lengths?.[index] ?? 0);
    found.set(page, (row.bytes as Buffer).subarray(from, to));
    from = to;
  });
  return { pages: found, count: row?.count ?? 0 };
}

/** The caller holds the lock of the kind. */
export async function savePages(
  tx: Transaction,
  kind: EntityKind,
  pages: readonly { readonly page: number; readonly entries: Buffer }[],
): Promise<void> {
  if (pages.length === 0) return;
  const { bytes, firsts, lengths } = inOnePiece(pages.map(({ entries }) => entries));
  await tx.execute(
    `insert into block_page (tenant_id, entity_kind, page, entries)
     select $1, $2, page, substring($3::bytea from first for length)
     from unnest($4::int[], $5::int[], $6::int[]) as incoming (page, first, length)
     on conflict (tenant_id, entity_kind, page) do update set entries = excluded.entries`,
    [tx.tenantId, kind, bytes, pages.map(({ page }) => page), firsts, lengths],
  );
}

/** Takes every page of a kind away. */
export async function deletePages(tx: Transaction, kind: EntityKind): Promise<void> {
  await tx.execute(`delete from block_page where tenant_id = $1 and entity_kind = $2`, [tx.tenantId, kind]);
}

/** Takes their numbers and keys from all records of a kind. */
export async function clearRecordKeys(tx: Transaction, kind: EntityKind): Promise<void> {
  await tx.execute(
    `update match_record set record_no = null, keys = null
     where tenant_id = $1 and entity_kind = $2 and record_no is not null`,
    [tx.tenantId, kind],
  );
}

export interface RecordKeys {
  readonly ref: string;
  readonly recordNo: number;
  readonly packed: Buffer;
}

/** Notes which keys of a record stand in the pages, and under which number. */
export async function saveRecordKeys(tx: Transaction, records: readonly RecordKeys[]): Promise<void> {
  if (records.length === 0) return;
  const { bytes, firsts, lengths } = inOnePiece(records.map(({ packed }) => packed));
  await tx.execute(
    `update match_record set record_no = incoming.record_no, keys = substring($2::bytea from first for length)
     from unnest($3::text[], $4::int[], $5::int[], $6::int[]) as incoming (ref, record_no, first, length)
     where match_record.tenant_id = $1 and match_record.ref = any($3::text[]) and match_record.ref = incoming.ref`,
    [tx.tenantId, bytes, records.map(({ ref }) => ref), records.map(({ recordNo }) => recordNo), firsts, lengths],
  );
}

/** The driver sends one buffer as it is, and an array of them as hexadecimal text. Places count from 1 as in Postgres. */
function inOnePiece(parts: readonly Buffer[]): { bytes: Buffer; firsts: number[]; lengths: number[] } {
  let next = 1;
  const firsts = parts.map((part) => {
    const first = next;
    next += part.length;
    return first;
  });
  return { bytes: Buffer.concat(parts), firsts, lengths: parts.map((part) => part.length) };
}
