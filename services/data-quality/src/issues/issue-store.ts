import type { Transaction } from '@kempt/postgres';
import type { RecordPlace } from '../profiles/profile-store.ts';
import type { Dimension, Severity } from '../rules/rule.ts';
import { placeColumns } from './assessed-record-store.ts';

/** A record that breaks a rule, or once did. */
export interface Issue extends RecordPlace {
  readonly ruleId: string;
  readonly issueId: string;
  /** Rises by one each time it opens or closes. */
  readonly version: number;
  readonly open: boolean;
  readonly dimension: Dimension;
  readonly severity: Severity;
  /** Canonical field; empty when it is about the whole record. */
  readonly field: string;
  readonly message: string;
  readonly ownerId: string;
  /** When the change in the CRM happened that opened or closed it. */
  readonly changedAt: Date;
}

interface IssueRow {
  readonly account: string;
  readonly object: string;
  readonly record_id: string;
  readonly rule_id: string;
  readonly issue_id: string;
  readonly version: number;
  readonly open: boolean;
  readonly dimension: Dimension;
  readonly severity: Severity;
  readonly field: string;
  readonly message: string;
  readonly owner_id: string;
  readonly changed_at: Date;
}

const issueOf = (row: IssueRow): Issue => ({
  account: row.account,
  object: row.object,
  recordId: row.record_id,
  ruleId: row.rule_id,
  issueId: row.issue_id,
  version: row.version,
  open: row.open,
  dimension: row.dimension,
  severity: row.severity,
  field: row.field,
  message: row.message,
  ownerId: row.owner_id,
  changedAt: row.changed_at,
});

/** Every issue that these records have or had. Needs the locks of the objects. */
export async function loadIssues(tx: Transaction, places: readonly RecordPlace[]): Promise<Issue[]> {
  const rows = await tx.query<IssueRow>(
    `select account, object, record_id, rule_id, issue_id, version, open, dimension, severity, field, message, owner_id,
            changed_at
       from quality_issue join unnest($2::text[], $3::text[], $4::text[]) as p (account, object, record_id)
            using (account, object, record_id)
      where tenant_id = $1`,
    [tx.tenantId, ...placeColumns(places)],
  );
  return rows.map(issueOf);
}

export async function saveIssues(tx: Transaction, issues: readonly Issue[]): Promise<void> {
  if (issues.length === 0) return;
  await tx.execute(
    `insert into quality_issue (tenant_id, account, object, record_id, rule_id, issue_id, version, open, dimension,
                                severity, field, message, owner_id, changed_at)
     select $1, i.*
       from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::integer[], $8::boolean[], $9::text[],
                   $10::text[], $11::text[], $12::text[], $13::text[], $14::timestamptz[]) as i
     on conflict (tenant_id, account, object, record_id, rule_id) do update
       set version = excluded.version, open = excluded.open, dimension = excluded.dimension,
           severity = excluded.severity, field = excluded.field, message = excluded.message,
           owner_id = excluded.owner_id, changed_at = excluded.changed_at`,
    [
      tx.tenantId,
      ...placeColumns(issues),
      issues.map(({ ruleId }) => ruleId),
      issues.map(({ issueId }) => issueId),
      issues.map(({ version }) => version),
      issues.map(({ open }) => open),
      issues.map(({ dimension }) => dimension),
      issues.map(({ severity }) => severity),
      issues.map(({ field }) => field),
      issues.map(({ message }) => message),
      issues.map(({ ownerId }) => ownerId),
      issues.map(({ changedAt }) => changedAt),
    ],
  );
}

export interface IssueQuery {
  readonly account?: string | undefined;
  readonly object?: string | undefined;
  readonly recordId?: string | undefined;
  readonly ruleId?: string | undefined;
  readonly ownerId?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly open?: boolean | undefined;
  /** The page begins behind this one. */
  readonly after?: readonly [account: string, object: string, recordId: string, ruleId: string] | undefined;
  readonly limit: number;
}

/** In the order of account, object, record and rule. */
export async function listIssues(tx: Transaction, query: IssueQuery): Promise<Issue[]> {
  const rows = await tx.query<IssueRow>(
    `select * from quality_issue
      where tenant_id = $1
        and ($2::text is null or account = $2) and ($3::text is null or object = $3)
        and ($4::text is null or record_id = $4) and ($5::text is null or rule_id = $5)
        and ($6::text is null or owner_id = $6) and ($7::text is null or severity = $7)
        and ($8::boolean is null or open = $8)
        and ($9::text is null or (account, object, record_id, rule_id) > ($9, $10, $11, $12))
      order by account, object, record_id, rule_id
      limit $13`,
    [
      tx.tenantId,
      query.account ?? null,
      query.object ?? null,
      query.recordId ?? null,
      query.ruleId ?? null,
      query.ownerId ?? null,
      query.severity ?? null,
      query.open ?? null,
      ...(query.after ?? [null, null, null, null]),
      query.limit,
    ],
  );
  return rows.map(issueOf);
}
