import { fileURLToPath } from 'node:url';
import {
  ConnectionStatus,
  create,
  decodeEvent,
  encodeEvent,
  fromPlainValue,
  type PlainValue,
  type PositionedRecord,
  parseRecordRef,
  RecordStateSchema,
  recordKey,
  type Topic,
  timestampFromDate,
  topics,
} from '@kempt/contracts';
import { outboxMigrationsFolder } from '@kempt/outbox';
import { createTestSchema, type Database, type TestDatabase } from '@kempt/postgres';
import { createCursorCodec, createHttpServer, type Runtime, scopes, tenantOf } from '@kempt/service-runtime';
import { createLogger, createMetrics } from '@kempt/telemetry';
import { Value } from 'typebox/value';
import { v7 as uuid } from 'uuid';
import { listClusters } from './clusters/cluster-store.ts';
import { type DedupeConfig, dedupeConfigSchema } from './config.ts';
import { membersOf } from './matching/match-record-store.ts';
import { markPending, saveAccount, saveBackfill } from './models/account-progress-store.ts';
import { beginCollecting, lockFreeState } from './models/model-store.ts';
import { assembleDedupe } from './service.ts';

export const account = 'sf:00D000000000001AAA';

export interface Person {
  readonly given: string;
  readonly family: string;
  readonly email: string;
  readonly phone: string;
  /** Ids of Salesforce that the record keeps. */
  readonly linked?: readonly string[];
}

/** What the CRM says of a record besides who it is. */
export interface StateOptions {
  readonly vendor?: Readonly<Record<string, PlainValue>>;
  readonly modifiedAt?: Date;
  readonly mergedInto?: string;
}

export const migrationFolders = [outboxMigrationsFolder, fileURLToPath(new URL('../migrations', import.meta.url))];

/** A schema of dedupe in a test database. */
export async function createDedupeSchema(server: Pick<TestDatabase, 'adminUrl'>): Promise<Database> {
  const schema = await createTestSchema({
    adminUrl: server.adminUrl,
    schema: 'dedupe',
    folders: migrationFolders,
  });
  return schema.database;
}

export function ref(id: string): string {
  return id.includes(':') ? id : `${account}:Contact:${id}`;
}

/** dedupe for one tenant, without a bus: events are handed to it, and its own stay in the outbox. */
export async function openDedupe(database: Database, tenantId: string, settings: Partial<DedupeConfig['dedupe']> = {}) {
  const logger = createLogger({ service: 'dedupe', level: 'silent' });
  const metrics = createMetrics('dedupe');
  const http = await createHttpServer({
    service: 'dedupe',
    version: '0.0.0',
    logger,
    metrics,
    bodyLimitBytes: 100_000,
    requestTimeoutMs: 10_000,
    authenticate: async (headers) => ({
      tenantId,
      subject: 'api-key:tester',
      scopes: new Set(scopes.filter((scope) => scope !== headers['x-without-scope'])),
    }),
  });
  const given = {
    dedupe: { firstResolutionPatienceMs: 60_000, firstResolutionIntervalMs: 50, modelWorkIntervalMs: 50, ...settings },
  };
  const { records, firstResolution, modelWork, warming } = assembleDedupe({
    name: 'dedupe',
    version: '0.0.0',
    config: Value.Default(dedupeConfigSchema, given) as DedupeConfig,
    logger,
    metrics,
    database,
    wireFormat: { name: 'protobuf' },
    http,
    cursors: createCursorCodec('a secret of the tests'),
    signal: new AbortController().signal,
    tenantOf,
    authenticateBy: () => undefined,
    onShutdown: () => undefined,
  } as unknown as Runtime<DedupeConfig>);
  await http.ready();

  /** Stores the people as the first backfill of one account does, without an end. */
  async function collect(people: Iterable<readonly [string, Person]>): Promise<void> {
    const states = [...people].map(([id, person]) => personState(id, 1, person));
    await database.transaction(tenantId, async (tx) => {
      await beginCollecting(tx, 'person');
      await beginCollecting(tx, 'organisation');
      await markPending(tx);
      await saveAccount(tx, {
        $typeName: 'kempt.connector.v1.ConnectionChanged',
        connectionId: 'c',
        account,
        system: 'salesforce',
        displayName: 'Test',
        status: ConnectionStatus.CONNECTED,
        objects: ['Contact'],
        version: 1,
        reason: '',
      });
      await records.recordState(tx, states);
    });
  }

  /** Ends the first backfill and waits for the first resolution. */
  async function train(people: ReadonlyMap<string, Person>): Promise<void> {
    await collect(people);
    const ofAccount = [...people.keys()].filter((id) => ref(id).startsWith(account)).length;
    await database.transaction(tenantId, (tx) => saveBackfill(tx, backfillOf(account, 'Contact', ofAccount)));
    await firstResolution.start();
    await waitFor(async () => (await partition()).length > 0);
    await firstResolution.stop();
  }

  function personState(
    id: string,
    version: number,
    person: Person | undefined,
    options: StateOptions = {},
  ): PositionedRecord {
    const record = parseRecordRef(ref(id));
    const vendor = options.vendor ?? vendorOf(person);
    const data = create(RecordStateSchema, {
      record,
      version,
      modifiedAt: timestampFromDate(options.modifiedAt ?? new Date(version * 1000)),
      contentHash: `${id}-${version}`,
      deleted: person === undefined,
      ...(options.mergedInto === undefined ? {} : { mergedInto: parseRecordRef(ref(options.mergedInto)) }),
      fields: Object.fromEntries(Object.entries(vendor).map(([name, value]) => [name, fromPlainValue(value)])),
      ...(person === undefined
        ? {}
        : {
            canonical: {
              kind: {
                case: 'person' as const,
                value: {
                  givenName: person.given,
                  familyName: person.family,
                  fullName: `${person.given} ${person.family}`,
                  emails: person.email === '' ? [] : [person.email],
                  phones: person.phone === '' ? [] : [person.phone],
                  linkedRecords: (person.linked ?? []).map((recordId) => ({
                    system: 'salesforce',
                    object: 'Contact',
                    recordId,
                  })),
                },
              },
            },
          }),
    });
    return positioned(id, { version, data, time: options.modifiedAt ?? new Date(version * 1000) });
  }

  /** An account of Salesforce, or a company. */
  function organisationState(
    id: string,
    organisation: { readonly name: string; readonly domain: string; readonly linked?: readonly string[] },
  ): PositionedRecord {
    const { linked = [], ...named } = organisation;
    const data = create(RecordStateSchema, {
      record: parseRecordRef(ref(id)),
      version: 1,
      modifiedAt: timestampFromDate(new Date(1000)),
      contentHash: id,
      deleted: false,
      fields: {},
      canonical: {
        kind: {
          case: 'organisation',
          value: {
            ...named,
            website: named.domain,
            phones: [],
            linkedRecords: linked.map((recordId) => ({ system: 'salesforce', object: 'Account', recordId })),
          },
        },
      },
    });
    return positioned(id, { version: 1, data, time: new Date(1000) });
  }

  /** Stores organisations as the first backfill of an account, and waits for their first resolution. Not after `train` of the same one. */
  async function trainOrganisations(organisations: readonly PositionedRecord[], from: string): Promise<void> {
    await database.transaction(tenantId, async (tx) => {
      await beginCollecting(tx, 'organisation');
      await markPending(tx);
      await saveAccount(tx, {
        $typeName: 'kempt.connector.v1.ConnectionChanged',
        connectionId: 'd',
        account: from,
        system: 'salesforce',
        displayName: 'Organisations',
        status: ConnectionStatus.CONNECTED,
        objects: ['Account'],
        version: 1,
        reason: '',
      });
      await records.recordState(tx, organisations);
      await saveBackfill(
        tx,
        backfillOf(from, 'Account', organisations.filter(({ key }) => key.includes(`:${from}:`)).length),
      );
    });
    await firstResolution.start();
    await waitFor(
      async () =>
        (await database.transaction(tenantId, (tx) => lockFreeState(tx, 'organisation'))).phase === 'streaming',
    );
    await firstResolution.stop();
  }

  function tombstone(id: string, sequence: number): PositionedRecord {
    return positioned(id, { version: sequence, data: null, time: new Date(sequence * 1000) });
  }

  function positioned(
    id: string,
    state: {
      readonly version: number;
      readonly time: Date;
      readonly data: ReturnType<typeof create<typeof RecordStateSchema>> | null;
    },
  ): PositionedRecord {
    const event = encodeEvent(
      {
        topic: topics.recordState,
        id: uuid(),
        tenantId,
        source: '/kempt/connector',
        subject: id,
        key: recordKey(tenantId, parseRecordRef(ref(id))),
        time: state.time,
        recordedTime: new Date(0),
        sequence: state.version,
        data: state.data,
      },
      { name: 'protobuf' },
    );
    return { ...event, partition: 0, offset: 0n, timestampMs: 0 };
  }

  async function apply(...events: readonly PositionedRecord[]): Promise<void> {
    await database.transaction(tenantId, (tx) => records.recordState(tx, events));
  }

  /** Ids of records by cluster, sorted. */
  async function partition(): Promise<string[][]> {
    return database.transaction(tenantId, async (tx) => {
      const clusters = await listClusters(tx, { entityKind: 'person', minSize: 1, after: '', limit: 10_000 });
      const members = await membersOf(
        tx,
        clusters.map((cluster) => cluster.goldenId),
      );
      const groups = new Map<string, string[]>();
      for (const member of members) {
        const id = member.ref.split(':')[3] as string;
        groups.set(member.goldenId, [...(groups.get(member.goldenId) ?? []), id]);
      }
      return [...groups.values()].map((ids) => ids.toSorted()).toSorted((a, b) => (a.join() < b.join() ? -1 : 1));
    });
  }

  /** Clusters of two and more. */
  async function duplicates(): Promise<string[][]> {
    return (await partition()).filter((ids) => ids.length > 1);
  }

  /** Events of a topic that wait in the outbox, newest last. */
  async function told<Desc extends Parameters<typeof create>[0]>(topic: Topic<Desc>) {
    const rows = await database.transaction(tenantId, (tx) =>
      tx.query<{ topic: string; key: string; headers: Record<string, string>; payload: Buffer | null }>(
        `select type as topic, aggregateid as key, headers, payload from outbox where tenant_id = $1 order by position`,
        [tenantId],
      ),
    );
    return rows
      .filter((row) => row.topic === topic.name)
      .map((row) => decodeEvent(topic, { ...row, value: row.payload }).data);
  }

  async function request<T = unknown>(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ) {
    const answer = await http.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });
    const isJson = String(answer.headers['content-type'] ?? '').includes('json');
    return { status: answer.statusCode, body: (answer.body === '' ? null : isJson ? answer.json() : answer.body) as T };
  }

  return {
    tenantId,
    collect,
    train,
    personState,
    organisationState,
    trainOrganisations,
    tombstone,
    apply,
    partition,
    duplicates,
    told,
    request,
    metrics,
    modelWork,
    warming,
    http,
    close: () => http.close(),
  };
}

export type OpenDedupe = Awaited<ReturnType<typeof openDedupe>>;

function backfillOf(from: string, object: string, count: number): Parameters<typeof saveBackfill>[1] {
  return {
    $typeName: 'kempt.connector.v1.SyncRunFinished',
    account: from,
    object,
    kind: 1,
    outcome: 1,
    sequence: 1,
    recordsRead: BigInt(count),
    recordsChanged: BigInt(count),
    recordsSkipped: 0n,
    recordsKnown: BigInt(count),
    reason: '',
  };
}

/** The vendor fields of a contact of Salesforce. */
function vendorOf(person: Person | undefined): Readonly<Record<string, PlainValue>> {
  if (person === undefined) return {};
  return { FirstName: person.given, LastName: person.family, Email: person.email, Phone: person.phone };
}

export async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const families = (
  'Okafor Lindqvist Marchetti Dvorak Nakamura Fitzgerald Haddad Kowalczyk Bergstrom Castellano Duarte Eriksen Fontaine ' +
  'Grabowski Hofmann Ibarra Jankovic Keller Larsson Mbeki Novak Oyelaran Petrov Quintero Rahman Santoro Takahashi Ueda ' +
  'Vasquez Whitaker Xiong Yamada Zielinski Abernathy Bouchard Chaudhry Delgado Edwards Farouk Gallagher'
).split(' ');
const givens = ['Amara', 'Sven', 'Giulia', 'Petr', 'Yuki', 'Nora', 'Samir', 'Zofia', 'Edgar', 'Ines', 'Bruno'];

/** Eighty people of whom nobody resembles another, so that a model has something to learn from. */
export function population(): Map<string, Person> {
  const people = new Map<string, Person>();
  for (let number = 0; number < 80; number += 1) {
    const given = givens[number % givens.length] as string;
    const family = families[number % families.length] as string;
    people.set(`p${String(number).padStart(3, '0')}`, {
      given,
      family,
      email: `${given}.${family}@firm${number}.com`.toLowerCase(),
      phone: `+4420794${String(60000 + ((number * 3571) % 39999)).padStart(5, '0')}`,
    });
  }
  return people;
}

export const amara: Person = {
  given: 'Amara',
  family: 'Okafor',
  email: 'amara.okafor@firm0.com',
  phone: '+442079460000',
};
