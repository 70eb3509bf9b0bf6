import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { buildTestConnector, connected, createConnectorSchema, type RunningConnector } from '../connector-test-bed.ts';
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
  crms = await startCrms({ sizes: { contacts: 200, companies: 60, deals: 30, activities: 10 } });
  connector = await buildTestConnector({
    database,
    connections: [salesforceConnection(crms, ['Case']), hubspotConnection(crms, ['feedback_submissions', 'tickets'])],
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

const time = (value: unknown): string | undefined =>
  typeof value === 'string' ? new Date(value).toISOString() : undefined;

interface Canonical {
  readonly case?: Readonly<Record<string, unknown>>;
  readonly feedback?: Readonly<Record<string, unknown>>;
}

test('cases of Salesforce say who asked, how urgently, and when it was settled', async () => {
  const cases = await salesforceSnapshot(crms.salesforce, 'Case');
  const mirror = await mirrorOf(connector, 'Case');
  expect(cases.size).toBeGreaterThan(10);
  expect(mirror.size).toBe(cases.size);
  for (const [id, fields] of cases) {
    const shown = (mirror.get(id)?.canonical as Canonical | undefined)?.case;
    expect([shown?.status, shown?.priority, shown?.origin, shown?.createdAt, shown?.closedAt]).toEqual([
      fields.Status,
      fields.Priority,
      fields.Origin,
      fields.CreatedDate,
      fields.ClosedDate,
    ]);
    expect((shown?.person as { recordId?: string } | undefined)?.recordId).toBe(fields.ContactId);
  }
});

test('tickets of HubSpot say the same in the same words', async () => {
  const tickets = await hubspotSnapshot(crms.hubspot, 'tickets');
  const mirror = await mirrorOf(connector, 'tickets');
  expect(tickets.size).toBeGreaterThan(3);
  expect(mirror.size).toBe(tickets.size);
  for (const [id, fields] of tickets) {
    const shown = (mirror.get(id)?.canonical as Canonical | undefined)?.case;
    expect([shown?.subject, shown?.status, shown?.priority, shown?.origin, shown?.createdAt, shown?.closedAt]).toEqual([
      fields.subject,
      fields.hs_pipeline_stage,
      fields.hs_ticket_priority,
      fields.source_type,
      time(fields.createdate),
      time(fields.closed_date),
    ]);
    expect((shown?.person as { recordId?: string } | undefined)?.recordId).toBe(fields['associations.contacts']);
  }
});

test('answers to surveys of HubSpot say the kind, the score, who gave it and when', async () => {
  const answers = await hubspotSnapshot(crms.hubspot, 'feedback_submissions');
  const mirror = await mirrorOf(connector, 'feedback_submissions');
  expect(answers.size).toBeGreaterThan(3);
  expect(mirror.size).toBe(answers.size);
  for (const [id, fields] of answers) {
    const shown = (mirror.get(id)?.canonical as Canonical | undefined)?.feedback;
    expect([shown?.surveyKind, shown?.score, shown?.comment, shown?.submittedAt]).toEqual([
      fields.hs_survey_type,
      fields.hs_value,
      fields.hs_content,
      time(fields.hs_submission_timestamp),
    ]);
    expect((shown?.person as { recordId?: string } | undefined)?.recordId).toBe(fields.hs_contact_id);
  }
});
