import type { Transaction } from '@kempt/postgres';
import type { StandingVerdict } from '../reviews/verdict-graph.ts';
import type { EntityKind } from './entity-kind.ts';

/** A scored pair; `left` sorts before `right`. */
export interface Edge {
  readonly left: string;
  readonly right: string;
  readonly weight: number;
  readonly probability: number;
}

/** Removes every edge of the records. @returns what was removed */
export async function deleteEdges(tx: Transaction, refs: readonly string[]): Promise<Edge[]> {
  if (refs.length === 0) return [];
  return tx.query<Edge>(
    `delete from edge where ctid = any(array(
       select ctid from edge where tenant_id = $1 and left_ref = any($2::text[])
       union
       select ctid from edge where tenant_id = $1 and right_ref = any($2::text[])))
     returning left_ref as "left", right_ref as "right", weight, probability`,
    [tx.tenantId, refs],
  );
}

/** Edges between two of the records. */
export async function edgesAmong(tx: Transaction, refs: readonly string[]): Promise<Edge[]> {
  if (refs.length === 0) return [];
  return tx.query<Edge>(
    `select left_ref as "left", right_ref as "right", weight, probability from edge
     where tenant_id = $1 and left_ref = any($2::text[]) and right_ref = any($2::text[])`,
    [tx.tenantId, refs],
  );
}

/** Removes single edges. */
export async function deletePairs(tx: Transaction, pairs: readonly Pick<Edge, 'left' | 'right'>[]): Promise<void> {
  if (pairs.length === 0) return;
  await tx.execute(
    `delete from edge using unnest($2::text[], $3::text[]) as gone (left_ref, right_ref)
     where tenant_id = $1 and edge.left_ref = any($2::text[]) and edge.left_ref = gone.left_ref
       and edge.right_ref = gone.right_ref`,
    [tx.tenantId, pairs.map((pair) => pair.left), pairs.map((pair) => pair.right)],
  );
}

export async function insertEdges(tx: Transaction, kind: EntityKind, edges: readonly Edge[]): Promise<void> {
  if (edges.length === 0) return;
  await tx.execute(
    `insert into edge (tenant_id, left_ref, right_ref, entity_kind, weight, probability)
     select $1, left_ref, right_ref, $2, weight, probability
     from unnest($3::text[], $4::text[], $5::float8[], $6::float8[])
       as incoming (left_ref, right_ref, weight, probability)
     on conflict (tenant_id, left_ref, right_ref) do update
       set weight = excluded.weight, probability = excluded.probability`,
    [
      tx.tenantId,
      kind,
      edges.map((edge) => edge.left),
      edges.map((edge) => edge.right),
      edges.map((edge) => edge.weight),
      edges.map((edge) => edge.probability),
    ],
  );
}

/** Records that edges and verdicts connect, and both. */
export interface Component {
  /** Sorted. Records of verdicts that are there no more are among them. */
  readonly nodes: string[];
  readonly edges: Edge[];
  readonly verdicts: StandingVerdict[];
}

/**
 * Everything that edges of at least `minimumWeight` and `same` verdicts connect with the given records, and these edges and
 * verdicts among it. Weaker edges never start a merge, so they do not make the part larger that is clustered anew.
 */
export async function connectedComponent(
  tx: Transaction,
  refs: readonly string[],
  options: {
    readonly minimumWeight: number;
    /** Finds standing verdicts that bear upon records. */
    readonly verdictsOn: (refs: readonly string[]) => Promise<readonly StandingVerdict[]>;
  },
): Promise<Component> {
  const nodes = new Set(refs);
  let frontier = [...refs];
  const edges = new Map<string, Edge>();
  const verdicts = new Map<string, StandingVerdict>();
  while (frontier.length > 0) {
    const next = new Set<string>();
    const reach = (ref: string) => {
      if (nodes.has(ref)) return;
      nodes.add(ref);
      next.add(ref);
    };
    const rows = await tx.query<Edge>(
      `select left_ref as "left", right_ref as "right", weight, probability
       from edge where tenant_id = $1 and left_ref = any($2::text[])
       union
       select left_ref, right_ref, weight, probability
       from edge where tenant_id = $1 and right_ref = any($2::text[])`,
      [tx.tenantId, frontier],
    );
    for (const edge of rows) {
      // Told apart here: in the query it would tempt Postgres to read all edges by their weight.
      if (edge.weight < options.minimumWeight) continue;
      edges.set(`${edge.left}\n${edge.right}`, edge);
      reach(edge.left);
      reach(edge.right);
    }
    for (const verdict of await options.verdictsOn(frontier)) {
      verdicts.set(verdict.decisionId, verdict);
      if (verdict.verdict !== 'same') continue;
      reach(verdict.left);
      reach(verdict.right);
    }
    frontier = [...next];
  }
  return { nodes: [...nodes].toSorted(), edges: [...edges.values()], verdicts: [...verdicts.values()] };
}

export interface EdgeNearThreshold extends Edge {
  readonly entityKind: EntityKind;
  readonly leftGoldenId: string;
  readonly rightGoldenId: string;
  readonly leftSize: number;
  readonly rightSize: number;
}

/** The edges next to a weight on either side on which no verdict stands, with the clusters at their ends. */
export async function edgesNear(
  tx: Transaction,
  kind: EntityKind,
  { weight, limit }: { readonly weight: number; readonly limit: number },
): Promise<EdgeNearThreshold[]> {
  return tx.query<EdgeNearThreshold>(
    `with near as (
       (select * from edge where tenant_id = $1 and entity_kind = $2 and weight >= $3 order by weight limit $4)
       union all
       (select * from edge where tenant_id = $1 and entity_kind = $2 and weight < $3 order by weight desc limit $4)
     )
     select near.left_ref as "left", near.right_ref as "right", near.weight, near.probability,
            near.entity_kind as "entityKind", lefts.golden_id as "leftGoldenId", rights.golden_id as "rightGoldenId",
            left_cluster.member_count as "leftSize", right_cluster.member_count as "rightSize"
     from near
       join match_record as lefts on lefts.tenant_id = $1 and lefts.ref = near.left_ref
       join match_record as rights on rights.tenant_id = $1 and rights.ref = near.right_ref
       join cluster as left_cluster on left_cluster.tenant_id = $1 and left_cluster.golden_id = lefts.golden_id
       join cluster as right_cluster on right_cluster.tenant_id = $1 and right_cluster.golden_id = rights.golden_id
     where not exists (
       select from review
       where review.tenant_id = $1 and not review.revoked and review.left_now in (near.left_ref, near.right_ref)
         and review.right_now in (near.left_ref, near.right_ref))`,
    [tx.tenantId, kind, weight, limit],
  );
}
