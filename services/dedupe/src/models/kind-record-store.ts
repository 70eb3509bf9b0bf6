import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';

/** The cluster of each living record of a kind. */
export async function goldenIdsOf(tx: Transaction, kind: EntityKind): Promise<Map<string, string>> {
  const rows = await tx.query<{ ref: string; golden_id: string }>(
    `select ref, golden_id from match_record
     where tenant_id = $1 and entity_kind = $2 and not deleted and golden_id is not null`,
    [tx.tenantId, kind],
  );
  return new Map(rows.map((row) => [row.ref, row.golden_id]));
}

/** Whether any living record of a kind keeps the id of another. */
export async function anyLinks(tx: Transaction, kind: EntityKind): Promise<boolean> {
  const rows = await tx.query<{ linked: boolean }>(
    `select exists (select from match_record
                    where tenant_id = $1 and entity_kind = $2 and not deleted and fields ? 'linked_record') as linked`,
    [tx.tenantId, kind],
  );
  return rows[0]?.linked === true;
}

/** Living records of a kind. */
export async function countKind(tx: Transaction, kind: EntityKind): Promise<number> {
  const rows = await tx.query<{ count: number }>(
    `select count(*)::int as count from match_record where tenant_id = $1 and entity_kind = $2 and not deleted`,
    [tx.tenantId, kind],
  );
  return rows[0]?.count ?? 0;
}
