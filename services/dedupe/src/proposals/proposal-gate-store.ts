import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { GateVerdicts } from './proposal-gate.ts';

/** The account and object that a reference names. */
const sourceOf = (column: string) => `substring(${column} from '^(.*):')`;

/**
 * Verdicts that people gave on single pairs of one object of one account of which the model is, or was when the verdict was given, as sure as
 * `probabilityMin`. What was accepted in bulk tells nothing of single pairs. Of records that were merged meanwhile, what the model
 * said then counts.
 */
export async function countGateVerdicts(
  tx: Transaction,
  kind: EntityKind,
  probabilityMin: number,
): Promise<GateVerdicts> {
  const rows = await tx.query<{ same: number; different: number; unsure: number }>(
    `select count(*) filter (where verdict = 'same')::int as same,
            count(*) filter (where verdict = 'different')::int as different,
            count(*) filter (where verdict = 'unsure')::int as unsure
     from review
       left join edge on edge.tenant_id = $1 and edge.left_ref = least(review.left_now, review.right_now)
         and edge.right_ref = greatest(review.left_now, review.right_now)
     where review.tenant_id = $1 and review.entity_kind = $2 and not review.revoked and review.origin = 'single'
       and ${sourceOf('review.left_ref')} = ${sourceOf('review.right_ref')}
       and coalesce(edge.probability, review.probability) >= $3`,
    [tx.tenantId, kind, probabilityMin],
  );
  return rows[0] ?? { same: 0, different: 0, unsure: 0 };
}

/** Whether the gate of a kind was open when it was looked at last. */
export async function isGateOpen(tx: Transaction, kind: EntityKind): Promise<boolean> {
  const rows = await tx.query<{ open: boolean }>(
    `select open from proposal_gate where tenant_id = $1 and entity_kind = $2`,
    [tx.tenantId, kind],
  );
  return rows[0]?.open ?? false;
}

/** The caller holds the lock of the kind. @returns true when it stood otherwise before */
export async function saveGate(tx: Transaction, kind: EntityKind, open: boolean): Promise<boolean> {
  if ((await isGateOpen(tx, kind)) === open) return false;
  await tx.execute(
    `insert into proposal_gate (tenant_id, entity_kind, open) values ($1, $2, $3)
     on conflict (tenant_id, entity_kind) do update set open = excluded.open`,
    [tx.tenantId, kind, open],
  );
  return true;
}

/** Clusters with open proposals of a kind, in order of golden ID. */
export async function clustersWithProposals(
  tx: Transaction,
  kind: EntityKind,
  page: { readonly after: string; readonly limit: number },
): Promise<string[]> {
  const rows = await tx.query<{ golden_id: string }>(
    `select distinct golden_id from merge_proposal
     where tenant_id = $1 and entity_kind = $2 and state = 'open' and golden_id > $3 order by golden_id limit $4`,
    [tx.tenantId, kind, page.after, page.limit],
  );
  return rows.map((row) => row.golden_id);
}

/** Open proposals of a kind that may go through without a look. */
export async function countAutomatic(tx: Transaction, kind: EntityKind): Promise<number> {
  const rows = await tx.query<{ count: number }>(
    `select count(*)::int as count from merge_proposal
     where tenant_id = $1 and entity_kind = $2 and state = 'open' and hindrance is null`,
    [tx.tenantId, kind],
  );
  return rows[0]?.count ?? 0;
}

/** Match probabilities of the pairs among the records that were probable enough to be kept. */
export async function probabilitiesAmong(
  tx: Transaction,
  refs: readonly string[],
): Promise<{ left: string; right: string; probability: number }[]> {
  if (refs.length < 2) return [];
  return tx.query(
    `select left_ref as "left", right_ref as "right", probability from edge
     where tenant_id = $1 and left_ref = any($2::text[]) and right_ref = any($2::text[])`,
    [tx.tenantId, refs],
  );
}
