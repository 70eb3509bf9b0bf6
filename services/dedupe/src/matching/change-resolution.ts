import { clusterComponent, decisionThreshold, type Matcher, weightOf } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import type { ExistingCluster } from '../clusters/cluster-assignment.ts';
import { lockClusters } from '../clusters/cluster-store.ts';
import { type ClusterOutlets, type ResolvedGroup, writeClusters } from '../clusters/cluster-writer.ts';
import type { DecidingModel } from '../models/deciding-model.ts';
import { anyReviews, followSurvivors, standingVerdicts } from '../reviews/review-store.ts';
import { constraintsOf, type Pair } from '../reviews/verdict-graph.ts';
import type { ChangeLock } from './change-lock.ts';
import { scoreChange } from './edge-scoring.ts';
import type { EntityKind } from './entity-kind.ts';
import { type KeyTable, openKeyTable } from './key-table.ts';
import { writeAllKeys } from './key-table-writing.ts';
import { connectedComponent, type Edge } from './match-graph-store.ts';
import {
  clearMemberships,
  clustersOf,
  type KeyedRecord,
  loadKeyedRecords,
  loadRecords,
  type MatchRecord,
  sharedClustersOf,
} from './match-record-store.ts';
import { inputRecord, originsIn } from './record-scorer.ts';
import type { RecordShelves } from './record-shelves.ts';
import { fallenInto, lockOrphanedClusters, survivorsOf } from './survivor-store.ts';

/** The caller holds the lock of the kind. */
export interface ChangeResolution {
  /**
   * Resolves records of which something that is compared was just saved, and everything they touch. Of `otherRefs` only fields
   * that are not compared changed: they stay where they are, and proposals to merge them are brought up to date.
   */
  resolve(tx: Transaction, kind: EntityKind, change: RecordChange): Promise<ResolutionCounts>;
  /** Clusters anew what is around records that did not change, since a verdict on them did. */
  regroup(tx: Transaction, kind: EntityKind, change: ResolvedChange): Promise<ResolutionCounts>;
}

interface ResolvedChange {
  readonly deciding: DecidingModel;
  readonly refs: readonly string[];
}

interface RecordChange extends ResolvedChange {
  /** Of who took it to change records. */
  readonly lock?: ChangeLock;
  /** The records of `refs` as they are stored now, where the caller has them. */
  readonly saved?: readonly KeyedRecord[];
  /** Whether the tenant has any verdict, where the caller knows. */
  readonly isReviewed?: boolean;
  readonly otherRefs?: readonly string[];
  /** Something else to write in the meantime. */
  readonly alongside?: () => Promise<void>;
}

export interface ResolutionCounts {
  readonly candidates: number;
  readonly edges: number;
  readonly clusters: number;
}

/** What a change touches of the graph. */
interface TouchedPart {
  readonly deciding: DecidingModel;
  /** Records from which the touched part is reached. */
  readonly seeds: readonly string[];
  /** Records that are there no more. */
  readonly gone: readonly string[];
  /** Clusters that held any of them before, locked. */
  readonly before: readonly ExistingCluster[];
  /** Records that stay where they are and of which proposals tell something that changed. */
  readonly retoldRefs: readonly string[];
  /** Whether the tenant has any verdict. */
  readonly isReviewed: boolean;
}

/**
 * Brings clusters up to date after changes of single records. The affected part of the graph (what edges and verdicts
 * connect with the changed records, before and after) is clustered anew as a whole, by the same function as a batch, so
 * the outcome does not depend on the order in which records and verdicts came.
 */
export function createChangeResolution(outlets: ClusterOutlets, shelves: RecordShelves): ChangeResolution {
  return {
    async resolve(tx, kind, { deciding, otherRefs = [], alongside, ...change }) {
      const { lock, refs } = change;
      const { table, records, isReviewed } = await openForChange(tx, kind, deciding.matcher, change);
      const reviewed = isReviewed ? await followSurvivors(tx, refs) : [];
      const { candidates, removed, added } = await scoreChange(tx, kind, {
        deciding,
        shelves,
        records,
        table,
        loan: lock?.loan,
        ...(alongside === undefined ? {} : { alongside }),
      });
      const minimum = weightOf(decisionThreshold(deciding.model));
      const seeds = new Set(reviewed);
      // What was removed may have tied records by the threshold of an earlier model.
      for (const { left, right } of removed) seeds.add(left).add(right);
      for (const { left, right, weight } of added) if (weight >= minimum) seeds.add(left).add(right);
      const gone: string[] = [];
      for (const { ref, fields, goldenId } of records) {
        if (fields === null) gone.push(ref);
        // A record that is new has to get a cluster; any other one is where it was unless an edge or a verdict moves it.
        if (fields === null || goldenId === null) seeds.add(ref);
      }
      for (const ref of await survivorsOf(tx, gone)) seeds.add(ref);
      const before = await lockClusters(tx, await clustersOf(tx, [...seeds]));
      for (const { members } of before) for (const ref of members) seeds.add(ref);
      const clusters = await regroupPart(tx, kind, {
        deciding,
        seeds: [...seeds],
        gone,
        before,
        retoldRefs: [...refs, ...otherRefs].filter((ref) => !seeds.has(ref)),
        isReviewed,
      });
      return { candidates, edges: added.length, clusters };
    },

    async regroup(tx, kind, { deciding, refs }) {
      const before = await lockClusters(tx, await clustersOf(tx, refs));
      const clusters = await regroupPart(tx, kind, {
        deciding,
        seeds: [...new Set([...refs, ...before.flatMap(({ members }) => members)])],
        gone: [],
        before,
        retoldRefs: [],
        isReviewed: await anyReviews(tx),
      });
      return { candidates: 0, edges: 0, clusters };
    },
  };

  /** @returns the number of clusters that changed */
  async function regroupPart(tx: Transaction, kind: EntityKind, part: TouchedPart): Promise<number> {
    const { matcher, model } = part.deciding;
    if (part.seeds.length === 0) {
      const goldenIds = await sharedClustersOf(tx, part.retoldRefs);
      await outlets.proposals.write(tx, { entityKind: kind, modelVersion: model.version, goldenIds, lane: 'live' });
      return 0;
    }
    const { before } = part;
    const removed = new Set(part.gone);
    const around = await connectedComponent(
      tx,
      part.seeds.filter((ref) => !removed.has(ref)),
      {
        minimumWeight: weightOf(decisionThreshold(model)),
        verdictsOn: async (refs) => (part.isReviewed ? standingVerdicts(tx, kind, refs) : []),
      },
    );

    // The component may reach clusters that none of the changed records touched before.
    const [reached, living] = await Promise.all([
      clustersOf(tx, around.nodes),
      loadRecords(tx, around.nodes),
      clearMemberships(tx, part.gone),
    ]);
    const known = new Set(before.map((cluster) => cluster.goldenId));
    const records = new Map(living.map((record) => [record.ref, record]));
    const nodes = around.nodes.filter((ref) => records.has(ref));
    const [further, { successors, orphaned }] = await Promise.all([
      lockClusters(
        tx,
        reached.filter((id) => !known.has(id)),
      ),
      fallen(tx, nodes),
    ]);
    const constraints = constraintsOf(around.verdicts, new Set(nodes));
    const groups = clusterComponent(
      nodes,
      around.edges.map((edge) => ({ a: edge.left, b: edge.right, weight: edge.weight })),
      createScore(matcher, records),
      { minimumWeight: weightOf(decisionThreshold(model)), origins: originsIn(model), ...constraints },
    );
    return writeClusters(tx, outlets, {
      entityKind: kind,
      modelVersion: model.version,
      before: [...before, ...further, ...orphaned],
      groups: groups.map((members) =>
        withProbabilities(members, [...around.edges, ...verdictEdges(constraints.mustLink)]),
      ),
      successors,
      retoldRefs: part.retoldRefs,
      lane: 'live',
    });
  }
}

/** What a change begins with. A kind that streamed before there was a key table has none until its first change. */
async function openForChange(
  tx: Transaction,
  kind: EntityKind,
  matcher: Matcher,
  { refs, ...known }: Pick<RecordChange, 'refs' | 'lock' | 'saved' | 'isReviewed'>,
): Promise<{ readonly table: KeyTable; readonly records: readonly KeyedRecord[]; readonly isReviewed: boolean }> {
  const { lock } = known;
  const [table, records, isReviewed] = await Promise.all([
    openKeyTable(tx, kind, lock),
    known.saved ?? loadKeyedRecords(tx, refs),
    known.isReviewed ?? anyReviews(tx),
  ]);
  if (table.isWritten) return { table, records, isReviewed };
  await writeAllKeys(tx, kind, matcher);
  lock?.loan.forget();
  return { table: await openKeyTable(tx, kind), records: await loadKeyedRecords(tx, refs), isReviewed };
}

/** Normal forms are made once for each record of a part, and only when a pair has no edge. */
function createScore(matcher: Matcher, records: ReadonlyMap<string, MatchRecord>) {
  const normals = new Map<string, ReturnType<Matcher['normalise']>>();
  const normalOf = (ref: string) => {
    const known = normals.get(ref);
    if (known !== undefined) return known;
    const record = records.get(ref);
    if (record === undefined) return undefined;
    const normal = matcher.normalise(inputRecord(record));
    normals.set(ref, normal);
    return normal;
  };
  return (left: string, right: string): ReturnType<Matcher['score']> => {
    const [leftNormal, rightNormal] = [normalOf(left), normalOf(right)];
    if (leftNormal === undefined || rightNormal === undefined) {
      // A record that vanished between two reads of one transaction cannot match anything.
      return { weight: Number.NEGATIVE_INFINITY, probability: 0, conflict: true };
    }
    return matcher.score(leftNormal, rightNormal);
  };
}

/**
 * Who answers for records that the CRM merged into one of the living: so that the golden ID of a cluster whose records
 * were all merged away goes on by its survivor, whichever of them dedupe heard of first.
 */
async function fallen(
  tx: Transaction,
  living: readonly string[],
): Promise<{ readonly successors: ReadonlyMap<string, string>; readonly orphaned: readonly ExistingCluster[] }> {
  const records = await fallenInto(tx, living);
  const membersOfCluster = Map.groupBy(
    records.filter((record) => record.leftGoldenId !== null),
    (record) => record.leftGoldenId as string,
  );
  const clusters = await lockOrphanedClusters(tx, [...membersOfCluster.keys()]);
  return {
    successors: new Map(records.map((record) => [record.ref, record.survivor])),
    orphaned: clusters.map((cluster) => ({
      ...cluster,
      members: (membersOfCluster.get(cluster.goldenId) ?? []).map((record) => record.ref),
    })),
  };
}

/** A verdict ties two records as firmly as anything can. */
export function verdictEdges(mustLink: readonly Pair[]): Edge[] {
  return mustLink.map(([left, right]) => ({ left, right, weight: Number.POSITIVE_INFINITY, probability: 1 }));
}

/** How strongly each member is tied to the rest: its best pair inside the group, 1 when it is alone. */
export function withProbabilities(members: readonly string[], edges: readonly Edge[]): ResolvedGroup {
  if (members.length === 1) return { members: [{ ref: members[0] as string, probability: 1 }] };
  const inside = new Set(members);
  const best = new Map<string, number>();
  for (const edge of edges) {
    if (!inside.has(edge.left) || !inside.has(edge.right)) continue;
    for (const end of [edge.left, edge.right]) {
      best.set(end, Math.max(best.get(end) ?? 0, edge.probability));
    }
  }
  return { members: members.map((ref) => ({ ref, probability: best.get(ref) ?? 0 })) };
}
