import type { Transaction } from '@kempt/postgres';
import type { Position } from '../crm/crm-client.ts';
import type { SyncTarget } from './sync-target.ts';

/** How far an object was read. */
export interface SyncCursor {
  readonly phase: 'backfill' | 'deleted' | 'incremental';
  readonly fingerprint: string;
  /** Where the phase stands; null at its beginning. */
  readonly position: Position | null;
  /** Where changes go on. */
  readonly changes: Position;
  readonly backfilled: boolean;
  readonly deletedReadAt: Date | null;
  readonly recordsKnown: number;
  readonly toldRuns: number;
  readonly failures: number;
}

interface CursorRow {
  readonly phase: SyncCursor['phase'];
  readonly fingerprint: string;
  readonly position: Position | null;
  readonly changes: Position;
  readonly backfilled: boolean;
  readonly deleted_read_at: Date | null;
  readonly records_known: string;
  readonly told_runs: number;
  readonly failures: number;
}

const isTarget = 'tenant_id = $1 and account = $2 and object = $3';
const keyOf = (target: SyncTarget) => [target.tenantId, target.account, target.object];
const columns = `phase, fingerprint, position, changes, backfilled_at is not null as backfilled, deleted_read_at,
  records_known, told_runs, failures`;

const cursorOf = (row: CursorRow): SyncCursor => ({
  phase: row.phase,
  fingerprint: row.fingerprint,
  position: row.position,
  changes: row.changes,
  backfilled: row.backfilled,
  deletedReadAt: row.deleted_read_at,
  recordsKnown: Number(row.records_known),
  toldRuns: row.told_runs,
  failures: row.failures,
});

const json = (position: Position | null): string | null => (position === null ? null : JSON.stringify(position));

export async function readCursor(tx: Transaction, target: SyncTarget): Promise<SyncCursor | undefined> {
  const [row] = await tx.query<CursorRow>(`select ${columns} from sync_cursor where ${isTarget}`, keyOf(target));
  return row === undefined ? undefined : cursorOf(row);
}

/** Begins a full reading, the first one or another. What was counted stays. */
export async function beginBackfill(
  tx: Transaction,
  target: SyncTarget,
  start: { readonly fingerprint: string; readonly changes: Position },
): Promise<SyncCursor> {
  const [row] = await tx.query<CursorRow>(
    `insert into sync_cursor (tenant_id, account, object, phase, fingerprint, changes)
     values ($1, $2, $3, 'backfill', $4, $5)
     on conflict (tenant_id, account, object) do update
       set phase = 'backfill', fingerprint = excluded.fingerprint, position = null, changes = excluded.changes
     returning ${columns}`,
    [...keyOf(target), start.fingerprint, json(start.changes)],
  );
  return cursorOf(row as CursorRow);
}

/** Saves where a phase stands, with the records that were new to the mirror. */
export async function savePosition(
  tx: Transaction,
  target: SyncTarget,
  saved: { readonly phase: SyncCursor['phase']; readonly position: Position | null; readonly added: number },
): Promise<void> {
  await tx.execute(
    `update sync_cursor set phase = $4, position = $5, records_known = records_known + $6 where ${isTarget}`,
    [...keyOf(target), saved.phase, json(saved.position), saved.added],
  );
}

/** Saves where changes go on, with the records that were new to the mirror. */
export async function saveChanges(
  tx: Transaction,
  target: SyncTarget,
  saved: { readonly changes: Position; readonly added: number },
): Promise<void> {
  await tx.execute(`update sync_cursor set changes = $4, records_known = records_known + $5 where ${isTarget}`, [
    ...keyOf(target),
    json(saved.changes),
    saved.added,
  ]);
}

/** Counts records that were new to the mirror. */
export async function addKnown(tx: Transaction, target: SyncTarget, added: number): Promise<void> {
  if (added === 0) return;
  await tx.execute(`update sync_cursor set records_known = records_known + $4 where ${isTarget}`, [
    ...keyOf(target),
    added,
  ]);
}

/** The full reading has ended. */
export async function endBackfill(tx: Transaction, target: SyncTarget): Promise<void> {
  await tx.execute(
    `update sync_cursor
        set phase = 'incremental', position = null, backfilled_at = coalesce(backfilled_at, now()), deleted_read_at = now()
      where ${isTarget}`,
    keyOf(target),
  );
}

export async function endDeletedReading(tx: Transaction, target: SyncTarget): Promise<void> {
  await tx.execute(`update sync_cursor set deleted_read_at = now() where ${isTarget}`, keyOf(target));
}

export async function noteSuccess(tx: Transaction, target: SyncTarget): Promise<void> {
  await tx.execute(
    `update sync_cursor set failures = 0, succeeded_at = now(), passes = passes + 1 where ${isTarget}`,
    keyOf(target),
  );
}

/** How many looks at each of these objects ended well. */
export async function listPasses(
  tx: Transaction,
  account: string,
  objects: readonly string[],
): Promise<Map<string, number>> {
  const rows = await tx.query<{ object: string; passes: string }>(
    'select object, passes from sync_cursor where tenant_id = $1 and account = $2 and object = any ($3)',
    [tx.tenantId, account, objects],
  );
  return new Map(rows.map((row) => [row.object, Number(row.passes)]));
}

/** Has deleted records listed with the next look at each of these objects, where they are listed apart. */
export async function askForDeleted(tx: Transaction, account: string, objects: readonly string[]): Promise<void> {
  await tx.execute(
    `update sync_cursor set deleted_read_at = null where tenant_id = $1 and account = $2 and object = any ($3)`,
    [tx.tenantId, account, objects],
  );
}

/** Counts a failure and gives the number of failures since the last success, and what kind of reading failed. */
export async function noteFailure(
  tx: Transaction,
  target: SyncTarget,
): Promise<{ readonly failures: number; readonly kind: 'backfill' | 'incremental' }> {
  // An object that could not even be described has no cursor yet. One without a fingerprint is read from the beginning.
  const [row] = await tx.query<{ failures: number; phase: SyncCursor['phase'] }>(
    `insert into sync_cursor (tenant_id, account, object, phase, fingerprint, changes, failures)
     values ($1, $2, $3, 'backfill', '', '{}', 1)
     on conflict (tenant_id, account, object) do update set failures = sync_cursor.failures + 1
     returning failures, phase`,
    keyOf(target),
  );
  return { failures: row?.failures ?? 1, kind: row?.phase === 'incremental' ? 'incremental' : 'backfill' };
}

/** Takes the next number for a run that is told, and gives it with the records that are known. */
export async function takeRunNumber(
  tx: Transaction,
  target: SyncTarget,
): Promise<{ readonly sequence: number; readonly recordsKnown: number }> {
  const [row] = await tx.query<{ told_runs: number; records_known: string }>(
    `update sync_cursor set told_runs = told_runs + 1 where ${isTarget} returning told_runs, records_known`,
    keyOf(target),
  );
  return { sequence: row?.told_runs ?? 1, recordsKnown: Number(row?.records_known ?? 0) };
}

/** Makes the next run of every object of an account read everything again. */
export async function forgetFingerprints(tx: Transaction, account: string): Promise<void> {
  await tx.execute(`update sync_cursor set fingerprint = '' where tenant_id = $1 and account = $2`, [
    tx.tenantId,
    account,
  ]);
}

/** Makes every object of an account unread: its first full reading is still to come. Numbers of runs go on. */
export async function forgetReadings(tx: Transaction, account: string): Promise<void> {
  await tx.execute(
    `update sync_cursor
        set fingerprint = '', phase = 'backfill', position = null, changes = '{}', backfilled_at = null,
            deleted_read_at = null, succeeded_at = null
      where tenant_id = $1 and account = $2`,
    [tx.tenantId, account],
  );
}

/** How many of these objects were read to the end at least once. */
export async function countBackfilled(tx: Transaction, account: string, objects: readonly string[]): Promise<number> {
  const [row] = await tx.query<{ count: string }>(
    `select count(*) from sync_cursor
      where tenant_id = $1 and account = $2 and object = any ($3) and backfilled_at is not null`,
    [tx.tenantId, account, objects],
  );
  return Number(row?.count ?? 0);
}

/** Where an object stands, for people. */
export interface ObjectProgress {
  readonly account: string;
  readonly object: string;
  readonly backfilled: boolean;
  readonly recordsKnown: number;
  readonly succeededAt: Date | null;
  readonly failures: number;
}

export async function listProgress(tx: Transaction, accounts: readonly string[]): Promise<ObjectProgress[]> {
  const rows = await tx.query<{
    account: string;
    object: string;
    backfilled: boolean;
    records_known: string;
    succeeded_at: Date | null;
    failures: number;
  }>(
    `select account, object, backfilled_at is not null as backfilled, records_known, succeeded_at, failures
       from sync_cursor where tenant_id = $1 and account = any ($2) order by account, object`,
    [tx.tenantId, accounts],
  );
  return rows.map((row) => ({
    account: row.account,
    object: row.object,
    backfilled: row.backfilled,
    recordsKnown: Number(row.records_known),
    succeededAt: row.succeeded_at,
    failures: row.failures,
  }));
}
