import type { Transaction } from '@kempt/postgres';
import { LeaseLostError, type SyncLease, type SyncTarget } from './sync-target.ts';

interface LeaseRow {
  readonly tenant_id: string;
  readonly account: string;
  readonly object: string;
}

const isFree = 'due_at <= now() and (expires_at is null or expires_at < now())';
const isTarget = 'tenant_id = $1 and account = $2 and object = $3';

const keyOf = (target: SyncTarget) => [target.tenantId, target.account, target.object];

/** Targets of all tenants that are due and nobody holds, the longest waiting first. Needs a system transaction. */
export async function listDue(tx: Transaction, limit: number): Promise<SyncTarget[]> {
  const rows = await tx.query<LeaseRow>(
    `select tenant_id, account, object from sync_lease where ${isFree} order by due_at, tenant_id, account, object limit $1`,
    [limit],
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, account: row.account, object: row.object }));
}

/** Tenants that have, or had, anything to read. Needs a system transaction. */
export async function listTenantsOfSchedule(tx: Transaction): Promise<string[]> {
  const rows = await tx.query<{ tenant_id: string }>('select distinct tenant_id from sync_lease order by tenant_id');
  return rows.map((row) => row.tenant_id);
}

/** Takes a lease; undefined when somebody else was faster. */
export async function claim(
  tx: Transaction,
  target: SyncTarget,
  options: { readonly holder: string; readonly leaseMs: number },
): Promise<SyncLease | undefined> {
  const [row] = await tx.query<{ epoch: string }>(
    `update sync_lease
        set holder = $4, epoch = epoch + 1, expires_at = now() + $5 * interval '1 millisecond'
      where ${isTarget} and ${isFree}
      returning epoch`,
    [...keyOf(target), options.holder, options.leaseMs],
  );
  return row === undefined ? undefined : { ...target, epoch: row.epoch };
}

/** Takes a lease that nobody holds, although its target may not be due; undefined when somebody has it, or nobody may. */
export async function borrow(
  tx: Transaction,
  target: SyncTarget,
  options: { readonly holder: string; readonly leaseMs: number },
): Promise<SyncLease | undefined> {
  const [row] = await tx.query<{ epoch: string }>(
    `update sync_lease
        set holder = $4, epoch = epoch + 1, expires_at = now() + $5 * interval '1 millisecond'
      where ${isTarget} and due_at < 'infinity' and (expires_at is null or expires_at < now())
      returning epoch`,
    [...keyOf(target), options.holder, options.leaseMs],
  );
  return row === undefined ? undefined : { ...target, epoch: row.epoch };
}

/** Gives back what was borrowed. Its target is due when it was before. */
export async function returnBorrowed(tx: Transaction, lease: SyncLease): Promise<void> {
  await tx.execute(`update sync_lease set holder = null, expires_at = null where ${isTarget} and epoch = $4`, [
    ...keyOf(lease),
    lease.epoch,
  ]);
}

/** Keeps a lease for longer; false when it is lost. */
export async function renew(tx: Transaction, lease: SyncLease, leaseMs: number): Promise<boolean> {
  const renewed = await tx.execute(
    `update sync_lease set expires_at = now() + $5 * interval '1 millisecond' where ${isTarget} and epoch = $4`,
    [...keyOf(lease), lease.epoch, leaseMs],
  );
  return renewed > 0;
}

/**
 * Makes sure that the lease is still ours and stays so until the transaction ends: nobody can take it over meanwhile.
 * Every transaction that saves what was read begins with this. Throws LeaseLostError.
 */
export async function holdLease(tx: Transaction, lease: SyncLease): Promise<void> {
  const rows = await tx.query(`select epoch from sync_lease where ${isTarget} and epoch = $4 for no key update`, [
    ...keyOf(lease),
    lease.epoch,
  ]);
  if (rows.length === 0) throw new LeaseLostError(lease);
}

/** Gives a lease back and says when its target is due again. Does nothing when the lease is lost. */
export async function release(tx: Transaction, lease: SyncLease, dueInMs: number): Promise<void> {
  await tx.execute(
    `update sync_lease
        set holder = null, expires_at = null, due_at = now() + $5 * interval '1 millisecond'
      where ${isTarget} and epoch = $4`,
    [...keyOf(lease), lease.epoch, dueInMs],
  );
}

/** What keeps an object from being read, other than trouble of ours: the customer's allowance, the CRM's door, a person. */
export type SyncBlock = 'quota' | 'refused' | 'paused';

/** Notes that the target was read to its end: nothing keeps it from being read. */
export async function noteReadToEnd(tx: Transaction, target: SyncTarget): Promise<void> {
  await tx.execute(`update sync_lease set succeeded_at = now(), blocked = null where ${isTarget}`, keyOf(target));
}

/** What has kept a target from being read since it was last read to its end; null for nothing. */
export async function readBlock(tx: Transaction, target: SyncTarget): Promise<SyncBlock | null> {
  const [row] = await tx.query<{ blocked: SyncBlock | null }>(
    `select blocked from sync_lease where ${isTarget}`,
    keyOf(target),
  );
  return row?.blocked ?? null;
}

/** Notes what keeps an account's objects from being read, until each of them is read to its end. */
export async function blockAccount(tx: Transaction, account: string, block: SyncBlock): Promise<void> {
  await tx.execute('update sync_lease set blocked = $3 where tenant_id = $1 and account = $2', [
    tx.tenantId,
    account,
    block,
  ]);
}

/** Makes exactly these objects of an account due now. Objects that were there keep their epoch; others are let go. */
export async function enrol(tx: Transaction, account: string, objects: readonly string[]): Promise<void> {
  await tx.execute('delete from sync_lease where tenant_id = $1 and account = $2 and object <> all ($3)', [
    tx.tenantId,
    account,
    objects,
  ]);
  await tx.execute(
    `insert into sync_lease (tenant_id, account, object)
     select $1, $2, object from unnest($3::text[]) as object order by object
         on conflict (tenant_id, account, object) do update set due_at = now()`,
    [tx.tenantId, account, objects],
  );
}

/** Makes an account's objects due now. */
export async function makeDue(tx: Transaction, account: string): Promise<void> {
  await tx.execute('update sync_lease set due_at = now() where tenant_id = $1 and account = $2', [
    tx.tenantId,
    account,
  ]);
}

/** Makes some objects of an account due now, unless nothing of it is read. */
export async function makeObjectsDue(tx: Transaction, account: string, objects: readonly string[]): Promise<void> {
  if (objects.length === 0) return;
  await tx.execute(
    `update sync_lease set due_at = now()
      where tenant_id = $1 and account = $2 and object = any ($3) and due_at > now() and due_at < 'infinity'`,
    [tx.tenantId, account, objects],
  );
}

/** Puts off an account's objects for at least this long. */
export async function postpone(tx: Transaction, account: string, byMs: number): Promise<void> {
  await tx.execute(
    `update sync_lease set due_at = greatest(due_at, now() + $3 * interval '1 millisecond')
      where tenant_id = $1 and account = $2`,
    [tx.tenantId, account, byMs],
  );
}

/** Takes an account's objects away from whoever holds them. They are not due again before they are enrolled. */
export async function suspend(tx: Transaction, account: string): Promise<void> {
  await tx.execute(
    `update sync_lease set due_at = 'infinity', holder = null, expires_at = null, epoch = epoch + 1, blocked = 'paused'
      where tenant_id = $1 and account = $2`,
    [tx.tenantId, account],
  );
}
