import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  type RunningConnector,
} from '../connector-test-bed.ts';
import { type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const tenantId = 'rotation';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let connector: RunningConnector;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
  crms = await startCrms();
  crms.salesforce.records.create('Contact', { LastName: 'Lee' });
});

afterEach(() => connector.stop());

afterAll(async () => {
  await clearSchedule(database);
  await crms.stop();
  await database.close();
  await server.stop();
});

async function start(sealingKey: string, isDeclared = true): Promise<void> {
  connector = await buildTestConnector({
    database,
    connections: isDeclared ? [{ ...salesforceConnection(crms, ['Contact']), tenant: tenantId }] : [],
    settings: { sealingKey },
  });
  await connector.start();
}

async function seal(): Promise<string> {
  const [row] = await database.transaction(tenantId, (tx) =>
    tx.query<{ sealed: string }>('select sealed_credentials as sealed from connection where tenant_id = $1', [
      tenantId,
    ]),
  );
  return row?.sealed ?? '';
}

const olderSeals = async (): Promise<string | undefined> =>
  /kempt_credential_older_seals\{[^}]*\} (\d+)/.exec(await connector.metrics.registry.metrics())?.[1];

/** That the credentials open: a change in the CRM is read. */
async function reads(lastName: string): Promise<void> {
  crms.salesforce.records.create('Contact', { LastName: lastName });
  await eventually(`${lastName} to be read`, async () => {
    const { body } = await connector.request<{ items: { fields: { LastName?: string } }[] }>('GET', '/v1/records', {
      tenantId,
    });
    return body.items.some(({ fields }) => fields.LastName === lastName);
  });
}

test('a new key in front seals what the older one sealed, which can then be taken away; nothing has to be entered again', async () => {
  await start(key(1));
  await connected(connector, tenantId);
  expect(await seal()).toMatch(/^v1\./);
  await connector.stop();

  // The first step of a rotation: every instance can open what the new key seals, and none seals with it yet.
  await start(`1:${key(1)},2:${key(2)}`);
  await reads('Kim');
  expect(await seal()).toMatch(/^v1\./);
  await connector.stop();

  await start(`2:${key(2)},1:${key(1)}`);
  await eventually('the new seal', async () => (await seal()).startsWith('v2.'));
  await eventually('nothing to be left', async () => (await olderSeals()) === '0');
  await connector.stop();

  await start(`2:${key(2)}`);
  await reads('Park');
  expect(connector.logs.join('\n')).not.toContain(key(2));
});

test('a seal that cannot be opened is left as it is and counted', async () => {
  // A declared connection would bring its credentials along and be sealed anew.
  await start(`3:${key(3)}`, false);
  await eventually('one to be left', async () => (await olderSeals()) === '1');
  expect(await seal()).toMatch(/^v2\./);
});
