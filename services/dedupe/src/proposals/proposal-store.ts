import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { Guard } from './proposal-draft.ts';
import type { Hindrance } from './proposal-hindrance.ts';
import type { FieldChoice } from './survivorship.ts';

export type ProposalState = 'open' | 'held' | 'withdrawn';

/** A proposal as it was told last, or is held back. */
export interface StoredProposal {
  readonly proposalId: string;
  readonly goldenId: string;
  readonly entityKind: EntityKind;
  readonly account: string;
  readonly object: string;
  readonly state: ProposalState;
  /** How many times the world was told of it. */
  readonly version: number;
  readonly master: string;
  readonly losers: readonly string[];
  readonly choices: readonly FieldChoice[];
  readonly probability: number;
  readonly modelVersion: string;
  readonly reason: string;
  readonly guard: Guard | null;
  /** Why an open one must not be applied without a look; null when it may. */
  readonly hindrance: Hindrance | null;
}

const columns = `proposal_id as "proposalId", golden_id as "goldenId", entity_kind as "entityKind", account, object, state,
  version, master, losers, choices, probability, model_version as "modelVersion", reason, guard, hindrance`;

/** Proposals of the clusters, withdrawn ones included. Whoever holds the lock of the kind has them for itself. */
export async function proposalsOfClusters(tx: Transaction, goldenIds: readonly string[]): Promise<StoredProposal[]> {
  if (goldenIds.length === 0) return [];
  return tx.query<StoredProposal>(
    `select ${columns} from merge_proposal where tenant_id = $1 and golden_id = any($2::text[]) order by proposal_id`,
    [tx.tenantId, goldenIds],
  );
}

export async function saveProposals(tx: Transaction, proposals: readonly StoredProposal[]): Promise<void> {
  if (proposals.length === 0) return;
  await tx.execute(
    `insert into merge_proposal (tenant_id, proposal_id, golden_id, entity_kind, account, object, state, version, master,
                                 losers, choices, probability, model_version, reason, guard,
                                 hindrance)
     select $1, "proposalId", "goldenId", "entityKind", account, object, state, version, master,
            losers, choices, probability, "modelVersion", reason, guard, hindrance
     from json_to_recordset($2::json) as incoming (
            "proposalId" text, "goldenId" text, "entityKind" text, account text, object text, state text,
            version integer, master text, losers text[], choices jsonb, probability double precision,
            "modelVersion" text, reason text, guard text, hindrance text)
     on conflict (tenant_id, proposal_id) do update
       set state = excluded.state, version = excluded.version, master = excluded.master, losers = excluded.losers,
           choices = excluded.choices, probability = excluded.probability, model_version = excluded.model_version,
           reason = excluded.reason, guard = excluded.guard, hindrance = excluded.hindrance`,
    [tx.tenantId, JSON.stringify(proposals)],
  );
}

/** Forgets proposals of which nobody was ever told. */
export async function deleteProposals(tx: Transaction, proposalIds: readonly string[]): Promise<void> {
  if (proposalIds.length === 0) return;
  await tx.execute(`delete from merge_proposal where tenant_id = $1 and proposal_id = any($2::text[])`, [
    tx.tenantId,
    proposalIds,
  ]);
}

export async function loadProposal(tx: Transaction, proposalId: string): Promise<StoredProposal | undefined> {
  const rows = await tx.query<StoredProposal>(
    `select ${columns} from merge_proposal where tenant_id = $1 and proposal_id = $2`,
    [tx.tenantId, proposalId],
  );
  return rows[0];
}

export interface ProposalFilter {
  readonly state: ProposalState | undefined;
  readonly account: string | undefined;
  readonly object: string | undefined;
  readonly minProbability: number;
}

export async function listProposals(
  tx: Transaction,
  filter: ProposalFilter,
  page: { readonly after: string; readonly limit: number },
): Promise<StoredProposal[]> {
  return tx.query<StoredProposal>(
    `select ${columns} from merge_proposal
     where tenant_id = $1 and ($2::text is null or state = $2) and ($3::text is null or account = $3)
       and ($4::text is null or object = $4) and probability >= $5 and proposal_id > $6
     order by proposal_id limit $7`,
    [
      tx.tenantId,
      filter.state ?? null,
      filter.account ?? null,
      filter.object ?? null,
      filter.minProbability,
      page.after,
      page.limit,
    ],
  );
}

/** Living members of the clusters with what ties them to the rest. */
export async function proposalMembers(
  tx: Transaction,
  goldenIds: readonly string[],
): Promise<{ ref: string; goldenId: string; account: string; object: string; probability: number }[]> {
  if (goldenIds.length === 0) return [];
  return tx.query(
    `select ref, golden_id as "goldenId", account, object, probability from match_record
     where tenant_id = $1 and golden_id = any($2::text[]) and not deleted order by golden_id, account, object, ref`,
    [tx.tenantId, goldenIds],
  );
}

/** Which of the records were merged away in the CRM. */
export async function mergedRecords(tx: Transaction, refs: readonly string[]): Promise<Set<string>> {
  if (refs.length === 0) return new Set();
  const rows = await tx.query<{ ref: string }>(
    `select ref from match_record where tenant_id = $1 and ref = any($2::text[]) and merged_into is not null`,
    [tx.tenantId, refs],
  );
  return new Set(rows.map((row) => row.ref));
}
