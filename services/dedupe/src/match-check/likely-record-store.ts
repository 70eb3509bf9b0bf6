import type { KeyRule } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import { createCandidates } from '../matching/candidate-pairs.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import { readBlocks } from '../matching/key-table.ts';
import type { NumberedRecord } from '../matching/record-scorer.ts';

/** A stored record that shares blocking keys with what is asked about. */
export interface LikelyRecord extends NumberedRecord {
  readonly goldenId: string | null;
}

/**
 * Living records that share enough keys to be candidates, those first that share the rarest ones. A key that more than
 * `blockSizeMax` records share says too little and is passed over.
 */
export async function findLikelyRecords(
  tx: Transaction,
  kind: EntityKind,
  options: {
    readonly hashes: readonly number[];
    readonly blockSizeMax: number;
    readonly rule: KeyRule;
    readonly recordsMax: number;
  },
): Promise<LikelyRecord[]> {
  const rarityOf = new Map<number, number>();
  const candidates = createCandidates(options.rule);
  for (const [hash, records] of await readBlocks(tx, kind, options)) {
    candidates.share(hash, records);
    for (const recordNo of records) rarityOf.set(recordNo, (rarityOf.get(recordNo) ?? 0) + 1 / records.length);
  }
  const likely = candidates
    .all()
    .map((recordNo) => [recordNo, rarityOf.get(recordNo) as number] as const)
    .toSorted(([left, rarity], [right, otherRarity]) => otherRarity - rarity || left - right)
    .slice(0, options.recordsMax)
    .map(([recordNo]) => recordNo);
  if (likely.length === 0) return [];
  return tx.query<LikelyRecord>(
    `select ref, number as "recordNo", version::int as version, fields, golden_id as "goldenId"
     from unnest($3::int[]) with ordinality as likely (number, place)
       cross join lateral (
         select ref, fields_version as version, fields, golden_id from match_record
         where tenant_id = $1 and entity_kind = $2 and record_no = number and not deleted limit 1) as stored
     order by place`,
    [tx.tenantId, kind, likely],
  );
}
