import type { Transaction } from '@kempt/postgres';

export interface Waiting {
  readonly now: Date;
  /** An account that goes on changing is assessed all the same, after twelve times as long. */
  readonly settleMs: number;
}

const longestWait = 12;

/**
 * Notes that something new is known of an account, and holds its row until the transaction ends: call it before anything
 * else of the account is written. Gives when the account was last erased: what was read before must not come back.
 */
export async function noteNews(tx: Transaction, account: string, { now, settleMs }: Waiting): Promise<Date | null> {
  const [row] = await tx.query<{ erased_at: Date | null }>(
    `insert into audited_account as known (tenant_id, account, first_seen_at, waiting_since, due_at)
     values ($1, $2, $3, $3, $4)
     on conflict (tenant_id, account) do update
       set first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
           waiting_since = coalesce(known.waiting_since, excluded.waiting_since),
           due_at = least($4, coalesce(known.waiting_since, excluded.waiting_since) + make_interval(secs => $5))
     returning erased_at`,
    [tx.tenantId, account, now, new Date(now.getTime() + settleMs), (settleMs * longestWait) / 1000],
  );
  return row?.erased_at ?? null;
}

/** Forgets what is known of an account. Its findings are resolved and forgotten at the next assessment. */
export async function eraseAccount(
  tx: Transaction,
  account: string,
  { erasedAt, now }: { readonly erasedAt: Date; readonly now: Date },
): Promise<void> {
  await tx.execute(
    `insert into audited_account as known (tenant_id, account, first_seen_at, waiting_since, due_at, erased, erased_at)
     values ($1, $2, 'infinity', $3, $3, true, $4)
     on conflict (tenant_id, account) do update
       set first_seen_at = 'infinity', waiting_since = $3, due_at = $3, erased = true,
           erased_at = greatest(known.erased_at, excluded.erased_at)`,
    [tx.tenantId, account, now, erasedAt],
  );
  for (const table of ['crm_user', 'crm_login', 'crm_app', 'api_usage', 'setup_change']) {
    await tx.execute(`delete from ${table} where tenant_id = $1 and account = $2`, [tx.tenantId, account]);
  }
}

export interface AccountPlace {
  readonly tenantId: string;
  readonly account: string;
}

/** Accounts that are to be assessed, the longest due first. In a system transaction. */
export async function listDue(tx: Transaction, now: Date, limit: number): Promise<AccountPlace[]> {
  const rows = await tx.query<{ tenant_id: string; account: string }>(
    `select tenant_id, account from audited_account where due_at <= $1 order by due_at limit $2`,
    [now, limit],
  );
  return rows.map(({ tenant_id, account }) => ({ tenantId: tenant_id, account }));
}

export interface AccountTurn {
  readonly firstSeenAt: Date;
  /** What was known of it was erased since the last turn. */
  readonly erased: boolean;
}

/**
 * Takes the account's turn and says when the next one is; its row is held until the transaction ends. Undefined when it
 * is not due any more: another instance has assessed it.
 */
export async function takeTurn(
  tx: Transaction,
  account: string,
  { now, nextAt }: { readonly now: Date; readonly nextAt: Date },
): Promise<AccountTurn | undefined> {
  const [row] = await tx.query<{ first_seen_at: Date; erased: boolean }>(
    `update audited_account as known
        set due_at = case when held.first_seen_at = 'infinity' then 'infinity'::timestamptz else $4::timestamptz end,
            waiting_since = null, assessed_at = $3, erased = false
       from (select first_seen_at, erased from audited_account
              where tenant_id = $1 and account = $2 and due_at <= $3 for update) as held
      where known.tenant_id = $1 and known.account = $2
      returning least(held.first_seen_at, $3::timestamptz) as first_seen_at, held.erased`,
    [tx.tenantId, account, now, nextAt],
  );
  return row === undefined ? undefined : { firstSeenAt: row.first_seen_at, erased: row.erased };
}
