import type { Transaction } from '@kempt/postgres';
import type { RecordPlace } from '../profiles/profile-store.ts';
import { placeColumns, placeName } from './assessed-record-store.ts';

export interface ClusterVersion {
  readonly goldenId: string;
  readonly version: number;
}

/** A record that shares its cluster with others of the same object. */
export interface DuplicateRecord extends RecordPlace {
  readonly others: number;
}

/**
 * The clusters of these that are news. One that never held several records of an object, and does not now, is not worth
 * a row and is never among them.
 */
export async function newClusterVersions(
  tx: Transaction,
  clusters: readonly (ClusterVersion & { readonly hasDuplicates: boolean })[],
): Promise<ReadonlySet<string>> {
  const known = await tx.query<{ golden_id: string; version: string }>(
    `select golden_id, version from known_cluster where tenant_id = $1 and golden_id = any ($2) for update`,
    [tx.tenantId, clusters.map(({ goldenId }) => goldenId)],
  );
  const versions = new Map(known.map(({ golden_id, version }) => [golden_id, Number(version)]));
  const news = clusters.filter(({ goldenId, version, hasDuplicates }) => {
    const before = versions.get(goldenId);
    return before === undefined ? hasDuplicates : version > before;
  });
  if (news.length > 0) {
    await tx.execute(
      `insert into known_cluster (tenant_id, golden_id, version)
       select $1, golden_id, version from unnest($2::text[], $3::bigint[]) as c (golden_id, version)
       on conflict (tenant_id, golden_id) do update set version = excluded.version`,
      [tx.tenantId, news.map(({ goldenId }) => goldenId), news.map(({ version }) => version)],
    );
  }
  return new Set(news.map(({ goldenId }) => goldenId));
}

/** Records that are known as duplicates by these clusters. */
export async function duplicatesOfClusters(tx: Transaction, goldenIds: readonly string[]): Promise<RecordPlace[]> {
  const rows = await tx.query<{ account: string; object: string; record_id: string }>(
    `select account, object, record_id from duplicate_record where tenant_id = $1 and golden_id = any ($2)`,
    [tx.tenantId, goldenIds],
  );
  return rows.map(({ account, object, record_id }) => ({ account, object, recordId: record_id }));
}

/** Makes the duplicates of these clusters what they are now. */
export async function replaceDuplicates(
  tx: Transaction,
  goldenIds: readonly string[],
  duplicates: readonly (DuplicateRecord & { readonly goldenId: string })[],
): Promise<void> {
  await tx.execute(`delete from duplicate_record where tenant_id = $1 and golden_id = any ($2)`, [
    tx.tenantId,
    goldenIds,
  ]);
  if (duplicates.length === 0) return;
  await tx.execute(
    `insert into duplicate_record (tenant_id, account, object, record_id, golden_id, others)
     select $1, d.* from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::integer[]) as d
     on conflict (tenant_id, account, object, record_id) do update
       set golden_id = excluded.golden_id, others = excluded.others`,
    [
      tx.tenantId,
      duplicates.map(({ account }) => account),
      duplicates.map(({ object }) => object),
      duplicates.map(({ recordId }) => recordId),
      duplicates.map(({ goldenId }) => goldenId),
      duplicates.map(({ others }) => others),
    ],
  );
}

/** How many others each of these records shares its cluster with, by the name of its place. */
export async function duplicatesOf(
  tx: Transaction,
  places: readonly RecordPlace[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.query<{ account: string; object: string; record_id: string; others: number }>(
    `select account, object, record_id, others
       from duplicate_record join unnest($2::text[], $3::text[], $4::text[]) as p (account, object, record_id)
            using (account, object, record_id)
      where tenant_id = $1`,
    [tx.tenantId, ...placeColumns(places)],
  );
  return new Map(
    rows.map(({ account, object, record_id, others }) => [placeName({ account, object, recordId: record_id }), others]),
  );
}
