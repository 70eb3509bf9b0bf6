import { clusterComponent, decisionThreshold, type Matcher, weightOf } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import { lockClusters } from '../clusters/cluster-store.ts';
import { type ClusterOutlets, type ResolvedGroup, writeClusters } from '../clusters/cluster-writer.ts';
import type { DecidingModel } from '../models/deciding-model.ts';
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

export interface ChangeResolution {
  /** Resolves records that were just saved, and everything they touch. The caller holds the lock of the kind. */
  resolve(tx: Transaction, kind: EntityKind, change: ResolvedChange): Promise<ResolutionCounts>;
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

/**
 * Brings clusters up to date after changes of single records. The affected part of the graph (what edges connect with
 * the changed records, before and after) is clustered anew as a whole, by the same function as a batch, so the outcome
 * does not depend on the order in which records came.
 */
export function createChangeResolution(outlets: ClusterOutlets, cache: NormalCache): ChangeResolution {
  return {
    async resolve(tx, kind, { deciding, refs }) {
      const tenantId = tx.tenantId as string;
      const { matcher, model } = deciding;
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
      const edges = scorePairs(pairs, (left, right) => scoreOf(left, right, records), weightOf(model.reviewFloor));
      await insertEdges(tx, kind, edges);

      const before = await lockClusters(tx, formerClusters);
      const removed = new Set(gone);
      const seeds = new Set([...refs, ...formerNeighbours, ...formerMembers.map((member) => member.ref)]);
      for (const edge of edges) seeds.add(edge.left).add(edge.right);
      const component = await connectedComponent(
        tx,
        [...seeds].filter((ref) => !removed.has(ref)),
      );

      // The component may reach clusters that none of the changed records touched before.
      const reached = await clustersOf(tx, component.nodes);
      const known = new Set(before.map((cluster) => cluster.goldenId));
      const further = await lockClusters(
        tx,
        reached.filter((id) => !known.has(id)),
      );
      for (const record of await loadRecords(
        tx,
        component.nodes.filter((ref) => !records.has(ref)),
      )) {
        records.set(record.ref, record);
      }

      await clearMemberships(tx, gone);
      const nodes = component.nodes.filter((ref) => records.has(ref));
      const groups = clusterComponent(
        nodes,
        component.edges.map((edge) => ({ a: edge.left, b: edge.right, weight: edge.weight })),
        (left, right) => scoreOf(left, right, records),
        { minimumWeight: weightOf(decisionThreshold(model)) },
      );
      const clusters = await writeClusters(tx, outlets, {
        entityKind: kind,
        modelVersion: model.version,
        before: [...before, ...further],
        groups: groups.map((members) => withProbabilities(members, component.edges)),
        lane: 'live',
      });
      return { candidates: pairs.length, edges: edges.length, clusters };

      function scoreOf(left: string, right: string, known: ReadonlyMap<string, MatchRecord>) {
        const leftRecord = known.get(left);
        const rightRecord = known.get(right);
        if (leftRecord === undefined || rightRecord === undefined) {
          // A record that vanished between two reads of one transaction cannot match anything.
          return { weight: Number.NEGATIVE_INFINITY, probability: 0, conflict: true };
        }
        return matcher.score(cache.get(tenantId, matcher, leftRecord), cache.get(tenantId, matcher, rightRecord));
      }
    },
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
