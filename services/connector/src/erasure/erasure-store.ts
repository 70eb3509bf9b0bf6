import type { Transaction } from '@kempt/postgres';
import { eraseChanges } from '../changes/change-erasure-store.ts';
import { eraseWatched } from '../watches/watch-erasure-store.ts';

/** An account whose data is being erased. */
export interface ErasureTarget {
  readonly tenantId: string;
  readonly account: string;
}

/** How far the erasure of an account has come. */
export interface ErasureProgress {
  readonly afterObject: string;
  readonly afterRecordId: string;
  readonly erasedRecords: number;
}

export interface ErasedRecord {
  readonly object: string;
  readonly recordId: string;
  /** The version of the record as it is told with its tombstone. */
  readonly version: number;
}

/** Asks for the data of an account to be erased, from the beginning. */
export async function requestErasure(tx: Transaction, account: string): Promise<void> {
  await tx.execute(
    `insert into account_erasure (tenant_id, account) values ($1, $2)
         on conflict (tenant_id, account) do update set after_object = '', after_record_id = ''`,
    [tx.tenantId, account],
  );
}

/** Whether the data of an account is being erased. If so, the erasure does not go on before the transaction has ended. */
export async function holdsErasure(tx: Transaction, account: string): Promise<boolean> {
  const rows = await tx.query('select 1 from account_erasure where tenant_id = $1 and account = $2 for update', [
    tx.tenantId,
    account,
  ]);
  return rows.length > 0;
}

/** Accounts of all tenants that are being erased, the longest waiting first. Needs a system transaction. */
export async function listErasures(tx: Transaction): Promise<ErasureTarget[]> {
  const rows = await tx.query<{ tenant_id: string; account: string }>(
    'select tenant_id, account from account_erasure order by requested_at, tenant_id, account limit 100',
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, account: row.account }));
}

/** Takes an erasure until the transaction ends, waiting for whoever has it; undefined when it is done. */
export async function takeErasure(tx: Transaction, account: string): Promise<ErasureProgress | undefined> {
  const [row] = await tx.query<{ after_object: string; after_record_id: string; erased_records: string }>(
    `select after_object, after_record_id, erased_records from account_erasure
      where tenant_id = $1 and account = $2 for update`,
    [tx.tenantId, account],
  );
  if (row === undefined) return undefined;
  return {
    afterObject: row.after_object,
    afterRecordId: row.after_record_id,
    erasedRecords: Number(row.erased_records),
  };
}

/** Empties the next records of an account and raises their versions. Fewer than `limit` means that there are no more. */
export async function eraseRecords(
  tx: Transaction,
  account: string,
  next: { readonly after: ErasureProgress; readonly limit: number },
): Promise<ErasedRecord[]> {
  const rows = await tx.query<{ object: string; record_id: string; version: number }>(
    `with next as (
       select object, record_id from record
        where tenant_id = $1 and account = $2 and (object, record_id) > ($3, $4) and not erased
        order by object, record_id limit $5
          for update
     ), emptied as (
       update record as r
          set version = r.version + 1, fields = null, canonical = null, content_hash = '', projection_hash = '',
              modified_by = '', modified_at = 'epoch', deleted = true, merged_into = null, purged = true, erased = true
         from next
        where r.tenant_id = $1 and r.account = $2 and r.object = next.object and r.record_id = next.record_id
       returning r.object, r.record_id, r.version
     )
     select object, record_id, version from emptied order by object, record_id`,
    [tx.tenantId, account, next.after.afterObject, next.after.afterRecordId, next.limit],
  );
  return rows.map((row) => ({ object: row.object, recordId: row.record_id, version: row.version }));
}

export async function saveProgress(tx: Transaction, account: string, progress: ErasureProgress): Promise<void> {
  await tx.execute(
    `update account_erasure set after_object = $3, after_record_id = $4, erased_records = $5
      where tenant_id = $1 and account = $2`,
    [tx.tenantId, account, progress.afterObject, progress.afterRecordId, progress.erasedRecords],
  );
}

/** Removes what else was kept of single records, and the erasure itself. */
export async function endErasure(tx: Transaction, account: string): Promise<void> {
  await tx.execute('delete from skipped_record where tenant_id = $1 and account = $2', [tx.tenantId, account]);
  await eraseChanges(tx, account);
  await eraseWatched(tx, account);
  await tx.execute('delete from account_erasure where tenant_id = $1 and account = $2', [tx.tenantId, account]);
}
