import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { create, encodeEvent, idKey, MaintenanceTaskDueSchema, timestampFromDate, topics } from '@kempt/contracts';
import { createFakeEventBus, type FakeEventBus } from '@kempt/event-bus';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { v7 as uuidv7 } from 'uuid';
import type { ConnectorConfig } from '../config.ts';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import { hubspotConnection, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let bus: FakeEventBus;
let connector: RunningConnector;
let tenant = 0;
let tenantId = '';

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

beforeEach(async () => {
  tenant += 1;
  tenantId = `t${tenant}`;
  crms = await startCrms();
  bus = createFakeEventBus();
});

afterEach(async () => {
  await connector.stop();
  await clearSchedule(database);
  await bus.close();
  await crms.stop();
});

async function start(settings: Partial<ConnectorConfig['connector']> = {}): Promise<void> {
  connector = await buildTestConnector({
    database,
    bus,
    connections: [
      { ...salesforceConnection(crms, ['Contact', 'User']), tenant: tenantId },
      { ...hubspotConnection(crms, ['contacts', 'owners']), tenant: tenantId },
    ],
    settings: { completenessIntervalMs: 200, scheduleMs: 20, ...settings },
  });
  await connector.start();
  await connected(connector, tenantId);
}

interface Measured {
  readonly account: string;
  readonly object: string;
  readonly sequence: number;
  readonly crmRecords: bigint;
  readonly mirrorRecords: bigint;
  readonly runId: string;
}

async function measured(object: string): Promise<Measured[]> {
  const events = await outboxEvents(database, tenantId);
  return events.flatMap(({ topic, data }) => {
    if (topic !== topics.completenessMeasured) return [];
    const one = data as unknown as Measured;
    return one.object === object ? [one] : [];
  });
}

async function nextMeasured(object: string, holds: (one: Measured) => boolean = () => true): Promise<Measured> {
  const before = (await measured(object)).length;
  return await eventually(`a measurement of ${object}`, async () => (await measured(object)).slice(before).find(holds));
}

function createContacts(count: number): { readonly salesforce: string[]; readonly hubspot: string[] } {
  const names = Array.from({ length: count }, (_, index) => `Lee ${index}`);
  return {
    salesforce: names.map((name) => crms.salesforce.records.create('Contact', { LastName: name })),
    hubspot: names.map((name) => crms.hubspot.records.create('contacts', { lastname: name })),
  };
}

test('after the first reading, and then at its interval, every object is counted on both sides and told', async () => {
  createContacts(30);
  await start();
  for (const object of ['Contact', 'User', 'contacts', 'owners']) {
    const told = await eventually('three measurements', async () => {
      const found = await measured(object);
      return found.length >= 3 && found;
    });
    expect(told.map(({ sequence }) => sequence)).toEqual(told.map((_, index) => index + 1));
    for (const one of told) expect(one.crmRecords).toBe(one.mirrorRecords);
  }
  expect((await measured('Contact'))[0]?.crmRecords).toBe(30n);
  expect((await measured('contacts'))[0]?.crmRecords).toBe(30n);
  const { body } = await connector.request<{ items: { object: string; ratio: number; crmRecords: number }[] }>(
    'GET',
    '/v1/completeness',
    { tenantId },
  );
  expect(body.items.map(({ object, ratio }) => [object, ratio])).toEqual([
    ['contacts', 1],
    ['owners', 1],
    ['Contact', 1],
    ['User', 1],
  ]);
  const metrics = await connector.metrics.registry.metrics();
  expect(metrics).toMatch(/kempt_sync_completeness_ratio{system="salesforce",object="Contact"[^}]*} 1/);
});

test('records that the mirror lost, or keeps though they are gone, are told with both numbers', async () => {
  const { salesforce, hubspot } = createContacts(9);
  // The newest record is read again and again; the others have to be older than that.
  crms.salesforce.advanceClock(60_000);
  createContacts(1);
  await start({ overlapMs: 0 });
  await nextMeasured('Contact');
  await database.transaction(tenantId, async (tx) => {
    await tx.execute(`delete from record where tenant_id = $1 and object = 'Contact' and record_id = $2`, [
      tenantId,
      salesforce[3],
    ]);
    await tx.execute(
      `insert into record (tenant_id, account, object, record_id, version, modified_at, modified_by, content_hash,
                           projection_hash, deleted)
       select tenant_id, account, object, '999999', 1, modified_at, '', '', '', false from record
        where tenant_id = $1 and object = 'contacts' and record_id = $2`,
      [tenantId, hubspot[0]],
    );
  });
  expect(await nextMeasured('Contact', (one) => one.crmRecords !== one.mirrorRecords)).toMatchObject({
    crmRecords: 10n,
    mirrorRecords: 9n,
  });
  expect(await nextMeasured('contacts', (one) => one.crmRecords !== one.mirrorRecords)).toMatchObject({
    crmRecords: 10n,
    mirrorRecords: 11n,
  });
  expect(await connector.metrics.registry.metrics()).toMatch(
    /kempt_sync_completeness_ratio{system="salesforce",object="Contact"[^}]*} 0\.9/,
  );
});

test('records that come and go all the time, and an index that lags behind, are no difference', async () => {
  const { salesforce, hubspot } = createContacts(40);
  await start({ completenessIntervalMs: 50, deletedIntervalMs: 3_600_000, completenessSettleMs: 200 });
  crms.hubspot.setSearchLag(400);
  const before = { sf: (await measured('Contact')).length, hs: (await measured('contacts')).length };
  for (let round = 0; round < 30; round += 1) {
    createContacts(2);
    if (round % 2 === 0) {
      crms.salesforce.records.delete('Contact', salesforce[round] as string);
      crms.hubspot.records.archive('contacts', hubspot[round] as string);
    }
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await nextMeasured('Contact', (one) => one.crmRecords === 85n);
  await nextMeasured('contacts', (one) => one.crmRecords === 85n);
  const told = [...(await measured('Contact')).slice(before.sf), ...(await measured('contacts')).slice(before.hs)];
  expect(told.length).toBeGreaterThan(2);
  for (const one of told) expect([one.object, one.crmRecords - one.mirrorRecords]).toEqual([one.object, 0n]);
});

async function publishDue(task: string): Promise<string> {
  const runId = uuidv7();
  const now = new Date();
  await bus.ensureTopics([topics.maintenanceTaskDue, topics.canarySent]);
  await bus.publish([
    encodeEvent(
      {
        topic: topics.maintenanceTaskDue,
        id: uuidv7(),
        tenantId,
        source: '/kempt/metrics',
        subject: runId,
        key: idKey(tenantId, task),
        time: now,
        recordedTime: now,
        sequence: 1,
        data: create(MaintenanceTaskDueSchema, {
          runId,
          task,
          dueAt: timestampFromDate(now),
          deadline: timestampFromDate(now),
        }),
      },
      { name: 'protobuf' },
    ),
  ]);
  return runId;
}

test('a run of the maintenance calendar has every object of every account counted at once, in its name', async () => {
  createContacts(5);
  await start({ completenessIntervalMs: 3_600_000 });
  await eventually('the first measurements', async () => (await measured('owners')).length === 1);
  await eventually('the first measurements', async () => (await measured('User')).length === 1);
  await publishDue('duplicate-review');
  const runs = [await publishDue('completeness-check'), await publishDue('completeness-check')];
  for (const object of ['Contact', 'User', 'contacts', 'owners']) {
    for (const runId of runs) {
      await eventually('a measurement', async () => (await measured(object)).some((one) => one.runId === runId));
    }
    // Each run once, besides the measurement after the first reading.
    expect(await measured(object)).toHaveLength(3);
  }
});

test('while a CRM cannot count, nothing is told of it; the other goes on', async () => {
  createContacts(5);
  await start();
  await nextMeasured('contacts');
  crms.hubspot.faults.inject({ path: '.', times: -1, effect: { kind: 'named', name: 'unavailable' } });
  await nextMeasured('Contact');
  await nextMeasured('Contact');
  const silent = (await measured('contacts')).length;
  await nextMeasured('Contact');
  expect((await measured('contacts')).length).toBeLessThanOrEqual(silent + 1);
  crms.hubspot.faults.clear();
  await nextMeasured('contacts');
});
