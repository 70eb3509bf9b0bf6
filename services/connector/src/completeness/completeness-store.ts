import type { Transaction } from '@kempt/postgres';
import type { System } from '../crm/crm-client.ts';
import type { SyncTarget } from '../sync/sync-target.ts';

/** What was measured last of an object. */
export interface Completeness {
  readonly account: string;
  readonly object: string;
  readonly system: System;
  readonly sequence: number;
  readonly crmRecords: number;
  readonly mirrorRecords: number;
  readonly measuredAt: Date;
  readonly runId: string;
}

interface CompletenessRow {
  readonly account: string;
  readonly object: string;
  readonly system: System;
  readonly sequence: number;
  readonly crm_records: string;
  readonly mirror_records: string;
  readonly measured_at: Date;
  readonly run_id: string;
}

const columns = 'account, object, system, sequence, crm_records, mirror_records, measured_at, run_id';

const completenessOf = (row: CompletenessRow): Completeness => ({
  account: row.account,
  object: row.object,
  system: row.system,
  sequence: row.sequence,
  crmRecords: Number(row.crm_records),
  mirrorRecords: Number(row.mirror_records),
  measuredAt: row.measured_at,
  runId: row.run_id,
});

/** Living records of an object in the mirror. */
export async function countMirror(tx: Transaction, target: SyncTarget): Promise<number> {
  const [row] = await tx.query<{ count: string }>(
    'select count(*) from record where tenant_id = $1 and account = $2 and object = $3 and not deleted',
    [target.tenantId, target.account, target.object],
  );
  return Number(row?.count ?? 0);
}

/** Notes a measurement and gives it with its number. */
export async function putCompleteness(
  tx: Transaction,
  measured: Omit<Completeness, 'sequence'>,
): Promise<Completeness> {
  const [row] = await tx.query<CompletenessRow>(
    `insert into completeness (tenant_id, account, object, system, sequence, crm_records, mirror_records, measured_at, run_id)
     values ($1, $2, $3, $4, 1, $5, $6, $7, $8)
     on conflict (tenant_id, account, object) do update
       set sequence = completeness.sequence + 1, crm_records = excluded.crm_records,
           mirror_records = excluded.mirror_records, measured_at = excluded.measured_at, run_id = excluded.run_id
     returning ${columns}`,
    [
      tx.tenantId,
      measured.account,
      measured.object,
      measured.system,
      measured.crmRecords,
      measured.mirrorRecords,
      measured.measuredAt,
      measured.runId,
    ],
  );
  return completenessOf(row as CompletenessRow);
}

/** What was measured last of the objects of connections that are read, in the order of accounts and objects. */
export async function listCompleteness(
  tx: Transaction,
  filter: { readonly account?: string | undefined; readonly object?: string | undefined },
): Promise<Completeness[]> {
  const rows = await tx.query<CompletenessRow>(
    `select ${columns} from completeness
      where tenant_id = $1
        and ($2::text is null or account = $2)
        and ($3::text is null or object = $3)
        and exists (select from sync_lease
                     where sync_lease.tenant_id = completeness.tenant_id and sync_lease.account = completeness.account
                       and sync_lease.object = completeness.object)
      order by account, object`,
    [tx.tenantId, filter.account ?? null, filter.object ?? null],
  );
  return rows.map(completenessOf);
}

/** What was measured last of all tenants' objects that are read. Needs a system transaction. */
export async function listAllCompleteness(tx: Transaction): Promise<Completeness[]> {
  const rows = await tx.query<CompletenessRow>(
    `select ${columns.replaceAll(/\w+/g, 'completeness.$&')} from completeness
       join sync_lease using (tenant_id, account, object)`,
  );
  return rows.map(completenessOf);
}
