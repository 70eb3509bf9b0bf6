import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type PositionedRecord, topics } from '@kempt/contracts';
import { partitionOf } from '@kempt/event-bus';
import { outboxMigrationsFolder } from '@kempt/outbox';
import {
  createTestSchema,
  type Database,
  startTestDatabase,
  type TestDatabase,
  type Transaction,
} from '@kempt/postgres';
import { createMetrics } from '@kempt/telemetry';
import { standards } from './cleanup/standards.ts';
import { stateEventOf } from './data-quality-test-bed.ts';
import { createIssueEvents } from './issues/issue-events.ts';
import { createRecordAssessor } from './issues/record-assessor.ts';
import { createDataQualityMetrics } from './metrics.ts';
import { createProfileConsumer } from './profiles/profile-consumer.ts';
import { createRecordConsumer } from './record-consumer.ts';

let server: TestDatabase;
let database: Database;
let tenantId = '';
let tenants = 0;

beforeAll(async () => {
  server = await startTestDatabase();
  const schema = await createTestSchema({
    adminUrl: server.adminUrl,
    schema: 'data_quality',
    folders: [outboxMigrationsFolder, fileURLToPath(new URL('../migrations', import.meta.url))],
    maxConnections: 6,
  });
  database = schema.database;
});
beforeEach(() => {
  tenants += 1;
  tenantId = `tenant-${tenants}`;
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

/** The consumer of one instance, as the service puts it together. */
function instance() {
  const metrics = createDataQualityMetrics(createMetrics('data-quality'));
  const now = () => new Date(0);
  return createRecordConsumer({
    profiles: createProfileConsumer(metrics),
    assessor: createRecordAssessor({ events: createIssueEvents({ name: 'protobuf' }, now), metrics, now }),
    standards,
  });
}

const state = (id: string): PositionedRecord => {
  const record = stateEventOf(tenantId, {
    id,
    version: 1,
    fields: { Email: `${id}@example.com` },
    canonical: { kind: { case: 'person', value: { fullName: `Person ${id}`, emails: [`${id}@example.com`] } } },
  });
  return { ...record, partition: shareOf(id), offset: 0n, timestampMs: 0 };
};

const shareOf = (id: string): number =>
  partitionOf(stateEventOf(tenantId, { id, version: 1 }).key, topics.recordState.partitions);

/** Ids of records whose share is that of `like`, or is another one. */
function idsOf(like: string, same: boolean, count: number): string[] {
  const ids: string[] = [];
  for (let number = 0; ids.length < count; number += 1) {
    const id = `${same ? 's' : 'o'}${number}`;
    if ((shareOf(id) === shareOf(like)) === same) ids.push(id);
  }
  return ids;
}

/** Handles events in a transaction that stays open until it is told to commit. */
async function handleAndHold(events: readonly PositionedRecord[]): Promise<{ commit(): Promise<void> }> {
  const handled = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const done = database.transaction(tenantId, async (tx) => {
    await instance()(tx, events);
    handled.resolve();
    await held.promise;
  });
  done.catch(handled.reject);
  await handled.promise;
  return {
    commit() {
      held.resolve();
      return done;
    },
  };
}

/** Handles events in a transaction of its own and tells which statements it began. */
function handleAndWatch(events: readonly PositionedRecord[]): {
  readonly began: string[];
  readonly done: Promise<void>;
} {
  const began: string[] = [];
  const watched = (tx: Transaction): Transaction => ({
    tenantId: tx.tenantId,
    query: (sql, parameters) => {
      began.push(sql);
      return tx.query(sql, parameters);
    },
    execute: (sql, parameters) => {
      began.push(sql);
      return tx.execute(sql, parameters);
    },
  });
  return { began, done: database.transaction(tenantId, (tx) => instance()(watched(tx), events)) };
}

async function countedRecords(): Promise<number> {
  const rows = await database.transaction(tenantId, (tx) =>
    tx.query<{ records: string }>('select records from object_profile where tenant_id = $1', [tenantId]),
  );
  return Number(rows[0]?.records);
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400));

test('instances with different records of one object work side by side until they change its counts', async () => {
  // Whoever sees a field or an object for the first time makes it known to all, which is waited for once.
  await database.transaction(tenantId, (tx) => instance()(tx, [state('first')]));
  const first = await handleAndHold([state('a')]);
  const second = handleAndWatch(idsOf('a', false, 3).map(state));
  second.done.catch(() => undefined);
  await settled();
  const beganMeanwhile = [...second.began];
  await first.commit();
  await second.done;
  expect(beganMeanwhile.some((sql) => sql.includes('insert into assessed_record'))).toBe(true);
  expect(beganMeanwhile.at(-1)).toContain('object_profile');
  expect(await countedRecords()).toBe(5);
});

test('an instance waits for another one that has the same records at hand, before it reads anything of them', async () => {
  const first = await handleAndHold([state('a')]);
  const second = handleAndWatch(['a', ...idsOf('a', true, 1)].map(state));
  await settled();
  const beganMeanwhile = second.began.length;
  await first.commit();
  await second.done;
  expect(beganMeanwhile).toBe(1);
  expect(await countedRecords()).toBe(2);
});

test('however instances and objects meet, nobody waits for ever and every record counts once', async () => {
  const ids = Array.from({ length: 120 }, (_, number) => `r${number}`);
  const chunks = Array.from({ length: 30 }, (_, chunk) =>
    ids.filter((_id, number) => number % 30 === chunk || number % 7 === chunk),
  );
  let next = 0;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (next < chunks.length) {
        const chunk = chunks[next] as string[];
        next += 1;
        await database.transaction(tenantId, (tx) => instance()(tx, chunk.map(state)));
      }
    }),
  );
  expect(await countedRecords()).toBe(ids.length);
});
