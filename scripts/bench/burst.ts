/**
 * How long one tenant's backfill delays the single changes of another: a real Kafka, a real Postgres that syncs to disk, the outbox and
 * dispatcher of a writer, and the dedupe service as a process.
 *   scripts/bench/run burst [--burst 1000000] [--seconds 90] [--only paced,free]
 * All records of the burst stand in the outbox as bulk before the dispatcher starts. While it works them off a tenant whose records were
 * resolved before changes one of them twice a second; a change counts from its commit in the outbox until the commit that decided it, as
 * Postgres tells the time of both. `paced` is as services run, with the default of KEMPT_BULK_BEHIND_MAX; `free` publishes bulk as fast as
 * Kafka takes it, as the thing to compare with. Uses the broker of KAFKA_BROKERS, or starts one. Writes bench-results/burst.json; exits
 * with 1 when a paced change took longer than what docs/operations/scaling.md promises, or was lost.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type EventRecord, groupsThatRead, topicCatalogue } from '@kempt/contracts';
import { createKafkaEventBus } from '@kempt/event-bus-kafka';
import { startTestKafka } from '@kempt/event-bus-kafka/testing';
import { appendToOutbox, createOutboxDispatcher, outboxMigrationsFolder } from '@kempt/outbox';
import { createTestSchema, type Database, startEmbeddedPostgres } from '@kempt/postgres';
import { createLogger, createMetrics } from '@kempt/telemetry';
import { prepareDedupe } from './dedupe-process.ts';
import { backfillEvents, stateEvent } from './stream-events.ts';
import { createStreamPeople } from './stream-population.ts';

const { values: flags } = parseArgs({
  options: {
    burst: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '90' },
    only: { type: 'string', default: 'paced,free' },
  },
});
const burst = Number(flags.burst);
const seconds = Number(flags.seconds);
const root = fileURLToPath(new URL('../..', import.meta.url));
const singleRecords = 2_000;
const changeEveryMs = 500;
const behindMax = 5_000;
/** What docs/operations/scaling.md says. */
const promisedMs = 10_000;
const people = createStreamPeople('burst');
const logger = createLogger({ service: 'bench', level: 'error' });
const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

const kafka = await startTestKafka();
if (!kafka.available) {
  console.error(`The benchmark needs a Kafka broker: ${kafka.reason}.`);
  process.exit(1);
}
const { brokers } = kafka;
const loadAtStart = loadavg();

interface Outcome {
  readonly mode: string;
  readonly changes: number;
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Of the burst, when the last change was decided. */
  readonly burstPublished: number;
  readonly burstHandled: number;
  readonly mostBehind: number;
}

async function eventually(what: string, isSo: () => Promise<boolean>, timeoutMs = 300_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`It did not come to it that ${what}`);
    await sleep(500);
  }
}

async function measure(mode: 'paced' | 'free'): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'kempt-burst-'));
  const postgres = await startEmbeddedPostgres({
    dataFolder: join(folder, 'postgres'),
    settings: { shared_buffers: '512MB', max_wal_size: '4GB', track_commit_timestamp: 'on' },
  });
  const writer = await createTestSchema({
    adminUrl: postgres.adminUrl,
    schema: 'bench_writer',
    folders: [outboxMigrationsFolder],
    maxConnections: 6,
  });
  const topicPrefix = `${mode}-${Date.now().toString(36)}.`;
  const bus = createKafkaEventBus({
    brokers,
    clientId: 'bench',
    logger,
    topicPrefix,
  });
  await bus.ensureTopics(topicCatalogue);
  const { service, database } = await prepareDedupe({
    adminUrl: postgres.adminUrl,
    password: randomBytes(12).toString('hex'),
    brokers,
    logFolder: folder,
    environment: { KEMPT_TOPIC_PREFIX: topicPrefix },
  });
  const dispatcher = createOutboxDispatcher({
    database: writer.database,
    bus,
    logger,
    metrics: createMetrics('writer'),
    ...(mode === 'paced' ? { bulkPace: { readersOf: groupsThatRead, behindMax } } : {}),
  });
  const append = (tenant: string, records: readonly EventRecord[], lane: 'live' | 'bulk') =>
    writer.database.transaction(tenant, (tx) => appendToOutbox(tx, records, { lane }));
  const state = (tenant: string, index: number, version: number) =>
    stateEvent(index, {
      version,
      tenant,
      person: version === 1 ? people.person(index) : people.edited(index, version),
      touch: version,
    });
  const behind = async (): Promise<number> =>
    Number((await bus.lag('dedupe').catch(() => [])).reduce((sum, { records }) => sum + records, 0n));
  try {
    service.start();
    await service.ready(120_000);
    for (let from = 0; from < singleRecords; from += 500)
      await bus.publish(Array.from({ length: 500 }, (_, at) => state('single', from + at, 1)));
    await eventually('the records of the other tenant are read', async () => (await behind()) === 0);
    await bus.publish(backfillEvents(singleRecords, 'single'));
    await eventually('they are resolved', () => isStreaming(database));
    await eventually('all of that is published', async () => (await behind()) === 0);

    for (let from = 0; from < burst; from += 5_000)
      await append(
        'burst',
        Array.from({ length: Math.min(5_000, burst - from) }, (_, at) => state('burst', from + at, 1)),
        'bulk',
      );
    say(`${mode}: ${burst} records of the burst are in the outbox`);
    await writer.database.systemTransaction((tx) => tx.execute('analyze outbox')).catch(() => undefined);

    const sent = new Map<string, number>();
    let mostBehind = 0;
    await dispatcher.start();
    const start = performance.now();
    for (let round = 0; performance.now() - start < seconds * 1_000; round += 1) {
      const change = state('single', round % singleRecords, 2 + Math.floor(round / singleRecords));
      await append('single', [change], 'live');
      sent.set(change.id, Date.now());
      mostBehind = Math.max(mostBehind, await behind());
      await sleep(Math.max(0, start + (round + 1) * changeEveryMs - performance.now()));
    }
    const [left] = await writer.database.systemTransaction((tx) =>
      tx.query<{ count: number }>(`select count(*)::int as count from outbox where lane = 'bulk'`),
    );
    const published = burst - (left?.count ?? 0);
    const stillBehind = await behind();
    await eventually(
      'every change is decided',
      async () => (await decided(database, sent)).size === sent.size,
      600_000,
    );
    const at = await decided(database, sent);
    const delays = [...sent].map(([id, ms]) => (at.get(id) as number) - ms).toSorted((a, b) => a - b);
    const quantile = (share: number): number =>
      Math.round(delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] as number);
    return {
      mode,
      changes: sent.size,
      lost: sent.size - at.size,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      maxMs: quantile(1),
      burstPublished: published,
      burstHandled: published - stillBehind,
      mostBehind,
    };
  } finally {
    await dispatcher.stop();
    await service.stop();
    await bus.close();
    await database.close();
    await writer.database.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function isStreaming(database: Database): Promise<boolean> {
  const rows = await database.transaction('single', (tx) =>
    tx.query<{ phase: string }>(
      `select phase from resolution_state where tenant_id = 'single' and entity_kind = 'person'`,
    ),
  );
  return rows[0]?.phase === 'streaming';
}

/** When each of the changes was decided, in milliseconds since 1970. */
async function decided(database: Database, sent: ReadonlyMap<string, number>): Promise<Map<string, number>> {
  const rows = await database.systemTransaction((tx) =>
    tx.query<{ id: string; at: number }>(
      `select event_id::text as id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
       from inbox where tenant_id = 'single' and event_id = any ($1::uuid[])`,
      [[...sent.keys()]],
    ),
  );
  return new Map(rows.map((row) => [row.id, row.at]));
}

const outcomes: Outcome[] = [];
try {
  for (const mode of ['paced', 'free'] as const) {
    if (!flags.only.split(',').includes(mode)) continue;
    const outcome = await measure(mode);
    outcomes.push(outcome);
    say(
      `${mode}: ${outcome.changes} changes during the burst took p50 ${outcome.p50Ms} ms, p99 ${outcome.p99Ms} ms, at most ${outcome.maxMs} ms; of the burst ${outcome.burstPublished} were published and ${outcome.burstHandled} handled; the service was ${outcome.mostBehind} events behind at most`,
    );
  }
} finally {
  await kafka.stop();
}
await mkdir(join(root, 'bench-results'), { recursive: true });
await writeFile(
  join(root, 'bench-results', 'burst.json'),
  `${JSON.stringify({ burst, seconds, loadAtStart, promisedMs, outcomes }, undefined, 2)}\n`,
);
process.exitCode = outcomes.every(({ mode, lost, maxMs }) => lost === 0 && (mode !== 'paced' || maxMs <= promisedMs))
  ? 0
  : 1;
