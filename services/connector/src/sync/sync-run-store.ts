import type { Transaction } from '@kempt/postgres';
import type { SkippedRecord } from '../crm/crm-client.ts';
import type { SyncTarget } from './sync-target.ts';

export type SyncRunKind = 'backfill' | 'incremental';

export interface RunCounts {
  readonly recordsRead: number;
  readonly recordsChanged: number;
  readonly recordsSkipped: number;
}

export interface SyncRun extends RunCounts {
  readonly id: string;
  readonly kind: SyncRunKind;
}

/** A run as it is shown. */
export interface ShownRun extends SyncRun {
  readonly account: string;
  readonly object: string;
  readonly status: 'running' | 'succeeded' | 'failed';
  readonly reasonCode: string | null;
  readonly reason: string | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

interface RunRow {
  readonly id: string;
  readonly kind: SyncRunKind;
  readonly records_read: string;
  readonly records_changed: string;
  readonly records_skipped: string;
}

const isTarget = 'tenant_id = $1 and account = $2 and object = $3';
const keyOf = (target: SyncTarget) => [target.tenantId, target.account, target.object];
const counts = 'records_read, records_changed, records_skipped';

const runOf = (row: RunRow): SyncRun => ({
  id: row.id,
  kind: row.kind,
  recordsRead: Number(row.records_read),
  recordsChanged: Number(row.records_changed),
  recordsSkipped: Number(row.records_skipped),
});

/** The run of a kind that an earlier holder left unfinished. Unfinished ones of the other kind are closed. */
export async function findUnfinishedRun(
  tx: Transaction,
  target: SyncTarget,
  kind: SyncRunKind,
): Promise<SyncRun | undefined> {
  await tx.execute(
    `update sync_run
        set status = 'failed', finished_at = now(), reason_code = 'superseded', reason = 'Another kind of reading took its place.'
      where ${isTarget} and status = 'running' and kind <> $4`,
    [...keyOf(target), kind],
  );
  const [row] = await tx.query<RunRow>(
    `select id, kind, ${counts} from sync_run where ${isTarget} and status = 'running' order by id desc limit 1`,
    keyOf(target),
  );
  return row === undefined ? undefined : runOf(row);
}

/** Begins a run. With `continues`, it goes on with the counts of the last run, which failed half-way. */
export async function insertRun(
  tx: Transaction,
  target: SyncTarget,
  run: { readonly id: string; readonly kind: SyncRunKind; readonly continues: boolean },
): Promise<SyncRun> {
  const [row] = await tx.query<RunRow>(
    `insert into sync_run (tenant_id, account, object, id, kind, status, ${counts})
     select $1, $2, $3, $4, $5, 'running', coalesce(last.records_read, 0), coalesce(last.records_changed, 0),
            coalesce(last.records_skipped, 0)
       from (select 1) as one
       left join (
         select status, kind, ${counts} from sync_run where ${isTarget} order by id desc limit 1
       ) as last on $6 and last.status = 'failed' and last.kind = $5
     returning id, kind, ${counts}`,
    [...keyOf(target), run.id, run.kind, run.continues],
  );
  return runOf(row as RunRow);
}

export async function addToRun(tx: Transaction, runId: string, added: RunCounts): Promise<SyncRun> {
  const [row] = await tx.query<RunRow>(
    `update sync_run
        set records_read = records_read + $3, records_changed = records_changed + $4, records_skipped = records_skipped + $5
      where tenant_id = $1 and id = $2
      returning id, kind, ${counts}`,
    [tx.tenantId, runId, added.recordsRead, added.recordsChanged, added.recordsSkipped],
  );
  return runOf(row as RunRow);
}

export async function finishRun(
  tx: Transaction,
  runId: string,
  outcome: { readonly status: 'succeeded' | 'failed'; readonly reasonCode?: string; readonly reason?: string },
): Promise<SyncRun> {
  const [row] = await tx.query<RunRow>(
    `update sync_run set status = $3, reason_code = $4, reason = $5, finished_at = now()
      where tenant_id = $1 and id = $2
      returning id, kind, ${counts}`,
    [tx.tenantId, runId, outcome.status, outcome.reasonCode ?? null, outcome.reason ?? null],
  );
  return runOf(row as RunRow);
}

/** Closes the run that is under way as failed, or notes one that failed before it began to count. */
export async function failRun(
  tx: Transaction,
  target: SyncTarget,
  failure: { readonly id: string; readonly kind: SyncRunKind; readonly reasonCode: string; readonly reason: string },
): Promise<SyncRun> {
  const [row] = await tx.query<RunRow>(
    `update sync_run set status = 'failed', reason_code = $4, reason = $5, finished_at = now()
      where ${isTarget} and status = 'running'
      returning id, kind, ${counts}`,
    [...keyOf(target), failure.reasonCode, failure.reason],
  );
  if (row !== undefined) return runOf(row);
  const begun = await insertRun(tx, target, { ...failure, continues: failure.kind === 'backfill' });
  return await finishRun(tx, begun.id, { status: 'failed', ...failure });
}

/** The newest runs first, beginning before an id. */
export async function listRuns(
  tx: Transaction,
  filter: { readonly account?: string | undefined; readonly object?: string | undefined },
  page: { readonly before: string | null; readonly limit: number },
): Promise<ShownRun[]> {
  const rows = await tx.query<
    RunRow & {
      account: string;
      object: string;
      status: ShownRun['status'];
      reason_code: string | null;
      reason: string | null;
      started_at: Date;
      finished_at: Date | null;
    }
  >(
    `select id, account, object, kind, status, ${counts}, reason_code, reason, started_at, finished_at
       from sync_run
      where tenant_id = $1
        and ($2::text is null or account = $2)
        and ($3::text is null or object = $3)
        and ($4::uuid is null or id < $4)
      order by id desc limit $5`,
    [tx.tenantId, filter.account ?? null, filter.object ?? null, page.before, page.limit],
  );
  return rows.map((row) => ({
    ...runOf(row),
    account: row.account,
    object: row.object,
    status: row.status,
    reasonCode: row.reason_code,
    reason: row.reason,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }));
}

/** Removes what is older than the last `keep` runs of an object. */
export async function trimRuns(tx: Transaction, target: SyncTarget, keep: number): Promise<void> {
  await tx.execute(
    `delete from sync_run
      where ${isTarget} and status <> 'running'
        and id < (select id from sync_run where ${isTarget} order by id desc offset $4 limit 1)`,
    [...keyOf(target), keep],
  );
}

/** Notes records that could not be read, and forgets those that could be read again. */
export async function saveSkipped(
  tx: Transaction,
  target: SyncTarget,
  page: { readonly skipped: readonly SkippedRecord[]; readonly readIds: readonly string[] },
): Promise<void> {
  if (page.readIds.length > 0) {
    await tx.execute(`delete from skipped_record where ${isTarget} and record_id = any ($4)`, [
      ...keyOf(target),
      page.readIds,
    ]);
  }
  if (page.skipped.length === 0) return;
  const unique = [...new Map(page.skipped.map((one) => [`${one.recordId} ${one.reason}`, one])).values()].sort(
    (left, right) => (`${left.recordId} ${left.reason}` < `${right.recordId} ${right.reason}` ? -1 : 1),
  );
  await tx.execute(
    `insert into skipped_record (tenant_id, account, object, record_id, reason, detail)
     select $1, $2, $3, record_id, reason, detail
       from unnest($4::text[], $5::text[], $6::text[]) as skipped (record_id, reason, detail)
         on conflict (tenant_id, account, object, record_id, reason)
         do update set detail = excluded.detail, seen_at = now()`,
    [
      ...keyOf(target),
      unique.map((one) => one.recordId),
      unique.map((one) => one.reason),
      unique.map((one) => one.detail),
    ],
  );
}

export async function hasSkipped(tx: Transaction, target: SyncTarget): Promise<boolean> {
  const rows = await tx.query(`select 1 from skipped_record where ${isTarget} limit 1`, keyOf(target));
  return rows.length > 0;
}

/** A record that could not be read, as it is shown. */
export interface NotedSkip {
  readonly account: string;
  readonly object: string;
  readonly recordId: string;
  readonly reason: string;
  readonly detail: string;
  readonly seenAt: Date;
}

export async function listSkipped(
  tx: Transaction,
  filter: { readonly account?: string | undefined; readonly object?: string | undefined },
  page: { readonly after: readonly [string, string, string, string] | null; readonly limit: number },
): Promise<NotedSkip[]> {
  const rows = await tx.query<{
    account: string;
    object: string;
    record_id: string;
    reason: string;
    detail: string;
    seen_at: Date;
  }>(
    `select account, object, record_id, reason, detail, seen_at from skipped_record
      where tenant_id = $1
        and ($2::text is null or account = $2)
        and ($3::text is null or object = $3)
        and (account, object, record_id, reason) > ($4, $5, $6, $7)
      order by account, object, record_id, reason limit $8`,
    [tx.tenantId, filter.account ?? null, filter.object ?? null, ...(page.after ?? ['', '', '', '']), page.limit],
  );
  return rows.map((row) => ({
    account: row.account,
    object: row.object,
    recordId: row.record_id,
    reason: row.reason,
    detail: row.detail,
    seenAt: row.seen_at,
  }));
}
