import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ConnectionStatus, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { createLogger } from '@kempt/telemetry';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import { mirrorOf, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';
import { createErasureWorker, type ErasureWorker } from './erasure-worker.ts';

const contacts = 12;
const settings = { pageRecords: 5 };
let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let connector: RunningConnector;
const workers: ErasureWorker[] = [];
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
  for (let index = 0; index < contacts; index += 1)
    crms.salesforce.records.create('Contact', { LastName: `Lee ${index}` });
  connector = await buildTestConnector({
    database,
    connections: [{ ...salesforceConnection(crms, ['Contact']), tenant: tenantId }],
    settings,
  });
  await connector.start();
  await connected(connector, tenantId);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await connector.stop();
  await clearSchedule(database);
  await crms.stop();
});

const only = async (): Promise<{ id: string; account: string; status: string }> =>
  (
    await connector.request<{ items: { id: string; account: string; status: string }[] }>('GET', '/v1/connections', {
      tenantId,
    })
  ).body.items[0] as { id: string; account: string; status: string };

const remove = async (id: string, query: string) =>
  (await connector.request('DELETE', `/v1/connections/${id}${query}`, { tenantId })).status;

const connect = async () => {
  const { name: _name, ...body } = { name: '', ...salesforceConnection(crms, ['Contact']) };
  return (await connector.request('POST', '/v1/connections', { tenantId, body })).status;
};

const tombstones = async () =>
  (await outboxEvents(database, tenantId)).filter(({ topic, data }) => topic === topics.recordState && data === null);

const erasures = () =>
  database.transaction(tenantId, (tx) => tx.query('select account from account_erasure', []), { readOnly: true });

const erased = () => eventually('the erasure to end', async () => (await erasures()).length === 0);

/** Asks for an erasure behind the back of the connector, so that its worker does not hear of it. */
const askUnheard = (account: string) =>
  database.transaction(tenantId, (tx) =>
    tx.execute('insert into account_erasure (tenant_id, account) values ($1, $2)', [tenantId, account]),
  );

async function startWorker(from: Database, batchRecords: number): Promise<void> {
  const worker = createErasureWorker({
    database: from,
    wireFormat: { name: 'protobuf' },
    logger: createLogger({ service: 'test', level: 'silent' }),
    now: Date.now,
    onDue: () => undefined,
    batchRecords,
  });
  workers.push(worker);
  await worker.start();
}

describe('deleting a connection', () => {
  test('keeps what was read, unless told otherwise', async () => {
    const { id } = await only();
    expect(await remove(id, '')).toBe(204);
    expect(await erasures()).toEqual([]);
    expect((await mirrorOf(connector, 'Contact', tenantId)).size).toBe(contacts);
    expect(await tombstones()).toEqual([]);
    expect(await remove(id, '')).toBe(404);
  });

  test('with its data empties the mirror and leaves a tombstone of the next version for each record', async () => {
    const { id } = await only();
    expect(await remove(id, '?data=delete')).toBe(202);
    await erased();

    expect((await mirrorOf(connector, 'Contact', tenantId)).size).toBe(0);
    const rows = await database.transaction(tenantId, (tx) =>
      tx.query<{ left: string }>(
        `select concat(fields, canonical, content_hash, modified_by, merged_into) as left from record
          where tenant_id = $1`,
        [tenantId],
      ),
    );
    expect(rows.map(({ left }) => left)).toEqual(Array.from({ length: contacts }, () => ''));
    const gone = await tombstones();
    expect(gone).toHaveLength(contacts);
    expect(new Set(gone.map(({ key }) => key)).size).toBe(contacts);
    expect(gone.map(({ sequence, lane }) => [sequence, lane])).toEqual(
      Array.from({ length: contacts }, () => [2, 'bulk']),
    );
    const last = (await outboxEvents(database, tenantId)).findLast(({ topic }) => topic === topics.connectionChanged);
    expect(last?.data).toMatchObject({ status: ConnectionStatus.DELETED });
  });

  test('can be followed by deleting the data that was kept', async () => {
    const { id } = await only();
    await remove(id, '?data=keep');
    expect(await remove(id, '?data=delete')).toBe(202);
    await erased();
    expect(await tombstones()).toHaveLength(contacts);
    const told = (await outboxEvents(database, tenantId)).filter(({ topic }) => topic === topics.connectionChanged);
    expect(told.filter(({ data }) => (data as { status?: number })?.status === ConnectionStatus.DELETED)).toHaveLength(
      1,
    );
  });

  test('with its data does nothing to other tenants', async () => {
    const mine = tenantId;
    tenantId = `${mine}-other`;
    expect(await connect()).toBe(201);
    await connected(connector, tenantId);
    tenantId = mine;
    await remove((await only()).id, '?data=delete');
    await erased();
    tenantId = `${mine}-other`;
    expect((await mirrorOf(connector, 'Contact', tenantId)).size).toBe(contacts);
    expect(await tombstones()).toEqual([]);
  });
});

describe('an account that is connected again', () => {
  test('after its data was deleted is read anew, with versions that go on', async () => {
    await remove((await only()).id, '?data=delete');
    await erased();
    expect(await connect()).toBe(201);
    expect((await only()).status).toBe('backfilling');
    await connected(connector, tenantId);
    const mirror = await mirrorOf(connector, 'Contact', tenantId);
    expect([...mirror.values()].map(({ version }) => version)).toEqual(Array.from({ length: contacts }, () => 3));
    expect([...mirror.values()].every(({ fields }) => String(fields.LastName).startsWith('Lee'))).toBe(true);
  });

  test('while its data is being deleted is read when that has ended, and keeps what is read then', async () => {
    const { id, account } = await only();
    await remove(id, '?data=keep');
    await askUnheard(account);
    expect(await connect()).toBe(201);
    const due = await database.systemTransaction((tx) => tx.query('select 1 from sync_lease'), { readOnly: true });
    expect(due).toEqual([]);
    await startWorker(database, 5);
    await erased();
    await eventually('the records to be read again', async () => {
      const mirror = await mirrorOf(connector, 'Contact', tenantId);
      return mirror.size === contacts && [...mirror.values()].every(({ version }) => version === 3);
    });
    expect(await tombstones()).toHaveLength(contacts);
  });
});

test('an erasure that is cut off goes on where it was: one tombstone for each record', async () => {
  const { id, account } = await only();
  await remove(id, '?data=keep');
  await askUnheard(account);
  let batches = 0;
  const failing: Database = {
    ...database,
    transaction: async (given, work, options) => {
      batches += 1;
      if (batches <= 2) return await database.transaction(given, work, options);
      // The second half of the work of a process that dies before the commit.
      return await database.transaction(given, async (tx) => {
        await work(tx);
        throw new Error('the process is dead');
      });
    },
  };
  await startWorker(failing, 3);
  await eventually('the cut', async () => batches >= 3);
  expect(await tombstones()).toHaveLength(6);
  await startWorker(database, 3);
  await erased();
  const gone = await tombstones();
  expect(gone).toHaveLength(contacts);
  expect(new Set(gone.map(({ key }) => key)).size).toBe(contacts);
});
