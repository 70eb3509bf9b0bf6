import type { Transaction } from '@kempt/postgres';
import type { AppContent, AuditKind, AuditRecord } from '../crm/audit-reader.ts';
import type { Position } from '../crm/crm-client.ts';

/** What is known of an audit record. */
export interface KnownRecord {
  readonly auditId: string;
  readonly version: number;
  readonly removed: boolean;
  readonly contentHash: string;
}

/** An audit record as it is to be kept. */
export interface AuditRow {
  readonly record: AuditRecord;
  readonly version: number;
  readonly removed: boolean;
  readonly contentHash: string;
  readonly occurredAtMs: number | null;
}

const isScope = 'tenant_id = $1 and account = $2 and kind = $3';

/** What is known of these audit records, or of all of a kind, their rows locked in the order of the ids. */
export async function lockKnown(
  tx: Transaction,
  scope: { readonly account: string; readonly kind: AuditKind },
  auditIds: readonly string[] | null,
): Promise<Map<string, KnownRecord>> {
  const rows = await tx.query<{ audit_id: string; version: number; removed: boolean; content_hash: string }>(
    `select audit_id, version, removed, content_hash from audit_record
      where ${isScope} and ($4::text[] is null or audit_id = any ($4))
      order by audit_id for update`,
    [tx.tenantId, scope.account, scope.kind, auditIds],
  );
  return new Map(
    rows.map((row) => [
      row.audit_id,
      { auditId: row.audit_id, version: row.version, removed: row.removed, contentHash: row.content_hash },
    ]),
  );
}

/** Contents of audit records of one kind. */
export async function readContents(
  tx: Transaction,
  scope: { readonly account: string; readonly kind: AuditKind },
  auditIds: readonly string[],
): Promise<AuditRecord[]> {
  const rows = await tx.query<{ audit_id: string; content: unknown }>(
    `select audit_id, content from audit_record where ${isScope} and audit_id = any ($4) order by audit_id`,
    [tx.tenantId, scope.account, scope.kind, auditIds],
  );
  return rows.map((row) => ({ kind: scope.kind, auditId: row.audit_id, content: row.content }) as AuditRecord);
}

export async function putRows(tx: Transaction, account: string, rows: readonly AuditRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(
    `insert into audit_record (tenant_id, account, kind, audit_id, version, removed, content, content_hash, occurred_at)
     select $1, $2, kind, audit_id, version, removed, content, content_hash, to_timestamp(occurred_ms / 1000.0)
       from json_to_recordset($3::json) as row (
              kind text, audit_id text, version integer, removed boolean, content jsonb, content_hash text,
              occurred_ms double precision)
     on conflict (tenant_id, account, kind, audit_id) do update
       set version = excluded.version, removed = excluded.removed, content = excluded.content,
           content_hash = excluded.content_hash, occurred_at = excluded.occurred_at`,
    [
      tx.tenantId,
      account,
      JSON.stringify(
        rows.map(({ record, version, removed, contentHash, occurredAtMs }) => ({
          kind: record.kind,
          audit_id: record.auditId,
          version,
          removed,
          content: record.content,
          content_hash: contentHash,
          occurred_ms: occurredAtMs,
        })),
      ),
    ],
  );
}

/** Forgets log-ins before a moment, except the last that each user succeeded in. */
export async function forgetLogins(tx: Transaction, account: string, before: Date): Promise<void> {
  await tx.execute(
    `delete from audit_record as old
      where tenant_id = $1 and account = $2 and kind = 'login' and occurred_at < $3
        and (content ->> 'succeeded' = 'false' or exists (
          select from audit_record as newer
           where newer.tenant_id = $1 and newer.account = $2 and newer.kind = 'login'
             and newer.occurred_at > old.occurred_at and newer.content ->> 'userId' = old.content ->> 'userId'
             and newer.content ->> 'succeeded' = 'true'))`,
    [tx.tenantId, account, before],
  );
}

/** When each user logged in last, by the log-ins that are known. */
export async function lastLogins(tx: Transaction, account: string): Promise<Map<string, number>> {
  const rows = await tx.query<{ user_id: string; last_ms: string }>(
    `select content ->> 'userId' as user_id, (extract(epoch from max(occurred_at)) * 1000)::bigint as last_ms
       from audit_record
      where tenant_id = $1 and account = $2 and kind = 'login' and content ->> 'succeeded' = 'true'
      group by 1`,
    [tx.tenantId, account],
  );
  return new Map(rows.map((row) => [row.user_id, Number(row.last_ms)]));
}

/** Apps that created records of a HubSpot account, as the records themselves say. */
export async function listRecordMakers(
  tx: Transaction,
  account: string,
): Promise<{ readonly appId: string; readonly content: AppContent }[]> {
  const rows = await tx.query<{
    app_id: string;
    name: string | null;
    records: string;
    first_ms: string | null;
    last_ms: string | null;
  }>(
    `select fields ->> 'hs_object_source_id' as app_id, max(fields ->> 'hs_object_source_detail_1') as name,
            count(*) as records,
            (extract(epoch from min((fields -> created.name ->> 'timestamp')::timestamptz)) * 1000)::bigint as first_ms,
            (extract(epoch from max((fields -> created.name ->> 'timestamp')::timestamptz)) * 1000)::bigint as last_ms
       from record, lateral (
              select case when fields ? 'hs_createdate' then 'hs_createdate' else 'createdate' end as name) as created
      where tenant_id = $1 and account = $2 and not deleted and fields ->> 'hs_object_source' = 'INTEGRATION'
        and coalesce(fields ->> 'hs_object_source_id', '') <> ''
      group by 1 order by 1`,
    [tx.tenantId, account],
  );
  return rows.map((row) => ({
    appId: row.app_id,
    content: {
      name: row.name ?? `App ${row.app_id}`,
      appKind: 'oauth-app',
      userIds: [],
      useCount: Number(row.records),
      lastUsedAtMs: row.last_ms === null ? null : Number(row.last_ms),
      createdAtMs: row.first_ms === null ? null : Number(row.first_ms),
    },
  }));
}

/** Where the reading of a source stands. */
export interface SourceState {
  readonly account: string;
  readonly source: string;
  readonly position: Position | null;
  readonly outcome: 'read' | 'not-available' | 'failed';
  readonly reason: string;
  readonly records: number;
  readonly triedAt: Date;
  readonly readAt: Date | null;
}

interface SourceRow {
  readonly account: string;
  readonly source: string;
  readonly position: Position | null;
  readonly outcome: SourceState['outcome'];
  readonly reason: string;
  readonly records: number;
  readonly tried_at: Date;
  readonly read_at: Date | null;
}

/** Sources of all accounts, or of one, in the order of their names. */
export async function listSources(tx: Transaction, account: string | null): Promise<SourceState[]> {
  const rows = await tx.query<SourceRow>(
    `select account, source, position, outcome, reason, records, tried_at, read_at from audit_source
      where tenant_id = $1 and ($2::text is null or account = $2) order by account, source`,
    [tx.tenantId, account],
  );
  return rows.map((row) => ({
    account: row.account,
    source: row.source,
    position: row.position,
    outcome: row.outcome,
    reason: row.reason,
    records: row.records,
    triedAt: row.tried_at,
    readAt: row.read_at,
  }));
}

/** Saves how far a source was read. */
export async function savePosition(
  tx: Transaction,
  place: { readonly account: string; readonly source: string; readonly position: Position | null; readonly at: Date },
): Promise<void> {
  await tx.execute(
    `insert into audit_source (tenant_id, account, source, position, outcome, tried_at)
     values ($1, $2, $3, $4, 'failed', $5)
     on conflict (tenant_id, account, source) do update set position = excluded.position`,
    [
      tx.tenantId,
      place.account,
      place.source,
      place.position === null ? null : JSON.stringify(place.position),
      place.at,
    ],
  );
}

/** Notes how a reading ended. */
export async function putOutcome(
  tx: Transaction,
  ended: Omit<SourceState, 'position' | 'readAt' | 'triedAt'> & { readonly at: Date },
): Promise<void> {
  await tx.execute(
    `insert into audit_source (tenant_id, account, source, outcome, reason, records, tried_at, read_at)
     values ($1, $2, $3, $4, $5, $6, $7::timestamptz, case when $4 = 'read' then $7::timestamptz end)
     on conflict (tenant_id, account, source) do update
       set outcome = excluded.outcome, reason = excluded.reason, records = excluded.records,
           tried_at = excluded.tried_at, read_at = coalesce(excluded.read_at, audit_source.read_at)`,
    [tx.tenantId, ended.account, ended.source, ended.outcome, ended.reason, ended.records, ended.at],
  );
}
