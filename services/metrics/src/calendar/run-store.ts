import type { Transaction } from '@kempt/postgres';
import type { CalendarRun, RunEnd, RunOutcome } from './run.ts';

interface RunRow {
  readonly task: string;
  readonly due_at: Date;
  readonly run_id: string;
  readonly sequence: number;
  readonly started_at: Date;
  readonly deadline: Date;
  readonly outcome: RunOutcome | null;
  readonly finished_at: Date | null;
  readonly evidence: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly performed_by: string;
  readonly requested_by: string;
}

const runOf = (row: RunRow): CalendarRun => ({
  task: row.task,
  runId: row.run_id,
  sequence: row.sequence,
  dueAt: row.due_at,
  startedAt: row.started_at,
  deadline: row.deadline,
  requestedBy: row.requested_by,
  end:
    row.outcome === null
      ? null
      : {
          outcome: row.outcome,
          finishedAt: row.finished_at ?? row.started_at,
          evidence: row.evidence,
          summary: row.summary,
          performedBy: row.performed_by,
        },
});

/** The newest run of each task. */
export async function lastRuns(tx: Transaction): Promise<ReadonlyMap<string, CalendarRun>> {
  const rows = await tx.query<RunRow>(
    `select distinct on (task) * from calendar_run where tenant_id = $1 order by task, sequence desc`,
    [tx.tenantId],
  );
  return new Map(rows.map((row) => [row.task, runOf(row)]));
}

/** Locks the run until the transaction ends. */
export async function lockRun(tx: Transaction, runId: string): Promise<CalendarRun | undefined> {
  const [row] = await tx.query<RunRow>(`select * from calendar_run where tenant_id = $1 and run_id = $2 for update`, [
    tx.tenantId,
    runId,
  ]);
  return row === undefined ? undefined : runOf(row);
}

/** False when the task has a run of this due time. */
export async function addRun(tx: Transaction, run: CalendarRun): Promise<boolean> {
  const added = await tx.execute(
    `insert into calendar_run (tenant_id, task, due_at, run_id, sequence, started_at, deadline, requested_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
    [tx.tenantId, run.task, run.dueAt, run.runId, run.sequence, run.startedAt, run.deadline, run.requestedBy],
  );
  return added > 0;
}

export async function endRun(tx: Transaction, runId: string, end: RunEnd): Promise<void> {
  await tx.execute(
    `update calendar_run set outcome = $3, finished_at = $4, evidence = $5::jsonb, summary = $6, performed_by = $7
      where tenant_id = $1 and run_id = $2`,
    [tx.tenantId, runId, end.outcome, end.finishedAt, JSON.stringify(end.evidence), end.summary, end.performedBy],
  );
}

/** Newest first. */
export async function listRuns(
  tx: Transaction,
  query: {
    readonly task?: string | undefined;
    readonly open?: boolean | undefined;
    readonly before?: readonly [startedAt: string, runId: string] | undefined;
    readonly limit: number;
  },
): Promise<CalendarRun[]> {
  const rows = await tx.query<RunRow>(
    `select * from calendar_run
      where tenant_id = $1 and ($2::text is null or task = $2)
        and ($3::boolean is null or (outcome is null) = $3)
        and ($4::timestamptz is null or (started_at, run_id) < ($4, $5::uuid))
      order by started_at desc, run_id desc limit $6`,
    [tx.tenantId, query.task ?? null, query.open ?? null, ...(query.before ?? [null, null]), query.limit],
  );
  return rows.map(runOf);
}
