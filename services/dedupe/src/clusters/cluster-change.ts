import { ClusterChangeKind } from '@kempt/contracts';
import type { AssignedCluster, Assignment, ExistingCluster } from './cluster-assignment.ts';

/** A cluster whose members are not what they were. */
export interface ClusterChange {
  readonly goldenId: string;
  readonly founder: string;
  readonly kind: ClusterChangeKind;
  /** Sorted; empty when the cluster is dissolved. */
  readonly members: readonly string[];
  readonly absorbed: readonly string[];
}

/** What an assignment of golden IDs changed, in order of id. Clusters that stay as they were are left out. */
export function clusterChanges(before: readonly ExistingCluster[], assignment: Assignment): ClusterChange[] {
  const known = new Map(before.map((cluster) => [cluster.goldenId, cluster]));
  const alive = new Set(assignment.clusters.flatMap((cluster) => cluster.members));
  const changes: ClusterChange[] = [];
  for (const cluster of assignment.clusters) {
    const kind = changeKind(known.get(cluster.goldenId), cluster, alive);
    if (kind !== undefined) {
      changes.push({
        goldenId: cluster.goldenId,
        founder: cluster.founder,
        kind,
        members: cluster.members,
        absorbed: cluster.absorbed,
      });
    }
  }
  for (const cluster of assignment.dissolved) {
    if (cluster.members.length === 0) continue;
    changes.push({
      goldenId: cluster.goldenId,
      founder: cluster.founder,
      kind: ClusterChangeKind.DISSOLVED,
      members: [],
      absorbed: [],
    });
  }
  return changes.toSorted((left, right) => (left.goldenId < right.goldenId ? -1 : 1));
}

function changeKind(
  before: ExistingCluster | undefined,
  after: AssignedCluster,
  alive: ReadonlySet<string>,
): ClusterChangeKind | undefined {
  if (before === undefined) return ClusterChangeKind.CREATED;
  if (after.absorbed.length > 0) return ClusterChangeKind.MERGED;
  const members = new Set(after.members);
  const left = before.members.filter((member) => !members.has(member));
  if (left.some((member) => alive.has(member))) return ClusterChangeKind.SPLIT;
  if (left.length > 0 || after.members.length !== before.members.length) return ClusterChangeKind.MEMBERS_CHANGED;
  return undefined;
}
