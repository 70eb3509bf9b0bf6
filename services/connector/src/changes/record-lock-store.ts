import { formatRecordRef, type RecordRefFields } from '@kempt/contracts';
import type { Transaction } from '@kempt/postgres';

/**
 * Takes these records for a change set, all of them or none. Resolves to one that another change set is writing to, or
 * to undefined when all of them are taken.
 */
export async function takeRecords(
  tx: Transaction,
  changeSetId: string,
  records: readonly RecordRefFields[],
): Promise<string | undefined> {
  const json = JSON.stringify(
    records.map(({ account, object, recordId }) => ({ account, object, record_id: recordId })),
  );
  const from = `from jsonb_to_recordset($3::jsonb) as wanted (account text, object text, record_id text)`;
  const [held] = await tx.query<{ account: string; object: string; record_id: string }>(
    `select lock.account, lock.object, lock.record_id ${from}
       join change_record_lock as lock
         on lock.tenant_id = $1 and lock.account = wanted.account and lock.object = wanted.object
        and lock.record_id = wanted.record_id
      where lock.change_set_id <> $2 limit 1`,
    [tx.tenantId, changeSetId, json],
  );
  if (held !== undefined) {
    return formatRecordRef({ account: held.account, object: held.object, recordId: held.record_id });
  }
  // Two at a time that want the same record: the second waits here for the first, and then finds it taken.
  const taken = await tx.query<{ record_id: string; change_set_id: string }>(
    `insert into change_record_lock (tenant_id, account, object, record_id, change_set_id)
     select distinct $1, account, object, record_id, $2::uuid ${from} order by 2, 3, 4
     on conflict (tenant_id, account, object, record_id) do update set change_set_id = change_record_lock.change_set_id
     returning record_id, change_set_id`,
    [tx.tenantId, changeSetId, json],
  );
  const other = taken.find((row) => row.change_set_id !== changeSetId);
  if (other === undefined) return undefined;
  throw new RecordTakenError(other.record_id);
}

/** Somebody else was faster by a moment; the transaction has to be given up. */
export class RecordTakenError extends Error {
  readonly code = 'record-taken';
  readonly retriable = true;

  constructor(recordId: string) {
    super(`The record ${recordId} is being written to by another change set.`);
    this.name = 'RecordTakenError';
  }
}

export async function releaseRecords(tx: Transaction, changeSetId: string): Promise<void> {
  await tx.execute('delete from change_record_lock where tenant_id = $1 and change_set_id = $2', [
    tx.tenantId,
    changeSetId,
  ]);
}
