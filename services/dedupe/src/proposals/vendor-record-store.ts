import type { Transaction } from '@kempt/postgres';
import type { VendorFields, VendorRecord } from './vendor-value.ts';

/** A record as it is stored; `fieldsJson` is a `VendorFields` as JSON. */
export interface VendorRecordRow {
  readonly ref: string;
  readonly modifiedMs: number;
  readonly fieldsJson: string;
}

/** Stores what the CRMs keep of records. The caller has stored the same versions of them under its lock. */
export async function saveVendorRecords(tx: Transaction, rows: readonly VendorRecordRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(
    `insert into vendor_record (tenant_id, ref, modified_ms, fields)
     select $1, ref, modified_ms, fields
     from unnest($2::text[], $3::bigint[], $4::text[]) as incoming (ref, modified_ms, fields)
     on conflict (tenant_id, ref) do update set modified_ms = excluded.modified_ms, fields = excluded.fields`,
    [tx.tenantId, rows.map((row) => row.ref), rows.map((row) => row.modifiedMs), rows.map((row) => row.fieldsJson)],
  );
}

/** Forgets records that are gone. */
export async function deleteVendorRecords(tx: Transaction, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  await tx.execute(`delete from vendor_record where tenant_id = $1 and ref = any($2::text[])`, [tx.tenantId, refs]);
}

export async function loadVendorRecords(tx: Transaction, refs: readonly string[]): Promise<VendorRecord[]> {
  if (refs.length === 0) return [];
  const rows = await tx.query<{ ref: string; modified_ms: string; fields: string }>(
    `select ref, modified_ms, fields from vendor_record where tenant_id = $1 and ref = any($2::text[]) order by ref`,
    [tx.tenantId, refs],
  );
  return rows.map((row) => ({
    ref: row.ref,
    modifiedMs: Number(row.modified_ms),
    fields: JSON.parse(row.fields) as VendorFields,
  }));
}
