import type { Transaction } from '@kempt/postgres';
import type { AppFact, UsageFact } from './crm-integration.ts';

export interface AppVersion extends AppFact {
  readonly version: number;
}

export async function saveApps(tx: Transaction, account: string, apps: readonly AppVersion[]): Promise<void> {
  if (apps.length === 0) return;
  await tx.execute(
    `insert into crm_app as known (tenant_id, account, app_id, version, removed, name, app_kind, user_ids, use_count,
                                   last_used_at, created_at)
     select $1, $2, told."appId", told.version, told.removed, told.name, told."appKind", told."userIds",
            told."useCount", told."lastUsedAt", told."createdAt"
       from json_to_recordset($3::json) as told (
              "appId" text, version bigint, removed boolean, name text, "appKind" text, "userIds" text[],
              "useCount" bigint, "lastUsedAt" timestamptz, "createdAt" timestamptz)
     on conflict (tenant_id, account, app_id) do update
       set version = excluded.version, removed = excluded.removed, name = excluded.name, app_kind = excluded.app_kind,
           user_ids = excluded.user_ids, use_count = excluded.use_count, last_used_at = excluded.last_used_at,
           created_at = excluded.created_at
       where known.version < excluded.version`,
    [tx.tenantId, account, JSON.stringify(apps)],
  );
}

export interface UsageVersion extends UsageFact {
  readonly usageId: string;
  readonly version: number;
}

export async function saveUsages(tx: Transaction, account: string, usages: readonly UsageVersion[]): Promise<void> {
  if (usages.length === 0) return;
  await tx.execute(
    `insert into api_usage as known (tenant_id, account, usage_id, version, day, app_id, app_name, calls, daily_limit)
     select $1, $2, told."usageId", told.version, told.day, told."appId", told."appName", told.calls, told."dailyLimit"
       from json_to_recordset($3::json) as told (
              "usageId" text, version bigint, day date, "appId" text, "appName" text, calls bigint, "dailyLimit" bigint)
     on conflict (tenant_id, account, usage_id) do update
       set version = excluded.version, day = excluded.day, app_id = excluded.app_id, app_name = excluded.app_name,
           calls = excluded.calls, daily_limit = excluded.daily_limit
       where known.version < excluded.version`,
    [tx.tenantId, account, JSON.stringify(usages)],
  );
}

interface AppRow {
  readonly app_id: string;
  readonly removed: boolean;
  readonly name: string;
  readonly app_kind: string;
  readonly user_ids: string[];
  readonly use_count: string;
  readonly last_used_at: Date | null;
  readonly created_at: Date | null;
}

/** Every app of an account, those that are gone included. */
export async function loadApps(tx: Transaction, account: string): Promise<AppFact[]> {
  const rows = await tx.query<AppRow>(
    `select app_id, removed, name, app_kind, user_ids, use_count, last_used_at, created_at from crm_app
      where tenant_id = $1 and account = $2 order by app_id`,
    [tx.tenantId, account],
  );
  return rows.map((row) => ({
    appId: row.app_id,
    removed: row.removed,
    name: row.name,
    appKind: row.app_kind,
    userIds: row.user_ids,
    useCount: Number(row.use_count),
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
  }));
}

interface UsageRow {
  readonly day: string;
  readonly app_id: string;
  readonly app_name: string;
  readonly calls: string;
  readonly daily_limit: string;
}

/** Days on which calls were made, in the order of days. */
export async function loadUsages(tx: Transaction, account: string): Promise<UsageFact[]> {
  const rows = await tx.query<UsageRow>(
    `select day::text as day, app_id, app_name, calls, daily_limit from api_usage
      where tenant_id = $1 and account = $2 and calls > 0 order by day, app_id, app_name`,
    [tx.tenantId, account],
  );
  return rows.map((row) => ({
    day: row.day,
    appId: row.app_id,
    appName: row.app_name,
    calls: Number(row.calls),
    dailyLimit: Number(row.daily_limit),
  }));
}

export async function forgetUsages(tx: Transaction, account: string, before: Date): Promise<void> {
  await tx.execute('delete from api_usage where tenant_id = $1 and account = $2 and day < $3::date', [
    tx.tenantId,
    account,
    before.toISOString().slice(0, 10),
  ]);
}
