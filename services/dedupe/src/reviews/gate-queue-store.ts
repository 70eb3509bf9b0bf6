import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { EdgeNearThreshold } from '../matching/match-graph-store.ts';

/**
 * Pairs of one cluster and one object of one account that are at least so probable and on which no verdict stands, in an order that has
 * nothing to do with what they are: the first ones are a sample without favour, from which the precision of them all can be told.
 */
export async function gateSample(
  tx: Transaction,
  kind: EntityKind,
  { probabilityMin, limit }: { readonly probabilityMin: number; readonly limit: number },
): Promise<EdgeNearThreshold[]> {
  return tx.query<EdgeNearThreshold>(
    `select edge.left_ref as "left", edge.right_ref as "right", edge.weight, edge.probability,
            edge.entity_kind as "entityKind", lefts.golden_id as "leftGoldenId", rights.golden_id as "rightGoldenId",
            cluster.member_count as "leftSize", cluster.member_count as "rightSize"
     from edge
       join match_record as lefts on lefts.tenant_id = $1 and lefts.ref = edge.left_ref
       join match_record as rights on rights.tenant_id = $1 and rights.ref = edge.right_ref
         and rights.golden_id = lefts.golden_id and rights.account = lefts.account and rights.object = lefts.object
       join cluster on cluster.tenant_id = $1 and cluster.golden_id = lefts.golden_id
     where edge.tenant_id = $1 and edge.entity_kind = $2 and edge.probability >= $3
       and not exists (
         select from review
         where review.tenant_id = $1 and not review.revoked and review.left_now in (edge.left_ref, edge.right_ref)
           and review.right_now in (edge.left_ref, edge.right_ref))
     order by md5(edge.left_ref || edge.right_ref), edge.left_ref, edge.right_ref limit $4`,
    [tx.tenantId, kind, probabilityMin, limit],
  );
}
