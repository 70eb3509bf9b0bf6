import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
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
import { hubspotConnection, mirrorOf, salesforceConnection, startCrms } from '../crm-test-bed.ts';
import { claim, enrol, holdLease, listDue, release, renew, suspend } from './lease-store.ts';
import { LeaseLostError, type SyncLease, type SyncTarget } from './sync-target.ts';

let server: TestDatabase;
let database: Database;
let target: SyncTarget;
let tenant = 0;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

beforeEach(async () => {
  await clearSchedule(database);
  tenant += 1;
  target = { tenantId: `t${tenant}`, account: 'sf:00D000000000001AAA', object: 'Contact' };
});

const take = (holder: string, leaseMs = 60_000): Promise<SyncLease | undefined> =>
  database.systemTransaction((tx) => claim(tx, target, { holder, leaseMs }));
const taken = async (holder: string, leaseMs?: number): Promise<SyncLease> => {
  const lease = await take(holder, leaseMs);
  if (lease === undefined) throw new Error('the lease was not to be had');
  return lease;
};
const hold = (lease: SyncLease) => database.transaction(lease.tenantId, (tx) => holdLease(tx, lease));
const enrolled = () => database.transaction(target.tenantId, (tx) => enrol(tx, target.account, [target.object]));

describe('a lease', () => {
  beforeEach(enrolled);

  test('has one holder at a time, whoever asks', async () => {
    const claims = await Promise.all(['a', 'b', 'c', 'd'].map((holder) => take(holder)));
    expect(claims.filter((lease) => lease !== undefined)).toHaveLength(1);
    expect(await take('e')).toBeUndefined();
  });

  test('goes to another once it has run out, and whoever had it can save nothing more', async () => {
    const stale = await taken('a', 1);
    await eventually('the lease to run out', async () =>
      (await database.systemTransaction((tx) => listDue(tx, 500))).some(({ tenantId }) => tenantId === target.tenantId),
    );
    const fresh = await taken('b');
    await hold(fresh);
    await expect(hold(stale)).rejects.toThrow(LeaseLostError);
    expect(await database.systemTransaction((tx) => renew(tx, stale, 60_000))).toBe(false);
    // Giving back what is lost takes nothing from its new holder.
    await database.systemTransaction((tx) => release(tx, stale, 0));
    await hold(fresh);
  });

  test('cannot be taken over in the middle of a transaction that saves', async () => {
    const lease = await taken('a', 1);
    await eventually('the lease to run out', async () =>
      (await database.systemTransaction((tx) => listDue(tx, 500))).some(({ tenantId }) => tenantId === target.tenantId),
    );
    const order: string[] = [];
    await database.transaction(target.tenantId, async (tx) => {
      await holdLease(tx, lease);
      const takeover = take('b').then((other) => order.push(other === undefined ? 'refused' : 'taken over'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      order.push('saved');
      void takeover;
    });
    await eventually('the other to have its answer', async () => order.length === 2);
    expect(order).toEqual(['saved', 'taken over']);
  });

  test('is not to be had while the account is suspended, and its holder loses it', async () => {
    const lease = await taken('a');
    await database.transaction(target.tenantId, (tx) => suspend(tx, target.account));
    await expect(hold(lease)).rejects.toThrow(LeaseLostError);
    expect(await take('b')).toBeUndefined();
    await enrolled();
    expect(await take('b')).toBeDefined();
  });

  test('is not shown to another tenant', async () => {
    const rows = await database.transaction('somebody else', (tx) => tx.query('select * from sync_lease'));
    expect(rows).toEqual([]);
  });
});

test('two instances read each object once between them, and one takes over what the other left', async () => {
  const crms = await startCrms();
  for (let index = 0; index < 60; index += 1) {
    crms.salesforce.records.create('Contact', { LastName: `Lee ${index}` });
    crms.hubspot.records.create('contacts', { lastname: `Lee ${index}` });
  }
  const { tenantId } = target;
  const build = () =>
    buildTestConnector({
      database,
      connections: [
        { ...salesforceConnection(crms, ['Account', 'Contact', 'User']), tenant: tenantId },
        { ...hubspotConnection(crms, ['companies', 'contacts', 'deals']), tenant: tenantId },
      ],
      settings: { pageRecords: 5, leaseMs: 300 },
    });
  const [one, other] = await Promise.all([build(), build()]);
  try {
    await Promise.all([one.start(), other.start()]);
    await connected(one, tenantId);
    const changed = (await outboxEvents(database, tenantId)).filter(({ topic }) => topic === topics.recordChanged);
    expect(changed).toHaveLength(121);
    expect(new Set(changed.map(({ key }) => key)).size).toBe(121);
    await one.stop();
    const id = crms.salesforce.records.create('Contact', { LastName: 'Late' });
    await eventually('the one that is left to find it', async () =>
      (await mirrorOf(other, 'Contact', tenantId)).has(id),
    );
  } finally {
    await other.stop();
    await crms.stop();
  }
});

test('a holder that was held up while another took over saves nothing of what it had read', async () => {
  const crms = await startCrms();
  const id = crms.salesforce.records.create('Contact', { LastName: 'Lee' });
  const { tenantId } = target;
  const connections = [{ ...salesforceConnection(crms, ['Contact']), tenant: tenantId }];
  // The first page comes so late that the lease is gone by then; the renewal is kept from saving it.
  crms.salesforce.faults.inject({ path: 'ORDER%20BY%20Id', times: 1, effect: { kind: 'delay', delayMs: 1_500 } });
  const stuckDatabase: Database = {
    ...database,
    systemTransaction: (work, options) =>
      database.systemTransaction(
        (tx) =>
          work({
            ...tx,
            execute: (sql, values) => (sql.includes('set expires_at') ? Promise.resolve(1) : tx.execute(sql, values)),
          }),
        options,
      ),
  };
  const stuck = await buildTestConnector({ database: stuckDatabase, connections, settings: { leaseMs: 200 } });
  const other = await buildTestConnector({ database, connections, settings: { leaseMs: 200 } });
  try {
    await stuck.start();
    await eventually('the lease to be taken', async () =>
      (await stuck.metrics.registry.metrics()).includes('kempt_crm_api_requests_total{system="salesforce"'),
    );
    await other.start();
    await connected(other, tenantId);
    await eventually('the stuck one to lose its lease', async () =>
      /kempt_sync_leases_lost_total{[^}]*} [1-9]/.test(await stuck.metrics.registry.metrics()),
    );
    const changed = (await outboxEvents(database, tenantId)).filter(({ topic }) => topic === topics.recordChanged);
    expect(changed.map(({ key, sequence }) => [key.split(':').at(-1), sequence])).toEqual([[id, 1]]);
  } finally {
    await Promise.all([stuck.stop(), other.stop()]);
    await crms.stop();
  }
});
