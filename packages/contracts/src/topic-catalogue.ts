import type { DescMessage } from '@bufbuild/protobuf';
import { RecordChangedSchema, RecordStateSchema } from './gen/kempt/connector/v1/record_pb.ts';
import { ConnectionChangedSchema, SyncRunFinishedSchema } from './gen/kempt/connector/v1/sync_pb.ts';
import { ClusterChangedSchema, IdAliasedSchema } from './gen/kempt/dedupe/v1/cluster_pb.ts';
import type { Topic } from './topic.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Keeps the message type of each topic, so that decoding one gives the right type. */
function declare<Desc extends DescMessage>(topic: Topic<Desc>): Topic<Desc> {
  return topic;
}

/** Every topic of Kempt. Only the owner writes a topic; anybody may read it. */
export const topics = {
  recordChanged: declare({
    name: 'kempt.connector.record-changed.v1',
    owner: 'connector',
    message: RecordChangedSchema,
    keyPattern: 'tenant:account:object:recordId',
    partitions: 12,
    cleanup: 'delete',
    retentionMs: 14 * dayMs,
    classification: 'confidential',
    description: 'Every change of a CRM record: vendor fields after it, what changed, canonical projection, version.',
  }),
  recordState: declare({
    name: 'kempt.connector.record-state.v1',
    owner: 'connector',
    message: RecordStateSchema,
    keyPattern: 'tenant:account:object:recordId',
    partitions: 12,
    cleanup: 'compact',
    retentionMs: 7 * dayMs,
    classification: 'confidential',
    description: 'Each CRM record as it is now. A tombstone says that the record was erased.',
  }),
  syncRunFinished: declare({
    name: 'kempt.connector.sync-run-finished.v1',
    owner: 'connector',
    message: SyncRunFinishedSchema,
    keyPattern: 'tenant:account:object',
    partitions: 3,
    cleanup: 'delete',
    retentionMs: 30 * dayMs,
    classification: 'internal',
    description: 'What one run over one object of an account read, changed and skipped, and how it ended.',
  }),
  connectionChanged: declare({
    name: 'kempt.connector.connection-changed.v1',
    owner: 'connector',
    message: ConnectionChangedSchema,
    keyPattern: 'tenant:account',
    partitions: 3,
    cleanup: 'compact',
    retentionMs: 7 * dayMs,
    classification: 'internal',
    description: 'The CRM accounts that Kempt reads and where each connection stands.',
  }),
  clusterChanged: declare({
    name: 'kempt.dedupe.cluster-changed.v1',
    owner: 'dedupe',
    message: ClusterChangedSchema,
    keyPattern: 'tenant:goldenId',
    partitions: 6,
    cleanup: 'delete',
    retentionMs: 14 * dayMs,
    classification: 'internal',
    description: 'Which records are one person or organisation, under which golden ID. Clusters of one are told too.',
  }),
  idAliased: declare({
    name: 'kempt.dedupe.id-aliased.v1',
    owner: 'dedupe',
    message: IdAliasedSchema,
    keyPattern: 'tenant:alias',
    partitions: 3,
    cleanup: 'compact',
    retentionMs: 7 * dayMs,
    classification: 'internal',
    description: 'A golden ID that was superseded, and the one that took its place.',
  }),
} as const;

export const topicCatalogue: readonly Topic[] = Object.values(topics);
