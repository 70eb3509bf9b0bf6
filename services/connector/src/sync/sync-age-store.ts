import type { Transaction } from '@kempt/postgres';
import type { System } from '../crm/crm-client.ts';

/** How old what was read of an object is: `first` while it was never read to its end, or what keeps it from being read. */
export const syncStates = ['fresh', 'stale', 'first', 'quota', 'refused', 'paused'] as const;

export type SyncState = (typeof syncStates)[number];

/** Targets of a system and object in one state, over all tenants. */
export interface SyncAge {
  readonly system: System;
  readonly object: string;
  readonly state: SyncState;
  readonly targets: number;
  /** Since the one that waits longest was last read to its end, or was enrolled. */
  readonly oldestSeconds: number;
}

/** Ages of all targets of all tenants. Needs a system transaction. */
export async function listSyncAges(tx: Transaction, staleAfterMs: number): Promise<SyncAge[]> {
  const rows = await tx.query<Omit<SyncAge, 'targets'> & { readonly targets: string }>(
    `select system, object, state, count(*) as targets, max(age)::float8 as "oldestSeconds"
       from (select case when account like 'sf:%' then 'salesforce' else 'hubspot' end as system,
                    object,
                    extract(epoch from now() - coalesce(succeeded_at, enrolled_at)) as age,
                    case when due_at = 'infinity' then 'paused'
                         when blocked is not null then blocked
                         when succeeded_at is null then 'first'
                         when succeeded_at < now() - $1 * interval '1 millisecond' then 'stale'
                         else 'fresh' end as state
               from sync_lease) as target
      group by system, object, state`,
    [staleAfterMs],
  );
  return rows.map((row) => ({ ...row, targets: Number(row.targets), oldestSeconds: Math.max(0, row.oldestSeconds) }));
}
