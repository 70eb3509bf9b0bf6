import { spawn } from 'node:child_process';
import { startTestDatabase } from '@kempt/postgres';
import { buildTestConnector, connected, createConnectorSchema } from './connector-test-bed.ts';

const child = spawn(process.execPath, ['--conditions=source', '/tmp/cbench/sim.ts'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const line: any = await new Promise((r) => child.stdout.once('data', (d) => r(JSON.parse(String(d)))));
const server = await startTestDatabase();
const database = await createConnectorSchema(server);
const connector = await buildTestConnector({
  database,
  settings: {
    pageRecords: Number(process.env.PAGE ?? 1000),
    pollIntervalMs: 15000,
    deletedIntervalMs: 300000,
    overlapMs: 60000,
    scheduleMs: 1000,
    leaseMs: 30000,
    crmTimeoutMs: 60000,
    concurrency: Number(process.env.CONC ?? 4),
  },
  connections: [
    {
      system: 'salesforce',
      loginUrl: line.sf,
      credentials: { grant: 'client-credentials', clientId: line.sfc.clientId, clientSecret: line.sfc.clientSecret },
    },
    {
      system: 'hubspot',
      baseUrl: line.hs,
      credentials: { grant: 'private-app-token', accessToken: line.hsc.privateAppToken },
    },
  ],
});
const t = performance.now();
const cpu = process.cpuUsage();
await connector.start();
const done = setInterval(async () => {
  const { body }: any = await connector.request('GET', '/v1/connections');
  console.log(
    Math.round(performance.now() - t),
    body.items
      .map((c: any) => c.system + ' ' + c.status + ' ' + c.objects.reduce((s: number, o: any) => s + o.recordsRead, 0))
      .join(' | '),
  );
}, 1000);
await connected(connector).catch((e) => console.log(e.message));
await (async () => {
  for (;;) {
    const { body }: any = await connector.request('GET', '/v1/connections');
    if (body.items.every((c: any) => c.status === 'connected')) break;
    await new Promise((r) => setTimeout(r, 100));
  }
})();
clearInterval(done);
const u = process.cpuUsage(cpu);
console.log(
  'total ms',
  Math.round(performance.now() - t),
  'cpu user',
  u.user / 1e3,
  'sys',
  u.system / 1e3,
  'rss',
  process.memoryUsage().rss / 1e6,
);
const [size] = await database.systemTransaction((tx) =>
  tx.query('select count(*) n, sum(length(payload)) b, sum(length(headers::text)) h from outbox'),
);
console.log(
  size,
  (
    await database.transaction('default', (tx) =>
      tx.query('select count(*) n, sum(length(fields::text)) f from record'),
    )
  )[0],
);
console.log(
  await database.systemTransaction((tx) =>
    tx.query(
      "select relname, pg_size_pretty(pg_total_relation_size(oid)) s from pg_class where relname in ('record','outbox')",
    ),
  ),
);
const fails = connector.logs.filter((l) => l.includes('"warn"') || l.includes('"error"'));
console.log(fails.slice(0, 5).join(''));
await connector.stop();
await database.close();
await server.stop();
child.kill();
process.exit(0);
