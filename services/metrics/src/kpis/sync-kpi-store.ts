import type { Transaction } from '@kempt/postgres';
import type { FinishedRun, SyncKpi } from './sync-kpi.ts';

/**
 * Remembers a run. One that comes late changes neither the last run nor the last success, unless it is the newest
 * success that is known.
 */
export async function saveRun(tx: Transaction, run: FinishedRun): Promise<void> {
  const succeeded = run.outcome === 'succeeded';
  await tx.execute(
    `insert into sync_kpi as known
       (tenant_id, account, object, sequence, kind, outcome, reason, records_read, records_changed, records_skipped,
        records_known, finished_at, last_success_sequence, last_success_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     on conflict (tenant_id, account, object) do update set
       (last_success_sequence, last_success_at) = (
         select case when newer then excluded.last_success_sequence else known.last_success_sequence end,
                case when newer then excluded.last_success_at else known.last_success_at end
           from (select excluded.last_success_sequence > coalesce(known.last_success_sequence, -1) as newer) as success),
       (sequence, kind, outcome, reason, records_read, records_changed, records_skipped, records_known, finished_at) = (
         select latest.*
           from (select excluded.sequence, excluded.kind, excluded.outcome, excluded.reason, excluded.records_read,
                        excluded.records_changed, excluded.records_skipped, excluded.records_known, excluded.finished_at
                  union all
                 select known.sequence, known.kind, known.outcome, known.reason, known.records_read,
                        known.records_changed, known.records_skipped, known.records_known, known.finished_at) as latest
          order by latest.sequence desc limit 1)`,
    [
      tx.tenantId,
      run.account,
      run.object,
      run.sequence,
      run.kind,
      run.outcome,
      run.reason,
      run.recordsRead,
      run.recordsChanged,
      run.recordsSkipped,
      run.recordsKnown,
      run.finishedAt,
      succeeded ? run.sequence : null,
      succeeded ? run.finishedAt : null,
    ],
  );
}

export interface SyncKpiQuery {
  readonly account?: string | undefined;
  readonly object?: string | undefined;
  /** The page begins behind this object. */
  readonly after?: { readonly account: string; readonly object: string } | undefined;
  readonly limit: number;
}

/** In the order of account and object. */
export async function listSyncKpis(tx: Transaction, query: SyncKpiQuery): Promise<SyncKpi[]> {
  const rows = await tx.query<Omit<SyncKpi, 'sequence'> & { sequence: string }>(
    `select account, object, sequence, kind, outcome, reason, records_read as "recordsRead",
            records_changed as "recordsChanged", records_skipped as "recordsSkipped", records_known as "recordsKnown",
            finished_at as "finishedAt", last_success_at as "lastSuccessAt"
       from sync_kpi
      where tenant_id = $1
        and ($2::text is null or account = $2) and ($3::text is null or object = $3)
        and ($4::text is null or (account, object) > ($4, $5))
      order by account, object
      limit $6`,
    [
      tx.tenantId,
      query.account ?? null,
      query.object ?? null,
      query.after?.account ?? null,
      query.after?.object ?? null,
      query.limit,
    ],
  );
  return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }));
}

/** When a run over an object last succeeded in any account of a system, over all tenants. Takes a system transaction. */
export async function newestSuccesses(
  tx: Transaction,
): Promise<{ readonly system: string; readonly object: string; readonly at: Date }[]> {
  return tx.query(
    `select split_part(account, ':', 1) as system, object, max(last_success_at) as at
       from sync_kpi where last_success_at is not null group by 1, 2`,
  );
}
