import type { Transaction } from '@kempt/postgres';
import { systemOf } from '../access/user.ts';
import type { CrmIntegration } from './crm-integration.ts';
import type { Integration, IntegrationKind, IntegrationStatus } from './integration.ts';

/**
 * Takes what an event says into the register, unless something newer is known. The status keeps its beginning while it
 * stays the same, and so does the entry. Resolves to whether anything was news.
 */
export async function saveIntegration(tx: Transaction, integration: Integration): Promise<boolean> {
  const { id, kind, account, system, name, status, statusSince, registeredAt, objects, version } = integration;
  const count = await tx.execute(
    `insert into integration as known
       (tenant_id, id, kind, account, system, name, status, status_since, registered_at, objects, version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (tenant_id, id) do update
       set system = excluded.system, name = excluded.name, status = excluded.status, objects = excluded.objects,
           version = excluded.version,
           status_since = case when known.status = excluded.status then known.status_since else excluded.status_since end
       where known.version < excluded.version`,
    [tx.tenantId, id, kind, account, system, name, status, statusSince, registeredAt, objects, version],
  );
  return count > 0;
}

/** Removes what was erased, and says whether it was there; a tombstone that comes late removes nothing newer. */
export async function removeIntegration(
  tx: Transaction,
  { id, version }: { readonly id: string; readonly version: number },
): Promise<boolean> {
  const removed = await tx.execute('delete from integration where tenant_id = $1 and id = $2 and version < $3', [
    tx.tenantId,
    id,
    version,
  ]);
  return removed > 0;
}

/**
 * Brings the apps and clients of an account on the register to what is known now, and gives those that changed. What is
 * gone stays as deleted.
 */
export async function saveCrmIntegrations(
  tx: Transaction,
  account: string,
  { integrations, now }: { readonly integrations: readonly CrmIntegration[]; readonly now: Date },
): Promise<{ readonly kind: IntegrationKind; readonly status: IntegrationStatus }[]> {
  const rows = integrations.map((one) => ({
    id: one.id,
    kind: one.kind,
    name: one.name,
    status: one.removed ? 'deleted' : 'connected',
    registeredAt: one.createdAt ?? now,
    appKind: one.appKind,
    userIds: one.userIds,
    lastUsedAt: one.lastUsedAt,
    calls: one.calls,
    peakDay: one.peak?.day ?? '',
    peakCalls: one.peak?.calls ?? 0,
    dailyLimit: one.peak?.dailyLimit ?? 0,
  }));
  const told = await tx.query<{ kind: IntegrationKind; status: IntegrationStatus }>(
    `insert into integration as known
       (tenant_id, id, kind, account, system, name, status, status_since, registered_at, objects, version, app_kind,
        user_ids, last_used_at, calls, peak_day, peak_calls, daily_limit)
     select $1, i.id, i.kind, $2, $3, i.name, i.status, $5, i."registeredAt", '{}', 1, i."appKind", i."userIds",
            i."lastUsedAt", i.calls, i."peakDay", i."peakCalls", i."dailyLimit"
       from json_to_recordset($4::json) as i (
              id text, kind text, name text, status text, "registeredAt" timestamptz, "appKind" text, "userIds" text[],
              "lastUsedAt" timestamptz, calls bigint, "peakDay" text, "peakCalls" bigint, "dailyLimit" bigint)
     on conflict (tenant_id, id) do update
       set name = excluded.name, status = excluded.status, version = known.version + 1, app_kind = excluded.app_kind,
           user_ids = excluded.user_ids, last_used_at = excluded.last_used_at, calls = excluded.calls,
           peak_day = excluded.peak_day, peak_calls = excluded.peak_calls, daily_limit = excluded.daily_limit,
           status_since = case when known.status = excluded.status then known.status_since else excluded.status_since end
       where (known.name, known.status, known.app_kind, known.user_ids, known.last_used_at, known.calls, known.peak_day,
              known.peak_calls, known.daily_limit)
             is distinct from
             (excluded.name, excluded.status, excluded.app_kind, excluded.user_ids, excluded.last_used_at,
              excluded.calls, excluded.peak_day, excluded.peak_calls, excluded.daily_limit)
     returning kind, status`,
    [tx.tenantId, account, systemOf(account), JSON.stringify(rows), now],
  );
  const gone = await tx.query<{ kind: IntegrationKind; status: IntegrationStatus }>(
    `update integration set status = 'deleted', status_since = $4, version = version + 1
      where tenant_id = $1 and account = $2 and kind <> 'kempt-connection' and status <> 'deleted' and id <> all ($3)
      returning kind, status`,
    [tx.tenantId, account, rows.map(({ id }) => id), now],
  );
  return [...told, ...gone];
}

/** Takes what is gone off the register, of an account that was erased. */
export async function removeDeletedIntegrations(tx: Transaction, account: string): Promise<void> {
  await tx.execute(
    `delete from integration where tenant_id = $1 and account = $2 and kind <> 'kempt-connection' and status = 'deleted'`,
    [tx.tenantId, account],
  );
}

interface IntegrationRow {
  readonly id: string;
  readonly kind: IntegrationKind;
  readonly account: string;
  readonly system: string;
  readonly name: string;
  readonly status: IntegrationStatus;
  readonly status_since: Date;
  readonly registered_at: Date;
  readonly objects: string[];
  readonly version: string;
  readonly app_kind: string;
  readonly user_ids: string[];
  readonly last_used_at: Date | null;
  readonly calls: string;
  readonly peak_day: string;
  readonly peak_calls: string;
  readonly daily_limit: string;
}

function fromRow(row: IntegrationRow): Integration {
  const { id, kind, account, system, name, status, objects } = row;
  return {
    id,
    kind,
    account,
    system,
    name,
    status,
    statusSince: row.status_since,
    registeredAt: row.registered_at,
    objects,
    version: Number(row.version),
    use:
      kind === 'kempt-connection'
        ? null
        : {
            appKind: row.app_kind,
            userIds: row.user_ids,
            lastUsedAt: row.last_used_at,
            calls: Number(row.calls),
            peak:
              row.peak_day === ''
                ? null
                : { day: row.peak_day, calls: Number(row.peak_calls), dailyLimit: Number(row.daily_limit) },
          },
  };
}

export interface IntegrationQuery {
  readonly status?: IntegrationStatus | undefined;
  readonly kind?: IntegrationKind | undefined;
  readonly account?: string | undefined;
  /** The page begins behind this id. */
  readonly after: string;
  readonly limit: number;
}

/** The register in the order of ids. */
export async function listIntegrations(tx: Transaction, query: IntegrationQuery): Promise<Integration[]> {
  const rows = await tx.query<IntegrationRow>(
    `select * from integration
      where tenant_id = $1 and id > $2 and ($3::text is null or status = $3)
        and ($4::text is null or kind = $4) and ($5::text is null or account = $5)
      order by id limit $6`,
    [tx.tenantId, query.after, query.status ?? null, query.kind ?? null, query.account ?? null, query.limit],
  );
  return rows.map(fromRow);
}

export async function findIntegration(tx: Transaction, id: string): Promise<Integration | undefined> {
  const [row] = await tx.query<IntegrationRow>('select * from integration where tenant_id = $1 and id = $2', [
    tx.tenantId,
    id,
  ]);
  return row && fromRow(row);
}
