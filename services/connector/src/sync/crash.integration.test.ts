import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
} from '../connector-test-bed.ts';
import { hubspotConnection, mirrorOf, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
  crms = await startCrms();
  for (let index = 0; index < 14; index += 1) {
    crms.salesforce.records.create('Contact', { LastName: `Lee ${index}` });
    crms.hubspot.records.create('contacts', { lastname: `Lee ${index}` });
  }
  const gone = crms.hubspot.records.create('contacts', { lastname: 'Gone' });
  crms.hubspot.records.archive('contacts', gone);
});

afterAll(async () => {
  await crms.stop();
  await database.close();
  await server.stop();
});

/**
 * The database as a process sees it that dies in its n-th transaction: before the commit, or after it and before it hears
 * of it. From then on nothing that this process does has any effect.
 */
function mortal(
  living: Database,
  dies: { readonly inTransaction: number; readonly when: 'before commit' | 'after commit' },
) {
  let begun = 0;
  let isDead = false;
  const death = (): never => {
    isDead = true;
    throw new Error('the process is dead');
  };
  const wrap =
    <A extends unknown[], T>(run: (...parameters: A) => Promise<T>, workAt: number) =>
    async (...parameters: A): Promise<T> => {
      if (isDead) death();
      begun += 1;
      if (begun !== dies.inTransaction) return await run(...parameters);
      if (dies.when === 'before commit') {
        const work = parameters[workAt] as (tx: unknown) => Promise<unknown>;
        parameters[workAt] = async (tx: unknown) => {
          await work(tx);
          death();
        };
      }
      await run(...parameters);
      return death();
    };
  const database: Database = {
    ...living,
    transaction: wrap(living.transaction.bind(living), 1) as Database['transaction'],
    systemTransaction: wrap(living.systemTransaction.bind(living), 0) as Database['systemTransaction'],
  };
  return { database, isDead: () => isDead };
}

const connectionsOf = (tenantId: string) => [
  { ...salesforceConnection(crms, ['Contact']), tenant: tenantId },
  { ...hubspotConnection(crms, ['contacts']), tenant: tenantId },
];
const settings = { pageRecords: 5, leaseMs: 300, scheduleMs: 20 };

/** Transactions of a start and a first reading, counted once; a little more than it takes. */
const transactions = 41;

/** Lets a connector die in its n-th transaction, if it comes that far, and another one go on; whether it died. */
async function dieAndGoOn(when: 'before commit' | 'after commit', inTransaction: number): Promise<boolean> {
  const tenantId = `${when.slice(0, 1)}${inTransaction}`;
  const dying = mortal(database, { inTransaction, when });
  const first = await buildTestConnector({ database: dying.database, connections: connectionsOf(tenantId), settings });
  await first.start().catch(() => undefined);
  await eventually('death, or an end without it', async () => {
    if (dying.isDead()) return true;
    const done = await database.transaction(tenantId, (tx) =>
      tx.query('select 1 from sync_cursor where succeeded_at is not null'),
    );
    return done.length === 2;
  });
  await first.stop();

  const second = await buildTestConnector({ database, connections: connectionsOf(tenantId), settings });
  await second.start();
  await connected(second, tenantId);
  expect((await mirrorOf(second, 'Contact', tenantId)).size).toBe(14);
  expect((await mirrorOf(second, 'contacts', tenantId)).size).toBe(15);
  const events = await outboxEvents(database, tenantId);
  const changed = events.filter(({ topic }) => topic === topics.recordChanged);
  expect(new Set(changed.map(({ key }) => key)).size).toBe(29);
  expect(changed.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 29 }, () => 1));
  const runs = events.filter(({ topic }) => topic === topics.syncRunFinished).map(({ data }) => data);
  const contacts = { sequence: 1, recordsRead: 14n, recordsChanged: 14n, recordsKnown: 14n };
  expect(runs).toContainEqual(expect.objectContaining({ object: 'Contact', ...contacts }));
  const theirs = { sequence: 1, recordsRead: 15n, recordsChanged: 15n, recordsKnown: 15n };
  expect(runs).toContainEqual(expect.objectContaining({ object: 'contacts', ...theirs }));
  expect(runs).toHaveLength(2);
  await second.stop();
  await clearSchedule(database);
  return dying.isDead();
}

describe('a connector that dies in any of its transactions', () => {
  test.each([
    { when: 'before commit' as const, from: 1 },
    { when: 'after commit' as const, from: 3 },
  ])(
    '$when leaves nothing missing and nothing told twice once another has gone on',
    async ({ when, from }) => {
      let deaths = 0;
      for (let inTransaction = from; inTransaction <= transactions; inTransaction += 5) {
        if (await dieAndGoOn(when, inTransaction)) deaths += 1;
      }
      expect(deaths).toBeGreaterThan(4);
    },
    180_000,
  );
});
