import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EventRecord, PositionedRecord, TopicDeclaration } from '@kempt/contracts';
import { createFakeBroker, createFakeEventBus, type FakeBroker, type FakeEventBus } from '@kempt/event-bus';
import {
  createTestSchema,
  type Database,
  openDatabase,
  startTestDatabase,
  type TestDatabase,
  type Transaction,
} from '@kempt/postgres';
import { createLogger, createMetrics, type Logger, type Metrics } from '@kempt/telemetry';
import { v7 as uuidv7 } from 'uuid';
import { outboxMigrationsFolder } from './migrations-folder.ts';
import { appendToOutbox } from './outbox-append.ts';

/** A service's schema with outbox, two tables of its own, and buses in memory. For the tests of this package. */
export interface OutboxTestBed {
  readonly database: Database;
  readonly adminUrl: string;
  /** Connection URL of the service's role. */
  readonly url: string;
  readonly role: string;
  readonly broker: FakeBroker;
  readonly bus: FakeEventBus;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Another process on the same schema. */
  openAnother(): Database & {
    /** Ends every connection on the server's side, as the end of the process would. */
    sever(): Promise<void>;
  };
  /** Empties every table and takes a new broker. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export const recordTopic: TopicDeclaration = {
  name: 'kempt.test.record-changed.v1',
  partitions: 3,
  cleanup: 'delete',
  retentionMs: 14 * 86_400_000,
};
export const stateTopic: TopicDeclaration = {
  name: 'kempt.test.record-state.v1',
  partitions: 2,
  cleanup: 'compact',
  retentionMs: 0,
};

export const testSchema = 'test_service';

/** What a service would have: rows whose lock orders the events, and an effect that shows how often it happened. */
const serviceTables = `
create table subject (
  tenant_id text not null, id text not null, version integer not null, primary key (tenant_id, id));
select kempt_protect('subject');
create table effect (
  tenant_id text not null, place bigint generated always as identity, subject text not null, version integer not null,
  primary key (tenant_id, place));
select kempt_protect('effect');
create table part (
  tenant_id text not null, id text not null, whole text not null, primary key (tenant_id, id),
  foreign key (tenant_id, whole) references subject (tenant_id, id) deferrable initially deferred);
select kempt_protect('part');
`;

export async function createOutboxTestBed(): Promise<OutboxTestBed> {
  const server: TestDatabase = await startTestDatabase();
  const folder = mkdtempSync(path.join(tmpdir(), 'kempt-outbox-test-'));
  writeFileSync(path.join(folder, '0001_effect.sql'), serviceTables);
  const { database, url, role } = await createTestSchema({
    adminUrl: server.adminUrl,
    schema: testSchema,
    folders: [outboxMigrationsFolder, folder],
    maxConnections: 10,
  });
  rmSync(folder, { recursive: true });
  const admin = openDatabase({
    url: server.adminUrl,
    schema: testSchema,
    applicationName: 'kempt-test-admin',
    maxConnections: 1,
  });
  const opened: Database[] = [database, admin];
  const logger = createLogger({ service: 'test', level: 'silent' });
  let broker = createFakeBroker();
  let bus = createFakeEventBus({ broker });

  async function reset(): Promise<void> {
    await bus.close();
    broker = createFakeBroker();
    bus = createFakeEventBus({ broker });
    await bus.ensureTopics([recordTopic, stateTopic]);
    await database.systemTransaction(async (tx) => {
      for (const table of infrastructureTables) await tx.execute(`delete from ${table}`);
    });
    for (const tenant of ['acme', 'globex', 'initech']) {
      await database.transaction(tenant, async (tx) => {
        for (const table of ['part', 'effect', 'subject']) await tx.execute(`delete from ${table}`);
      });
    }
  }
  await reset();

  return {
    database,
    adminUrl: server.adminUrl,
    url,
    role,
    get broker() {
      return broker;
    },
    get bus() {
      return bus;
    },
    logger,
    get metrics() {
      return createMetrics('test');
    },
    openAnother() {
      const applicationName = `kempt-test-${opened.length}`;
      const another = openDatabase({ url, schema: testSchema, applicationName, maxConnections: 5 });
      opened.push(another);
      const sever = async (): Promise<void> => {
        await admin.systemTransaction((tx) =>
          tx.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
            applicationName,
          ]),
        );
      };
      return { ...another, sever };
    },
    reset,
    async close() {
      await bus.close();
      for (const one of opened) await one.close();
      await server.stop();
    },
  };
}

const infrastructureTables = [
  'outbox',
  'outbox_lanes',
  'outbox_busy_lane',
  'inbox',
  'inbox_stream',
  'inbox_version',
  'parked_event',
  'parked_key',
  'paused_tenant',
  'dead_letter',
  'dead_letter_action',
];

/** An event about a subject; key, version and content say which. */
export function testEvent(
  tenantId: string,
  subject: string,
  version: number,
  overrides: Partial<EventRecord> = {},
): EventRecord {
  const topic = overrides.topic ?? recordTopic.name;
  return {
    topic,
    key: `${tenantId}:${subject}`,
    value: Buffer.from(JSON.stringify({ subject, version })),
    ...overrides,
    headers: {
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: uuidv7(),
      ce_type: topic,
      ce_tenantid: tenantId,
      ce_sequence: String(version),
      ...overrides.headers,
    },
  };
}

/** What `testEvent` put in. */
export function contentOf(record: EventRecord): { readonly subject: string; readonly version: number } {
  return JSON.parse(Buffer.from(record.value ?? []).toString('utf8')) as { subject: string; version: number };
}

/** Locks the subject's row, raises its version and appends the event that says so: how every service writes. */
export async function changeSubject(
  tx: Transaction,
  subject: string,
  options: Parameters<typeof appendToOutbox>[2] = {},
): Promise<number> {
  const [row] = await tx.query<{ version: number }>(
    `insert into subject as s (tenant_id, id, version) values ($1, $2, 1)
     on conflict (tenant_id, id) do update set version = s.version + 1 returning version`,
    [tx.tenantId, subject],
  );
  const version = row?.version ?? 0;
  await appendToOutbox(tx, [testEvent(tx.tenantId ?? '', subject, version)], options);
  return version;
}

/** The effect that tests count: one row for each time that it happened. */
export async function recordEffect(tx: Transaction, records: readonly PositionedRecord[]): Promise<void> {
  const contents = records.map(contentOf);
  await tx.execute(
    `insert into effect (tenant_id, subject, version)
     select $1, subject, version from unnest($2::text[], $3::integer[]) with ordinality as e (subject, version, place)
      order by place`,
    [tx.tenantId, contents.map(({ subject }) => subject), contents.map(({ version }) => version)],
  );
}

/** Versions by subject, in the order in which they took effect. */
export async function effectsOf(database: Database, tenantId: string): Promise<Record<string, number[]>> {
  const rows = await database.transaction(tenantId, (tx) =>
    tx.query<{ subject: string; version: number }>('select subject, version from effect order by place'),
  );
  return Object.fromEntries(
    [...Map.groupBy(rows, (row) => row.subject)].map(([subject, ofSubject]) => [
      subject,
      ofSubject.map(({ version }) => version),
    ]),
  );
}

/** Waits for a condition and fails, saying which, when it does not come true in time. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited 30 s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function countRows(database: Database, table: string): Promise<number> {
  const [row] = await database.systemTransaction((tx) =>
    tx.query<{ count: string }>(`select count(*) as count from ${table}`),
  );
  return Number(row?.count);
}

/** Versions by key in the order of the topic, each at its first appearance: what a consumer with an inbox sees. */
export function firstAppearances(records: readonly PositionedRecord[]): Map<string, number[]> {
  const seen = new Set<string>();
  const versions = new Map<string, number[]>();
  for (const record of records) {
    const id = record.headers.ce_id ?? '';
    if (seen.has(id)) continue;
    seen.add(id);
    versions.set(record.key, [...(versions.get(record.key) ?? []), Number(record.headers.ce_sequence)]);
  }
  return versions;
}
