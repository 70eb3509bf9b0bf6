import type { Transaction } from '@kempt/postgres';
import type { System } from '../crm/crm-client.ts';
import type { ProbeOutcome, ProbeResult } from './probe.ts';

/** What the last probe of an account found. */
export interface CrmStatus {
  readonly account: string;
  readonly system: System;
  readonly sequence: number;
  readonly probedAt: Date;
  readonly intervalMs: number;
  readonly outcome: ProbeOutcome;
  readonly latencyMs: number;
  readonly reason: string;
  /** Since when the outcome is what it is. */
  readonly since: Date;
  /** As the CRM said last; null when it never did. */
  readonly callsRemaining: number | null;
  readonly callsAllowed: number | null;
  readonly callsReadAt: Date | null;
}

interface StatusRow {
  readonly account: string;
  readonly system: System;
  readonly sequence: number;
  readonly probed_at: Date;
  readonly interval_ms: number;
  readonly outcome: ProbeOutcome;
  readonly latency_ms: number;
  readonly reason: string;
  readonly since: Date;
  readonly calls_remaining: string | null;
  readonly calls_allowed: string | null;
  readonly calls_read_at: Date | null;
}

const columns = `account, system, sequence, probed_at, interval_ms, outcome, latency_ms, reason, since, calls_remaining,
  calls_allowed, calls_read_at`;

const numberOrNull = (text: string | null): number | null => (text === null ? null : Number(text));

const statusOf = (row: StatusRow): CrmStatus => ({
  account: row.account,
  system: row.system,
  sequence: row.sequence,
  probedAt: row.probed_at,
  intervalMs: row.interval_ms,
  outcome: row.outcome,
  latencyMs: row.latency_ms,
  reason: row.reason,
  since: row.since,
  callsRemaining: numberOrNull(row.calls_remaining),
  callsAllowed: numberOrNull(row.calls_allowed),
  callsReadAt: row.calls_read_at,
});

export async function findStatus(tx: Transaction, account: string): Promise<CrmStatus | undefined> {
  const [row] = await tx.query<StatusRow>(`select ${columns} from crm_status where tenant_id = $1 and account = $2`, [
    tx.tenantId,
    account,
  ]);
  return row === undefined ? undefined : statusOf(row);
}

/** Statuses of a tenant, in the order of the accounts. */
export async function listStatuses(tx: Transaction): Promise<CrmStatus[]> {
  const rows = await tx.query<StatusRow>(`select ${columns} from crm_status where tenant_id = $1 order by account`, [
    tx.tenantId,
  ]);
  return rows.map(statusOf);
}

/**
 * Statuses of all tenants that are as new as their interval promises, the newest last: several tenants may read one
 * account. Needs a system transaction.
 */
export async function listFreshStatuses(tx: Transaction): Promise<CrmStatus[]> {
  const rows = await tx.query<StatusRow>(
    `select ${columns} from crm_status where probed_at > now() - 3 * interval_ms * interval '1 millisecond' - interval '30 seconds'
      order by probed_at`,
  );
  return rows.map(statusOf);
}

/**
 * Notes what a probe found, and gives the status with its new number. An allowance that was not told stays as it was; one
 * that is used up is asked for again with every probe, until the CRM says of how much.
 */
export async function putStatus(
  tx: Transaction,
  probe: ProbeResult & {
    readonly account: string;
    readonly system: System;
    readonly at: Date;
    readonly intervalMs: number;
  },
): Promise<CrmStatus> {
  const [row] = await tx.query<StatusRow>(
    `insert into crm_status (tenant_id, account, system, sequence, probed_at, interval_ms, outcome, latency_ms, reason,
                             since, calls_remaining, calls_allowed, calls_read_at)
     values ($1, $2, $3, 1, $4::timestamptz, $5, $6, $7, $8, $4::timestamptz, $9::bigint, $10::bigint,
             case when $10::bigint is null then null else $4::timestamptz end)
     on conflict (tenant_id, account) do update
       set sequence = crm_status.sequence + 1, probed_at = excluded.probed_at, interval_ms = excluded.interval_ms,
           outcome = excluded.outcome, latency_ms = excluded.latency_ms, reason = excluded.reason,
           since = case when crm_status.outcome = excluded.outcome then crm_status.since else excluded.since end,
           calls_remaining = coalesce(excluded.calls_remaining, crm_status.calls_remaining),
           calls_allowed = coalesce(excluded.calls_allowed, crm_status.calls_allowed),
           calls_read_at = coalesce(excluded.calls_read_at, crm_status.calls_read_at)
     returning ${columns}`,
    [
      tx.tenantId,
      probe.account,
      probe.system,
      probe.at,
      probe.intervalMs,
      probe.outcome,
      probe.latencyMs,
      probe.reason,
      probe.allowance?.remaining ?? null,
      probe.allowance?.allowed ?? null,
    ],
  );
  return statusOf(row as StatusRow);
}
