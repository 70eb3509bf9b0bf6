import type { RecordRefFields } from '@kempt/contracts';
import type { Transaction } from '@kempt/postgres';

/** Which of these records are in the mirror, as `account:object:recordId`. */
export async function knownRecords(tx: Transaction, records: readonly RecordRefFields[]): Promise<Set<string>> {
  const rows = await tx.query<{ ref: string }>(
    `select record.account || ':' || record.object || ':' || record.record_id as ref
       from jsonb_to_recordset($2::jsonb) as wanted (account text, object text, "recordId" text)
       join record on record.tenant_id = $1 and record.account = wanted.account and record.object = wanted.object
        and record.record_id = wanted."recordId"`,
    [tx.tenantId, JSON.stringify(records.map(({ account, object, recordId }) => ({ account, object, recordId })))],
  );
  return new Set(rows.map((row) => row.ref));
}
