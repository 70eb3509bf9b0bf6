import type { Transaction } from '@kempt/postgres';
import type { ObjectRef } from '../profiles/profile-store.ts';
import type { DimensionScore, RuleCount } from './score.ts';

/** Counts of an object's rules, of every owner together. */
export async function objectCounts(tx: Transaction, { account, object }: ObjectRef): Promise<RuleCount[]> {
  const rows = await tx.query<{ rule_id: string; checked: string; failed: string }>(
    `select rule_id, sum(checked) as checked, sum(failed) as failed from rule_count
      where tenant_id = $1 and account = $2 and object = $3
      group by rule_id order by rule_id`,
    [tx.tenantId, account, object],
  );
  return rows.map(countOf);
}

export interface OwnerCount extends RuleCount {
  readonly ownerId: string;
}

export async function ownerCounts(tx: Transaction, { account, object }: ObjectRef): Promise<OwnerCount[]> {
  const rows = await tx.query<{ owner_id: string; rule_id: string; checked: string; failed: string }>(
    `select owner_id, rule_id, checked, failed from rule_count
      where tenant_id = $1 and account = $2 and object = $3 and checked > 0
      order by owner_id, rule_id`,
    [tx.tenantId, account, object],
  );
  return rows.map((row) => ({ ownerId: row.owner_id, ...countOf(row) }));
}

const countOf = (row: { rule_id: string; checked: string; failed: string }): RuleCount => ({
  ruleId: row.rule_id,
  checked: Number(row.checked),
  failed: Number(row.failed),
});

/** Objects with records that rules apply to, in the order of account and object. */
export async function scoredObjects(
  tx: Transaction,
  query: {
    readonly account?: string | undefined;
    readonly object?: string | undefined;
    readonly after?: ObjectRef | undefined;
    readonly limit: number;
  },
): Promise<ObjectRef[]> {
  return tx.query<{ account: string; object: string }>(
    `select distinct account, object from rule_count
      where tenant_id = $1 and checked > 0
        and ($2::text is null or account = $2) and ($3::text is null or object = $3)
        and ($4::text is null or (account, object) > ($4, $5))
      order by account, object limit $6`,
    [
      tx.tenantId,
      query.account ?? null,
      query.object ?? null,
      query.after?.account ?? null,
      query.after?.object ?? null,
      query.limit,
    ],
  );
}

/** Living records that were judged, and their open issues. */
export async function recordFigures(
  tx: Transaction,
  { account, object }: ObjectRef,
): Promise<{ readonly records: number; readonly openIssues: number }> {
  const [row] = await tx.query<{ records: string; open_issues: string }>(
    `select (select count(*) from assessed_record
              where tenant_id = $1 and account = $2 and object = $3 and living) as records,
            (select coalesce(sum(failed), 0) from rule_count
              where tenant_id = $1 and account = $2 and object = $3) as open_issues`,
    [tx.tenantId, account, object],
  );
  return { records: Number(row?.records ?? 0), openIssues: Number(row?.open_issues ?? 0) };
}

export interface DueScore extends ObjectRef {
  readonly tenantId: string;
}

/** Objects whose counts changed since they were measured. In a system transaction. */
export async function listDueScores(tx: Transaction): Promise<DueScore[]> {
  const rows = await tx.query<{ tenant_id: string; account: string; object: string }>(
    `select tenant_id, account, object from score_due order by tenant_id, account, object limit 1000`,
  );
  return rows.map(({ tenant_id, account, object }) => ({ tenantId: tenant_id, account, object }));
}

/** Takes the object off the list; false when somebody else did. Changes from here on put it there again. */
export async function takeDueScore(tx: Transaction, { account, object }: ObjectRef): Promise<boolean> {
  const deleted = await tx.execute(`delete from score_due where tenant_id = $1 and account = $2 and object = $3`, [
    tx.tenantId,
    account,
    object,
  ]);
  return deleted > 0;
}

export interface MeasuredScore {
  readonly sequence: number;
  readonly measuredAt: Date;
  readonly score: number;
  readonly records: number;
  readonly openIssues: number;
  readonly dimensions: readonly DimensionScore[];
}

/** Adds a measurement; gives its number. Needs the row of `score_due`, which one transaction at a time can take. */
export async function saveScore(
  tx: Transaction,
  { account, object }: ObjectRef,
  score: Omit<MeasuredScore, 'sequence'>,
): Promise<number> {
  const [row] = await tx.query<{ sequence: number }>(
    `insert into quality_score (tenant_id, account, object, sequence, measured_at, score, records, open_issues, dimensions)
     select $1, $2, $3, coalesce(max(sequence), 0) + 1, $4, $5, $6, $7, $8::jsonb from quality_score
      where tenant_id = $1 and account = $2 and object = $3
     returning sequence`,
    [
      tx.tenantId,
      account,
      object,
      score.measuredAt,
      score.score,
      score.records,
      score.openIssues,
      JSON.stringify(score.dimensions),
    ],
  );
  return row?.sequence ?? 1;
}

/** Newest first. */
export async function scoreHistory(
  tx: Transaction,
  { account, object }: ObjectRef,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<MeasuredScore[]> {
  const rows = await tx.query<{
    sequence: number;
    measured_at: Date;
    score: number;
    records: string;
    open_issues: string;
    dimensions: DimensionScore[];
  }>(
    `select sequence, measured_at, score, records, open_issues, dimensions from quality_score
      where tenant_id = $1 and account = $2 and object = $3 and ($4::integer is null or sequence < $4)
      order by sequence desc limit $5`,
    [tx.tenantId, account, object, before ?? null, limit],
  );
  return rows.map((row) => ({
    sequence: row.sequence,
    measuredAt: row.measured_at,
    score: row.score,
    records: Number(row.records),
    openIssues: Number(row.open_issues),
    dimensions: row.dimensions,
  }));
}
