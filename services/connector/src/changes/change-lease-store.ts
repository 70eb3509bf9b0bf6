import type { Transaction } from '@kempt/postgres';
import { injectTrace } from '@kempt/telemetry';

/** A change set that has something to be done in the background. */
export interface ChangeTarget {
  readonly tenantId: string;
  readonly changeSetId: string;
}

/** A change set that this instance may work on. The epoch tells its holder from those before and after. */
export interface ChangeLease extends ChangeTarget {
  readonly epoch: string;
  /** W3C traceparent of the request that asked for the work; null when nobody traces it. */
  readonly traceparent: string | null;
}

/** Another instance has taken over: what was found out is dropped, not saved. */
export class ChangeLeaseLostError extends Error {
  readonly code = 'lease-lost';
  readonly retriable = false;

  constructor(target: ChangeTarget) {
    super(`The lease on the change set ${target.changeSetId} was lost; another instance works on it.`);
    this.name = 'ChangeLeaseLostError';
  }
}

const isFree = 'due_at <= now() and (expires_at is null or expires_at < now())';
const isTarget = 'tenant_id = $1 and change_set_id = $2';

/** Makes a change set due now; what is done for it belongs to the trace at hand. */
export async function enqueue(tx: Transaction, changeSetId: string): Promise<void> {
  await tx.execute(
    `insert into change_lease (tenant_id, change_set_id, traceparent) values ($1, $2, $3)
         on conflict (tenant_id, change_set_id)
         do update set due_at = now(), failures = 0, traceparent = excluded.traceparent`,
    [tx.tenantId, changeSetId, injectTrace({})['traceparent'] ?? null],
  );
}

/** Change sets of all tenants that are due and nobody holds, the longest waiting first. Needs a system transaction. */
export async function listDueChangeSets(tx: Transaction, limit: number): Promise<ChangeTarget[]> {
  const rows = await tx.query<{ tenant_id: string; change_set_id: string }>(
    `select tenant_id, change_set_id from change_lease where ${isFree} order by due_at, tenant_id, change_set_id limit $1`,
    [limit],
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, changeSetId: row.change_set_id }));
}

/** Takes a lease; undefined when somebody else was faster. */
export async function claimChangeSet(
  tx: Transaction,
  target: ChangeTarget,
  options: { readonly holder: string; readonly leaseMs: number },
): Promise<ChangeLease | undefined> {
  const [row] = await tx.query<{ epoch: string; traceparent: string | null }>(
    `update change_lease
        set holder = $3, epoch = epoch + 1, expires_at = now() + $4 * interval '1 millisecond'
      where ${isTarget} and ${isFree}
      returning epoch, traceparent`,
    [target.tenantId, target.changeSetId, options.holder, options.leaseMs],
  );
  return row === undefined ? undefined : { ...target, ...row };
}

/** Keeps a lease for longer; false when it is lost. */
export async function renewChangeLease(tx: Transaction, lease: ChangeLease, leaseMs: number): Promise<boolean> {
  const renewed = await tx.execute(
    `update change_lease set expires_at = now() + $4 * interval '1 millisecond' where ${isTarget} and epoch = $3`,
    [lease.tenantId, lease.changeSetId, lease.epoch, leaseMs],
  );
  return renewed > 0;
}

/** Makes sure that the lease is ours and stays so until the transaction ends. Throws ChangeLeaseLostError. */
export async function holdChangeLease(tx: Transaction, lease: ChangeLease): Promise<void> {
  const rows = await tx.query(`select epoch from change_lease where ${isTarget} and epoch = $3 for no key update`, [
    lease.tenantId,
    lease.changeSetId,
    lease.epoch,
  ]);
  if (rows.length === 0) throw new ChangeLeaseLostError(lease);
}

/** Gives a lease back, to be taken again after a pause. Does nothing when it is lost. */
export async function releaseChangeLease(
  tx: Transaction,
  lease: ChangeLease,
  release: { readonly dueInMs: number; readonly isFailure: boolean },
): Promise<void> {
  await tx.execute(
    `update change_lease
        set holder = null, expires_at = null, due_at = now() + $4 * interval '1 millisecond',
            failures = case when $5 then failures + 1 else 0 end
      where ${isTarget} and epoch = $3`,
    [lease.tenantId, lease.changeSetId, lease.epoch, release.dueInMs, release.isFailure],
  );
}

/** Failures in a row of whoever held the lease. */
export async function leaseFailures(tx: Transaction, lease: ChangeLease): Promise<number> {
  const [row] = await tx.query<{ failures: number }>(`select failures from change_lease where ${isTarget}`, [
    lease.tenantId,
    lease.changeSetId,
  ]);
  return row?.failures ?? 0;
}

/** Nothing is left to do: the change set is not due again before it is enqueued. */
export async function retireChangeLease(tx: Transaction, lease: ChangeLease): Promise<void> {
  await tx.execute(
    `update change_lease set holder = null, expires_at = null, due_at = 'infinity', failures = 0
      where ${isTarget} and epoch = $3`,
    [lease.tenantId, lease.changeSetId, lease.epoch],
  );
}
