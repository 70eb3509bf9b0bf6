import type { Transaction } from '@kempt/postgres';
import { type ResolutionState, resolutionStateOf, type StateRow } from '../models/model-store.ts';
import { type KeyTableSize, keyTableSizeOf, type SizeRow, sizeColumns } from './block-page-store.ts';
import type { EntityKind } from './entity-kind.ts';
import type { KindChange, KindMark } from './kind-memory.ts';

export interface LockedKind {
  readonly state: ResolutionState;
  readonly size: KeyTableSize;
  /** What the last change left. */
  readonly mark: KindMark;
}

/**
 * Takes the lock of a kind to change its records.
 * @returns nothing when the kind has no state
 */
export async function lockKind(tx: Transaction, kind: EntityKind): Promise<LockedKind | undefined> {
  const rows = await tx.query<StateRow & SizeRow & { readonly change_no: string; readonly change_mark: string }>(
    `select phase, model_version, change_no, change_mark, ${sizeColumns}
     from resolution_state where tenant_id = $1 and entity_kind = $2 for update`,
    [tx.tenantId, kind],
  );
  const row = rows[0];
  return (
    row && {
      state: resolutionStateOf(row),
      size: keyTableSizeOf(row),
      mark: { no: Number(row.change_no), mark: row.change_mark },
    }
  );
}

/** The changes after one, in their order, as far as they are still known. */
export async function changesAfter(tx: Transaction, kind: EntityKind, no: number): Promise<KindChange[]> {
  const rows = await tx.query<{ no: string; mark: string; pages: Buffer; records: Buffer }>(
    `select change_no as no, mark, pages, records from kind_change
     where tenant_id = $1 and entity_kind = $2 and change_no > $3 order by change_no`,
    [tx.tenantId, kind, no],
  );
  return rows.map((row) => ({
    no: Number(row.no),
    mark: row.mark,
    pages: unpackNumbers(row.pages),
    records: unpackNumbers(row.records),
  }));
}

/** An instance that heard of nothing for longer forgets all that it remembers of the kind. */
const changesKept = 1_000;

/** The caller holds the lock of the kind, and saves the mark there. */
export async function saveChange(tx: Transaction, kind: EntityKind, change: KindChange): Promise<void> {
  await Promise.all([
    tx.execute(
      `insert into kind_change (tenant_id, entity_kind, change_no, mark, pages, records) values ($1, $2, $3, $4, $5, $6)`,
      [tx.tenantId, kind, change.no, change.mark, packNumbers(change.pages), packNumbers(change.records)],
    ),
    tx.execute(`delete from kind_change where tenant_id = $1 and entity_kind = $2 and change_no <= $3`, [
      tx.tenantId,
      kind,
      change.no - changesKept,
    ]),
  ]);
}

function packNumbers(numbers: readonly number[]): Buffer {
  const packed = Buffer.allocUnsafe(numbers.length * 4);
  numbers.forEach((number, index) => {
    packed.writeInt32LE(number, index * 4);
  });
  return packed;
}

function unpackNumbers(packed: Buffer): number[] {
  return Array.from({ length: packed.length / 4 }, (_, index) => packed.readInt32LE(index * 4));
}
