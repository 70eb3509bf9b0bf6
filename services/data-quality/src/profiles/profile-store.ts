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

/** Makes the object known and keeps others from counting it until the transaction ends. */
export async function lockObject(tx: Transaction, { account, object }: ObjectRef): Promise<void> {
  await tx.execute(
    `insert into object_profile as known (tenant_id, account, object) values ($1, $2, $3)
     on conflict (tenant_id, account, object) do update set records = known.records`,
    [tx.tenantId, account, object],
  );
}

/** What these records have added so far. Needs the lock of the object. */
export async function loadCounted(
  tx: Transaction,
  { account, object }: ObjectRef,
  recordIds: readonly string[],
): Promise<CountedRecord[]> {
  const rows = await tx.query<{ record_id: string; version: string; deleted: boolean; filled: number[] }>(
    `select record_id, version, deleted, filled from profiled_record
      where tenant_id = $1 and account = $2 and object = $3 and record_id = any ($4)`,
    [tx.tenantId, account, object, recordIds],
  );
  return rows.map((row) => ({
    recordId: row.record_id,
    version: Number(row.version),
    deleted: row.deleted,
    filled: row.filled,
  }));
}

/** Ids of fields by name; gives one to those that have none. Needs the lock of the object. */
export async function fieldIds(
  tx: Transaction,
  { account, object }: ObjectRef,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const load = (): Promise<{ field: string; field_id: number }[]> =>
    tx.query(
      `select field, field_id from field_profile
        where tenant_id = $1 and account = $2 and object = $3 and field = any ($4)`,
      [tx.tenantId, account, object, names],
    );
  let rows = await load();
  if (rows.length < names.length) {
    const known = new Set(rows.map(({ field }) => field));
    await tx.execute(
      `insert into field_profile (tenant_id, account, object, field) select $1, $2, $3, unnest($4::text[])`,
      [tx.tenantId, account, object, names.filter((name) => !known.has(name))],
    );
    rows = await load();
  }
  return new Map(rows.map(({ field, field_id }) => [field, field_id]));
}

export interface CountedChange {
  readonly records: readonly CountedRecord[];
  readonly change: ProfileChange;
  readonly newestChangeAt: Date;
}

/** Remembers what the records add now, and changes the counts by the difference. Needs the lock of the object. */
export async function saveCounted(
  tx: Transaction,
  { account, object }: ObjectRef,
  { records, change, newestChangeAt }: CountedChange,
): Promise<void> {
  await tx.execute(
    `insert into profiled_record (tenant_id, account, object, record_id, version, deleted, filled)
     select $1, $2, $3, record_id, version, deleted, string_to_array(filled, ',')::integer[]
       from unnest($4::text[], $5::bigint[], $6::boolean[], $7::text[]) as r (record_id, version, deleted, filled)
     on conflict (tenant_id, account, object, record_id) do update
       set version = excluded.version, deleted = excluded.deleted, filled = excluded.filled`,
    [
      tx.tenantId,
      account,
      object,
      records.map(({ recordId }) => recordId),
      records.map(({ version }) => version),
      records.map(({ deleted }) => deleted),
      records.map(({ filled }) => filled.join(',')),
    ],
  );
  await tx.execute(
    `update object_profile
        set records = records + $4, deleted_records = deleted_records + $5,
            newest_change_at = greatest(newest_change_at, $6)
      where tenant_id = $1 and account = $2 and object = $3`,
    [tx.tenantId, account, object, change.records, change.deletedRecords, newestChangeAt],
  );
  if (change.filledRecords.size === 0) return;
  await tx.execute(
    `update field_profile as f set filled_records = f.filled_records + c.difference
       from unnest($2::integer[], $3::bigint[]) as c (field_id, difference)
      where f.tenant_id = $1 and f.field_id = c.field_id`,
    [tx.tenantId, [...change.filledRecords.keys()], [...change.filledRecords.values()]],
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
