import {
  ClusterChangedSchema,
  ClusterChangeKind,
  clusterKey,
  create,
  EntityKind,
  type EventRecord,
  encodeEvent,
  fromPlainValue,
  type MessageInitShape,
  type PlainValue,
  RecordStateSchema,
  recordKey,
  topics,
} from '@kempt/contracts';
import { type ServiceTestBed, startServiceTestBed } from '@kempt/service-runtime/testing';
import { v7 as uuidv7 } from 'uuid';
import { dataQualityService } from './service.ts';

export const account = 'sf:00D1';

export type CanonicalInit = MessageInitShape<typeof RecordStateSchema>['canonical'];

export interface State {
  readonly id: string;
  readonly version: number;
  readonly object?: string;
  readonly account?: string;
  /** Absent: erased. */
  readonly fields?: Readonly<Record<string, PlainValue>>;
  readonly canonical?: CanonicalInit;
  readonly deleted?: boolean;
  /** When it was changed in the CRM. Default: so many seconds after 1970 as its version says. */
  readonly modifiedAt?: Date;
}

export interface ClusterState {
  readonly goldenId: string;
  readonly version: number;
  readonly members: readonly { readonly object: string; readonly id: string; readonly account?: string }[];
}

/** The service on a real Postgres, with the events that it listens to. */
export interface DataQualityTestBed extends ServiceTestBed {
  stateEvent(state: State): EventRecord;
  clusterEvent(cluster: ClusterState): EventRecord;
}

export async function startDataQualityTestBed(): Promise<DataQualityTestBed> {
  const bed = await startServiceTestBed(dataQualityService, {
    entry: new URL('./main.ts', import.meta.url).pathname,
    scopes: ['quality:read', 'quality:write'],
    environment: {
      KEMPT_DATA_QUALITY_SCORE_INTERVAL_MS: '100',
      KEMPT_DATA_QUALITY_REASSESSMENT_INTERVAL_MS: '100',
    },
  });
  return Object.assign(bed, {
    stateEvent: (state: State) => stateEventOf(bed.tenantId, state),
    clusterEvent: ({ goldenId, version, members }: ClusterState) =>
      encodeEvent(
        {
          topic: topics.clusterChanged,
          id: uuidv7(),
          tenantId: bed.tenantId,
          source: '/kempt/dedupe',
          subject: goldenId,
          key: clusterKey(bed.tenantId, goldenId),
          time: new Date(0),
          recordedTime: new Date(0),
          sequence: version,
          data: create(ClusterChangedSchema, {
            goldenId,
            version,
            entityKind: EntityKind.PERSON,
            kind: ClusterChangeKind.MEMBERS_CHANGED,
            members: members.map(({ object, id, account: of = account }) => ({
              record: { account: of, object, recordId: id },
              probability: 1,
            })),
          }),
        },
        { name: 'protobuf' },
      ),
  });
}

/** What the connector says of a record. */
export function stateEventOf(
  tenantId: string,
  { id, version, object = 'Contact', account: of = account, deleted = false, ...state }: State,
): EventRecord {
  const record = { account: of, object, recordId: id };
  return encodeEvent(
    {
      topic: topics.recordState,
      id: uuidv7(),
      tenantId: tenantId,
      source: '/kempt/connector',
      subject: id,
      key: recordKey(tenantId, record),
      time: state.modifiedAt ?? new Date(version * 1000),
      recordedTime: new Date(0),
      sequence: version,
      data:
        state.fields === undefined
          ? null
          : create(RecordStateSchema, {
              record,
              version,
              deleted,
              ...(state.canonical === undefined ? {} : { canonical: state.canonical }),
              fields: Object.fromEntries(
                Object.entries(state.fields).map(([name, value]) => [name, fromPlainValue(value)]),
              ),
            }),
    },
    { name: 'protobuf' },
  );
}
