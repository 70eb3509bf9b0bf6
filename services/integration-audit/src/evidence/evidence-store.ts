import type { Transaction } from '@kempt/postgres';
import { type ChainEnd, emptyChain, type Link, type SubjectKind } from './link.ts';

/** The end of the tenant's chain, held until the transaction ends. */
export async function lockChain(tx: Transaction): Promise<ChainEnd> {
  await tx.execute(
    'insert into evidence_chain (tenant_id, sequence, hash) values ($1, $2, $3) on conflict (tenant_id) do nothing',
    [tx.tenantId, emptyChain.sequence, emptyChain.hash],
  );
  const [row] = await tx.query<{ sequence: string; hash: string }>(
    'select sequence, hash from evidence_chain where tenant_id = $1 for update',
    [tx.tenantId],
  );
  return row === undefined ? emptyChain : { sequence: Number(row.sequence), hash: row.hash };
}

export async function chainEnd(tx: Transaction): Promise<ChainEnd> {
  const [row] = await tx.query<{ sequence: string; hash: string }>(
    'select sequence, hash from evidence_chain where tenant_id = $1',
    [tx.tenantId],
  );
  return row === undefined ? emptyChain : { sequence: Number(row.sequence), hash: row.hash };
}

export interface SubjectVersion {
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  readonly subjectVersion: number;
}

export async function isAttested(tx: Transaction, subject: SubjectVersion): Promise<boolean> {
  const rows = await tx.query(
    `select 1 from evidence
      where tenant_id = $1 and subject_kind = $2 and subject_id = $3 and subject_version = $4`,
    [tx.tenantId, subject.subjectKind, subject.subjectId, subject.subjectVersion],
  );
  return rows.length > 0;
}

/** Adds a link; the chain is held. */
export async function addLink(tx: Transaction, link: Link): Promise<void> {
  await tx.execute(
    `insert into evidence (tenant_id, sequence, subject_kind, subject_id, subject_version, occurred_at, recorded_at,
                           content, content_hash, previous_hash, hash)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      tx.tenantId,
      link.sequence,
      link.subjectKind,
      link.subjectId,
      link.subjectVersion,
      link.occurredAt,
      link.recordedAt,
      link.content,
      link.contentHash,
      link.previousHash,
      link.hash,
    ],
  );
  await tx.execute('update evidence_chain set sequence = $2, hash = $3 where tenant_id = $1', [
    tx.tenantId,
    link.sequence,
    link.hash,
  ]);
}

interface LinkRow {
  readonly sequence: string;
  readonly subject_kind: SubjectKind;
  readonly subject_id: string;
  readonly subject_version: number;
  readonly occurred_at: Date;
  readonly recorded_at: Date;
  readonly content: string;
  readonly content_hash: string;
  readonly previous_hash: string;
  readonly hash: string;
}

/** Links behind a position, in the order of the chain. */
export async function listLinks(
  tx: Transaction,
  query: {
    readonly afterSequence: number;
    readonly subjectKind?: SubjectKind | undefined;
    readonly subjectId?: string | undefined;
    readonly limit: number;
  },
): Promise<Link[]> {
  const rows = await tx.query<LinkRow>(
    `select * from evidence
      where tenant_id = $1 and sequence > $2
        and ($3::text is null or subject_kind = $3) and ($4::text is null or subject_id = $4)
      order by sequence limit $5`,
    [tx.tenantId, query.afterSequence, query.subjectKind ?? null, query.subjectId ?? null, query.limit],
  );
  return rows.map((row) => ({
    sequence: Number(row.sequence),
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    subjectVersion: row.subject_version,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    content: row.content,
    contentHash: row.content_hash,
    previousHash: row.previous_hash,
    hash: row.hash,
  }));
}
