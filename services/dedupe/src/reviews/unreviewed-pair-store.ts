import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';

export interface UnreviewedPair {
  readonly left: string;
  readonly right: string;
  readonly weight: number;
  readonly probability: number;
}

export interface UnreviewedFilter {
  readonly minWeight: number;
  readonly maxWeight: number;
  readonly account: string | undefined;
  readonly object: string | undefined;
}

/** Pairs in which no verdict stands between the records, the most probable first, after one of them. */
export async function unreviewedPairs(
  tx: Transaction,
  kind: EntityKind,
  filter: UnreviewedFilter & { readonly after: UnreviewedPair | undefined; readonly limit: number },
): Promise<UnreviewedPair[]> {
  const { after } = filter;
  return tx.query<UnreviewedPair>(
    `select left_ref as "left", right_ref as "right", weight, probability from edge
     where tenant_id = $1 and entity_kind = $2 and weight between $3 and $4
       and ($5::float8 is null or weight < $5 or (weight = $5 and (left_ref, right_ref) > ($6, $7)))
       and ($8::text is null or (starts_with(left_ref, $8 || ':') and starts_with(right_ref, $8 || ':')))
       and ($9::text is null or (left_ref like '%:' || $9 || ':%' and right_ref like '%:' || $9 || ':%'))
       and not exists (
         select from review
         where review.tenant_id = $1 and not review.revoked and review.left_now in (edge.left_ref, edge.right_ref)
           and review.right_now in (edge.left_ref, edge.right_ref))
     order by weight desc, left_ref, right_ref limit $10`,
    [
      tx.tenantId,
      kind,
      filter.minWeight,
      filter.maxWeight,
      after?.weight ?? null,
      after?.left ?? '',
      after?.right ?? '',
      filter.account ?? null,
      filter.object ?? null,
      filter.limit,
    ],
  );
}
