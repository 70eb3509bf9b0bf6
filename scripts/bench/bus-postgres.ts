/**
 * The Postgres bus with five consumer groups, each with inbox and effect in one transaction, fsync on: how many events a
 * second it carries, how long one takes at 1,000 a second, and what it costs to do nothing. Beside it the same work by
 * SQL alone on the same server in the same run: no groups, no leases, no wake-ups. That is the limit of the machine.
 *
 *   scripts/bench/run bus-postgres [events]
 *
 * Writes bench-results/bus-postgres.json; exits with 1 when a figure is worse than what is promised.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { EventRecord, TopicDeclaration } from '@kempt/contracts';
import { partitionOf } from '@kempt/event-bus';
import { createPostgresEventBus, migratePostgresEventBus } from '@kempt/event-bus-postgres';
import { outboxMigrationsFolder } from '@kempt/outbox';
import { migrate, provisionSchemas, startEmbeddedPostgres } from '@kempt/postgres';
import pg from 'pg';
import type { GroupMessage, GroupTask } from './bus-postgres-group.ts';
import { cpuSeconds, memoryOfTree } from './process-tree.ts';

const events = Number(process.argv[2] ?? 40_000);
const batchSize = 500;
const groupCount = 5;
const rounds = 3;
const paceEventsPerSecond = 1_000;
const paceMs = 15_000;
const idleMs = 20_000;
const promised = { eventsPerSecond: 5_000, p99Ms: 250, idleShare: 0.01 };
/** The publisher runs at most this far ahead of the slowest group. */
const windowEvents = 10_000;
const value = new Uint8Array(800).map((_, index) => (index * 31) & 0xff);
const topicOf = (name: string): TopicDeclaration => ({
  name: `bench.${name}.v1`,
  partitions: 12,
  cleanup: 'delete',
  retentionMs: 86_400_000,
});

const loadAtStart = loadavg();
const dataFolder = mkdtempSync(join(tmpdir(), 'kempt-bench-'));
chmodSync(dataFolder, 0o711);
const server = await startEmbeddedPostgres({ dataFolder: join(dataFolder, 'postgres'), temporary: true });
const { adminUrl } = server;

const effectFolder = join(dataFolder, 'effect');
await mkdir(effectFolder);
writeFileSync(
  join(effectFolder, '0001_subject.sql'),
  `CREATE TABLE subject (tenant_id text, subject text, version bigint NOT NULL, PRIMARY KEY (tenant_id, subject));
   SELECT kempt_protect('subject');`,
);
const schemas = Array.from({ length: groupCount }, (_, index) => `bench_${index + 1}`);
await provisionSchemas({
  adminUrl,
  services: ['plain', ...schemas].map((schema) => ({ schema, role: `kempt_${schema}`, password: schema })),
});
for (const schema of schemas) {
  const folders = [outboxMigrationsFolder, effectFolder];
  await migrate({ adminUrl, schema, role: `kempt_${schema}`, folders });
}
await migratePostgresEventBus({ adminUrl, roles: schemas.map((schema) => `kempt_${schema}`) });

function urlOf(schema: string): string {
  const url = new URL(adminUrl);
  url.username = `kempt_${schema}`;
  url.password = schema;
  return url.href;
}

let made = 0;
function eventOf(topic: string, sent?: number): EventRecord {
  made += 1;
  const id = made.toString(16).padStart(12, '0');
  const record = `003${String((made * 7_919) % 5_000).padStart(12, '0')}`;
  return {
    topic,
    key: `default:sf:00D5g0000000001:Contact:${record}`,
    headers: {
      'content-type': 'application/protobuf',
      ce_specversion: '1.0',
      ce_id: `0191d3a0-0000-7000-8000-${id}`,
      ce_source: '/kempt/connector',
      ce_type: topic,
      ce_subject: `sf:00D5g0000000001:Contact:${record}`,
      ce_time: '2026-01-01T00:00:00.000Z',
      ce_recordedtime: '2026-01-01T00:00:01.000Z',
      ce_tenantid: 'default',
      ce_sequence: String(made),
      ...(sent !== undefined && { bench_sent: String(sent) }),
    },
    value,
  };
}

interface Groups {
  /** Events that the slowest group has handled. */
  slowest(): number;
  latenciesMs(): Promise<number[]>;
  stop(): Promise<void>;
}

async function startGroups(mode: GroupTask['mode'], topic: TopicDeclaration): Promise<Groups> {
  const handled = schemas.map(() => 0);
  const workers = schemas.map((schema, index) => {
    const task: GroupTask = { mode, group: `${topic.name}-${schema}`, url: urlOf(schema), schema, topic };
    const worker = new Worker(new URL('./bus-postgres-group.ts', import.meta.url), { workerData: task });
    worker.on('message', (message: GroupMessage) => {
      if (message.type === 'handled') handled[index] = message.events;
    });
    return worker;
  });
  const answer = (worker: Worker, type: GroupMessage['type']) =>
    new Promise<GroupMessage>((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (message: GroupMessage) => message.type === type && resolve(message));
    });
  await Promise.all(workers.map((worker) => answer(worker, 'ready')));
  return {
    slowest: () => Math.min(...handled),
    async latenciesMs() {
      const messages = await Promise.all(
        workers.map((worker) => {
          worker.postMessage('latencies');
          return answer(worker, 'latencies');
        }),
      );
      return messages.flatMap((message) => (message.type === 'latencies' ? [...message.latenciesMs] : []));
    },
    async stop() {
      await Promise.all(
        workers.map((worker) => {
          worker.postMessage('stop');
          return new Promise((resolve) => worker.once('exit', resolve));
        }),
      );
    },
  };
}

/** Publishes in full batches as fast as the groups follow. Events per second until the slowest has handled the last. */
async function carry(groups: Groups, publish: (batch: EventRecord[]) => Promise<void>, topic: string): Promise<number> {
  const before = groups.slowest();
  const startMs = performance.now();
  for (let sent = 0; sent < events; sent += batchSize) {
    while (sent - (groups.slowest() - before) > windowEvents) await sleep(2);
    await publish(Array.from({ length: batchSize }, () => eventOf(topic)));
  }
  while (groups.slowest() - before < events) await sleep(2);
  return events / ((performance.now() - startMs) / 1_000);
}

async function carryPlain(): Promise<Carried> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  await client.query(`
    CREATE TABLE plain.event (partition int, "offset" bigint, key text, headers json, value bytea, PRIMARY KEY (partition, "offset"));
    GRANT USAGE ON SCHEMA plain TO PUBLIC; GRANT SELECT ON plain.event TO PUBLIC;`);
  const groups = await startGroups('plain', topicOf('plain'));
  const next = new Map<number, number>();
  const publish = async (batch: EventRecord[]): Promise<void> => {
    const rows = batch.map(({ key, headers, value: bytes }) => {
      const partition = partitionOf(key, 12);
      const offset = next.get(partition) ?? 0;
      next.set(partition, offset + 1);
      return { partition, offset, key, headers: JSON.stringify(headers), bytes };
    });
    await client.query({
      name: 'plain-append',
      text: `INSERT INTO plain.event
             SELECT * FROM unnest($1::int[], $2::bigint[], $3::text[], $4::json[], $5::bytea[])`,
      values: [
        rows.map(({ partition }) => partition),
        rows.map(({ offset }) => offset),
        rows.map(({ key }) => key),
        rows.map(({ headers }) => headers),
        rows.map(({ bytes }) => bytes),
      ],
    });
  };
  const carried = await carryInRounds(() => carry(groups, publish, 'bench.plain.v1'));
  await groups.stop();
  await client.end();
  return carried;
}

/** Publishes at a steady pace, in a small batch every 10 ms. Resolves to the latencies of every group. */
async function pace(groups: Groups, topic: string): Promise<number[]> {
  const before = groups.slowest();
  const tickMs = 10;
  const perTick = (paceEventsPerSecond * tickMs) / 1_000;
  const startMs = performance.now();
  const publishes: Promise<void>[] = [];
  let sent = 0;
  for (let tick = 0; tick * tickMs < paceMs; tick += 1) {
    const waitMs = startMs + tick * tickMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    // What counts is when the event should have been published: a slow publish delays nothing else in the account.
    const dueMs = performance.timeOrigin + startMs + tick * tickMs;
    publishes.push(bus.publish(Array.from({ length: perTick }, () => eventOf(topic, dueMs))));
    sent += perTick;
  }
  await Promise.all(publishes);
  while (groups.slowest() - before < sent) await sleep(5);
  return groups.latenciesMs();
}

interface Processor {
  /** Seconds of this process with its threads. */
  readonly node: number;
  /** Seconds of the whole server. */
  readonly postgres: number;
}

/** Runs `work` and tells what processor time it took. Server processes that ended meanwhile are left out. */
async function withProcessor<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly processor: Processor }> {
  const serverTimes = async () => {
    const pids = (await memoryOfTree(process.pid)).map(({ pid }) => pid).filter((pid) => pid !== process.pid);
    return new Map(await Promise.all(pids.map(async (pid) => [pid, await cpuSeconds(pid).catch(() => 0)] as const)));
  };
  const before = await serverTimes();
  const cpuBefore = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(cpuBefore);
  let postgres = 0;
  for (const [pid, time] of await serverTimes()) postgres += time - (before.get(pid) ?? 0);
  return { result, processor: { node: (user + system) / 1_000_000, postgres } };
}

/** Shares of one core. */
async function idle(): Promise<Processor> {
  await sleep(3_000);
  const { processor } = await withProcessor(() => sleep(idleMs));
  return { node: processor.node / (idleMs / 1_000), postgres: processor.postgres / (idleMs / 1_000) };
}

interface Carried {
  readonly perSecond: number;
  /** Processor time for one event, published and handled by every group, in microseconds. */
  readonly nodeUs: number;
  readonly postgresUs: number;
}

/** Several rounds of `carry`, of which the first warms up and does not count. The one in the middle is the result. */
async function carryInRounds(carryOnce: () => Promise<number>): Promise<Carried> {
  const results: Carried[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const { result, processor } = await withProcessor(carryOnce);
    const us = (seconds: number) => Math.round((seconds / events) * 1_000_000);
    results.push({ perSecond: Math.round(result), nodeUs: us(processor.node), postgresUs: us(processor.postgres) });
  }
  const counted = results.slice(1).sort((a, b) => a.perSecond - b.perSecond);
  return counted[Math.floor(counted.length / 2)] as Carried;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const bus = createPostgresEventBus({ url: urlOf(schemas[0] ?? ''), applicationName: 'bench-publisher' });
const [topic, bareTopic] = [topicOf('changed'), topicOf('bare')];
await bus.ensureTopics([topic, bareTopic]);

const publish = (batch: EventRecord[]) => bus.publish(batch);
const bareGroups = await startGroups('bare', bareTopic);
const idleShare = await idle();
const bare = await carryInRounds(() => carry(bareGroups, publish, bareTopic.name));
await bareGroups.stop();
const groups = await startGroups('consumer', topic);
const whole = await carryInRounds(() => carry(groups, publish, topic.name));
await groups.latenciesMs();
const loadAtPace = loadavg();
const { result: latenciesMs, processor: paceProcessor } = await withProcessor(() => pace(groups, topic.name));
await groups.stop();
await bus.close();
const plain = await carryPlain();
await server.stop();
rmSync(dataFolder, { recursive: true, force: true });

latenciesMs.sort((a, b) => a - b);
const latency = {
  p50Ms: quantile(latenciesMs, 0.5),
  p99Ms: quantile(latenciesMs, 0.99),
  maxMs: latenciesMs.at(-1) ?? 0,
  /** Cores that are busy with 1,000 events a second. */
  cores: (paceProcessor.node + paceProcessor.postgres) / (paceMs / 1_000),
};
const idleTotal = idleShare.node + idleShare.postgres;
const passed =
  whole.perSecond >= promised.eventsPerSecond && latency.p99Ms < promised.p99Ms && idleTotal < promised.idleShare;
console.log(
  `Postgres bus: ${events} events of ${value.length} bytes and headers, batches of ${batchSize}, ${groupCount} groups, fsync on`,
);
console.log(
  `load average at start ${loadAtStart.map((load) => load.toFixed(2)).join(' ')}, before the latencies ${loadAtPace.map((load) => load.toFixed(2)).join(' ')}\n`,
);
const us = ({ nodeUs, postgresUs }: Carried) => `${nodeUs} + ${postgresUs} us`;
const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
const table: readonly (readonly [string, string, string, string])[] = [
  ['', 'bus', 'SQL alone', 'promised'],
  [
    'events/s published and handled by all groups',
    String(whole.perSecond),
    String(plain.perSecond),
    `>= ${promised.eventsPerSecond}`,
  ],
  ['  processor time an event, Node + Postgres', us(whole), us(plain), ''],
  ['  the same without inbox and effect', String(bare.perSecond), '', ''],
  ['  processor time an event', us(bare), '', ''],
  [`publish to handled at ${paceEventsPerSecond}/s: p50`, `${latency.p50Ms.toFixed(0)} ms`, '', ''],
  ['  p99', `${latency.p99Ms.toFixed(0)} ms`, '', `< ${promised.p99Ms} ms`],
  ['  slowest', `${latency.maxMs.toFixed(0)} ms`, '', ''],
  ['  busy cores', latency.cores.toFixed(2), '', ''],
  ['idle CPU, share of a core', percent(idleTotal), '', `< ${promised.idleShare * 100} %`],
  ['  of it Node', percent(idleShare.node), '', ''],
  ['  of it Postgres', percent(idleShare.postgres), '', ''],
];
for (const [what, ofBus, ofPlain, promise] of table) {
  console.log(`${what.padEnd(46)}${ofBus.padStart(14)}${ofPlain.padStart(14)}${promise.padStart(12)}`);
}
const result = {
  events,
  batchSize,
  groupCount,
  valueBytes: value.length,
  loadAtStart,
  loadAtPace,
  promised,
  whole,
  bare,
  plain,
  latency,
  idleShare,
  passed,
};
await mkdir('bench-results', { recursive: true });
await writeFile('bench-results/bus-postgres.json', `${JSON.stringify(result, undefined, 2)}\n`);
process.exitCode = passed ? 0 : 1;
