import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { ExistingCluster } from './cluster-assignment.ts';

export interface StoredCluster {
  readonly goldenId: string;
  readonly entityKind: EntityKind;
  readonly version: number;
  readonly memberCount: number;
}

export interface ClusterSave {
  readonly goldenId: string;
  readonly founder: string;
  readonly memberCount: number;
}

/** Locks the clusters, in order of id, and reads who is in them. */
export async function lockClusters(tx: Transaction, goldenIds: readonly string[]): Promise<ExistingCluster[]> {
  if (goldenIds.length === 0) return [];
  const [clusters, members] = await Promise.all([
    tx.query<{ golden_id: string; founder: string }>(
      `select golden_id, founder from cluster where tenant_id = $1 and golden_id = any($2::text[])
       order by golden_id for update`,
      [tx.tenantId, goldenIds],
    ),
    tx.query<{ golden_id: string; refs: string[] }>(
      `select golden_id, array_agg(ref order by ref) as refs from match_record
       where tenant_id = $1 and golden_id = any($2::text[]) group by golden_id`,
      [tx.tenantId, goldenIds],
    ),
  ]);
  const byId = new Map(members.map((row) => [row.golden_id, row.refs]));
  return clusters.map((row) => ({
    goldenId: row.golden_id,
    founder: row.founder,
    members: byId.get(row.golden_id) ?? [],
  }));
}

/** Which of the ids belong to clusters that have members. */
export async function livingClusters(tx: Transaction, goldenIds: readonly string[]): Promise<Set<string>> {
  if (goldenIds.length === 0) return new Set();
  const rows = await tx.query<{ golden_id: string }>(
    `select golden_id from cluster where tenant_id = $1 and golden_id = any($2::text[]) and member_count > 0`,
    [tx.tenantId, goldenIds],
  );
  return new Set(rows.map((row) => row.golden_id));
}

/** Saves clusters and raises their versions. @returns the version of each id */
export async function saveClusters(
  tx: Transaction,
  kind: EntityKind,
  clusters: readonly ClusterSave[],
): Promise<Map<string, number>> {
  if (clusters.length === 0) return new Map();
  const rows = await tx.query<{ golden_id: string; version: number }>(
    `insert into cluster (tenant_id, golden_id, entity_kind, version, member_count, founder)
     select $1, golden_id, $2, 1, member_count, founder
     from unnest($3::text[], $4::int[], $5::text[]) as incoming (golden_id, member_count, founder)
     on conflict (tenant_id, golden_id) do update
       set version = cluster.version + 1, member_count = excluded.member_count
     returning golden_id, version`,
    [
      tx.tenantId,
      kind,
      clusters.map((cluster) => cluster.goldenId),
      clusters.map((cluster) => cluster.memberCount),
      clusters.map((cluster) => cluster.founder),
    ],
  );
  return new Map(rows.map((row) => [row.golden_id, row.version]));
}

export interface AliasChange {
  readonly alias: string;
  /** Absent when the alias is a golden ID of its own again. */
  readonly goldenId: string | undefined;
  readonly version: number;
}

/**
 * Makes `alias` mean `goldenId`, and everything that meant `alias` too, so that one look-up always resolves.
 * @returns every alias that changed
 */
export async function addAliases(
  tx: Transaction,
  aliases: readonly { readonly alias: string; readonly goldenId: string }[],
): Promise<AliasChange[]> {
  const changes: AliasChange[] = [];
  for (const { alias, goldenId } of aliases) {
    const rows = await tx.query<{ alias: string; golden_id: string; version: number }>(
      `with moved as (
         update golden_alias set golden_id = $3, version = version + 1
         where tenant_id = $1 and golden_id = $2
         returning alias, golden_id, version
       ), added as (
         insert into golden_alias (tenant_id, alias, golden_id, version) values ($1, $2, $3, 1)
         on conflict (tenant_id, alias) do update
           set golden_id = excluded.golden_id, version = golden_alias.version + 1
         returning alias, golden_id, version
       )
       select * from moved union all select * from added order by alias`,
      [tx.tenantId, alias, goldenId],
    );
    changes.push(...rows.map((row) => ({ alias: row.alias, goldenId: row.golden_id, version: row.version })));
  }
  return changes;
}

/** Ids that are golden IDs of living clusters again stop being aliases. @returns those that were */
export async function removeAliases(tx: Transaction, aliases: readonly string[]): Promise<AliasChange[]> {
  if (aliases.length === 0) return [];
  const rows = await tx.query<{ alias: string; version: number }>(
    `update golden_alias set golden_id = null, version = version + 1
     where tenant_id = $1 and alias = any($2::text[]) and golden_id is not null
     returning alias, version`,
    [tx.tenantId, aliases],
  );
  return rows
    .map((row) => ({ alias: row.alias, goldenId: undefined, version: row.version }))
    .toSorted((left, right) => (left.alias < right.alias ? -1 : 1));
}

/** The golden ID that `id` means: itself, or what superseded it. */
export async function resolveAlias(tx: Transaction, id: string): Promise<string> {
  const rows = await tx.query<{ golden_id: string | null }>(
    `select golden_id from golden_alias where tenant_id = $1 and alias = $2`,
    [tx.tenantId, id],
  );
  return rows[0]?.golden_id ?? id;
}

export async function loadCluster(tx: Transaction, goldenId: string): Promise<StoredCluster | undefined> {
  const rows = await tx.query<StoredCluster>(
    `select golden_id as "goldenId", entity_kind as "entityKind", version, member_count as "memberCount"
     from cluster where tenant_id = $1 and golden_id = $2`,
    [tx.tenantId, goldenId],
  );
  return rows[0];
}

export async function listClusters(
  tx: Transaction,
  filter: {
    readonly entityKind: EntityKind | undefined;
    readonly minSize: number;
    readonly after: string;
    readonly limit: number;
  },
): Promise<StoredCluster[]> {
  return tx.query<StoredCluster>(
    `select golden_id as "goldenId", entity_kind as "entityKind", version, member_count as "memberCount"
     from cluster
     where tenant_id = $1 and ($2::text is null or entity_kind = $2) and member_count >= $3 and golden_id > $4
     order by golden_id limit $5`,
    [tx.tenantId, filter.entityKind ?? null, filter.minSize, filter.after, filter.limit],
  );
}

/** The cluster of a record; a record that was merged away answers for its survivor. */
export async function goldenIdOfRecord(tx: Transaction, ref: string): Promise<string | undefined> {
  const rows = await tx.query<{ golden_id: string | null }>(
    `with recursive survivor (ref, merged_into, golden_id, depth) as (
       select ref, merged_into, golden_id, 0 from match_record where tenant_id = $1 and ref = $2
       union all
       select next.ref, next.merged_into, next.golden_id, survivor.depth + 1
       from survivor join match_record as next on next.tenant_id = $1 and next.ref = survivor.merged_into
       where survivor.golden_id is null and survivor.depth < 20
     )
     select golden_id from survivor where golden_id is not null limit 1`,
    [tx.tenantId, ref],
  );
  return rows[0]?.golden_id ?? undefined;
}
