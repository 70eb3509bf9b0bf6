import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
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
import { createFakeEventBus, type FakeEventBus } from '@kempt/event-bus';
import { provisionSchemas, startTestDatabase } from '@kempt/postgres';
import { createInternalTokenSigner, internalTokenPublicKey, startService } from '@kempt/service-runtime';
import { createLogger } from '@kempt/telemetry';
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

/** The service on a real Postgres and a bus in memory, for one tenant after another. */
export interface DataQualityTestBed {
  readonly bus: FakeEventBus;
  readonly url: string;
  /** The tenant of everything that follows. */
  tenantId: string;
  nextTenant(): void;
  stateEvent(state: State): EventRecord;
  clusterEvent(cluster: ClusterState): EventRecord;
  /** Publishes and waits until the service has applied everything. */
  apply(records: readonly EventRecord[]): Promise<void>;
  call(path: string, init?: { method?: string; body?: unknown; scopes?: readonly string[] }): Promise<Response>;
  stop(): Promise<void>;
}

export async function startDataQualityTestBed(): Promise<DataQualityTestBed> {
  const server = await startTestDatabase();
  const url = new URL(server.adminUrl);
  url.username = `${url.pathname.slice(1)}_data_quality`;
  url.password = randomBytes(8).toString('hex');
  await provisionSchemas({
    adminUrl: server.adminUrl,
    services: [{ schema: 'data_quality', role: url.username, password: url.password }],
  });
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const sign = createInternalTokenSigner(key);
  const bus = createFakeEventBus();
  const service = await startService(dataQualityService, {
    environment: {
      KEMPT_HTTP_PORT: '0',
      KEMPT_DATABASE_URL: url.href,
      KEMPT_DATABASE_ADMIN_URL: server.adminUrl,
      KEMPT_MIGRATIONS: 'on-start',
      KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: internalTokenPublicKey(key),
      KEMPT_DATA_QUALITY_SCORE_INTERVAL_MS: '100',
      KEMPT_DATA_QUALITY_REASSESSMENT_INTERVAL_MS: '100',
    },
    entry: new URL('./main.ts', import.meta.url).pathname,
    logger: createLogger({ service: 'data-quality', level: 'silent' }),
    openBus: async () => bus,
  });
  let tenant = 0;
  const bed: DataQualityTestBed = {
    bus,
    url: service.url,
    tenantId: 't0',
    nextTenant: () => {
      tenant += 1;
      bed.tenantId = `t${tenant}`;
    },
    stateEvent: ({ id, version, object = 'Contact', account: of = account, deleted = false, ...state }) => {
      const record = { account: of, object, recordId: id };
      return encodeEvent(
        {
          topic: topics.recordState,
          id: uuidv7(),
          tenantId: bed.tenantId,
          source: '/kempt/connector',
          subject: id,
          key: recordKey(bed.tenantId, record),
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
    },
    clusterEvent: ({ goldenId, version, members }) =>
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
    apply: async (records) => {
      await bus.publish(records);
      await until(async () => (await bus.lag('data-quality')).every(({ records: behind }) => behind === 0n));
    },
    call: async (path, { method = 'GET', body, scopes = ['quality:read', 'quality:write'] } = {}) => {
      const token = await sign({ tenantId: bed.tenantId, subject: 'test', scopes: new Set(scopes) });
      return fetch(`${service.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
    stop: async () => {
      await service.stop();
      await server.stop();
    },
  };
  return bed;
}

/** Waits for a condition with a deadline. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('The condition did not come true in time');
    await sleep(5);
  }
}
