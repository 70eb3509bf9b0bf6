import { goldenId } from './golden-id.ts';

/** A cluster as it was before a change. */
export interface ExistingCluster {
  readonly goldenId: string;
  readonly founder: string;
  readonly members: readonly string[];
}

/** A cluster as it is after a change. */
export interface AssignedCluster {
  readonly goldenId: string;
  readonly founder: string;
  /** Sorted. */
  readonly members: readonly string[];
  /** True when no cluster had this id before the change. */
  readonly isNew: boolean;
  /** Golden IDs that mean this cluster from now on. */
  readonly absorbed: readonly string[];
}

export interface Assignment {
  readonly clusters: readonly AssignedCluster[];
  /** Clusters that lost every member to nobody: their records were deleted. */
  readonly dissolved: readonly ExistingCluster[];
}

/**
 * Gives golden IDs to the groups that a change left behind, so that an id goes on meaning what it meant:
 * - a group inherits the id of the cluster with which it shares most records; on a tie the one whose founder it holds,
 *   then the lowest id;
 * - a record that the CRM merged away counts for its survivor, but less than any record that is there;
 * - a cluster whose id nobody inherits is absorbed by the group that took most of its records, and becomes its alias;
 * - a group that inherits nothing gets an id from its lowest record.
 * The answer does not depend on the order of groups or clusters.
 *
 * @param isTaken tells whether an id belongs to a cluster outside of this change
 */
export function assignGoldenIds(
  tenantId: string,
  change: {
    readonly before: readonly ExistingCluster[];
    readonly groups: readonly (readonly string[])[];
    /** Living records by those that the CRM merged into them. */
    readonly successors?: ReadonlyMap<string, string>;
  },
  isTaken: (id: string) => boolean,
): Assignment {
  const groups = change.groups
    .map((members) => members.toSorted())
    .filter((members) => members.length > 0)
    .toSorted((left, right) => compareText(left[0], right[0]));
  const groupOf = new Map<string, number>();
  groups.forEach((members, index) => {
    for (const member of members) groupOf.set(member, index);
  });

  const successorGroup = (ref: string): number | undefined => groupOf.get(change.successors?.get(ref) ?? '');
  const claims = change.before
    .flatMap((cluster) => claimsOf(cluster, (ref) => groupOf.get(ref), successorGroup))
    .toSorted(compareClaims);
  const idOfGroup = new Map<number, ExistingCluster>();
  const heirOf = new Map<string, number>();
  for (const claim of claims) {
    if (idOfGroup.has(claim.group) || heirOf.has(claim.cluster.goldenId)) continue;
    idOfGroup.set(claim.group, claim.cluster);
    heirOf.set(claim.cluster.goldenId, claim.group);
  }

  const absorbed = new Map<number, string[]>();
  const dissolved: ExistingCluster[] = [];
  for (const cluster of change.before) {
    if (heirOf.has(cluster.goldenId)) continue;
    const best = claims.find((claim) => claim.cluster.goldenId === cluster.goldenId);
    if (best === undefined) dissolved.push(cluster);
    else absorbed.set(best.group, [...(absorbed.get(best.group) ?? []), cluster.goldenId]);
  }

  const used = new Set(change.before.map((cluster) => cluster.goldenId));
  const clusters = groups.map((members, index): AssignedCluster => {
    const inherited = idOfGroup.get(index);
    const absorbedIds = (absorbed.get(index) ?? []).toSorted();
    if (inherited !== undefined) {
      return {
        goldenId: inherited.goldenId,
        founder: inherited.founder,
        members,
        isNew: false,
        absorbed: absorbedIds,
      };
    }
    const founder = members[0] as string;
    let generation = 1;
    let id = goldenId(tenantId, founder, generation);
    while (used.has(id) || isTaken(id)) {
      generation += 1;
      id = goldenId(tenantId, founder, generation);
    }
    used.add(id);
    return { goldenId: id, founder, members, isNew: true, absorbed: absorbedIds };
  });
  return { clusters, dissolved };
}

interface Claim {
  readonly cluster: ExistingCluster;
  readonly group: number;
  readonly shared: number;
  /** Records of the cluster that were merged into records of the group. */
  readonly merged: number;
  readonly holdsFounder: boolean;
}

function claimsOf(
  cluster: ExistingCluster,
  groupOf: (ref: string) => number | undefined,
  successorGroupOf: (ref: string) => number | undefined,
): Claim[] {
  const shares = new Map<number, { shared: number; merged: number }>();
  const share = (group: number) => {
    const known = shares.get(group) ?? { shared: 0, merged: 0 };
    shares.set(group, known);
    return known;
  };
  for (const member of cluster.members) {
    const group = groupOf(member);
    const successorGroup = group === undefined ? successorGroupOf(member) : undefined;
    if (group !== undefined) share(group).shared += 1;
    else if (successorGroup !== undefined) share(successorGroup).merged += 1;
  }
  const founderGroup = groupOf(cluster.founder);
  return [...shares].map(([group, { shared, merged }]) => ({
    cluster,
    group,
    shared,
    merged,
    holdsFounder: group === founderGroup,
  }));
}

function compareClaims(left: Claim, right: Claim): number {
  if (left.shared !== right.shared) return right.shared - left.shared;
  if (left.merged !== right.merged) return right.merged - left.merged;
  if (left.holdsFounder !== right.holdsFounder) return left.holdsFounder ? -1 : 1;
  return compareText(left.cluster.goldenId, right.cluster.goldenId) || left.group - right.group;
}

function compareText(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0;
  return (left ?? '') < (right ?? '') ? -1 : 1;
}
