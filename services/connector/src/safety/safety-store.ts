import type { Transaction } from '@kempt/postgres';
import type { ConnectionSwitches, TenantSwitches } from './safety.ts';

/** The switches of a tenant; all off when nobody has set any. */
export async function readTenantSwitches(tx: Transaction): Promise<TenantSwitches> {
  const [row] = await tx.query<{
    read_only: boolean;
    freeze_until: Date | null;
    freeze_reason: string;
    changed_by: string;
    changed_at: Date;
  }>('select read_only, freeze_until, freeze_reason, changed_by, changed_at from safety_switch where tenant_id = $1', [
    tx.tenantId,
  ]);
  if (row === undefined) return { readOnly: false, freeze: null, changedBy: null, changedAt: null };
  return {
    readOnly: row.read_only,
    freeze: row.freeze_until === null ? null : { until: row.freeze_until, reason: row.freeze_reason },
    changedBy: row.changed_by,
    changedAt: row.changed_at,
  };
}

export async function putTenantSwitches(
  tx: Transaction,
  switches: Pick<TenantSwitches, 'readOnly' | 'freeze'> & { readonly changedBy: string },
): Promise<void> {
  await tx.execute(
    `insert into safety_switch (tenant_id, read_only, freeze_until, freeze_reason, changed_by)
     values ($1, $2, $3, $4, $5)
     on conflict (tenant_id) do update
       set read_only = excluded.read_only, freeze_until = excluded.freeze_until,
           freeze_reason = excluded.freeze_reason, changed_by = excluded.changed_by, changed_at = now()`,
    [tx.tenantId, switches.readOnly, switches.freeze?.until ?? null, switches.freeze?.reason ?? '', switches.changedBy],
  );
}

/** The switches of accounts, by account. One that nobody has touched is absent. */
export async function readConnectionSwitches(
  tx: Transaction,
  accounts: readonly string[],
): Promise<Map<string, ConnectionSwitches>> {
  const rows = await tx.query<{
    account: string;
    environment: 'production' | 'sandbox' | null;
    locked: boolean | null;
    lock_reason: string;
    locked_by: string;
    kill_switch: boolean;
    kill_reason: string;
    killed_by: string;
  }>(
    `select account, environment, locked, lock_reason, locked_by, kill_switch, kill_reason, killed_by
       from connection_safety where tenant_id = $1 and account = any ($2)`,
    [tx.tenantId, accounts],
  );
  return new Map(
    rows.map((row) => [
      row.account,
      {
        environment: row.environment,
        locked: row.locked,
        lockReason: row.lock_reason,
        lockedBy: row.locked_by,
        killSwitch: row.kill_switch,
        killReason: row.kill_reason,
        killedBy: row.killed_by,
      },
    ]),
  );
}

export async function putEnvironment(
  tx: Transaction,
  account: string,
  environment: 'production' | 'sandbox',
): Promise<void> {
  await tx.execute(
    `insert into connection_safety (tenant_id, account, environment) values ($1, $2, $3)
     on conflict (tenant_id, account) do update set environment = excluded.environment
      where connection_safety.environment is distinct from excluded.environment`,
    [tx.tenantId, account, environment],
  );
}

export interface DecidedSwitch {
  readonly account: string;
  readonly on: boolean;
  readonly reason: string;
  readonly by: string;
}

export async function putLock(tx: Transaction, lock: DecidedSwitch): Promise<void> {
  await tx.execute(
    `insert into connection_safety (tenant_id, account, locked, lock_reason, locked_by) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, account) do update
       set locked = excluded.locked, lock_reason = excluded.lock_reason, locked_by = excluded.locked_by,
           changed_at = now()`,
    [tx.tenantId, lock.account, lock.on, lock.reason, lock.by],
  );
}

export async function putKillSwitch(tx: Transaction, kill: DecidedSwitch): Promise<void> {
  await tx.execute(
    `insert into connection_safety (tenant_id, account, kill_switch, kill_reason, killed_by) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, account) do update
       set kill_switch = excluded.kill_switch, kill_reason = excluded.kill_reason, killed_by = excluded.killed_by,
           changed_at = now()`,
    [tx.tenantId, kill.account, kill.on, kill.reason, kill.by],
  );
}
