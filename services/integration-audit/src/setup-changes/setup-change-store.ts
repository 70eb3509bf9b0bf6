import type { Transaction } from '@kempt/postgres';
import type { SetupChange } from './setup-change.ts';

export interface SetupChangeVersion extends SetupChange {
  readonly version: number;
}

export async function saveSetupChanges(
  tx: Transaction,
  account: string,
  changes: readonly SetupChangeVersion[],
): Promise<void> {
  if (changes.length === 0) return;
  await tx.execute(
    `insert into setup_change as known (tenant_id, account, change_id, version, at, user_id, action, section, display)
     select $1, $2, told."changeId", told.version, told.at, told."userId", told.action, told.section, told.display
       from json_to_recordset($3::json) as told (
              "changeId" text, version bigint, at timestamptz, "userId" text, action text, section text, display text)
     on conflict (tenant_id, account, change_id) do update
       set version = excluded.version, at = excluded.at, user_id = excluded.user_id, action = excluded.action,
           section = excluded.section, display = excluded.display
       where known.version < excluded.version`,
    [tx.tenantId, account, JSON.stringify(changes)],
  );
}

interface SetupChangeRow {
  readonly account: string;
  readonly change_id: string;
  readonly at: Date;
  readonly user_id: string;
  readonly action: string;
  readonly section: string;
  readonly display: string;
  readonly user_name: string | null;
}

/** A setup change and who made it. */
export interface KnownSetupChange extends SetupChange {
  readonly account: string;
  /** Empty when the CRM does not show the user. */
  readonly userName: string;
}

const changeOf = (row: SetupChangeRow): KnownSetupChange => ({
  account: row.account,
  changeId: row.change_id,
  at: row.at,
  userId: row.user_id,
  action: row.action,
  section: row.section,
  display: row.display,
  userName: row.user_name ?? '',
});

const selectChanges = `
  select s.*, u.name as user_name
    from setup_change s
    left join crm_user u on u.tenant_id = s.tenant_id and u.account = s.account and u.user_id = s.user_id
   where s.tenant_id = $1`;

export interface SetupChangeQuery {
  readonly account?: string | undefined;
  readonly userId?: string | undefined;
  readonly actions?: readonly string[] | undefined;
  readonly since: Date;
  /** The page begins behind this one. */
  readonly before?: readonly [at: string, account: string, changeId: string] | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listSetupChanges(tx: Transaction, query: SetupChangeQuery): Promise<KnownSetupChange[]> {
  const rows = await tx.query<SetupChangeRow>(
    `${selectChanges} and s.at >= $2
        and ($3::text is null or s.account = $3) and ($4::text is null or s.user_id = $4)
        and ($5::text[] is null or s.action = any ($5))
        and ($6::timestamptz is null or (s.at, s.account, s.change_id) < ($6, $7, $8))
      order by s.at desc, s.account desc, s.change_id desc limit $9`,
    [
      tx.tenantId,
      query.since,
      query.account ?? null,
      query.userId ?? null,
      query.actions ?? null,
      ...(query.before ?? [null, null, null]),
      query.limit,
    ],
  );
  return rows.map(changeOf);
}

/** Whether any setup change of the account is known. */
export async function knowsSetupChanges(tx: Transaction, account: string): Promise<boolean> {
  const rows = await tx.query('select 1 from setup_change where tenant_id = $1 and account = $2 limit 1', [
    tx.tenantId,
    account,
  ]);
  return rows.length > 0;
}

export async function forgetSetupChanges(tx: Transaction, account: string, before: Date): Promise<void> {
  await tx.execute('delete from setup_change where tenant_id = $1 and account = $2 and at < $3', [
    tx.tenantId,
    account,
    before,
  ]);
}
