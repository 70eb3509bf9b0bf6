import { recordKey, topics } from '@kempt/contracts';
import { partitionOf } from '@kempt/event-bus';
import type { Transaction } from '@kempt/postgres';
import type { RecordPlace } from './profile-store.ts';

/**
 * Keeps others from working on the same records until the transaction ends. What is locked are shares of a tenant's records, cut as the
 * topic of records is: so instances that work on different partitions never wait for each other here, and one that judges records for another
 * reason waits for those who have them at hand. Everybody locks in the same order.
 */
export async function lockRecords(tx: Transaction, places: readonly RecordPlace[]): Promise<void> {
  const tenantId = tx.tenantId as string;
  const shares = new Set(places.map((place) => partitionOf(recordKey(tenantId, place), topics.recordState.partitions)));
  await tx.query(
    `select pg_advisory_xact_lock(hashtextextended($1 || share, 0))
       from (select share from unnest($2::integer[]) with ordinality as s (share, place) order by place) as shares`,
    [`data-quality:records:${tenantId}:`, [...shares].sort((a, b) => a - b)],
  );
}
