import type { Transaction } from '@kempt/postgres';
import type { Fields } from '../schema/field-value.ts';
import type { MirrorEntry } from './record-change.ts';

/** The records of one object of an account. */
export interface MirrorScope {
  readonly account: string;
  readonly object: string;
}

/** A row to write. JSON comes as text, since its hash was taken from that text. */
export interface MirrorRow {
  readonly recordId: string;
  readonly version: number;
  readonly modifiedAtMs: number;
  readonly modifiedBy: string;
  readonly contentHash: string;
  readonly projectionHash: string;
  /** Null keeps what is there. */
  readonly fieldsJson: string | null;
  readonly canonicalJson: string | null;
  readonly deleted: boolean;
  readonly mergedInto: string | null;
}

/** What is known of these records, their rows locked in the order of the ids until the transaction ends. */
export async function lockEntries(
  tx: Transaction,
  scope: MirrorScope,
  recordIds: readonly string[],
): Promise<Map<string, MirrorEntry>> {
  const rows = await tx.query<{
    record_id: string;
    version: number;
    modified_ms: string;
    content_hash: string;
    projection_hash: string;
    deleted: boolean;
    merged_into: string | null;
  }>(
    `select record_id, version, (extract(epoch from modified_at) * 1000)::bigint as modified_ms,
            content_hash, projection_hash, deleted, merged_into
       from record
      where tenant_id = $1 and account = $2 and object = $3 and record_id = any ($4)
      order by record_id
        for update`,
    [tx.tenantId, scope.account, scope.object, recordIds],
  );
  return new Map(
    rows.map((row) => [
      row.record_id,
      {
        recordId: row.record_id,
        version: row.version,
        modifiedAtMs: Number(row.modified_ms),
        contentHash: row.content_hash,
        projectionHash: row.projection_hash,
        deleted: row.deleted,
        mergedInto: row.merged_into,
      },
    ]),
  );
}

export async function readFields(
  tx: Transaction,
  scope: MirrorScope,
  recordIds: readonly string[],
): Promise<Map<string, Fields>> {
  if (recordIds.length === 0) return new Map();
  const rows = await tx.query<{ record_id: string; fields: Fields | null }>(
    `select record_id, fields from record
      where tenant_id = $1 and account = $2 and object = $3 and record_id = any ($4)`,
    [tx.tenantId, scope.account, scope.object, recordIds],
  );
  return new Map(rows.map((row) => [row.record_id, row.fields ?? {}]));
}

const text = JSON.stringify;

const rowJson = (row: MirrorRow): string =>
  `{"record_id":${text(row.recordId)},"version":${row.version},"modified_ms":${row.modifiedAtMs},` +
  `"modified_by":${text(row.modifiedBy)},"content_hash":"${row.contentHash}","projection_hash":"${row.projectionHash}",` +
  `"fields":${row.fieldsJson},"canonical":${row.canonicalJson},"deleted":${row.deleted},` +
  `"merged_into":${text(row.mergedInto)}}`;

/** Writes rows whose versions were decided under `lockEntries`, in one statement. */
export async function writeRows(tx: Transaction, scope: MirrorScope, rows: readonly MirrorRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(
    `insert into record (tenant_id, account, object, record_id, version, modified_at, modified_by, content_hash,
                         projection_hash, fields, canonical, deleted, merged_into)
     select $1, $2, $3, record_id, version, to_timestamp(modified_ms / 1000.0), modified_by, content_hash,
            projection_hash, fields, canonical, deleted, merged_into
       from json_to_recordset($4::json) as row (
              record_id text, version integer, modified_ms bigint, modified_by text, content_hash text,
              projection_hash text, fields jsonb, canonical jsonb, deleted boolean, merged_into text)
     on conflict (tenant_id, account, object, record_id) do update
       set version = excluded.version,
           modified_at = excluded.modified_at,
           modified_by = excluded.modified_by,
           content_hash = excluded.content_hash,
           projection_hash = excluded.projection_hash,
           fields = coalesce(excluded.fields, record.fields),
           canonical = coalesce(excluded.canonical, record.canonical),
           deleted = excluded.deleted,
           merged_into = excluded.merged_into,
           purged = false,
           erased = false`,
    [tx.tenantId, scope.account, scope.object, `[${rows.map(rowJson).join(',')}]`],
  );
}

/** Ids of the records that are deleted and may come back, after an id, in order. */
export async function listDeleted(
  tx: Transaction,
  scope: MirrorScope,
  page: { readonly after: string; readonly limit: number },
): Promise<string[]> {
  const rows = await tx.query<{ record_id: string }>(
    `select record_id from record
      where tenant_id = $1 and account = $2 and object = $3 and record_id > $4 and deleted and merged_into is null
        and not purged
      order by record_id limit $5`,
    [tx.tenantId, scope.account, scope.object, page.after, page.limit],
  );
  return rows.map((row) => row.record_id);
}

/** Notes that deleted records cannot come back. Nothing is told: they were told as deleted. */
export async function markPurged(tx: Transaction, scope: MirrorScope, recordIds: readonly string[]): Promise<void> {
  if (recordIds.length === 0) return;
  await tx.execute(
    `update record set purged = true
      where tenant_id = $1 and account = $2 and object = $3 and record_id = any ($4) and deleted`,
    [tx.tenantId, scope.account, scope.object, recordIds],
  );
}

/** A record as it is shown. */
export interface StoredRecord {
  readonly account: string;
  readonly object: string;
  readonly recordId: string;
  readonly version: number;
  readonly modifiedAt: Date;
  readonly modifiedBy: string;
  readonly contentHash: string;
  readonly fields: Fields;
  readonly canonical: Readonly<Record<string, unknown>> | null;
  readonly deleted: boolean;
  readonly mergedInto: string | null;
}

interface StoredRow {
  readonly account: string;
  readonly object: string;
  readonly record_id: string;
  readonly version: number;
  readonly modified_at: Date;
  readonly modified_by: string;
  readonly content_hash: string;
  readonly fields: Fields | null;
  readonly canonical: Readonly<Record<string, unknown>> | null;
  readonly deleted: boolean;
  readonly merged_into: string | null;
}

const storedColumns =
  'account, object, record_id, version, modified_at, modified_by, content_hash, fields, canonical, deleted, merged_into';

const storedRecord = (row: StoredRow): StoredRecord => ({
  account: row.account,
  object: row.object,
  recordId: row.record_id,
  version: row.version,
  modifiedAt: row.modified_at,
  modifiedBy: row.modified_by,
  contentHash: row.content_hash,
  fields: row.fields ?? {},
  canonical: row.canonical,
  deleted: row.deleted,
  mergedInto: row.merged_into,
});

export interface RecordFilter {
  readonly account?: string | undefined;
  readonly object?: string | undefined;
  readonly includeDeleted: boolean;
}

/** Records in the order of account, object and id, after a place. */
export async function listRecords(
  tx: Transaction,
  filter: RecordFilter,
  page: { readonly after: readonly [string, string, string] | null; readonly limit: number },
): Promise<StoredRecord[]> {
  const [account, object, recordId] = page.after ?? ['', '', ''];
  const rows = await tx.query<StoredRow>(
    `select ${storedColumns} from record
      where tenant_id = $1
        and not erased
        and ($2::text is null or account = $2)
        and ($3::text is null or object = $3)
        and ($4 or not deleted)
        and (account, object, record_id) > ($5, $6, $7)
      order by account, object, record_id
      limit $8`,
    [
      tx.tenantId,
      filter.account ?? null,
      filter.object ?? null,
      filter.includeDeleted,
      account,
      object,
      recordId,
      page.limit,
    ],
  );
  return rows.map(storedRecord);
}

export async function findRecord(
  tx: Transaction,
  scope: MirrorScope & { readonly recordId: string },
): Promise<StoredRecord | undefined> {
  const [row] = await tx.query<StoredRow>(
    `select ${storedColumns} from record
      where tenant_id = $1 and account = $2 and object = $3 and record_id = $4 and not erased`,
    [tx.tenantId, scope.account, scope.object, scope.recordId],
  );
  return row === undefined ? undefined : storedRecord(row);
}
