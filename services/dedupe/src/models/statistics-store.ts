import type { Transaction } from '@kempt/postgres';

/**
 * Has Postgres look at the tables that a first resolution filled: until it has, it takes them for empty and reads all of a table to
 * find a few rows. By itself it would do so within minutes. Where the role may not (before Postgres 17), it warns and does nothing.
 */
export async function refreshStatistics(tx: Transaction): Promise<void> {
  await tx.execute('analyze match_record, block_page, edge, cluster, vendor_record, merge_proposal');
}
