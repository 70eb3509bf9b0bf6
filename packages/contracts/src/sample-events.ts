import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { KemptEvent } from './envelope.ts';
import {
  ChangeKind,
  ChangeOrigin,
  RecordChangedSchema,
  RecordStateSchema,
} from './gen/kempt/connector/v1/record_pb.ts';
import {
  ConnectionChangedSchema,
  ConnectionStatus,
  SyncRunFinishedSchema,
  SyncRunKind,
  SyncRunOutcome,
} from './gen/kempt/connector/v1/sync_pb.ts';
import {
  ClusterChangedSchema,
  ClusterChangeKind,
  EntityKind,
  IdAliasedSchema,
} from './gen/kempt/dedupe/v1/cluster_pb.ts';
import { accountKey, aliasKey, clusterKey, objectKey, recordKey, recordSubject } from './record-ref.ts';
import { sampleLoopEvents } from './sample-loop-events.ts';
import { topics } from './topic-catalogue.ts';
import { fromPlainValue } from './typed-value.ts';

// One event of every topic, with every kind of value in it, for the golden files and the corpus. Changing these means
// writing new golden files; the corpus of a release that is out never changes.

const ref = { account: 'sf:00D5g000004XyZzEAK', object: 'Contact', recordId: '0035g00000AbCdEAAX' };
const other = { account: 'hs:7654321', object: 'contacts', recordId: '901' };
const modifiedAt = new Date('2024-02-29T23:59:59.123Z');

const fields = {
  LastName: fromPlainValue('Müller 李 🙂'),
  AnnualIncome__c: fromPlainValue({ decimal: '-12345678901234567890.0123456789' }),
  HasOptedOutOfEmail: fromPlainValue(false),
  LastModifiedDate: fromPlainValue(modifiedAt),
  Photo__c: fromPlainValue(new Uint8Array([0, 127, 128, 255])),
  Languages__c: fromPlainValue(['de', null, { decimal: '0.50' }]),
  Email: fromPlainValue(null),
};

const canonical = {
  kind: {
    case: 'person' as const,
    value: {
      $typeName: 'kempt.types.v1.Person' as const,
      fullName: 'Dr. Anna Müller',
      givenName: 'Anna',
      familyName: 'Müller',
      salutation: 'Dr.',
      suffix: '',
      emails: ['anna@example.com'],
      phones: ['+4930123456'],
      jobTitle: 'CTO',
      organisationName: 'Example GmbH',
      birthDate: '1980-02-29',
      website: '',
      lifecycleStage: 'customer',
      ownerId: '0055g000001',
      emailOptOut: false,
      linkedRecords: [],
    },
  },
};

const common = {
  tenantId: 'default',
  time: modifiedAt,
  recordedTime: new Date('2024-03-01T00:00:00.456Z'),
  correlationId: '018df3a0-0000-7000-8000-00000000000c',
  causationId: '018df3a0-0000-7000-8000-00000000000d',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

const recordChanged: KemptEvent<typeof RecordChangedSchema> = {
  ...common,
  topic: topics.recordChanged,
  id: '018df3a0-0000-7000-8000-000000000001',
  source: '/kempt/connector',
  subject: recordSubject(ref),
  key: recordKey('default', ref),
  sequence: 3,
  data: create(RecordChangedSchema, {
    record: ref,
    version: 3,
    kind: ChangeKind.UPDATED,
    origin: ChangeOrigin.INCREMENTAL,
    modifiedAt: timestampFromDate(modifiedAt),
    modifiedBy: '0055g000001',
    fields,
    changedFields: ['Email', 'LastName'],
    canonical,
    contentHash: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
  }),
};

const recordState: KemptEvent<typeof RecordStateSchema> = {
  ...common,
  topic: topics.recordState,
  id: '018df3a0-0000-7000-8000-000000000002',
  source: '/kempt/connector',
  subject: recordSubject(ref),
  key: recordKey('default', ref),
  sequence: 3,
  data: create(RecordStateSchema, {
    record: ref,
    version: 3,
    modifiedAt: timestampFromDate(modifiedAt),
    fields,
    canonical,
    contentHash: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
    deleted: true,
    mergedInto: { ...ref, recordId: '0035g00000ZzZzZAAX' },
  }),
};

const syncRunFinished: KemptEvent<typeof SyncRunFinishedSchema> = {
  ...common,
  topic: topics.syncRunFinished,
  id: '018df3a0-0000-7000-8000-000000000003',
  source: '/kempt/connector',
  subject: `${ref.account}/${ref.object}`,
  key: objectKey('default', ref.account, ref.object),
  sequence: 7,
  data: create(SyncRunFinishedSchema, {
    account: ref.account,
    object: ref.object,
    kind: SyncRunKind.BACKFILL,
    outcome: SyncRunOutcome.FAILED,
    sequence: 7,
    recordsRead: 10_000n,
    recordsChanged: 18_446_744_073_709_551_615n,
    recordsSkipped: 1n,
    recordsKnown: 9_999n,
    reason: 'The CRM answered 503 for an hour',
  }),
};

const connectionChanged: KemptEvent<typeof ConnectionChangedSchema> = {
  ...common,
  topic: topics.connectionChanged,
  id: '018df3a0-0000-7000-8000-000000000004',
  source: '/kempt/connector',
  subject: ref.account,
  key: accountKey('default', ref.account),
  sequence: 2,
  data: create(ConnectionChangedSchema, {
    connectionId: '018df3a0-0000-7000-8000-0000000000aa',
    account: ref.account,
    system: 'salesforce',
    displayName: 'Production',
    status: ConnectionStatus.CONNECTED,
    objects: ['Account', 'Contact'],
    version: 2,
  }),
};

const clusterChanged: KemptEvent<typeof ClusterChangedSchema> = {
  ...common,
  topic: topics.clusterChanged,
  id: '018df3a0-0000-7000-8000-000000000005',
  source: '/kempt/dedupe',
  subject: '5b0e8b9e-0000-5000-8000-000000000001',
  key: clusterKey('default', '5b0e8b9e-0000-5000-8000-000000000001'),
  sequence: 4,
  data: create(ClusterChangedSchema, {
    goldenId: '5b0e8b9e-0000-5000-8000-000000000001',
    entityKind: EntityKind.PERSON,
    kind: ClusterChangeKind.MERGED,
    version: 4,
    members: [
      { record: other, probability: 0.9987654321 },
      { record: ref, probability: 1 },
    ],
    absorbed: ['5b0e8b9e-0000-5000-8000-000000000002'],
    modelVersion: '1',
  }),
};

const idAliased: KemptEvent<typeof IdAliasedSchema> = {
  ...common,
  topic: topics.idAliased,
  id: '018df3a0-0000-7000-8000-000000000006',
  source: '/kempt/dedupe',
  subject: '5b0e8b9e-0000-5000-8000-000000000002',
  key: aliasKey('default', '5b0e8b9e-0000-5000-8000-000000000002'),
  sequence: 1,
  data: create(IdAliasedSchema, {
    alias: '5b0e8b9e-0000-5000-8000-000000000002',
    goldenId: '5b0e8b9e-0000-5000-8000-000000000001',
  }),
};

export const sampleEvents = {
  recordChanged,
  recordState,
  syncRunFinished,
  connectionChanged,
  clusterChanged,
  idAliased,
  ...sampleLoopEvents,
} as const;

export const sampleTombstone: KemptEvent<typeof RecordStateSchema> = { ...recordState, sequence: 4, data: null };
