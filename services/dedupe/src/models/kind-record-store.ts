import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import { loadKind, type MatchRecord } from '../matching/match-record-store.ts';

const pageRecords = 5_000;

/** Every living record of a kind, in order of ref. Give it one snapshot: it reads page after page. */
export async function loadAllRecords(tx: Transaction, kind: EntityKind): Promise<MatchRecord[]> {
  const records: MatchRecord[] = [];
  let after = '';
  for (;;) {
    const page = await loadKind(tx, kind, { after, limit: pageRecords });
    records.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < pageRecords) return records;
    after = last.ref;
  }
}

/** The cluster of each living record of a kind. */
export async function goldenIdsOf(tx: Transaction, kind: EntityKind): Promise<Map<string, string>> {
  const rows = await tx.query<{ ref: string; golden_id: string }>(
    `select ref, golden_id from match_record
     where tenant_id = $1 and entity_kind = $2 and not deleted and golden_id is not null`,
    [tx.tenantId, kind],
  );
  return new Map(rows.map((row) => [row.ref, row.golden_id]));
}

/** Living records of a kind. */
export async function countKind(tx: Transaction, kind: EntityKind): Promise<number> {
  const rows = await tx.query<{ count: number }>(
    `select count(*)::int as count from match_record where tenant_id = $1 and entity_kind = $2 and not deleted`,
    [tx.tenantId, kind],
  );
  return rows[0]?.count ?? 0;
}
