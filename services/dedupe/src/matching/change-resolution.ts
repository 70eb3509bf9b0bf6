import { clusterComponent, decisionThreshold, type Matcher, weightOf } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import type { ExistingCluster } from '../clusters/cluster-assignment.ts';
import { lockClusters } from '../clusters/cluster-store.ts';
import { type ClusterOutlets, type ResolvedGroup, writeClusters } from '../clusters/cluster-writer.ts';
import type { DecidingModel } from '../models/deciding-model.ts';
import { anyReviews, followSurvivors, standingVerdicts } from '../reviews/review-store.ts';
import { constraintsOf, type Pair } from '../reviews/verdict-graph.ts';
import type { EntityKind } from './entity-kind.ts';
import { keyHash } from './key-hash.ts';
import {
  connectedComponent,
  deleteEdges,
  type Edge,
  findCandidates,
  insertEdges,
  replaceKeys,
} from './match-graph-store.ts';
import { clearMemberships, clustersOf, loadRecords, type MatchRecord, membersOf } from './match-record-store.ts';
import type { NormalCache } from './record-scorer.ts';
import { fallenInto, lockOrphanedClusters, survivorsOf } from './survivor-store.ts';

/** The caller holds the lock of the kind. */
export interface ChangeResolution {
  /** Resolves records that were just saved, and everything they touch. */
  resolve(tx: Transaction, kind: EntityKind, change: ResolvedChange): Promise<ResolutionCounts>;
  /** Clusters anew what is around records that did not change, since a verdict on them did. */
  regroup(tx: Transaction, kind: EntityKind, change: ResolvedChange): Promise<ResolutionCounts>;
}

interface ResolvedChange {
  readonly deciding: DecidingModel;
  readonly refs: readonly string[];
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
  /** Clusters that held any of them before. */
  readonly formerClusters: readonly string[];
  /** Records that were read already. */
  readonly records: Map<string, MatchRecord>;
}

/**
 * Brings clusters up to date after changes of single records. The affected part of the graph (what edges and verdicts
 * connect with the changed records, before and after) is clustered anew as a whole, by the same function as a batch, so
 * the outcome does not depend on the order in which records and verdicts came.
 */
export function createChangeResolution(outlets: ClusterOutlets, cache: NormalCache): ChangeResolution {
  return {
    async resolve(tx, kind, { deciding, refs }) {
      const tenantId = tx.tenantId as string;
      const { matcher, model } = deciding;
      const reviewed = await followSurvivors(tx, refs);
      const formerNeighbours = await deleteEdges(tx, refs);
      const formerClusters = await clustersOf(tx, [...refs, ...formerNeighbours]);
      const formerMembers = await membersOf(tx, formerClusters);

      const changed = await loadRecords(tx, refs);
      const living = new Set(changed.map((record) => record.ref));
      const gone = refs.filter((ref) => !living.has(ref));

      const keysOf = new Map(
        changed.map((record) => {
          const normal = cache.get(tenantId, matcher, record);
          return [record.ref, matcher.blockKeys(normal).map((key) => keyHash(key))] as const;
        }),
      );
      await replaceKeys(tx, kind, [
        ...[...keysOf].map(([ref, hashes]) => ({ ref, hashes })),
        ...gone.map((ref) => ({ ref, hashes: [] })),
      ]);

      const pairs = await candidatePairs(tx, kind, { keysOf, blockSizeMax: model.blocking.largestBlock });
      const candidateRefs = new Set(pairs.flat());
      for (const record of changed) candidateRefs.delete(record.ref);
      const records = new Map<string, MatchRecord>(
        [...changed, ...(await loadRecords(tx, [...candidateRefs]))].map((record) => [record.ref, record]),
      );
      const score = createScore(tenantId, matcher, records);
      const edges = scorePairs(pairs, score, weightOf(model.reviewFloor));
      await insertEdges(tx, kind, edges);

      const seeds = new Set([...refs, ...formerNeighbours, ...formerMembers.map((member) => member.ref), ...reviewed]);
      for (const edge of edges) seeds.add(edge.left).add(edge.right);
      for (const ref of await survivorsOf(tx, gone)) seeds.add(ref);
      const clusters = await regroupPart(tx, kind, {
        deciding,
        seeds: [...seeds],
        gone,
        formerClusters,
        records,
      });
      return { candidates: pairs.length, edges: edges.length, clusters };
    },

    async regroup(tx, kind, { deciding, refs }) {
      const formerClusters = await clustersOf(tx, refs);
      const members = await membersOf(tx, formerClusters);
      const clusters = await regroupPart(tx, kind, {
        deciding,
        seeds: [...new Set([...refs, ...members.map((member) => member.ref)])],
        gone: [],
        formerClusters,
        records: new Map(),
      });
      return { candidates: 0, edges: 0, clusters };
    },
  };

  /** @returns the number of clusters that changed */
  async function regroupPart(tx: Transaction, kind: EntityKind, part: TouchedPart): Promise<number> {
    const { matcher, model } = part.deciding;
    const { records } = part;
    const before = await lockClusters(tx, part.formerClusters);
    const removed = new Set(part.gone);
    const reviewed = await anyReviews(tx);
    const around = await connectedComponent(
      tx,
      part.seeds.filter((ref) => !removed.has(ref)),
      async (refs) => (reviewed ? standingVerdicts(tx, kind, refs) : []),
    );

    // The component may reach clusters that none of the changed records touched before.
    const reached = await clustersOf(tx, around.nodes);
    const known = new Set(before.map((cluster) => cluster.goldenId));
    const further = await lockClusters(
      tx,
      reached.filter((id) => !known.has(id)),
    );
    for (const record of await loadRecords(
      tx,
      around.nodes.filter((ref) => !records.has(ref)),
    )) {
      records.set(record.ref, record);
    }

    await clearMemberships(tx, part.gone);
    const nodes = around.nodes.filter((ref) => records.has(ref));
    const constraints = constraintsOf(around.verdicts, new Set(nodes));
    const groups = clusterComponent(
      nodes,
      around.edges.map((edge) => ({ a: edge.left, b: edge.right, weight: edge.weight })),
      createScore(tx.tenantId as string, matcher, records),
      { minimumWeight: weightOf(decisionThreshold(model)), ...constraints },
    );
    const { successors, orphaned } = await fallen(tx, nodes);
    return writeClusters(tx, outlets, {
      entityKind: kind,
      modelVersion: model.version,
      before: [...before, ...further, ...orphaned],
      groups: groups.map((members) =>
        withProbabilities(members, [...around.edges, ...verdictEdges(constraints.mustLink)]),
      ),
      successors,
      lane: 'live',
    });
  }

  function createScore(tenantId: string, matcher: Matcher, records: ReadonlyMap<string, MatchRecord>) {
    return (left: string, right: string): ReturnType<Matcher['score']> => {
      const leftRecord = records.get(left);
      const rightRecord = records.get(right);
      if (leftRecord === undefined || rightRecord === undefined) {
        // A record that vanished between two reads of one transaction cannot match anything.
        return { weight: Number.NEGATIVE_INFINITY, probability: 0, conflict: true };
      }
      return matcher.score(cache.get(tenantId, matcher, leftRecord), cache.get(tenantId, matcher, rightRecord));
    };
  }
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

async function candidatePairs(
  tx: Transaction,
  kind: EntityKind,
  options: { readonly keysOf: ReadonlyMap<string, readonly string[]>; readonly blockSizeMax: number },
): Promise<[string, string][]> {
  const hashes = new Set([...options.keysOf.values()].flat());
  const blocks = await findCandidates(tx, kind, { hashes: [...hashes], blockSizeMax: options.blockSizeMax });
  const pairs = new Map<string, [string, string]>();
  for (const [ref, keys] of options.keysOf) {
    for (const key of keys) {
      for (const other of blocks.get(key) ?? []) {
        if (other === ref) continue;
        const pair: [string, string] = ref < other ? [ref, other] : [other, ref];
        pairs.set(`${pair[0]}\n${pair[1]}`, pair);
      }
    }
  }
  return [...pairs.values()];
}

function scorePairs(
  pairs: readonly [string, string][],
  score: (left: string, right: string) => ReturnType<Matcher['score']>,
  reviewFloor: number,
): Edge[] {
  const edges: Edge[] = [];
  for (const [left, right] of pairs) {
    const scored = score(left, right);
    if (!scored.conflict && scored.weight >= reviewFloor) {
      edges.push({ left, right, weight: scored.weight, probability: scored.probability });
    }
  }
  return edges;
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
