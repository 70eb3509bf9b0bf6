import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { buildTestConnector, createConnectorSchema, type RunningConnector } from '../connector-test-bed.ts';

const objects = ['Account', 'Contact', 'Opportunity', 'Task', 'User'];

let server: TestDatabase;
let database: Database;
let connector: RunningConnector;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
  connector = await buildTestConnector({ database });
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

/** What the connector knows of customers with an account in each CRM, without reading any: nothing is due. */
async function addTenants(from: number, to: number): Promise<void> {
  await database.systemTransaction(async (tx) => {
    for (const [prefix, system] of [
      ['sf', 'salesforce'],
      ['hs', 'hubspot'],
    ]) {
      await tx.execute(
        `insert into sync_lease (tenant_id, account, object, due_at, succeeded_at)
         select 't' || n, $3 || ':' || n, object, now() + interval '1 day', now()
           from generate_series($1::int, $2::int) n, unnest($4::text[]) object`,
        [from, to, prefix, objects],
      );
      await tx.execute(
        `insert into crm_status (tenant_id, account, system, sequence, probed_at, interval_ms, outcome, latency_ms, reason,
                                 since, calls_remaining, calls_allowed, calls_read_at)
         select 't' || n, $3 || ':' || n, $4, 1, now(), 15000, 'up', 20, '', now(), 900 + n % 100, 1000, now()
           from generate_series($1::int, $2::int) n`,
        [from, to, prefix, system],
      );
      await tx.execute(
        `insert into completeness (tenant_id, account, object, system, sequence, crm_records, mirror_records, measured_at, run_id)
         select 't' || n, $3 || ':' || n, object, $4, 1, 100, 100, now(), gen_random_uuid()
           from generate_series($1::int, $2::int) n, unnest($5::text[]) object`,
        [from, to, prefix, system, objects],
      );
    }
  });
}

async function series(): Promise<string[]> {
  // The first scrape may be answered before everything is measured; the second one has it.
  await connector.metrics.registry.metrics();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const text = await connector.metrics.registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('a thousand tenants give as many series as one, and none names a tenant or an account', async () => {
  await addTenants(1, 1);
  const ofOne = await series();
  expect(ofOne).toContainEqual(expect.stringMatching(/^kempt_crm_accounts\{system="salesforce",outcome="up".*\} 1$/));
  await addTenants(2, 1_000);
  const ofThousand = await series();
  expect(ofThousand).toContainEqual(
    expect.stringMatching(/^kempt_crm_accounts\{system="salesforce",outcome="up".*\} 1000$/),
  );
  expect(ofThousand).toContainEqual(
    expect.stringMatching(/^kempt_sync_targets\{system="hubspot",state="fresh".*\} 5000$/),
  );
  // Which kinds of garbage collection there have been is no matter of tenants.
  const names = (lines: readonly string[]) =>
    lines
      .filter((line) => !line.startsWith('nodejs_gc_'))
      .map((line) => line.slice(0, line.lastIndexOf(' ')))
      .sort();
  expect(names(ofThousand)).toEqual(names(ofOne));
  expect(ofThousand.length).toBeLessThan(400);
  for (const line of ofThousand) expect(line).not.toMatch(/="(t\d+|(sf|hs):[^"]+)"/);
});
