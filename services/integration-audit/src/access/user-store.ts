import type { Transaction } from '@kempt/postgres';
import { ownAccountActions } from '../setup-changes/setup-change.ts';
import type { CrmUser, UserVersion } from './user.ts';

/** Takes users over unless something newer is known of them. At most one version of each. */
export async function saveUsers(
  tx: Transaction,
  account: string,
  { users, now }: { readonly users: readonly UserVersion[]; readonly now: Date },
): Promise<void> {
  if (users.length === 0) return;
  await tx.execute(
    `insert into crm_user as known (tenant_id, account, user_id, version, removed, name, email, username, active,
                                    user_type, roles, powers, last_login_at, created_at, first_seen_at)
     select $1, $2, told."userId", told.version, told.removed, told.name, told.email, told.username, told.active,
            told."userType", told.roles, told.powers, told."lastLoginAt", told."createdAt", $4
       from json_to_recordset($3::json) as told (
              "userId" text, version bigint, removed boolean, name text, email text, username text, active boolean,
              "userType" text, roles text[], powers text[], "lastLoginAt" timestamptz, "createdAt" timestamptz)
     on conflict (tenant_id, account, user_id) do update
       set version = excluded.version, removed = excluded.removed, name = excluded.name, email = excluded.email,
           username = excluded.username, active = excluded.active, user_type = excluded.user_type,
           roles = excluded.roles, powers = excluded.powers, last_login_at = excluded.last_login_at,
           created_at = excluded.created_at
       where known.version < excluded.version`,
    [tx.tenantId, account, JSON.stringify(users), now],
  );
}

interface UserRow {
  readonly account: string;
  readonly user_id: string;
  readonly name: string;
  readonly email: string;
  readonly username: string;
  readonly active: boolean;
  readonly removed: boolean;
  readonly user_type: string;
  readonly roles: string[];
  readonly powers: string[];
  readonly last_login_at: Date | null;
  readonly created_at: Date | null;
  readonly first_seen_at: Date;
  readonly last_administration_at: Date | null;
}

/** A user with what else is known of them. */
export interface KnownUser extends CrmUser {
  readonly account: string;
  readonly firstSeenAt: Date;
  /** Their newest setup change, changes of their own account left out; null when none is known. */
  readonly lastAdministrationAt: Date | null;
}

const userOf = (row: UserRow): KnownUser => ({
  account: row.account,
  userId: row.user_id,
  name: row.name,
  email: row.email,
  username: row.username,
  active: row.active && !row.removed,
  userType: row.user_type,
  roles: row.roles,
  powers: row.powers,
  lastLoginAt: row.last_login_at,
  createdAt: row.created_at,
  firstSeenAt: row.first_seen_at,
  lastAdministrationAt: row.last_administration_at,
});

const selectUsers = `
  select u.*, (select max(s.at) from setup_change s
                where s.tenant_id = u.tenant_id and s.account = u.account and s.user_id = u.user_id
                  and s.action <> all ($2)) as last_administration_at
    from crm_user u
   where u.tenant_id = $1`;

/** Every user of an account, those who left included. */
export async function loadUsers(tx: Transaction, account: string): Promise<KnownUser[]> {
  const rows = await tx.query<UserRow>(`${selectUsers} and u.account = $3 order by u.user_id`, [
    tx.tenantId,
    ownAccountActions,
    account,
  ]);
  return rows.map(userOf);
}

export interface UserQuery {
  readonly account?: string | undefined;
  readonly active?: boolean | undefined;
  /** Only users with any of these powers. */
  readonly powers?: readonly string[] | undefined;
  /** Only users without a log-in since then. */
  readonly noLoginSince?: Date | undefined;
  readonly after?: readonly [account: string, userId: string] | undefined;
  readonly limit: number;
}

/** Users that are still there, in the order of account and id. */
export async function listUsers(tx: Transaction, query: UserQuery): Promise<KnownUser[]> {
  const rows = await tx.query<UserRow>(
    `${selectUsers} and not u.removed
        and ($3::text is null or u.account = $3) and ($4::boolean is null or u.active = $4)
        and ($5::text[] is null or u.powers && $5)
        and ($6::timestamptz is null or u.last_login_at is null or u.last_login_at < $6)
        and ($7::text is null or (u.account, u.user_id) > ($7, $8))
      order by u.account, u.user_id limit $9`,
    [
      tx.tenantId,
      ownAccountActions,
      query.account ?? null,
      query.active ?? null,
      query.powers ?? null,
      query.noLoginSince ?? null,
      ...(query.after ?? [null, null]),
      query.limit,
    ],
  );
  return rows.map(userOf);
}

/** Names of users by id, as far as they are known. */
export async function userNames(
  tx: Transaction,
  account: string,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly name: string; readonly active: boolean }>> {
  const rows = await tx.query<{ user_id: string; name: string; active: boolean }>(
    `select user_id, name, active and not removed as active from crm_user
      where tenant_id = $1 and account = $2 and user_id = any ($3)`,
    [tx.tenantId, account, userIds],
  );
  return new Map(rows.map(({ user_id, name, active }) => [user_id, { name, active }]));
}
