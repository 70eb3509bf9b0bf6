import type { Transaction } from '@kempt/postgres';
import type { SurveyAnswer } from './kpi-formulas.ts';

/** Newest scores of objects. */
export async function objectScores(tx: Transaction): Promise<{ readonly score: number; readonly records: number }[]> {
  const rows = await tx.query<{ score: number; records: string }>(
    `select score, records from object_score where tenant_id = $1`,
    [tx.tenantId],
  );
  return rows.map(({ score, records }) => ({ score, records: Number(records) }));
}

export async function activePeople(tx: Transaction): Promise<{ readonly lastLoginAt: Date | null }[]> {
  const rows = await tx.query<{ last_login_at: Date | null }>(
    `select last_login_at from crm_user where tenant_id = $1 and active and person`,
    [tx.tenantId],
  );
  return rows.map(({ last_login_at }) => ({ lastLoginAt: last_login_at }));
}

export async function wonDeals(tx: Transaction): Promise<{ readonly createdAt: Date; readonly closedOn: string }[]> {
  const rows = await tx.query<{ created_at: Date; closed_on: string }>(
    `select created_at, closed_on from deal_fact
      where tenant_id = $1 and won and created_at is not null and closed_on is not null`,
    [tx.tenantId],
  );
  return rows.map(({ created_at, closed_on }) => ({ createdAt: created_at, closedOn: closed_on }));
}

export async function answersSince(tx: Transaction, since: Date): Promise<SurveyAnswer[]> {
  return tx.query<{ kind: string; score: number }>(
    `select kind, score from feedback_fact where tenant_id = $1 and score is not null and submitted_at >= $2`,
    [tx.tenantId, since],
  );
}

export async function hoursToCloseSince(tx: Transaction, since: Date): Promise<number[]> {
  const rows = await tx.query<{ hours: number }>(
    `select (extract(epoch from closed_at - created_at) / 3600)::float8 as hours from case_fact
      where tenant_id = $1 and closed_at >= $2 and created_at <= closed_at`,
    [tx.tenantId, since],
  );
  return rows.map(({ hours }) => hours);
}
