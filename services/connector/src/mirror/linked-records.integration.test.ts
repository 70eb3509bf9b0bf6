import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RecordState, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  buildTestConnector,
  connected,
  createConnectorSchema,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import {
  hubspotConnection,
  hubspotSnapshot,
  mirrorOf,
  type SimulatedCrms,
  salesforceConnection,
  salesforceSnapshot,
  startCrms,
} from '../crm-test-bed.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let connector: RunningConnector;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
  crms = await startCrms({ sizes: { contacts: 500, companies: 500, deals: 10, activities: 10 } });
  connector = await buildTestConnector({
    database,
    connections: [
      salesforceConnection(crms, ['Account', 'Contact']),
      hubspotConnection(crms, ['companies', 'contacts']),
    ],
  });
  await connector.start();
  await connected(connector);
});

afterAll(async () => {
  await connector.stop();
  await crms.stop();
  await database.close();
  await server.stop();
});

interface LinkedRecord {
  readonly system: string;
  readonly object: string;
  readonly recordId: string;
}
type Canonical = Readonly<Record<string, { readonly linkedRecords?: readonly LinkedRecord[] }>>;

test.each([
  ['contacts', 'person', 'Contact', 'salesforcecontactid'],
  ['companies', 'organisation', 'Account', 'salesforceaccountid'],
])(
  'what the native sync left on %s is told by the ids that Salesforce itself has',
  async (object, entity, target, property) => {
    const ids = [...(await salesforceSnapshot(crms.salesforce, target)).keys()];
    const records = await hubspotSnapshot(crms.hubspot, object);
    const mirror = await mirrorOf(connector, object);
    const counts = { short: 0, long: 0, gone: 0, none: 0 };
    for (const [id, fields] of records) {
      const given = fields[property] as string | undefined;
      const told = (mirror.get(id)?.canonical as Canonical | undefined)?.[entity]?.linkedRecords ?? [];
      const links = told.filter((link) => link.object === target);
      if (given === undefined) {
        counts.none += 1;
        expect(links).toEqual([]);
        continue;
      }
      const known = ids.find((each) => each.startsWith(given));
      if (known === undefined) {
        counts.gone += 1;
        continue;
      }
      counts[given.length === 15 ? 'short' : 'long'] += 1;
      expect(links).toEqual([{ system: 'salesforce', object: target, recordId: known }]);
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
    expect(counts.long).toBeGreaterThan(20);
  },
);

test('a lead that became a contact stays linked beside it, and events tell what the mirror does', async () => {
  const mirror = await mirrorOf(connector, 'contacts');
  const linksOf = (id: string) => (mirror.get(id)?.canonical as Canonical | undefined)?.person?.linkedRecords ?? [];
  const events = await outboxEvents(database);
  let leads = 0;
  for (const { topic, data } of events) {
    if (topic.name !== topics.recordState.name || data === null) continue;
    const state = data as RecordState;
    if (state.deleted || state.record?.object !== 'contacts') continue;
    const person = state.canonical?.kind.value as { linkedRecords: readonly LinkedRecord[] } | undefined;
    const told = person?.linkedRecords ?? [];
    expect(told.map(({ recordId }) => recordId)).toEqual(
      linksOf(state.record.recordId).map(({ recordId }) => recordId),
    );
    if (told.length === 2) leads += told[1]?.object === 'Lead' ? 1 : 0;
  }
  expect(leads).toBeGreaterThan(5);
});
