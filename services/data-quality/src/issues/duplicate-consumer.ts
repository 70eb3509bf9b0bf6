import { decodeEvent, topics } from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import {
  type DuplicateRecord,
  duplicatesOfClusters,
  newClusterVersions,
  replaceDuplicates,
} from './duplicate-store.ts';
import type { RecordAssessor } from './record-assessor.ts';

type ClusterMembers = readonly { readonly account: string; readonly object: string; readonly recordId: string }[];

/** Records that have company of their own object in a cluster. */
export function duplicatesIn(members: ClusterMembers): readonly DuplicateRecord[] {
  const byObject = Map.groupBy(members, ({ account, object }) => `${account}:${object}`);
  return [...byObject.values()]
    .filter((records) => records.length > 1)
    .flatMap((records) =>
      records.map(({ account, object, recordId }) => ({ account, object, recordId, others: records.length - 1 })),
    );
}

/** Keeps uniqueness in step with clusters. */
export function createDuplicateConsumer(assessor: RecordAssessor): Handle {
  return async (tx, events) => {
    // Of several versions among these only the last one matters: judgements follow from where records are in the end.
    const newest = new Map<
      string,
      { readonly goldenId: string; readonly version: number; readonly duplicates: readonly DuplicateRecord[] }
    >();
    for (const record of events) {
      const { data } = decodeEvent(topics.clusterChanged, record);
      if (data === null || data.version <= (newest.get(data.goldenId)?.version ?? 0)) continue;
      const members = data.members.flatMap(({ record: member }) => (member === undefined ? [] : [member]));
      newest.set(data.goldenId, {
        goldenId: data.goldenId,
        version: data.version,
        duplicates: duplicatesIn(members),
      });
    }
    const clusters = [...newest.values()].sort((a, b) => (a.goldenId < b.goldenId ? -1 : 1));
    const news = await newClusterVersions(
      tx,
      clusters.map((cluster) => ({ ...cluster, hasDuplicates: cluster.duplicates.length > 0 })),
    );
    if (news.size === 0) return;
    const before = await duplicatesOfClusters(tx, [...news]);
    const now = clusters
      .filter(({ goldenId }) => news.has(goldenId))
      .flatMap(({ goldenId, duplicates }) => duplicates.map((record) => ({ ...record, goldenId })));
    await replaceDuplicates(tx, [...news], now);
    const isFirst = clusters.every(({ version }) => version === 1);
    await assessor.again(tx, [...before, ...now], isFirst ? 'bulk' : 'live');
  };
}
