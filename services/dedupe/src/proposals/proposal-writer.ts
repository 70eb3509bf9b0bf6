import type { Lane } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import { derivedId } from '../clusters/golden-id.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { DedupeMetrics } from '../metrics.ts';
import { draftProposal, type ProposalDraft, type ProposalLimits, type ProposalMember } from './proposal-draft.ts';
import type { ProposalEvents } from './proposal-events.ts';
import { isGateOpen, probabilitiesAmong } from './proposal-gate-store.ts';
import {
  deleteProposals,
  mergedRecords,
  proposalMembers,
  proposalsOfClusters,
  type StoredProposal,
  saveProposals,
} from './proposal-store.ts';
import { loadVendorRecords } from './vendor-record-store.ts';

export interface ProposalWrite {
  readonly entityKind: EntityKind;
  readonly modelVersion: string;
  /** Clusters whose records, or whose records' fields, may have changed. */
  readonly goldenIds: readonly string[];
  readonly lane: Lane;
}

export interface ProposalWriter {
  /** Brings the proposals of clusters up to date, in the transaction that changed them. */
  write(tx: Transaction, write: ProposalWrite): Promise<void>;
}

/**
 * Keeps one proposal for each cluster, account and object with two or more living records. A proposal is told when its
 * records, its master or its choices change, and withdrawn when nothing is left to merge or a guard speaks against it.
 */
export function createProposalWriter(options: {
  readonly events: ProposalEvents;
  readonly limits: ProposalLimits;
  readonly metrics: Pick<DedupeMetrics, 'proposals'>;
  /** Pairs of the records that a reviewer told apart. */
  readonly toldApart: (tx: Transaction, refs: readonly string[]) => Promise<readonly (readonly [string, string])[]>;
  /** Pairs of the records that a reviewer looked at and found to be the same. */
  readonly toldSame: (tx: Transaction, refs: readonly string[]) => Promise<readonly (readonly [string, string])[]>;
}): ProposalWriter {
  const { events, limits, metrics, toldApart, toldSame } = options;
  return {
    async write(tx, write) {
      const tenantId = tx.tenantId as string;
      const [living, known] = await Promise.all([
        proposalMembers(tx, write.goldenIds),
        proposalsOfClusters(tx, write.goldenIds),
      ]);
      const groups = mergeable(living);
      if (groups.length === 0 && known.length === 0) return;

      const refs = groups.flatMap((group) => group.members.map((member) => member.ref));
      const [stored, different, same, gateOpen, probabilities] = await Promise.all([
        loadVendorRecords(tx, refs),
        toldApart(tx, refs),
        toldSame(tx, refs),
        isGateOpen(tx, write.entityKind),
        probabilitiesAmong(tx, refs),
      ]);
      const vendorRecords = new Map(stored.map((record) => [record.ref, record]));
      const sureness = new Map(probabilities.map(({ left, right, probability }) => [`${left}\n${right}`, probability]));
      for (const pair of same) sureness.set(pair.toSorted().join('\n'), 1);
      const knownById = new Map(known.map((proposal) => [proposal.proposalId, proposal]));
      const changed: StoredProposal[] = [];
      const otherwiseHindered: StoredProposal[] = [];
      for (const group of groups) {
        const proposalId = derivedId(`${group.goldenId}:${group.account}:${group.object}`);
        const before = knownById.get(proposalId);
        const members = group.members.flatMap((member): ProposalMember[] => {
          const record = vendorRecords.get(member.ref);
          return record === undefined ? [] : [{ ...record, probability: member.probability }];
        });
        // A record without stored fields was last told by an older release; its next change brings them.
        if (members.length < 2) continue;
        knownById.delete(proposalId);
        const draft = draftProposal(group.object, members, {
          limits,
          different,
          gateOpen,
          weakestPair: weakestPair(
            members.map((member) => member.ref),
            sureness,
          ),
        });
        if (draft === undefined) continue;
        const hindrance = draft.hindrance ?? null;
        if (before !== undefined && !differs(before, draft)) {
          if (before.hindrance !== hindrance) otherwiseHindered.push({ ...before, hindrance });
          continue;
        }
        changed.push({
          proposalId,
          goldenId: group.goldenId,
          entityKind: write.entityKind,
          account: group.account,
          object: group.object,
          ...draft,
          state: draft.guard === undefined ? 'open' : 'held',
          version: before?.version ?? 0,
          modelVersion: write.modelVersion,
          guard: draft.guard ?? null,
          hindrance,
        });
      }

      const gone = [...knownById.values()].filter((proposal) => proposal.state !== 'withdrawn');
      const merged = await mergedRecords(
        tx,
        gone.flatMap((proposal) => [proposal.master, ...proposal.losers]),
      );
      for (const proposal of gone) {
        const records = [proposal.master, ...proposal.losers];
        changed.push({
          ...proposal,
          state: 'withdrawn',
          // What nobody is to write any more is not kept either.
          choices: [],
          guard: null,
          reason: records.some((ref) => merged.has(ref))
            ? 'the records were merged in the CRM'
            : 'fewer than two of the records are left in the cluster',
        });
      }

      const stateBefore = new Map(known.map((proposal) => [proposal.proposalId, proposal.state]));
      const told: StoredProposal[] = [];
      const quiet: StoredProposal[] = [];
      for (const proposal of changed) {
        const isToldOpen = stateBefore.get(proposal.proposalId) === 'open';
        if (proposal.state === 'open' || isToldOpen) told.push({ ...proposal, version: proposal.version + 1 });
        else quiet.push(proposal);
      }
      for (const { state } of changed) metrics.proposals.inc({ entity_kind: write.entityKind, state });
      await Promise.all([
        deleteProposals(
          tx,
          quiet
            .filter((proposal) => proposal.state === 'withdrawn' && proposal.version === 0)
            .map((proposal) => proposal.proposalId),
        ),
        saveProposals(tx, [
          ...told,
          ...quiet.filter((proposal) => proposal.state !== 'withdrawn' || proposal.version > 0),
          ...otherwiseHindered,
        ]),
        appendToOutbox(
          tx,
          told.map((proposal) => events.mergeProposed(tenantId, proposal)),
          { lane: write.lane },
        ),
      ]);
    },
  };
}

interface MergeableGroup {
  readonly goldenId: string;
  readonly account: string;
  readonly object: string;
  readonly members: readonly { readonly ref: string; readonly probability: number }[];
}

function mergeable(members: Awaited<ReturnType<typeof proposalMembers>>): MergeableGroup[] {
  const groups = Map.groupBy(members, (member) => `${member.goldenId}:${member.account}:${member.object}`);
  return [...groups.values()].flatMap((group) => {
    const first = group[0];
    if (first === undefined || group.length < 2) return [];
    return [{ goldenId: first.goldenId, account: first.account, object: first.object, members: group }];
  });
}

function weakestPair(refs: readonly string[], sureness: ReadonlyMap<string, number>): number {
  const sorted = refs.toSorted();
  let weakest = 1;
  sorted.forEach((left, index) => {
    for (const right of sorted.slice(index + 1)) weakest = Math.min(weakest, sureness.get(`${left}\n${right}`) ?? 0);
  });
  return weakest;
}

/** Whether anything changed that somebody who read the proposal would act upon. */
function differs(before: StoredProposal, draft: ProposalDraft): boolean {
  const state = draft.guard === undefined ? 'open' : 'held';
  if (before.state !== state || before.guard !== (draft.guard ?? null)) return true;
  if ((before.hindrance === null) !== (draft.hindrance === undefined)) return true;
  if (before.master !== draft.master || before.losers.join() !== draft.losers.join()) return true;
  return canonicalJson(before.choices) !== canonicalJson(draft.choices);
}

/** JSON with sorted keys, since Postgres gives the keys of stored JSON back in an order of its own. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}
