import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  type RunningConnector,
} from '../connector-test-bed.ts';
import { hubspotConnection, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
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
  crms.salesforce.records.create('Contact', { LastName: 'Lee' });
  crms.hubspot.records.create('contacts', { lastname: 'Lee' });
  connector = await buildTestConnector({
    database,
    connections: [
      { ...salesforceConnection(crms, ['Contact']), tenant: tenantId },
      { ...hubspotConnection(crms, ['contacts']), tenant: tenantId },
    ],
    settings: { staleAfterMs: 1_500, crmTimeoutMs: 800 },
  });
  await connector.start();
  await connected(connector, tenantId);
});

afterEach(async () => {
  await connector.stop();
  await clearSchedule(database);
  await crms.stop();
});

async function sample(name: string, labels: Readonly<Record<string, string>>): Promise<number | undefined> {
  const text = await connector.metrics.registry.metrics();
  const line = text
    .split('\n')
    .find(
      (one) =>
        one.startsWith(`${name}{`) && Object.entries(labels).every(([key, value]) => one.includes(`${key}="${value}"`)),
    );
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

const targets = (state: string, system = 'salesforce') => sample('kempt_sync_targets', { system, state });
const age = () => sample('kempt_sync_oldest_success_age_seconds', { system: 'salesforce', object: 'Contact' });
const delays = () => sample('kempt_change_delay_seconds_count', { system: 'salesforce' });

test('an object that is read is fresh; one that cannot be read grows old and becomes stale, and fresh again', async () => {
  await eventually(
    'both to be fresh',
    async () => (await targets('fresh')) === 1 && (await targets('fresh', 'hubspot')) === 1,
  );
  expect(await age()).toBeLessThan(1.5);
  const down = crms.salesforce.faults.inject({ path: '.', times: -1, effect: { kind: 'named', name: 'unavailable' } });
  await eventually('it to be stale', async () => (await targets('stale')) === 1);
  expect(await age()).toBeGreaterThanOrEqual(1.5);
  expect(await targets('fresh', 'hubspot')).toBe(1);
  crms.salesforce.faults.remove(down);
  await eventually('it to be fresh again', async () => (await targets('fresh')) === 1);
});

test('a used-up allowance and refused credentials are states of their own, which do not make an object stale', async () => {
  for (const [fault, state] of [
    ['daily-limit', 'quota'],
    ['login-refused', 'refused'],
  ] as const) {
    const fails =
      state === 'quota'
        ? crms.salesforce.faults.inject({ path: '/query', times: -1, effect: { kind: 'named', name: fault } })
        : crms.salesforce.faults.inject({
            path: '.',
            times: -1,
            effect: {
              kind: 'reply',
              status: 401,
              headers: {},
              body: '[{"errorCode":"INVALID_SESSION_ID","message":"x"}]',
            },
          });
    await eventually(`the state ${state}`, async () => (await targets(state)) === 1);
    expect(await targets('stale')).toBe(0);
    expect(await age()).toBeUndefined();
    crms.salesforce.faults.remove(fails);
    await eventually('it to be fresh again', async () => (await targets('fresh')) === 1);
  }
});

test('the delay of a change is measured, but not of one that nobody could have read earlier', async () => {
  await eventually('it to be fresh', async () => (await targets('fresh')) === 1);
  const before = (await delays()) ?? 0;
  crms.salesforce.records.create('Contact', { LastName: 'Kim' });
  await eventually('one delay', async () => ((await delays()) ?? 0) === before + 1);
  const quota = crms.salesforce.faults.inject({
    path: '/query',
    times: -1,
    effect: { kind: 'named', name: 'daily-limit' },
  });
  await eventually('the allowance to be used up', async () => (await targets('quota')) === 1);
  crms.salesforce.records.create('Contact', { LastName: 'Park' });
  crms.salesforce.faults.remove(quota);
  await eventually(
    'the late change',
    async () => (await sample('kempt_changes_blocked_total', { system: 'salesforce', reason: 'quota' })) === 1,
  );
  expect(await delays()).toBe(before + 1);
});
