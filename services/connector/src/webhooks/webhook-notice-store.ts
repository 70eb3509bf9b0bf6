import type { Transaction } from '@kempt/postgres';
import type { SyncTarget } from '../sync/sync-target.ts';
import type { Notice } from './notice.ts';

/** A notice that waits for its record to be read. */
export interface WaitingNotice {
  readonly recordId: string;
  readonly generation: string;
  readonly deleted: boolean;
  readonly mergedFrom: readonly string[];
  /** The first of the notices that were joined, and the last. */
  readonly occurredAt: Date;
  readonly lastAt: Date;
  readonly attempts: number;
}

const isTarget = 'tenant_id = $1 and account = $2 and object = $3';
const keyOf = (target: SyncTarget) => [target.tenantId, target.account, target.object];

/** Keeps notices until their records were read. They come in the order of objects and ids, which is lock order. */
export async function putNotices(tx: Transaction, account: string, notices: readonly Notice[]): Promise<void> {
  if (notices.length === 0) return;
  await tx.execute(
    `insert into webhook_notice (tenant_id, account, object, record_id, deleted, merged_from, occurred_at, last_at)
     select $1, $2, object, record_id, deleted, merged_from, to_timestamp(occurred_ms / 1000.0),
            to_timestamp(occurred_ms / 1000.0)
       from json_to_recordset($3::json) as notice (
              object text, record_id text, deleted boolean, merged_from text[], occurred_ms double precision)
     on conflict (tenant_id, account, object, record_id) do update
       set generation = webhook_notice.generation + 1,
           deleted = webhook_notice.deleted or excluded.deleted,
           merged_from = array(select distinct unnest(webhook_notice.merged_from || excluded.merged_from)),
           occurred_at = least(webhook_notice.occurred_at, excluded.occurred_at),
           last_at = greatest(webhook_notice.last_at, excluded.last_at),
           attempts = 0,
           due_at = now()`,
    [
      tx.tenantId,
      account,
      JSON.stringify(
        notices.map((notice) => ({
          object: notice.object,
          record_id: notice.recordId,
          deleted: notice.deleted,
          merged_from: notice.mergedFrom,
          occurred_ms: notice.occurredAtMs,
        })),
      ),
    ],
  );
}

/** Objects of all tenants that have notices which are due, the longest waiting first. Needs a system transaction. */
export async function listNoticed(tx: Transaction, limit: number): Promise<SyncTarget[]> {
  const rows = await tx.query<{ tenant_id: string; account: string; object: string }>(
    `select tenant_id, account, object from webhook_notice where due_at <= now()
      group by tenant_id, account, object order by min(due_at) limit $1`,
    [limit],
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, account: row.account, object: row.object }));
}

/** Forgets notices of objects that are not read: when they are again, it is from where reading ended. */
export async function dropUnread(tx: Transaction): Promise<number> {
  return await tx.execute(
    `delete from webhook_notice as notice
      where due_at <= now() and not exists (
        select from sync_lease as lease
         where lease.tenant_id = notice.tenant_id and lease.account = notice.account and lease.object = notice.object
           and lease.due_at < 'infinity')`,
  );
}

export async function listNotices(tx: Transaction, target: SyncTarget, limit: number): Promise<WaitingNotice[]> {
  const rows = await tx.query<{
    record_id: string;
    generation: string;
    deleted: boolean;
    merged_from: string[];
    occurred_at: Date;
    last_at: Date;
    attempts: number;
  }>(
    `select record_id, generation, deleted, merged_from, occurred_at, last_at, attempts from webhook_notice
      where ${isTarget} and due_at <= now() order by due_at, record_id limit $4`,
    [...keyOf(target), limit],
  );
  return rows.map((row) => ({
    recordId: row.record_id,
    generation: row.generation,
    deleted: row.deleted,
    mergedFrom: row.merged_from,
    occurredAt: row.occurred_at,
    lastAt: row.last_at,
    attempts: row.attempts,
  }));
}

const isTaken = `${isTarget} and (record_id, generation) in (select * from unnest($4::text[], $5::bigint[]))`;
const takenOf = (target: SyncTarget, notices: readonly WaitingNotice[]) => [
  ...keyOf(target),
  notices.map((notice) => notice.recordId),
  notices.map((notice) => notice.generation),
];

/** Ends notices whose records were read, unless another one came meanwhile. */
export async function endNotices(
  tx: Transaction,
  target: SyncTarget,
  notices: readonly WaitingNotice[],
): Promise<void> {
  await tx.execute(`delete from webhook_notice where ${isTaken}`, takenOf(target, notices));
}

/** Puts off notices whose records could not be read. */
export async function postponeNotices(
  tx: Transaction,
  target: SyncTarget,
  postponed: { readonly notices: readonly WaitingNotice[]; readonly byMs: number },
): Promise<void> {
  await tx.execute(
    `update webhook_notice set attempts = attempts + 1, due_at = now() + $6 * interval '1 millisecond' where ${isTaken}`,
    [...takenOf(target, postponed.notices), postponed.byMs],
  );
}
