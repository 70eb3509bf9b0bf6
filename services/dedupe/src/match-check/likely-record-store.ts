import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { MatchRecord } from '../matching/match-record-store.ts';

/** A stored record that shares blocking keys with what is asked about. */
export interface LikelyRecord extends MatchRecord {
  readonly goldenId: string | null;
}

/**
 * Living records that share a key, those first that share the rarest ones. A key that more than `blockSizeMax` records
 * share says too little and is passed over.
 */
export async function findLikelyRecords(
  tx: Transaction,
  kind: EntityKind,
  options: { readonly hashes: readonly string[]; readonly blockSizeMax: number; readonly recordsMax: number },
): Promise<LikelyRecord[]> {
  if (options.hashes.length === 0) return [];
  return tx.query<LikelyRecord>(
    `select record.ref, record.version::int as version, record.fields, record.golden_id as "goldenId"
     from (
       select member.ref, sum(1.0 / cardinality(block.refs)) as rarity
       from unnest($3::bigint[]) as wanted (key_hash)
       cross join lateral (
         select array_agg(ref) as refs from (
           select ref from block_key
           where tenant_id = $1 and entity_kind = $2 and key_hash = wanted.key_hash
           limit $4
         ) as members
       ) as block
       cross join lateral unnest(block.refs) as member (ref)
       where cardinality(block.refs) <= $5
       group by member.ref
       order by rarity desc, member.ref
       limit $6
     ) as likely
     join match_record as record on record.tenant_id = $1 and record.ref = likely.ref
     where not record.deleted
     order by likely.rarity desc, record.ref`,
    [tx.tenantId, kind, options.hashes, options.blockSizeMax + 1, options.blockSizeMax, options.recordsMax],
  );
}
