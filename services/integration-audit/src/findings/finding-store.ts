import type { Transaction } from '@kempt/postgres';
import type { OpenFindings } from '../metrics.ts';
import type { Acceptance, Detection, Finding, FindingState, Severity } from './finding.ts';

interface FindingRow {
  readonly finding_id: string;
  readonly version: number;
  readonly state: FindingState;
  readonly severity: Severity;
  readonly rule_id: string;
  readonly account: string;
  readonly subject_kind: Detection['subjectKind'];
  readonly subject_id: string;
  readonly subject_name: string;
  readonly title: string;
  readonly evidence: Readonly<Record<string, string>>;
  readonly remedy: string;
  readonly grade: number;
  readonly opened_at: Date;
  readonly changed_at: Date;
  readonly acceptance: (Omit<Acceptance, 'at'> & { readonly at: string }) | null;
}

const findingOf = (row: FindingRow): Finding => ({
  findingId: row.finding_id,
  version: row.version,
  state: row.state,
  severity: row.severity,
  ruleId: row.rule_id,
  account: row.account,
  subjectKind: row.subject_kind,
  subjectId: row.subject_id,
  subjectName: row.subject_name,
  title: row.title,
  evidence: row.evidence,
  remedy: row.remedy,
  grade: row.grade,
  openedAt: row.opened_at,
  changedAt: row.changed_at,
  acceptance: row.acceptance === null ? null : { ...row.acceptance, at: new Date(row.acceptance.at) },
});

/** Every finding that an account has or had, their rows held until the transaction ends. */
export async function lockFindings(tx: Transaction, account: string): Promise<Finding[]> {
  const rows = await tx.query<FindingRow>(
    'select * from finding where tenant_id = $1 and account = $2 order by finding_id for update',
    [tx.tenantId, account],
  );
  return rows.map(findingOf);
}

export async function lockFinding(tx: Transaction, findingId: string): Promise<Finding | undefined> {
  const [row] = await tx.query<FindingRow>(
    'select * from finding where tenant_id = $1 and finding_id = $2 for update',
    [tx.tenantId, findingId],
  );
  return row && findingOf(row);
}

export async function findFinding(tx: Transaction, findingId: string): Promise<Finding | undefined> {
  const [row] = await tx.query<FindingRow>('select * from finding where tenant_id = $1 and finding_id = $2', [
    tx.tenantId,
    findingId,
  ]);
  return row && findingOf(row);
}

export async function saveFindings(tx: Transaction, findings: readonly Finding[]): Promise<void> {
  if (findings.length === 0) return;
  await tx.execute(
    `insert into finding (tenant_id, finding_id, version, state, severity, rule_id, account, subject_kind, subject_id,
                          subject_name, title, evidence, remedy, grade, opened_at, changed_at, acceptance)
     select $1, f."findingId", f.version, f.state, f.severity, f."ruleId", f.account, f."subjectKind", f."subjectId",
            f."subjectName", f.title, f.evidence, f.remedy, f.grade, f."openedAt", f."changedAt",
            nullif(f.acceptance, 'null'::jsonb)
       from json_to_recordset($2::json) as f (
              "findingId" uuid, version integer, state text, severity text, "ruleId" text, account text,
              "subjectKind" text, "subjectId" text, "subjectName" text, title text, evidence jsonb, remedy text,
              grade integer, "openedAt" timestamptz, "changedAt" timestamptz, acceptance jsonb)
     on conflict (tenant_id, finding_id) do update
       set version = excluded.version, state = excluded.state, severity = excluded.severity,
           subject_name = excluded.subject_name, title = excluded.title, evidence = excluded.evidence,
           remedy = excluded.remedy, grade = excluded.grade, opened_at = excluded.opened_at,
           changed_at = excluded.changed_at, acceptance = excluded.acceptance`,
    [tx.tenantId, JSON.stringify(findings)],
  );
}

/** Forgets the findings of an account that was erased; those that are not resolved belong to what came after. */
export async function removeResolved(tx: Transaction, account: string): Promise<void> {
  await tx.execute(`delete from finding where tenant_id = $1 and account = $2 and state = 'resolved'`, [
    tx.tenantId,
    account,
  ]);
}

export interface FindingQuery {
  readonly state?: FindingState | undefined;
  readonly severity?: Severity | undefined;
  readonly ruleId?: string | undefined;
  readonly account?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly after?: readonly [severityOrder: number, findingId: string] | undefined;
  readonly limit: number;
}

/** The order in which lists show them: the worst first. */
export const severityOrder: Readonly<Record<Severity, number>> = { high: 1, medium: 2, low: 3 };

export async function listFindings(tx: Transaction, query: FindingQuery): Promise<Finding[]> {
  const rows = await tx.query<FindingRow>(
    `select * from finding
      where tenant_id = $1
        and ($2::text is null or state = $2) and ($3::text is null or severity = $3)
        and ($4::text is null or rule_id = $4) and ($5::text is null or account = $5)
        and ($6::text is null or subject_id = $6)
        and ($7::smallint is null or (severity_order, finding_id) > ($7, $8::uuid))
      order by severity_order, finding_id limit $9`,
    [
      tx.tenantId,
      query.state ?? null,
      query.severity ?? null,
      query.ruleId ?? null,
      query.account ?? null,
      query.subjectId ?? null,
      ...(query.after ?? [null, null]),
      query.limit,
    ],
  );
  return rows.map(findingOf);
}

/** Open findings of all tenants, counted. In a system transaction. */
export async function countOpen(tx: Transaction): Promise<OpenFindings[]> {
  const rows = await tx.query<{ rule_id: string; severity: string; count: string }>(
    `select rule_id, severity, count(*) as count from finding where state = 'open' group by rule_id, severity`,
  );
  return rows.map(({ rule_id, severity, count }) => ({ rule: rule_id, severity, count: Number(count) }));
}
