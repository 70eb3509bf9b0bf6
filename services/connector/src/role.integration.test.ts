import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { changeSteps, unlockAll } from './changes/change-test-bed.ts';
import {
  buildTestConnector,
  connected,
  createConnectorSchema,
  eventually,
  type RunningConnector,
} from './connector-test-bed.ts';
import { mirrorOf, type SimulatedCrms, salesforceConnection, startCrms } from './crm-test-bed.ts';
import type { ConnectorRole } from './role.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
const instances: RunningConnector[] = [];

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
  crms = await startCrms();
});
afterAll(async () => {
  for (const instance of instances) await instance.stop();
  await crms.stop();
  await database.close();
  await server.stop();
});

async function startInstance(role: ConnectorRole): Promise<RunningConnector> {
  const instance = await buildTestConnector({ database, settings: { roles: [role] } });
  instances.push(instance);
  await instance.start();
  return instance;
}

/** Long enough for a scheduler that looks every 50 ms to have done something that it should not do. */
const aWhile = () => sleep(500);

describe('roles of the connector', () => {
  test('instances of one role each do together what one instance does, and each only its own part', async () => {
    const id = crms.salesforce.records.create('Contact', { LastName: 'Lee', Phone: '020 1' });
    const api = await startInstance('webhooks');
    const created = await api.request<{ account: string }>('POST', '/v1/connections', {
      body: salesforceConnection(crms, ['Contact']),
    });
    expect(created.status).toBe(201);
    await aWhile();
    expect(await mirrorOf(api, 'Contact')).toEqual(new Map());

    await startInstance('sync');
    await connected(api);
    await eventually('the mirror to have it', async () => (await mirrorOf(api, 'Contact')).has(id));

    await unlockAll(api);
    const steps = changeSteps(api);
    const { body: drafted } = await steps.draft([
      { kind: 'update', record: `${created.body.account}:Contact:${id}`, fields: { Phone: '+44 20 1' } },
    ]);
    expect((await steps.step(drafted.id, 'plan')).status).toBe(202);
    await aWhile();
    expect(await steps.show(drafted.id)).toMatchObject({ state: 'draft', task: 'plan' });

    await startInstance('writer');
    const { planHash } = await steps.settled(drafted.id);
    expect((await steps.step(drafted.id, 'approve', { planHash })).status).toBe(200);
    expect((await steps.step(drafted.id, 'apply', { planHash })).status).toBe(202);
    expect(await steps.settled(drafted.id)).toMatchObject({ state: 'applied' });
    expect(crms.salesforce.records.read('Contact', id)).toMatchObject({ Phone: '+44 20 1' });
  });
});
