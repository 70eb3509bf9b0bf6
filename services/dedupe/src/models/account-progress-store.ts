import { type ConnectionChanged, ConnectionStatus, type SyncRunFinished } from '@kempt/contracts';
import type { Transaction } from '@kempt/postgres';

/** Where one account stands, as far as its records matter to dedupe. */
export interface AccountProgress {
  readonly account: string;
  readonly status: ConnectionStatus;
  /** Milliseconds that the account has had this status. */
  readonly statusAgeMs: number;
  readonly objects: readonly string[];
  /** Records known to the connector when the object's first backfill ended, by object; absent while it runs. */
  readonly backfilled: Readonly<Record<string, number>>;
}

export async function saveAccount(tx: Transaction, connection: ConnectionChanged): Promise<void> {
  await tx.execute(
    `insert into known_account (tenant_id, account, status, objects, version) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, account) do update
       set status = excluded.status, objects = excluded.objects, version = excluded.version,
           status_since = case when known_account.status = excluded.status
                          then known_account.status_since else now() end
       where known_account.version < excluded.version`,
    [tx.tenantId, connection.account, connection.status, connection.objects, connection.version],
  );
}

/** Remembers the first complete reading of an object. */
export async function saveBackfill(tx: Transaction, run: SyncRunFinished): Promise<void> {
  await tx.execute(
    `insert into object_progress (tenant_id, account, object, records_known, sequence) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, account, object) do nothing`,
    [tx.tenantId, run.account, run.object, run.recordsKnown.toString(), run.sequence],
  );
}

export async function loadProgress(tx: Transaction): Promise<AccountProgress[]> {
  const rows = await tx.query<{
    account: string;
    status: ConnectionStatus;
    age_ms: number;
    objects: string[];
    backfilled: Record<string, number>;
  }>(
    `select known.account, known.status, known.objects,
            (extract(epoch from now() - known.status_since) * 1000)::float8 as age_ms,
            coalesce((
              select jsonb_object_agg(progress.object, progress.records_known)
              from object_progress as progress
              where progress.tenant_id = known.tenant_id and progress.account = known.account
            ), '{}'::jsonb) as backfilled
     from known_account as known
     where known.tenant_id = $1 and known.status <> $2
     order by known.account`,
    [tx.tenantId, ConnectionStatus.DELETED],
  );
  return rows.map((row) => ({
    account: row.account,
    status: row.status,
    statusAgeMs: row.age_ms,
    objects: row.objects,
    backfilled: row.backfilled,
  }));
}

/** Puts a tenant on the list of those that wait for their first resolution. */
export async function markPending(tx: Transaction): Promise<void> {
  await tx.execute(`insert into pending_tenant (tenant_id) values ($1) on conflict do nothing`, [tx.tenantId]);
}

export async function clearPending(tx: Transaction): Promise<void> {
  await tx.execute(`delete from pending_tenant where tenant_id = $1`, [tx.tenantId]);
}

/** Tenants that wait for their first resolution. Takes a system transaction. */
export async function pendingTenants(tx: Transaction): Promise<string[]> {
  const rows = await tx.query<{ tenant_id: string }>(`select tenant_id from pending_tenant order by tenant_id`);
  return rows.map((row) => row.tenant_id);
}
