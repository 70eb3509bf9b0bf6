import type { Transaction } from '@kempt/postgres';

/** What is looked at in an account besides its records. */
export type WatchKind = 'probe' | 'completeness' | 'audit';

export interface WatchTarget {
  readonly tenantId: string;
  readonly account: string;
  readonly kind: WatchKind;
}

/** A look that this instance may have. The epoch tells its holder from those before and after. */
export interface Watch extends WatchTarget {
  readonly epoch: string;
  /** Runs of the maintenance calendar that asked for it. */
  readonly asked: readonly string[];
}

/** Another instance has taken over, or nothing of the account is read any more: what was found is dropped. */
export class WatchLostError extends Error {
  readonly code = 'watch-lost';
  readonly retriable = false;

  constructor(target: WatchTarget) {
    super(`The ${target.kind} of ${target.account} was lost; another instance has it, or nobody should.`);
    this.name = 'WatchLostError';
  }
}

interface WatchRow {
  readonly tenant_id: string;
  readonly account: string;
  readonly kind: WatchKind;
}

const isFree = 'due_at <= now() and (expires_at is null or expires_at < now())';
const isTarget = 'tenant_id = $1 and account = $2 and kind = $3';
const keyOf = (target: WatchTarget) => [target.tenantId, target.account, target.kind];
const targetOf = (row: WatchRow): WatchTarget => ({
  tenantId: row.tenant_id,
  account: row.account,
  kind: row.kind,
});

/** An account is watched while at least one of its objects is on the schedule. */
const differences = `
  with read as (
    select tenant_id, account, kind
      from (select distinct tenant_id, account from sync_lease where due_at < 'infinity') as account_read
      cross join unnest($1::text[]) as kind
  )
  select coalesce(read.tenant_id, watch.tenant_id) as tenant_id, coalesce(read.account, watch.account) as account,
         coalesce(read.kind, watch.kind) as kind, read.kind is not null as wanted
    from read full join watch using (tenant_id, account, kind)
   where watch.kind is null
      or (read.kind is null and watch.due_at < 'infinity')
      or (read.kind is not null and watch.due_at = 'infinity')`;

export interface WatchList {
  readonly due: readonly WatchTarget[];
  /** Targets whose row is missing, or is there while nothing of the account is read. */
  readonly changes: readonly (WatchTarget & { readonly wanted: boolean })[];
}

/** What is due, and where the list of watches differs from the accounts that are read. Needs a system transaction. */
export async function listWatches(tx: Transaction, kinds: readonly WatchKind[]): Promise<WatchList> {
  const changes = await tx.query<WatchRow & { wanted: boolean }>(differences, [kinds]);
  const due = await tx.query<WatchRow>(
    `select tenant_id, account, kind from watch where kind = any ($1) and ${isFree}
      order by due_at, tenant_id, account, kind limit 500`,
    [kinds],
  );
  return { due: due.map(targetOf), changes: changes.map((row) => ({ ...targetOf(row), wanted: row.wanted })) };
}

/** Makes a watch due now, or takes it away from whoever holds it until the account is read again. */
export async function enrolWatch(tx: Transaction, target: WatchTarget, wanted: boolean): Promise<void> {
  await tx.execute(
    wanted
      ? `insert into watch (tenant_id, account, kind) values ($1, $2, $3)
             on conflict (tenant_id, account, kind) do update set due_at = now() where watch.due_at = 'infinity'`
      : `update watch set due_at = 'infinity', holder = null, expires_at = null, epoch = epoch + 1 where ${isTarget}`,
    keyOf(target),
  );
}

/** Takes a watch; undefined when somebody else was faster. */
export async function claimWatch(
  tx: Transaction,
  target: WatchTarget,
  options: { readonly holder: string; readonly leaseMs: number },
): Promise<Watch | undefined> {
  const [row] = await tx.query<{ epoch: string; asked: string[] }>(
    `update watch
        set holder = $4, epoch = epoch + 1, expires_at = now() + $5 * interval '1 millisecond'
      where ${isTarget} and ${isFree}
      returning epoch, asked`,
    [...keyOf(target), options.holder, options.leaseMs],
  );
  return row === undefined ? undefined : { ...target, epoch: row.epoch, asked: row.asked };
}

/** Keeps a watch for longer; false when it is lost. */
export async function renewWatch(tx: Transaction, watch: Watch, leaseMs: number): Promise<boolean> {
  const renewed = await tx.execute(
    `update watch set expires_at = now() + $5 * interval '1 millisecond' where ${isTarget} and epoch = $4`,
    [...keyOf(watch), watch.epoch, leaseMs],
  );
  return renewed > 0;
}

/** Makes sure that the watch is ours until the transaction ends. Throws WatchLostError. */
export async function holdWatch(tx: Transaction, watch: Watch): Promise<void> {
  const rows = await tx.query(`select epoch from watch where ${isTarget} and epoch = $4 for no key update`, [
    ...keyOf(watch),
    watch.epoch,
  ]);
  if (rows.length === 0) throw new WatchLostError(watch);
}

/** When a watch is due again, and whether those who asked for it were served. */
export interface WatchEnd {
  /** After the moment when this look was due, so that looks keep their rhythm; after now when that has passed. */
  readonly dueInMs: number;
  readonly served: boolean;
}

/** Gives a watch back. What was asked for meanwhile makes it due at once. Does nothing when the watch is lost. */
export async function releaseWatch(tx: Transaction, watch: Watch, end: WatchEnd): Promise<void> {
  await tx.execute(
    `update watch
        set holder = null, expires_at = null,
            asked = array(select run from unnest(asked) as run where run <> all ($6::text[])),
            due_at = case
              when exists (select from unnest(asked) as run where run <> all ($7::text[])) then now()
              when due_at + $5 * interval '1 millisecond' > now() then due_at + $5 * interval '1 millisecond'
              else now() + $5 * interval '1 millisecond'
            end
      where ${isTarget} and epoch = $4`,
    [...keyOf(watch), watch.epoch, end.dueInMs, end.served ? watch.asked : [], watch.asked],
  );
}

/** Asks for a look at every account of the tenant now, in the name of a run. */
export async function askForWatch(tx: Transaction, kind: WatchKind, runId: string): Promise<void> {
  await tx.execute(
    `update watch set due_at = least(due_at, now()), asked = array_append(asked, $3)
      where tenant_id = $1 and kind = $2 and due_at < 'infinity' and $3 <> all (asked)`,
    [tx.tenantId, kind, runId],
  );
}
