import type { Transaction } from '@kempt/postgres';
import type { ObjectRef } from '../profiles/profile-store.ts';
import type { RecordFacts } from '../rules/record-facts.ts';
import type { StandardFix } from './standardisation.ts';

/** A value of a record that could be written in a standard way. */
export interface RecordFix extends StandardFix {
  readonly recordId: string;
}

export interface FixProposal extends ObjectRef {
  readonly proposalId: string;
  readonly version: number;
  readonly open: boolean;
  readonly standardId: string;
  readonly fixes: readonly RecordFix[];
  readonly requestedBy: string;
  readonly createdAt: Date;
}

/** Values that wait for being rewritten, by record id. */
export async function findFixes(
  tx: Transaction,
  { account, object }: ObjectRef,
  { standardId, limit }: { readonly standardId: string; readonly limit: number },
): Promise<RecordFix[]> {
  const rows = await tx.query<{ record_id: string; facts: RecordFacts }>(
    `select record_id, facts from assessed_record
      where tenant_id = $1 and account = $2 and object = $3 and fixable > 0
        and jsonb_array_length(coalesce(facts #> array['standards', $4, 'fixes'], '[]')) > 0
      order by record_id limit $5`,
    [tx.tenantId, account, object, standardId, limit],
  );
  return rows
    .flatMap(({ record_id, facts }) =>
      (facts.standards[standardId]?.fixes ?? []).map((fix) => ({ recordId: record_id, ...fix })),
    )
    .slice(0, limit);
}

/** How many values of each object wait for being rewritten. */
export async function countFixable(tx: Transaction): Promise<(ObjectRef & { readonly values: number })[]> {
  const rows = await tx.query<{ account: string; object: string; fixable: string }>(
    `select account, object, sum(fixable) as fixable from assessed_record
      where tenant_id = $1 and fixable > 0 group by account, object order by account, object`,
    [tx.tenantId],
  );
  return rows.map(({ account, object, fixable }) => ({ account, object, values: Number(fixable) }));
}

interface ProposalRow {
  readonly proposal_id: string;
  readonly version: number;
  readonly open: boolean;
  readonly standard_id: string;
  readonly account: string;
  readonly object: string;
  readonly fixes: RecordFix[];
  readonly requested_by: string;
  readonly created_at: Date;
}

const proposalOf = (row: ProposalRow): FixProposal => ({
  proposalId: row.proposal_id,
  version: row.version,
  open: row.open,
  standardId: row.standard_id,
  account: row.account,
  object: row.object,
  fixes: row.fixes,
  requestedBy: row.requested_by,
  createdAt: row.created_at,
});

export async function saveProposal(tx: Transaction, proposal: FixProposal): Promise<void> {
  await tx.execute(
    `insert into fix_proposal (tenant_id, proposal_id, version, open, standard_id, account, object, fixes, requested_by,
                               created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10)
     on conflict (tenant_id, proposal_id) do update set version = excluded.version, open = excluded.open`,
    [
      tx.tenantId,
      proposal.proposalId,
      proposal.version,
      proposal.open,
      proposal.standardId,
      proposal.account,
      proposal.object,
      JSON.stringify(proposal.fixes),
      proposal.requestedBy,
      proposal.createdAt,
    ],
  );
}

/** Locks the proposal until the transaction ends. */
export async function lockProposal(tx: Transaction, proposalId: string): Promise<FixProposal | undefined> {
  const [row] = await tx.query<ProposalRow>(
    `select * from fix_proposal where tenant_id = $1 and proposal_id = $2 for update`,
    [tx.tenantId, proposalId],
  );
  return row === undefined ? undefined : proposalOf(row);
}

/** Newest first: the ids rise with time. */
export async function listProposals(
  tx: Transaction,
  { before, limit }: { readonly before?: string | undefined; readonly limit: number },
): Promise<FixProposal[]> {
  const rows = await tx.query<ProposalRow>(
    `select * from fix_proposal where tenant_id = $1 and ($2::uuid is null or proposal_id < $2::uuid)
      order by proposal_id desc limit $3`,
    [tx.tenantId, before ?? null, limit],
  );
  return rows.map(proposalOf);
}
