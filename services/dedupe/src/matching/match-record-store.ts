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
  /** The version in which what is compared changed last: equal ones have equal fields. */
  readonly version: number;
  readonly fields: ComparableFields;
}

export interface Membership {
  readonly ref: string;
  readonly goldenId: string;
  readonly probability: number;
}

/** The updates that were newer than what was known, in order of ref. */
export interface SavedRecords<U> {
  readonly taken: readonly U[];
  /** The records of those that changed something that is compared, or whether and as what the record is there. */
  readonly changed: readonly KeyedRecord[];
}

/** Stores newer versions and passes over old ones, so that a late or repeated event changes nothing. */
export async function saveRecords<U extends RecordUpdate>(
  tx: Transaction,
  updates: readonly U[],
): Promise<SavedRecords<U>> {
  const newest = new Map<string, U>();
  for (const update of updates) {
    const known = newest.get(update.ref);
    if (known === undefined || known.version < update.version) newest.set(update.ref, update);
  }
  const rows = [...newest.values()].toSorted((left, right) => (left.ref < right.ref ? -1 : 1));
  if (rows.length === 0) return { taken: [], changed: [] };
  const saved = await tx.query<Omit<KeyedRecord, 'version' | 'fields'> & { readonly changed: boolean }>(
    `insert into match_record (tenant_id, ref, entity_kind, account, object, version, fields_version, fields, deleted,
                               merged_into)
     select $1, ref, entity_kind, account, object, version, version, fields, fields is null, merged_into
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::jsonb[], $8::text[])
       as incoming (ref, entity_kind, account, object, version, fields, merged_into)
     on conflict (tenant_id, ref) do update
       set version = excluded.version, fields = excluded.fields, deleted = excluded.deleted,
           merged_into = excluded.merged_into,
           fields_version = case when match_record.fields is not distinct from excluded.fields
                                  and match_record.merged_into is not distinct from excluded.merged_into
                            then match_record.fields_version else excluded.version end
       where match_record.version < excluded.version
     returning ref, fields_version = version as changed, record_no as "recordNo", keys, golden_id as "goldenId"`,
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
  const savedOf = new Map(saved.map((row) => [row.ref, row]));
  const taken = rows.filter((row) => savedOf.has(row.ref));
  return {
    taken,
    changed: taken.flatMap(({ ref, version, fields = null }) => {
      const { changed, recordNo, keys, goldenId } = savedOf.get(ref) as (typeof saved)[number];
      return changed ? [{ ref, version, fields, recordNo, keys, goldenId }] : [];
    }),
  };
}

/** Records that are not deleted, of the refs asked for. */
export async function loadRecords(tx: Transaction, refs: readonly string[]): Promise<MatchRecord[]> {
  if (refs.length === 0) return [];
  return tx.query<{ ref: string; version: number; fields: ComparableFields }>(
    `select ref, fields_version::int as version, fields from match_record
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
    `select ref, fields_version::int as version, fields from match_record
     where tenant_id = $1 and entity_kind = $2 and ref > $3 and not deleted
     order by ref limit $4`,
    [tx.tenantId, kind, page.after, page.limit],
  );
}

/** A record with its place in the key table. */
export interface KeyedRecord {
  readonly ref: string;
  readonly version: number;
  /** Null when it is deleted. */
  readonly fields: ComparableFields | null;
  /** Null until it has a number. */
  readonly recordNo: number | null;
  readonly keys: Buffer | null;
  readonly goldenId: string | null;
}

const keyedColumns = `ref, fields_version::int as version, fields, record_no as "recordNo", keys, golden_id as "goldenId"`;

/** The records with their keys, deleted ones included. */
export async function loadKeyedRecords(tx: Transaction, refs: readonly string[]): Promise<KeyedRecord[]> {
  if (refs.length === 0) return [];
  return tx.query<KeyedRecord>(
    `select ${keyedColumns} from match_record where tenant_id = $1 and ref = any($2::text[])`,
    [tx.tenantId, refs],
  );
}

/** The same by number. */
export async function loadNumberedRecords(
  tx: Transaction,
  kind: EntityKind,
  numbers: readonly number[],
): Promise<KeyedRecord[]> {
  if (numbers.length === 0) return [];
  return tx.query<KeyedRecord>(
    `select ${keyedColumns} from match_record
     where tenant_id = $1 and entity_kind = $2 and record_no = any($3::int[]) and not deleted`,
    [tx.tenantId, kind, numbers],
  );
}

/** Living records that have a number, in order of it. */
export async function loadNumberedPage(
  tx: Transaction,
  kind: EntityKind,
  page: { readonly after: number; readonly limit: number },
): Promise<(MatchRecord & { readonly recordNo: number })[]> {
  return tx.query(
    `select ref, fields_version::int as version, fields, record_no as "recordNo" from match_record
     where tenant_id = $1 and entity_kind = $2 and record_no > $3 and not deleted
     order by record_no limit $4`,
    [tx.tenantId, kind, page.after, page.limit],
  );
}

/** A candidate, with its fields only when the version that the caller knows is not the one that is stored. */
export interface Candidate {
  readonly recordNo: number;
  readonly ref: string;
  readonly version: number;
  readonly fields: ComparableFields | null;
}

/** The records of the numbers; `known` holds, in the same order, the version that the caller has of each, or 0. */
export async function loadCandidates(
  tx: Transaction,
  kind: EntityKind,
  wanted: { readonly numbers: readonly number[]; readonly known: readonly number[] },
): Promise<Candidate[]> {
  if (wanted.numbers.length === 0) return [];
  return tx.query<Candidate>(
    // One look-up for each number, whatever Postgres believes of the table: left to itself it has read all of it to find a few.
    `select number as "recordNo", case when version = known then '' else ref end as ref, version::int as version,
            case when version = known then null else fields end as fields
     from unnest($3::int[], $4::bigint[]) as wanted (number, known)
       cross join lateral (
         select ref, fields_version as version, fields from match_record
         where tenant_id = $1 and entity_kind = $2 and record_no = number and not deleted limit 1) as stored`,
    [tx.tenantId, kind, wanted.numbers, wanted.known],
  );
}

/** Versions of the records of a kind in order of ref, deleted ones included: what changed since a batch began shows in them. */
export async function loadVersionsPage(
  tx: Transaction,
  kind: EntityKind,
  page: { readonly after: string; readonly limit: number },
): Promise<{ readonly ref: string; readonly version: number; readonly deleted: boolean }[]> {
  return tx.query(
    `select ref, fields_version::int as version, deleted from match_record
     where tenant_id = $1 and entity_kind = $2 and ref > $3 order by ref limit $4`,
    [tx.tenantId, kind, page.after, page.limit],
  );
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
  // Told apart here: in the query it would tempt Postgres to read all records by their golden ID.
  const rows = await tx.query<{ golden_id: string | null }>(
    `select golden_id from match_record where tenant_id = $1 and ref = any($2::text[])`,
    [tx.tenantId, refs],
  );
  return [...new Set(rows.flatMap((row) => row.golden_id ?? []))];
}

/** Golden IDs of those clusters of more than one record that hold the records. */
export async function sharedClustersOf(tx: Transaction, refs: readonly string[]): Promise<string[]> {
  if (refs.length === 0) return [];
  const rows = await tx.query<{ golden_id: string }>(
    `select distinct golden_id from match_record
     where tenant_id = $1 and ref = any($2::text[])
       and (select member_count from cluster
            where cluster.tenant_id = $1 and cluster.golden_id = match_record.golden_id) > 1`,
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
     where match_record.tenant_id = $1 and match_record.ref = any($2::text[]) and match_record.ref = incoming.ref
       and (match_record.golden_id is distinct from incoming.golden_id
            or match_record.probability is distinct from incoming.probability)`,
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
