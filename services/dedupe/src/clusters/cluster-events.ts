import {
  aliasKey,
  type ClusterChangeKind,
  clusterKey,
  type EventRecord,
  encodeEvent,
  type KemptEvent,
  parseRecordRef,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as newEventId } from 'uuid';
import { type EntityKind, entityKindMessage } from '../matching/entity-kind.ts';
import type { AliasChange } from './cluster-store.ts';

const source = '/kempt/dedupe';

export interface ClusterTold {
  readonly goldenId: string;
  readonly entityKind: EntityKind;
  readonly kind: ClusterChangeKind;
  readonly version: number;
  /** Sorted by ref. */
  readonly members: readonly { readonly ref: string; readonly probability: number }[];
  readonly absorbed: readonly string[];
  readonly modelVersion: string;
}

/** What dedupe says to the world, ready for the outbox. */
export function createClusterEvents(wireFormat: WireFormat, now: () => Date) {
  function clusterChanged(tenantId: string, cluster: ClusterTold): EventRecord {
    const time = now();
    const event: KemptEvent<typeof topics.clusterChanged.message> = {
      topic: topics.clusterChanged,
      id: newEventId(),
      tenantId,
      source,
      subject: `${cluster.entityKind}/${cluster.goldenId}`,
      key: clusterKey(tenantId, cluster.goldenId),
      time,
      recordedTime: time,
      sequence: cluster.version,
      data: {
        $typeName: 'kempt.dedupe.v1.ClusterChanged',
        goldenId: cluster.goldenId,
        entityKind: entityKindMessage(cluster.entityKind),
        kind: cluster.kind,
        version: cluster.version,
        members: cluster.members.map((member) => ({
          $typeName: 'kempt.dedupe.v1.ClusterMember',
          record: { $typeName: 'kempt.types.v1.RecordRef', ...parseRecordRef(member.ref) },
          probability: member.probability,
        })),
        absorbed: [...cluster.absorbed],
        modelVersion: cluster.modelVersion,
      },
    };
    return encodeEvent(event, wireFormat);
  }

  function idAliased(tenantId: string, change: AliasChange): EventRecord {
    const time = now();
    const event: KemptEvent<typeof topics.idAliased.message> = {
      topic: topics.idAliased,
      id: newEventId(),
      tenantId,
      source,
      subject: `alias/${change.alias}`,
      key: aliasKey(tenantId, change.alias),
      time,
      recordedTime: time,
      sequence: change.version,
      // An id that stands for itself again is no alias any more: a tombstone takes it out of the compacted topic.
      data:
        change.goldenId === undefined
          ? null
          : { $typeName: 'kempt.dedupe.v1.IdAliased', alias: change.alias, goldenId: change.goldenId },
    };
    return encodeEvent(event, wireFormat);
  }

  return { clusterChanged, idAliased };
}

export type ClusterEvents = ReturnType<typeof createClusterEvents>;
