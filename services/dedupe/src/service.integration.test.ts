import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  ClusterChangeKind,
  ConnectionStatus,
  create,
  decodeEvent,
  encodeEvent,
  type PositionedRecord,
  parseRecordRef,
  RecordStateSchema,
  recordKey,
  topics,
} from '@kempt/contracts';
import { outboxMigrationsFolder } from '@kempt/outbox';
import { createTestSchema, type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { createLogger, createMetrics } from '@kempt/telemetry';
import fc from 'fast-check';
import { v7 as uuid } from 'uuid';
import { createClusterEvents } from './clusters/cluster-events.ts';
import { listClusters, resolveAlias } from './clusters/cluster-store.ts';
import { goldenId } from './clusters/golden-id.ts';
import { createChangeResolution } from './matching/change-resolution.ts';
import { membersOf } from './matching/match-record-store.ts';
import { createRecordConsumer } from './matching/record-consumer.ts';
import { createNormalCache } from './matching/record-scorer.ts';
import { createDedupeMetrics } from './metrics.ts';
import { markPending, saveAccount, saveBackfill } from './models/account-progress-store.ts';
import { createDecidingModels } from './models/deciding-model.ts';
import { createFirstResolution } from './models/first-resolution.ts';
import { beginCollecting } from './models/model-store.ts';

let server: TestDatabase;
let database: Database;
let tenant = 0;
let tenantId: string;

beforeAll(async () => {
  server = await startTestDatabase();
  const schema = await createTestSchema({
    adminUrl: server.adminUrl,
    schema: 'dedupe',
    folders: [outboxMigrationsFolder, fileURLToPath(new URL('../migrations', import.meta.url))],
  });
  database = schema.database;
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

beforeEach(() => {
  tenant += 1;
  tenantId = `t${tenant}`;
});

const account = 'sf:00D000000000001AAA';

interface Person {
  readonly given: string;
  readonly family: string;
  readonly email: string;
  readonly phone: string;
}

function dedupe() {
  const logger = createLogger({ service: 'dedupe', level: 'silent' });
  const registry = createMetrics('dedupe');
  const metrics = createDedupeMetrics(registry);
  const events = createClusterEvents({ name: 'protobuf' }, () => new Date(0));
  const models = createDecidingModels();
  const changes = createChangeResolution(events, createNormalCache());
  const firstResolution = createFirstResolution({
    database,
    events,
    changes,
    models,
    metrics,
    logger,
    patienceMs: 60_000,
    intervalMs: 20,
  });
  const consumer = createRecordConsumer({ changes, models, metrics, firstResolution });
  return { consumer, firstResolution };
}

function ref(id: string): string {
  return `${account}:Contact:${id}`;
}

function personState(id: string, version: number, person: Person | undefined): PositionedRecord {
  const record = parseRecordRef(ref(id));
  const data = create(RecordStateSchema, {
    record,
    version,
    contentHash: `${id}-${version}`,
    deleted: person === undefined,
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
              },
            },
          },
        }),
  });
  const event = encodeEvent(
    {
      topic: topics.recordState,
      id: uuid(),
      tenantId,
      source: '/kempt/connector',
      subject: id,
      key: recordKey(tenantId, record),
      time: new Date(0),
      recordedTime: new Date(0),
      sequence: version,
      data,
    },
    { name: 'protobuf' },
  );
  return { ...event, partition: 0, offset: 0n, timestampMs: 0 };
}

const families = (
  'Okafor Lindqvist Marchetti Dvorak Nakamura Fitzgerald Haddad Kowalczyk Bergstrom Castellano Duarte Eriksen Fontaine ' +
  'Grabowski Hofmann Ibarra Jankovic Keller Larsson Mbeki Novak Oyelaran Petrov Quintero Rahman Santoro Takahashi Ueda ' +
  'Vasquez Whitaker Xiong Yamada Zielinski Abernathy Bouchard Chaudhry Delgado Edwards Farouk Gallagher'
).split(' ');
const givens = ['Amara', 'Sven', 'Giulia', 'Petr', 'Yuki', 'Nora', 'Samir', 'Zofia', 'Edgar', 'Ines', 'Bruno'];

/** Eighty people of whom nobody resembles another, so that a model has something to learn from. */
function population(): Map<string, Person> {
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

async function train(people: ReadonlyMap<string, Person>) {
  const running = dedupe();
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
    });
    await saveBackfill(tx, {
      $typeName: 'kempt.connector.v1.SyncRunFinished',
      account,
      object: 'Contact',
      kind: 1,
      outcome: 1,
      sequence: 1,
      recordsRead: BigInt(people.size),
      recordsChanged: BigInt(people.size),
      recordsSkipped: 0n,
      recordsKnown: BigInt(people.size),
      reason: '',
    });
    await running.consumer.recordState(
      tx,
      [...people].map(([id, person]) => personState(id, 1, person)),
    );
  });
  await running.firstResolution.start();
  await waitFor(async () => (await partition()).length > 0);
  await running.firstResolution.stop();
  return running;
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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

/** Cluster events that wait in the outbox, newest last. */
async function clusterEvents() {
  const rows = await database.transaction(tenantId, (tx) =>
    tx.query<{ topic: string; key: string; headers: Record<string, string>; payload: Buffer | null }>(
      `select type as topic, aggregateid as key, headers, payload from outbox where tenant_id = $1 order by position`,
      [tenantId],
    ),
  );
  return rows
    .filter((row) => row.topic === topics.clusterChanged.name)
    .map((row) => decodeEvent(topics.clusterChanged, { ...row, value: row.payload }).data);
}

async function apply(running: ReturnType<typeof dedupe>, events: readonly PositionedRecord[]): Promise<void> {
  await database.transaction(tenantId, (tx) => running.consumer.recordState(tx, events));
}

const amara: Person = { given: 'Amara', family: 'Okafor', email: 'amara.okafor@firm0.com', phone: '+442079460000' };

describe('dedupe', () => {
  test('the first resolution publishes one event for each cluster, with version 1', async () => {
    const people = population();
    people.set('q001', amara);
    await train(people);
    const events = await clusterEvents();
    expect(events.length).toBe(80);
    expect(events.every((event) => event?.version === 1 && event.kind === ClusterChangeKind.CREATED)).toBe(true);
    expect((await partition()).filter((ids) => ids.length > 1)).toEqual([['p000', 'q001']]);
  }, 30_000);

  test('nothing is resolved before every record of the backfill has arrived', async () => {
    const running = dedupe();
    await database.transaction(tenantId, async (tx) => {
      await saveAccount(tx, {
        $typeName: 'kempt.connector.v1.ConnectionChanged',
        connectionId: 'c',
        account,
        system: 'salesforce',
        displayName: 'Test',
        status: ConnectionStatus.CONNECTED,
        objects: ['Contact'],
        version: 1,
      });
      await running.consumer.recordState(tx, [personState('p000', 1, amara)]);
    });
    expect(await partition()).toEqual([]);
  });

  test('a record that comes later joins its cluster, and leaves it when it is deleted', async () => {
    const running = await train(population());
    await apply(running, [personState('q001', 1, amara)]);
    expect((await partition()).filter((ids) => ids.length > 1)).toEqual([['p000', 'q001']]);
    await apply(running, [personState('q001', 2, undefined)]);
    expect((await partition()).filter((ids) => ids.length > 1)).toEqual([]);
    const versions = (await clusterEvents())
      .filter((event) => event?.goldenId === goldenId(tenantId, ref('p000')))
      .map((event) => event?.version);
    expect(versions).toEqual([1, 2, 3]);
  }, 30_000);

  test('an event that comes twice, or after a newer one, changes nothing', async () => {
    const running = await train(population());
    await apply(running, [personState('q001', 2, amara)]);
    const before = await clusterEvents();
    await apply(running, [personState('q001', 2, amara)]);
    await apply(running, [personState('q001', 1, { ...amara, given: 'Nora', email: 'nora@else.com' })]);
    expect(await clusterEvents()).toEqual(before);
  }, 30_000);

  test('two clusters that a record ties together become one, and the id that went is an alias', async () => {
    const people = population();
    const running = await train(people);
    const nora = people.get('p005') as Person;
    // p005 turns out to be Amara under a new address: the record takes over everything of hers.
    await apply(running, [personState('p005', 2, { ...amara })]);
    expect((await partition()).filter((ids) => ids.length > 1)).toEqual([['p000', 'p005']]);
    const ids = [goldenId(tenantId, ref('p000')), goldenId(tenantId, ref('p005'))].toSorted();
    const meant = () =>
      database.transaction(tenantId, async (tx) => [
        await resolveAlias(tx, ids[0] as string),
        await resolveAlias(tx, ids[1] as string),
      ]);
    // Both held one record, so the lower id stays.
    expect(await meant()).toEqual([ids[0], ids[0]]);
    await apply(running, [personState('p005', 3, nora)]);
    expect(await meant()).toEqual(ids);
    expect((await partition()).filter((ids) => ids.length > 1)).toEqual([]);
  }, 30_000);

  test('the partition does not depend on the order or the batches in which changes come', async () => {
    const people = population();
    const additions = ['p000', 'p011', 'p022', 'p033', 'p044'].flatMap((id, index) => {
      const person = people.get(id) as Person;
      return [
        [`x${index}`, person] as const,
        [`y${index}`, { ...person, phone: '' }] as const,
        [`z${index}`, { ...person, email: '' }] as const,
      ];
    });
    const events = additions.map(([id, person]) => ({ id, person }));
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(events, { minLength: events.length }),
        fc.integer({ min: 1, max: 6 }),
        async (ordered, batch) => {
          tenant += 1;
          tenantId = `t${tenant}`;
          const running = await train(people);
          for (let start = 0; start < ordered.length; start += batch) {
            await apply(
              running,
              ordered.slice(start, start + batch).map(({ id, person }) => personState(id, 1, person)),
            );
          }
          outcomes.add(JSON.stringify(await partition()));
          expect(outcomes.size).toBe(1);
        },
      ),
      { numRuns: 6 },
    );
  }, 60_000);

  test('tenants never share a cluster, however equal their records', async () => {
    const first = tenantId;
    await train(population());
    tenant += 1;
    tenantId = `t${tenant}`;
    await train(population());
    expect((await partition()).every((ids) => ids.length === 1)).toBe(true);
    const ids = (await clusterEvents()).map((event) => event?.goldenId);
    tenantId = first;
    const others = new Set((await clusterEvents()).map((event) => event?.goldenId));
    expect(ids.some((id) => others.has(id))).toBe(false);
  }, 30_000);
});
