import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from './entity-kind.ts';
import type { ComparableFields } from './entity-schema.ts';

/** What an event says of a record. */
export interface RecordUpdate {
  readonly ref: string;
  readonly entityKind: EntityKind;
  readonly account: string;
  readonly object: string;
  readonly version: number;
  /** Absent once the record is deleted. */
  readonly fields: ComparableFields | undefined;
  readonly mergedInto: string | undefined;
}

/** A record as it is stored. */
export interface MatchRecord {
  readonly ref: string;
  readonly version: number;
  readonly fields: ComparableFields;
}

export interface Membership {
  readonly ref: string;
  readonly goldenId: string;
  readonly probability: number;
}

/**
 * Stores newer versions and passes over old ones, so that a late or repeated event changes nothing.
 * @returns the updates that were taken, in order of ref
 */
export async function saveRecords<U extends RecordUpdate>(tx: Transaction, updates: readonly U[]): Promise<U[]> {
  const newest = new Map<string, U>();
  for (const update of updates) {
    const known = newest.get(update.ref);
    if (known === undefined || known.version < update.version) newest.set(update.ref, update);
  }
  const rows = [...newest.values()].toSorted((left, right) => (left.ref < right.ref ? -1 : 1));
  if (rows.length === 0) return [];
  const changed = await tx.query<{ ref: string }>(
    `insert into match_record (tenant_id, ref, entity_kind, account, object, version, fields, deleted, merged_into)
     select $1, ref, entity_kind, account, object, version, fields, fields is null, merged_into
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::jsonb[], $8::text[])
       as incoming (ref, entity_kind, account, object, version, fields, merged_into)
     on conflict (tenant_id, ref) do update
       set version = excluded.version, fields = excluded.fields, deleted = excluded.deleted,
           merged_into = excluded.merged_into
       where match_record.version < excluded.version
     returning ref`,
    [
      tx.tenantId,
      rows.map((row) => row.ref),
      rows.map((row) => row.entityKind),
      rows.map((row) => row.account),
      rows.map((row) => row.object),
      rows.map((row) => row.version),
      rows.map((row) => (row.fields === undefined ? null : JSON.stringify(row.fields))),
      rows.map((row) => row.mergedInto ?? null),
    ],
  );
  const taken = new Set(changed.map((row) => row.ref));
  return rows.filter((row) => taken.has(row.ref));
}

/** Records that are not deleted, of the refs asked for. */
export async function loadRecords(tx: Transaction, refs: readonly string[]): Promise<MatchRecord[]> {
  if (refs.length === 0) return [];
  return tx.query<{ ref: string; version: number; fields: ComparableFields }>(
    `select ref, version::int as version, fields from match_record
     where tenant_id = $1 and ref = any($2::text[]) and not deleted`,
    [tx.tenantId, refs],
  );
}

/** Every record of a kind that is not deleted, in order of ref. */
export async function loadKind(
  tx: Transaction,
  kind: EntityKind,
  page: { readonly after: string; readonly limit: number },
): Promise<MatchRecord[]> {
  return tx.query<{ ref: string; version: number; fields: ComparableFields }>(
    `select ref, version::int as version, fields from match_record
     where tenant_id = $1 and entity_kind = $2 and ref > $3 and not deleted
     order by ref limit $4`,
    [tx.tenantId, kind, page.after, page.limit],
  );
}

/** Versions of every record of a kind, deleted ones included: what changed since a batch began shows in them. */
export async function loadVersions(
  tx: Transaction,
  kind: EntityKind,
): Promise<Map<string, { readonly version: number; readonly deleted: boolean }>> {
  const rows = await tx.query<{ ref: string; version: number; deleted: boolean }>(
    `select ref, version::int as version, deleted from match_record where tenant_id = $1 and entity_kind = $2`,
    [tx.tenantId, kind],
  );
  return new Map(rows.map((row) => [row.ref, { version: row.version, deleted: row.deleted }]));
}

/** How many records of an object there are, deleted ones included. */
export async function countObject(tx: Transaction, account: string, object: string): Promise<number> {
  const rows = await tx.query<{ count: number }>(
    `select count(*)::int as count from match_record where tenant_id = $1 and account = $2 and object = $3`,
    [tx.tenantId, account, object],
  );
  return rows[0]?.count ?? 0;
}

/** Golden IDs of the clusters that hold the records. */
export async function clustersOf(tx: Transaction, refs: readonly string[]): Promise<string[]> {
  if (refs.length === 0) return [];
  const rows = await tx.query<{ golden_id: string }>(
    `select distinct golden_id from match_record
     where tenant_id = $1 and ref = any($2::text[]) and golden_id is not null`,
    [tx.tenantId, refs],
  );
  return rows.map((row) => row.golden_id);
}

export async function membersOf(
  tx: Transaction,
  goldenIds: readonly string[],
): Promise<{ ref: string; goldenId: string; probability: number }[]> {
  if (goldenIds.length === 0) return [];
  return tx.query(
    `select ref, golden_id as "goldenId", probability from match_record
     where tenant_id = $1 and golden_id = any($2::text[]) order by golden_id, ref`,
    [tx.tenantId, goldenIds],
  );
}

export async function saveMemberships(tx: Transaction, memberships: readonly Membership[]): Promise<void> {
  if (memberships.length === 0) return;
  await tx.execute(
    `update match_record set golden_id = incoming.golden_id, probability = incoming.probability
     from unnest($2::text[], $3::text[], $4::float8[]) as incoming (ref, golden_id, probability)
     where match_record.tenant_id = $1 and match_record.ref = incoming.ref`,
    [
      tx.tenantId,
      memberships.map((membership) => membership.ref),
      memberships.map((membership) => membership.goldenId),
      memberships.map((membership) => membership.probability),
    ],
  );
}

/** Takes deleted records out of their clusters, and remembers which these were. */
export async function clearMemberships(tx: Transaction, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  await tx.execute(
    `update match_record
     set golden_id = null, probability = null, left_golden_id = coalesce(golden_id, left_golden_id)
     where tenant_id = $1 and ref = any($2::text[])`,
    [tx.tenantId, refs],
  );
}

/** What kind of thing each of the records stands for, deleted ones included. */
export async function recordKinds(tx: Transaction, refs: readonly string[]): Promise<Map<string, EntityKind>> {
  const rows = await tx.query<{ ref: string; entity_kind: EntityKind }>(
    `select ref, entity_kind from match_record where tenant_id = $1 and ref = any($2::text[])`,
    [tx.tenantId, refs],
  );
  return new Map(rows.map((row) => [row.ref, row.entity_kind]));
}
