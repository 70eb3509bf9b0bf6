import type { Transaction } from '@kempt/postgres';

/** Living records that the records were merged into in the CRM, in the end. */
export async function survivorsOf(tx: Transaction, refs: readonly string[]): Promise<string[]> {
  if (refs.length === 0) return [];
  const rows = await tx.query<{ ref: string }>(
    `with recursive path (ref, depth) as (
       select merged_into, 1 from match_record
       where tenant_id = $1 and ref = any($2::text[]) and merged_into is not null
       union
       select record.merged_into, path.depth + 1
       from path join match_record as record on record.tenant_id = $1 and record.ref = path.ref
       where record.merged_into is not null and path.depth < 50
     )
     select distinct record.ref from path join match_record as record on record.tenant_id = $1 and record.ref = path.ref
     where not record.deleted`,
    [tx.tenantId, refs],
  );
  return rows.map((row) => row.ref);
}

/** A record that the CRM merged away. */
export interface FallenRecord {
  readonly ref: string;
  readonly survivor: string;
  /** The cluster it was in before; null when it never was in one. */
  readonly leftGoldenId: string | null;
}

/** Records that were merged into one of the survivors, directly or by way of others. */
export async function fallenInto(tx: Transaction, survivors: readonly string[]): Promise<FallenRecord[]> {
  if (survivors.length === 0) return [];
  return tx.query<FallenRecord>(
    `with recursive fallen (ref, survivor, golden_id, depth) as (
       select ref, merged_into, left_golden_id, 1 from match_record
       where tenant_id = $1 and merged_into = any($2::text[])
       union
       select record.ref, fallen.survivor, record.left_golden_id, fallen.depth + 1
       from fallen join match_record as record on record.tenant_id = $1 and record.merged_into = fallen.ref
       where fallen.depth < 50
     )
     select distinct ref, survivor, golden_id as "leftGoldenId" from fallen order by ref`,
    [tx.tenantId, survivors],
  );
}

/** Locks those of the clusters that have no members left and for which no other answers. */
export async function lockOrphanedClusters(
  tx: Transaction,
  goldenIds: readonly string[],
): Promise<{ goldenId: string; founder: string }[]> {
  if (goldenIds.length === 0) return [];
  return tx.query(
    `select golden_id as "goldenId", founder from cluster
     where tenant_id = $1 and golden_id = any($2::text[]) and member_count = 0
       and not exists (
         select from golden_alias
         where golden_alias.tenant_id = $1 and alias = cluster.golden_id and golden_alias.golden_id is not null)
     order by golden_id for update`,
    [tx.tenantId, goldenIds],
  );
}
