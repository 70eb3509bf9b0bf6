import type { Transaction } from '@kempt/postgres';

/** One log-in, tried or done, as an event tells of it. */
export interface LoginVersion {
  readonly loginId: string;
  readonly version: number;
  readonly userId: string;
  readonly at: Date;
  readonly application: string;
  readonly sourceIp: string;
  readonly succeeded: boolean;
  readonly status: string;
}

export async function saveLogins(tx: Transaction, account: string, logins: readonly LoginVersion[]): Promise<void> {
  if (logins.length === 0) return;
  await tx.execute(
    `insert into crm_login as known (tenant_id, account, login_id, version, user_id, at, application, source_ip,
                                     succeeded, status)
     select $1, $2, told."loginId", told.version, told."userId", told.at, told.application, told."sourceIp",
            told.succeeded, told.status
       from json_to_recordset($3::json) as told (
              "loginId" text, version bigint, "userId" text, at timestamptz, application text, "sourceIp" text,
              succeeded boolean, status text)
     on conflict (tenant_id, account, login_id) do update
       set version = excluded.version, user_id = excluded.user_id, at = excluded.at,
           application = excluded.application, source_ip = excluded.source_ip, succeeded = excluded.succeeded,
           status = excluded.status
       where known.version < excluded.version`,
    [tx.tenantId, account, JSON.stringify(logins)],
  );
}

/** When each application last logged in. */
export async function lastLoginsOfApplications(tx: Transaction, account: string): Promise<ReadonlyMap<string, Date>> {
  const rows = await tx.query<{ application: string; at: Date }>(
    `select application, max(at) as at from crm_login
      where tenant_id = $1 and account = $2 and succeeded and application <> '' group by application`,
    [tx.tenantId, account],
  );
  return new Map(rows.map(({ application, at }) => [application, at]));
}

export interface FailedLogin {
  readonly userId: string;
  readonly at: Date;
  readonly sourceIp: string;
}

/** In the order of their time. */
export async function failedLogins(tx: Transaction, account: string, since: Date): Promise<FailedLogin[]> {
  const rows = await tx.query<{ user_id: string; at: Date; source_ip: string }>(
    `select user_id, at, source_ip from crm_login
      where tenant_id = $1 and account = $2 and at >= $3 and not succeeded order by at, login_id`,
    [tx.tenantId, account, since],
  );
  return rows.map(({ user_id, at, source_ip }) => ({ userId: user_id, at, sourceIp: source_ip }));
}

/** Whether any log-in of the account is known. */
export async function knowsLogins(tx: Transaction, account: string): Promise<boolean> {
  const [row] = await tx.query<{ known: boolean }>(
    `select exists (select from crm_login where tenant_id = $1 and account = $2)
         or exists (select from crm_user where tenant_id = $1 and account = $2 and last_login_at is not null) as known`,
    [tx.tenantId, account],
  );
  return row?.known ?? false;
}

export async function forgetLogins(tx: Transaction, account: string, before: Date): Promise<void> {
  await tx.execute('delete from crm_login where tenant_id = $1 and account = $2 and at < $3', [
    tx.tenantId,
    account,
    before,
  ]);
}
