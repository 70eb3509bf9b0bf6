import type { Lane } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import { saveMemberships, sharedClustersOf } from '../matching/match-record-store.ts';
import type { ProposalWriter } from '../proposals/proposal-writer.ts';
import { assignGoldenIds, type ExistingCluster } from './cluster-assignment.ts';
import { clusterChanges } from './cluster-change.ts';
import type { ClusterEvents } from './cluster-events.ts';
import { addAliases, livingClusters, removeAliases, saveClusters } from './cluster-store.ts';
import { goldenId } from './golden-id.ts';

/** How many ids of one founder are looked up; a founder would have to leave its cluster this often to run out. */
const generations = [1, 2, 3, 4, 5, 6, 7, 8];

/** A group of records that belong together, and how strongly each is tied to the rest. */
export interface ResolvedGroup {
  readonly members: readonly { readonly ref: string; readonly probability: number }[];
}

export interface ClusterWrite {
  readonly entityKind: EntityKind;
  readonly modelVersion: string;
  /** Clusters that the change may touch, locked. */
  readonly before: readonly ExistingCluster[];
  /** What their records are now, and every record that joins them. */
  readonly groups: readonly ResolvedGroup[];
  /** Living records by those that the CRM merged into them. */
  readonly successors?: ReadonlyMap<string, string>;
  /** Records that stay where they are and of which proposals tell something that changed. */
  readonly retoldRefs?: readonly string[];
  readonly lane: Lane;
}

/** Where the outcome goes besides the tables of clusters. */
export interface ClusterOutlets {
  readonly events: ClusterEvents;
  readonly proposals: ProposalWriter;
}

/**
 * Gives golden IDs to the groups, stores who belongs where, tells what changed and brings merge
 * proposals up to date, all in the caller's transaction.
 * @returns the number of clusters that changed
 */
export async function writeClusters(
  tx: Transaction,
  { events, proposals }: ClusterOutlets,
  write: ClusterWrite,
): Promise<number> {
  const tenantId = tx.tenantId as string;
  const founders = write.groups.map((group) => group.members.map((member) => member.ref).toSorted()[0] as string);
  const taken = await livingClusters(
    tx,
    founders.flatMap((founder) => generations.map((generation) => goldenId(tenantId, founder, generation))),
  );
  const assignment = assignGoldenIds(
    tenantId,
    {
      before: write.before,
      groups: write.groups.map((group) => group.members.map((member) => member.ref)),
      successors: write.successors ?? new Map(),
    },
    (id) => taken.has(id),
  );

  const probabilityOf = new Map(
    write.groups.flatMap((group) => group.members.map((member) => [member.ref, member.probability] as const)),
  );
  const memberships = assignment.clusters.flatMap((cluster) =>
    cluster.members.map((ref) => ({ ref, goldenId: cluster.goldenId, probability: probabilityOf.get(ref) ?? 1 })),
  );
  const changes = clusterChanges(write.before, assignment);
  const absorbed = assignment.clusters.flatMap((cluster) =>
    cluster.absorbed.map((alias) => ({ alias, goldenId: cluster.goldenId })),
  );
  const founderOf = new Map(write.before.map((cluster) => [cluster.goldenId, cluster.founder]));
  const [versions, removedAliases, addedAliases, retoldClusters] = await Promise.all([
    saveClusters(tx, write.entityKind, [
      ...changes.map((change) => ({
        goldenId: change.goldenId,
        founder: change.founder,
        memberCount: change.members.length,
      })),
      ...absorbed.map(({ alias }) => ({ goldenId: alias, founder: founderOf.get(alias) as string, memberCount: 0 })),
    ]),
    removeAliases(
      tx,
      assignment.clusters.filter((cluster) => cluster.isNew).map((cluster) => cluster.goldenId),
    ),
    addAliases(tx, absorbed),
    sharedClustersOf(tx, write.retoldRefs ?? []),
    saveMemberships(tx, memberships),
  ]);
  const aliasChanges = [...removedAliases, ...addedAliases];

  const appended = appendToOutbox(
    tx,
    [
      ...changes.map((change) =>
        events.clusterChanged(tenantId, {
          goldenId: change.goldenId,
          entityKind: write.entityKind,
          kind: change.kind,
          version: versions.get(change.goldenId) as number,
          members: change.members.map((ref) => ({ ref, probability: probabilityOf.get(ref) ?? 1 })),
          absorbed: change.absorbed,
          modelVersion: write.modelVersion,
        }),
      ),
      ...aliasChanges.map((change) => events.idAliased(tenantId, change)),
    ],
    { lane: write.lane },
  );
  const retold = proposals.write(tx, {
    entityKind: write.entityKind,
    modelVersion: write.modelVersion,
    goldenIds: [
      ...new Set(
        [...write.before, ...assignment.clusters]
          .filter((cluster) => cluster.members.length > 1)
          .map((cluster) => cluster.goldenId)
          .concat(retoldClusters),
      ),
    ],
    lane: write.lane,
  });
  await Promise.all([appended, retold]);
  return changes.length;
}
