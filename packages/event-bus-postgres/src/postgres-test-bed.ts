import { connect as connectSocket, createServer, type Socket } from 'node:net';
import type { EventRecord, TopicDeclaration } from '@kempt/contracts';
import { provisionSchemas, startTestDatabase } from '@kempt/postgres';
import pg from 'pg';
import { migratePostgresEventBus } from './migration.ts';
import { createPostgresEventBus, type PostgresEventBus, type PostgresEventBusOptions } from './postgres-event-bus.ts';

/** A database with a bus in it, for the tests of this package. */
export interface PostgresTestBed {
  readonly adminUrl: string;
  /** Of a role that may use the bus. */
  readonly url: string;
  /** Of a role that may not. */
  readonly strangerUrl: string;
  /** Opens another bus; closed with the test bed. */
  open(options?: Partial<PostgresEventBusOptions>): PostgresEventBus;
  /** Declares a topic with a new name. */
  topic(bus: PostgresEventBus, wanted?: Partial<TopicDeclaration>): Promise<string>;
  /** Runs a statement as the superuser, in the schema of the bus. */
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  closeBuses(): Promise<void>;
  stop(): Promise<void>;
}

export async function createPostgresTestBed(): Promise<PostgresTestBed> {
  const database = await startTestDatabase();
  const { adminUrl } = database;
  const name = new URL(adminUrl).pathname.slice(1);
  const roles = { service: `${name}_service`, stranger: `${name}_stranger` };
  await provisionSchemas({
    adminUrl,
    services: Object.values(roles).map((role) => ({ schema: 'service', role, password: 'secret' })),
  });
  await migratePostgresEventBus({ adminUrl, roles: [roles.service] });
  const admin = new pg.Client({ connectionString: adminUrl });
  admin.on('error', () => undefined);
  await admin.connect();
  await admin.query('SET search_path TO event_bus');
  const buses: PostgresEventBus[] = [];
  let topics = 0;

  function urlOf(role: string): string {
    const url = new URL(adminUrl);
    url.username = role;
    url.password = 'secret';
    return url.href;
  }

  async function closeBuses(): Promise<void> {
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
  }

  return {
    adminUrl,
    url: urlOf(roles.service),
    strangerUrl: urlOf(roles.stranger),
    open(options = {}) {
      const bus = createPostgresEventBus({ url: urlOf(roles.service), applicationName: 'kempt-test', ...options });
      buses.push(bus);
      return bus;
    },
    async topic(bus, wanted = {}) {
      topics += 1;
      const topic = `kempt.test.thing-changed-${topics}.v1`;
      await bus.ensureTopics([{ name: topic, partitions: 4, cleanup: 'delete', retentionMs: 86_400_000, ...wanted }]);
      return topic;
    },
    query: async (sql, values = []) => (await admin.query(sql, [...values])).rows,
    closeBuses,
    async stop() {
      await closeBuses();
      await admin.end();
      await database.stop();
    },
  };
}

export function eventOf(topic: string, key: string, sequence = 1): EventRecord {
  return {
    topic,
    key,
    headers: { ce_id: `${key}#${sequence}`, ce_sequence: String(sequence) },
    value: new TextEncoder().encode(`event ${sequence} of ${key}`),
  };
}

export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  patienceMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`Waited ${patienceMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A wire to Postgres that can be cut. */
export interface CutWire {
  readonly url: string;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function createCutWire(serverUrl: string): Promise<CutWire> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((incoming) => {
    if (!whole) {
      incoming.destroy();
      return;
    }
    const outgoing = connectSocket({ host: target.hostname, port: Number(target.port) });
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' ? address?.port : '');
  return {
    url: url.href,
    cut() {
      whole = false;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      whole = true;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
