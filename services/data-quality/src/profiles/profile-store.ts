import type { Transaction } from '@kempt/postgres';
import type { CountedRecord, ProfileChange } from './profile-change.ts';

export interface ObjectRef {
  readonly account: string;
  readonly object: string;
}

export interface ObjectProfile extends ObjectRef {
  readonly records: number;
  readonly deletedRecords: number;
  readonly newestChangeAt: Date | null;
  readonly fields: readonly { readonly field: string; readonly filledRecords: number }[];
}

/** A record of one object of one account. */
export interface RecordPlace extends ObjectRef {
  readonly recordId: string;
}

/** What a record adds to the profile of its object. */
export interface PlacedCount extends CountedRecord {
  readonly object: ObjectRef;
}

const columns = (places: readonly RecordPlace[]): readonly (readonly string[])[] => [
  places.map(({ account }) => account),
  places.map(({ object }) => object),
  places.map(({ recordId }) => recordId),
];

/** One name for an object, in an order that is the same for everybody. */
export const objectName = ({ account, object }: ObjectRef): string => `${account}\n${object}`;

/**
 * Makes objects known and keeps others from changing their counts until the transaction ends. Counts are the last thing that a transaction
 * changes, so that several instances work on one object side by side. Everybody locks in the same order, so that no two transactions wait
 * for each other.
 */
export async function lockObjects(tx: Transaction, objects: readonly ObjectRef[]): Promise<void> {
  const sorted = [...new Map(objects.map((object) => [objectName(object), object]))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, object]) => object);
  const parameters = [tx.tenantId, sorted.map(({ account }) => account), sorted.map(({ object }) => object)];
  await tx.execute(
    `insert into object_profile (tenant_id, account, object)
     select $1, o.* from unnest($2::text[], $3::text[]) as o on conflict do nothing`,
    parameters,
  );
  await tx.execute(
    `select from object_profile p
      where p.tenant_id = $1
        and (p.account, p.object) in (select * from unnest($2::text[], $3::text[]))
      order by p.account, p.object for update`,
    parameters,
  );
}

/** What these records have added so far. Needs the locks of the records. */
export async function loadCounted(tx: Transaction, places: readonly RecordPlace[]): Promise<PlacedCount[]> {
  const rows = await tx.query<{
    account: string;
    object: string;
    record_id: string;
    version: string;
    deleted: boolean;
    filled: number[];
  }>(
    `select account, object, record_id, version, deleted, filled
       from profiled_record join unnest($2::text[], $3::text[], $4::text[]) as p (account, object, record_id)
            using (account, object, record_id)
      where tenant_id = $1`,
    [tx.tenantId, ...columns(places)],
  );
  return rows.map((row) => ({
    object: { account: row.account, object: row.object },
    recordId: row.record_id,
    version: Number(row.version),
    deleted: row.deleted,
    filled: row.filled,
  }));
}

export interface FieldName extends ObjectRef {
  readonly field: string;
}

const fieldKey = (name: FieldName): string => `${objectName(name)}\n${name.field}`;

/** Ids of fields; gives one to those that have none. */
export async function fieldIds(
  tx: Transaction,
  names: readonly FieldName[],
): Promise<(object: ObjectRef, field: string) => number> {
  // In one order, since others may make the same fields known at the same time.
  const wanted = [...new Map(names.map((name) => [fieldKey(name), name]))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, name]) => name);
  const parameters = (some: readonly FieldName[]): readonly unknown[] => [
    tx.tenantId,
    some.map(({ account }) => account),
    some.map(({ object }) => object),
    some.map(({ field }) => field),
  ];
  const load = (): Promise<(FieldName & { readonly field_id: number })[]> =>
    tx.query(
      `select account, object, field, field_id
         from field_profile join unnest($2::text[], $3::text[], $4::text[]) as n (account, object, field)
              using (account, object, field)
        where tenant_id = $1`,
      parameters(wanted),
    );
  let rows = await load();
  if (rows.length < wanted.length) {
    const known = new Set(rows.map(fieldKey));
    await tx.execute(
      `insert into field_profile (tenant_id, account, object, field)
       select $1, n.* from unnest($2::text[], $3::text[], $4::text[]) as n on conflict do nothing`,
      parameters(wanted.filter((name) => !known.has(fieldKey(name)))),
    );
    rows = await load();
  }
  const ids = new Map(rows.map((row) => [fieldKey(row), row.field_id]));
  return (object, field) => ids.get(fieldKey({ ...object, field })) ?? 0;
}

export interface CountedChange {
  readonly object: ObjectRef;
  readonly change: ProfileChange;
  readonly newestChangeAt: Date;
}

/** Remembers what the records add now. Needs the locks of the records. */
export async function saveCounted(tx: Transaction, records: readonly PlacedCount[]): Promise<void> {
  await tx.execute(
    `insert into profiled_record (tenant_id, account, object, record_id, version, deleted, filled)
     select $1, account, object, record_id, version, deleted, string_to_array(filled, ',')::integer[]
       from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::text[])
            as r (account, object, record_id, version, deleted, filled)
     on conflict (tenant_id, account, object, record_id) do update
       set version = excluded.version, deleted = excluded.deleted, filled = excluded.filled`,
    [
      tx.tenantId,
      ...columns(records.map(({ object, recordId }) => ({ ...object, recordId }))),
      records.map(({ version }) => version),
      records.map(({ deleted }) => deleted),
      records.map(({ filled }) => filled.join(',')),
    ],
  );
}

/** Changes the counts of objects by the differences. Needs the locks of the objects. */
export async function changeProfiles(tx: Transaction, changes: readonly CountedChange[]): Promise<void> {
  await tx.execute(
    `update object_profile as o
        set records = o.records + c.records, deleted_records = o.deleted_records + c.deleted,
            newest_change_at = greatest(o.newest_change_at, c.newest)
       from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[])
            as c (account, object, records, deleted, newest)
      where o.tenant_id = $1 and o.account = c.account and o.object = c.object`,
    [
      tx.tenantId,
      changes.map(({ object }) => object.account),
      changes.map(({ object }) => object.object),
      changes.map(({ change }) => change.records),
      changes.map(({ change }) => change.deletedRecords),
      changes.map(({ newestChangeAt }) => newestChangeAt),
    ],
  );
  const filled = changes.flatMap(({ change }) => [...change.filledRecords]);
  if (filled.length === 0) return;
  await tx.execute(
    `update field_profile as f set filled_records = f.filled_records + c.difference
       from unnest($2::integer[], $3::bigint[]) as c (field_id, difference)
      where f.tenant_id = $1 and f.field_id = c.field_id`,
    [tx.tenantId, filled.map(([fieldId]) => fieldId), filled.map(([, difference]) => difference)],
  );
}

export interface ProfileQuery {
  readonly account?: string | undefined;
  readonly object?: string | undefined;
  /** The page begins behind this object. */
  readonly after?: ObjectRef | undefined;
  readonly limit: number;
}

/** Profiles in the order of account and object. */
export async function listProfiles(tx: Transaction, query: ProfileQuery): Promise<ObjectProfile[]> {
  const objects = await tx.query<{
    account: string;
    object: string;
    records: string;
    deleted_records: string;
    newest_change_at: Date | null;
    fields: string[];
    filled: string[];
  }>(
    `select o.account, o.object, o.records, o.deleted_records, o.newest_change_at,
            array(select f.field from field_profile f
                   where f.tenant_id = o.tenant_id and f.account = o.account and f.object = o.object
                   order by f.field) as fields,
            array(select f.filled_records::text from field_profile f
                   where f.tenant_id = o.tenant_id and f.account = o.account and f.object = o.object
                   order by f.field) as filled
       from object_profile o
      where o.tenant_id = $1
        and ($2::text is null or o.account = $2) and ($3::text is null or o.object = $3)
        and ($4::text is null or (o.account, o.object) > ($4, $5))
      order by o.account, o.object
      limit $6`,
    [
      tx.tenantId,
      query.account ?? null,
      query.object ?? null,
      query.after?.account ?? null,
      query.after?.object ?? null,
      query.limit,
    ],
  );
  return objects.map((row) => ({
    account: row.account,
    object: row.object,
    records: Number(row.records),
    deletedRecords: Number(row.deleted_records),
    newestChangeAt: row.newest_change_at,
    fields: row.fields.map((field, index) => ({ field, filledRecords: Number(row.filled[index] ?? 0) })),
  }));
}
