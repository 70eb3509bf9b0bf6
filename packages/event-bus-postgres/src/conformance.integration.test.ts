import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { describeEventBusConformance } from '@kempt/event-bus/conformance';
import { type EmbeddedPostgres, provisionSchemas, startEmbeddedPostgres } from '@kempt/postgres';
import { openConformanceBus } from './conformance-child.ts';
import { migratePostgresEventBus } from './migration.ts';

// A server of its own, since the suite kills it in the middle.
const dataFolder = mkdtempSync(join(tmpdir(), 'kempt-bus-postgres-'));
let server: EmbeddedPostgres;
let url = '';

async function startServer(port?: number): Promise<void> {
  server = await startEmbeddedPostgres({ dataFolder, temporary: true, ...(port !== undefined && { port }) });
}

beforeAll(async () => {
  chmodSync(dataFolder, 0o711);
  await startServer();
  const { adminUrl } = server;
  await provisionSchemas({ adminUrl, services: [{ schema: 'reader', role: 'kempt_reader', password: 'reader' }] });
  await migratePostgresEventBus({ adminUrl, roles: ['kempt_reader'] });
  await migratePostgresEventBus({ adminUrl, roles: ['kempt_reader'] });
  const serviceUrl = new URL(adminUrl);
  serviceUrl.username = 'kempt_reader';
  serviceUrl.password = 'reader';
  url = serviceUrl.href;
});

afterAll(async () => {
  await server.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

describeEventBusConformance('Postgres', {
  topicPrefix: 'conformance.',
  sessionTimeoutMs: 1_000,
  stopTimeoutMs: 4_000,
  createBus: async () => openConformanceBus(url),
  childBus: async () => ({ module: new URL('./conformance-child.ts', import.meta.url).href, options: { url } }),
  restartBroker: async () => {
    const port = Number(new URL(url).port);
    await server.crash();
    await startServer(port);
  },
  compact: async () => {
    const bus = openConformanceBus(url);
    await bus.housekeep();
    await bus.close();
  },
});
