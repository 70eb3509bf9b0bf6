import type { Transaction } from '@kempt/postgres';
import type { JournalEntry, Phase, StepPlace, Write, WriteResult } from './journal.ts';
import { hashOf } from './value-hash.ts';

interface JournalRow {
  readonly change_set_id: string;
  readonly sequence: number;
  readonly phase: Phase;
  readonly operation: number;
  readonly step: string;
  readonly intent: Write;
  readonly outcome: JournalEntry['outcome'];
  readonly result: WriteResult | null;
  readonly reason: string;
  readonly attempts: number;
  readonly intended_at: Date;
  readonly attempted_at: Date | null;
}

const columns =
  'change_set_id, sequence, phase, operation, step, intent, outcome, result, reason, attempts, intended_at, attempted_at';

const entryOf = (row: JournalRow): JournalEntry => ({
  changeSetId: row.change_set_id,
  sequence: row.sequence,
  phase: row.phase,
  operation: row.operation,
  step: row.step,
  intent: row.intent,
  outcome: row.outcome,
  result: row.result,
  reason: row.reason,
  attempts: row.attempts,
  intendedAt: row.intended_at,
  attemptedAt: row.attempted_at,
});

/** The newest entry of a step. */
export async function findStep(tx: Transaction, place: StepPlace): Promise<JournalEntry | undefined> {
  const [row] = await tx.query<JournalRow>(
    `select ${columns} from change_journal
      where tenant_id = $1 and change_set_id = $2 and phase = $3 and operation = $4 and step = $5
      order by sequence desc limit 1`,
    [tx.tenantId, place.changeSetId, place.phase, place.operation, place.step],
  );
  return row === undefined ? undefined : entryOf(row);
}

/** The entries of an operation that nobody has ended, oldest first. */
export async function findOpenSteps(tx: Transaction, place: Omit<StepPlace, 'step'>): Promise<JournalEntry[]> {
  const rows = await tx.query<JournalRow>(
    `select ${columns} from change_journal
      where tenant_id = $1 and change_set_id = $2 and phase = $3 and operation = $4 and outcome is null
      order by sequence`,
    [tx.tenantId, place.changeSetId, place.phase, place.operation],
  );
  return rows.map(entryOf);
}

/** Adds to the hash of the journal, which seals every entry with those before it. The change set's row is held. */
async function seal(tx: Transaction, changeSetId: string, entry: unknown): Promise<number> {
  const [row] = await tx.query<{ journal_hash: string | null; journal_length: number }>(
    'select journal_hash, journal_length from change_set where tenant_id = $1 and id = $2 for update',
    [tx.tenantId, changeSetId],
  );
  const hash = hashOf([row?.journal_hash ?? '', entry]);
  await tx.execute(
    'update change_set set journal_hash = $3, journal_length = journal_length + 1 where tenant_id = $1 and id = $2',
    [tx.tenantId, changeSetId, hash],
  );
  return (row?.journal_length ?? 0) + 1;
}

/** Notes what is about to be written. Commit before the CRM is asked. */
export async function openStep(tx: Transaction, place: StepPlace, intent: Write): Promise<JournalEntry> {
  const { changeSetId, ...step } = place;
  const sequence = await seal(tx, changeSetId, { ...step, intent });
  const [row] = await tx.query<JournalRow>(
    `insert into change_journal (tenant_id, change_set_id, sequence, phase, operation, step, intent, attempts,
                                 attempted_at)
     values ($1, $2, $3, $4, $5, $6, $7::jsonb, 1, now())
     returning ${columns}`,
    [tx.tenantId, changeSetId, sequence, place.phase, place.operation, place.step, JSON.stringify(intent)],
  );
  return entryOf(row as JournalRow);
}

/** Notes that the CRM is about to be asked again. Commit before it is. */
export async function repeatStep(tx: Transaction, entry: JournalEntry): Promise<JournalEntry> {
  const [row] = await tx.query<JournalRow>(
    `update change_journal set attempts = attempts + 1, attempted_at = now()
      where tenant_id = $1 and change_set_id = $2 and sequence = $3 and outcome is null
      returning ${columns}`,
    [tx.tenantId, entry.changeSetId, entry.sequence],
  );
  return entryOf(row as JournalRow);
}

export interface StepEnd {
  readonly outcome: 'done' | 'failed';
  readonly result: WriteResult | null;
  readonly reason: string;
  /** What was read back: it is sealed with the outcome. */
  readonly readBack: unknown;
}

export async function closeStep(tx: Transaction, entry: JournalEntry, end: StepEnd): Promise<void> {
  await seal(tx, entry.changeSetId, { sequence: entry.sequence, ...end });
  await tx.execute(
    `update change_journal set outcome = $4, result = $5::jsonb, reason = $6, finished_at = now()
      where tenant_id = $1 and change_set_id = $2 and sequence = $3 and outcome is null`,
    [
      tx.tenantId,
      entry.changeSetId,
      entry.sequence,
      end.outcome,
      end.result === null ? null : JSON.stringify(end.result),
      end.reason,
    ],
  );
}

/** Whether an operation has begun: a write of it is open or done. One that failed before an earlier plan does not count. */
export async function hasSteps(tx: Transaction, place: Omit<StepPlace, 'step'>): Promise<boolean> {
  const rows = await tx.query(
    `select 1 from change_journal where tenant_id = $1 and change_set_id = $2 and phase = $3 and operation = $4
      and outcome is distinct from 'failed' limit 1`,
    [tx.tenantId, place.changeSetId, place.phase, place.operation],
  );
  return rows.length > 0;
}
