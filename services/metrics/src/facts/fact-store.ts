import type { Transaction } from '@kempt/postgres';

/** What all facts about one thing have in common: a later version takes the place of an earlier one. */
interface Versioned {
  readonly version: number;
}

interface OfRecord extends Versioned {
  readonly account: string;
  readonly object: string;
  readonly recordId: string;
}

export interface DealFact extends OfRecord {
  readonly won: boolean;
  readonly createdAt: Date | null;
  /** Calendar date. */
  readonly closedOn: string | null;
}

export interface CaseFact extends OfRecord {
  readonly createdAt: Date | null;
  readonly closedAt: Date | null;
}

export interface FeedbackFact extends OfRecord {
  /** CSAT, NPS or CES. */
  readonly kind: string;
  readonly score: number | null;
  readonly submittedAt: Date | null;
  readonly comment: string;
}

/** Of several versions of one thing the newest, in the order of their names, so that rows are locked in one order. */
function newest<T extends Versioned>(facts: readonly T[], nameOf: (fact: T) => string): T[] {
  const byName = new Map<string, T>();
  for (const fact of facts) {
    const name = nameOf(fact);
    if (fact.version > (byName.get(name)?.version ?? -1)) byName.set(name, fact);
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, fact]) => fact);
}

const recordName = ({ account, object, recordId }: OfRecord): string => `${account}:${object}:${recordId}`;

export async function saveDeals(tx: Transaction, deals: readonly DealFact[]): Promise<void> {
  const facts = newest(deals, recordName);
  if (facts.length === 0) return;
  await tx.execute(
    `insert into deal_fact as f (tenant_id, account, object, record_id, version, won, created_at, closed_on)
     select $1, d.* from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::timestamptz[],
                                $8::date[]) as d
     on conflict (tenant_id, account, object, record_id) do update
       set version = excluded.version, won = excluded.won, created_at = excluded.created_at,
           closed_on = excluded.closed_on
     where f.version < excluded.version`,
    [
      tx.tenantId,
      facts.map(({ account }) => account),
      facts.map(({ object }) => object),
      facts.map(({ recordId }) => recordId),
      facts.map(({ version }) => version),
      facts.map(({ won }) => won),
      facts.map(({ createdAt }) => createdAt),
      facts.map(({ closedOn }) => closedOn),
    ],
  );
}

export async function saveCases(tx: Transaction, cases: readonly CaseFact[]): Promise<void> {
  const facts = newest(cases, recordName);
  if (facts.length === 0) return;
  await tx.execute(
    `insert into case_fact as f (tenant_id, account, object, record_id, version, created_at, closed_at)
     select $1, c.* from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[],
                                $7::timestamptz[]) as c
     on conflict (tenant_id, account, object, record_id) do update
       set version = excluded.version, created_at = excluded.created_at, closed_at = excluded.closed_at
     where f.version < excluded.version`,
    [
      tx.tenantId,
      facts.map(({ account }) => account),
      facts.map(({ object }) => object),
      facts.map(({ recordId }) => recordId),
      facts.map(({ version }) => version),
      facts.map(({ createdAt }) => createdAt),
      facts.map(({ closedAt }) => closedAt),
    ],
  );
}

export async function saveFeedback(tx: Transaction, feedback: readonly FeedbackFact[]): Promise<void> {
  const facts = newest(feedback, recordName);
  if (facts.length === 0) return;
  await tx.execute(
    `insert into feedback_fact as f (tenant_id, account, object, record_id, version, kind, score, submitted_at, comment)
     select $1, d.* from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::float8[],
                                $8::timestamptz[], $9::text[]) as d
     on conflict (tenant_id, account, object, record_id) do update
       set version = excluded.version, kind = excluded.kind, score = excluded.score,
           submitted_at = excluded.submitted_at, comment = excluded.comment
     where f.version < excluded.version`,
    [
      tx.tenantId,
      facts.map(({ account }) => account),
      facts.map(({ object }) => object),
      facts.map(({ recordId }) => recordId),
      facts.map(({ version }) => version),
      facts.map(({ kind }) => kind),
      facts.map(({ score }) => score),
      facts.map(({ submittedAt }) => submittedAt),
      facts.map(({ comment }) => comment),
    ],
  );
}

export interface ScoreFact {
  readonly account: string;
  readonly object: string;
  readonly sequence: number;
  readonly score: number;
  readonly records: number;
}

export async function saveScore(tx: Transaction, fact: ScoreFact): Promise<void> {
  await tx.execute(
    `insert into object_score as s (tenant_id, account, object, sequence, score, records)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, account, object) do update
       set sequence = excluded.sequence, score = excluded.score, records = excluded.records
     where s.sequence < excluded.sequence`,
    [tx.tenantId, fact.account, fact.object, fact.sequence, fact.score, fact.records],
  );
}

export interface UserFact extends Versioned {
  readonly account: string;
  readonly userId: string;
  readonly active: boolean;
  /** A person, not an integration or a process. */
  readonly person: boolean;
  readonly lastLoginAt: Date | null;
}

export async function saveUser(tx: Transaction, user: UserFact): Promise<void> {
  await tx.execute(
    `insert into crm_user as u (tenant_id, account, user_id, version, active, person, last_login_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (tenant_id, account, user_id) do update
       set version = excluded.version, active = excluded.active, person = excluded.person,
           last_login_at = greatest(u.last_login_at, excluded.last_login_at)
     where u.version < excluded.version`,
    [tx.tenantId, user.account, user.userId, user.version, user.active, user.person, user.lastLoginAt],
  );
}

/** A log-in may be told before the user is. */
export async function saveLogin(
  tx: Transaction,
  login: { readonly account: string; readonly userId: string; readonly at: Date },
): Promise<void> {
  await tx.execute(
    `insert into crm_user as u (tenant_id, account, user_id, last_login_at) values ($1, $2, $3, $4)
     on conflict (tenant_id, account, user_id) do update
       set last_login_at = greatest(u.last_login_at, excluded.last_login_at)`,
    [tx.tenantId, login.account, login.userId, login.at],
  );
}

export type AccountStatus = 'backfilling' | 'connected' | 'failing' | 'paused' | 'deleted' | 'unknown';

export interface AccountFact extends Versioned {
  readonly account: string;
  readonly status: AccountStatus;
  readonly objects: readonly string[];
  readonly changedAt: Date;
}

export async function saveAccount(tx: Transaction, fact: AccountFact): Promise<void> {
  await tx.execute(
    `insert into account_state as a (tenant_id, account, version, status, objects, changed_at)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, account) do update
       set version = excluded.version, status = excluded.status, objects = excluded.objects,
           changed_at = excluded.changed_at
     where a.version < excluded.version`,
    [tx.tenantId, fact.account, fact.version, fact.status, fact.objects, fact.changedAt],
  );
}

/** Accounts that were not deleted. */
export async function listAccounts(tx: Transaction): Promise<AccountFact[]> {
  const rows = await tx.query<{
    account: string;
    version: string;
    status: AccountStatus;
    objects: string[];
    changed_at: Date;
  }>(
    `select account, version, status, objects, changed_at from account_state
      where tenant_id = $1 and status <> 'deleted' order by account`,
    [tx.tenantId],
  );
  return rows.map((row) => ({
    account: row.account,
    version: Number(row.version),
    status: row.status,
    objects: row.objects,
    changedAt: row.changed_at,
  }));
}

export interface CompletenessFact {
  readonly account: string;
  readonly object: string;
  readonly sequence: number;
  readonly crmRecords: number;
  readonly mirrorRecords: number;
  readonly measuredAt: Date;
}

export async function saveCompleteness(tx: Transaction, fact: CompletenessFact): Promise<void> {
  await tx.execute(
    `insert into object_completeness as c (tenant_id, account, object, sequence, crm_records, mirror_records, measured_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (tenant_id, account, object) do update
       set sequence = excluded.sequence, crm_records = excluded.crm_records, mirror_records = excluded.mirror_records,
           measured_at = excluded.measured_at
     where c.sequence < excluded.sequence`,
    [tx.tenantId, fact.account, fact.object, fact.sequence, fact.crmRecords, fact.mirrorRecords, fact.measuredAt],
  );
}

export async function listCompleteness(tx: Transaction): Promise<CompletenessFact[]> {
  const rows = await tx.query<{
    account: string;
    object: string;
    sequence: string;
    crm_records: string;
    mirror_records: string;
    measured_at: Date;
  }>(
    `select account, object, sequence, crm_records, mirror_records, measured_at from object_completeness
      where tenant_id = $1 order by account, object`,
    [tx.tenantId],
  );
  return rows.map((row) => ({
    account: row.account,
    object: row.object,
    sequence: Number(row.sequence),
    crmRecords: Number(row.crm_records),
    mirrorRecords: Number(row.mirror_records),
    measuredAt: row.measured_at,
  }));
}

export async function saveProposal(
  tx: Transaction,
  fact: { readonly proposalId: string; readonly version: number; readonly open: boolean; readonly at: Date },
): Promise<void> {
  await tx.execute(
    `insert into merge_proposal as p (tenant_id, proposal_id, version, open, first_at) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, proposal_id) do update set version = excluded.version, open = excluded.open
     where p.version < excluded.version`,
    [tx.tenantId, fact.proposalId, fact.version, fact.open, fact.at],
  );
}

export async function saveDecision(
  tx: Transaction,
  fact: { readonly decisionId: string; readonly version: number; readonly revoked: boolean; readonly at: Date },
): Promise<void> {
  await tx.execute(
    `insert into review_decision as d (tenant_id, decision_id, version, revoked, decided_at)
     values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, decision_id) do update
       set version = excluded.version, revoked = excluded.revoked, decided_at = excluded.decided_at
     where d.version < excluded.version`,
    [tx.tenantId, fact.decisionId, fact.version, fact.revoked, fact.at],
  );
}

/** Where the review of duplicates stands. */
export async function reviewFigures(
  tx: Transaction,
  since: Date,
): Promise<{ readonly open: number; readonly oldestOpenAt: Date | null; readonly decidedSince: number }> {
  const [row] = await tx.query<{ open: string; oldest: Date | null; decided: string }>(
    `select count(*) as open, min(first_at) as oldest,
            (select count(*) from review_decision where tenant_id = $1 and not revoked and decided_at >= $2) as decided
       from merge_proposal where tenant_id = $1 and open`,
    [tx.tenantId, since],
  );
  return {
    open: Number(row?.open ?? 0),
    oldestOpenAt: row?.oldest ?? null,
    decidedSince: Number(row?.decided ?? 0),
  };
}
