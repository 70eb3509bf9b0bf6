/**
 * The whole way of an event: a transaction of one service writes it to its outbox, the dispatcher publishes it to Kafka,
 * another service's consumer applies it together with its inbox entry. Postgres syncs to disk, Kafka acknowledges by all.
 *
 *     node --conditions=source scripts/bench/outbox-kafka.ts [events]
 *
 * Uses the broker of KAFKA_BROKERS, or starts one. Writes bench-results/outbox-kafka.json; exits with 1 when it is slower
 * than what is promised.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRecord, PositionedRecord } from '@kempt/contracts';
import { createKafkaEventBus } from '@kempt/event-bus-kafka';
import { startTestKafka } from '@kempt/event-bus-kafka/testing';
import { appendToOutbox, createConsumer, createOutboxDispatcher, outboxMigrationsFolder } from '@kempt/outbox';
import { createTestSchema, startEmbeddedPostgres, type Transaction } from '@kempt/postgres';
import { createLogger, createMetrics } from '@kempt/telemetry';

const events = Number(process.argv[2] ?? 30_000);
const warmUpEvents = 3_000;
const batchSize = 500;
const promisedPerSecond = 3_000;
const tenants = ['acme', 'globex'];
const topic = {
  name: `bench.${Date.now().toString(36)}.record-changed.v1`,
  partitions: 6,
  cleanup: 'delete',
  retentionMs: 3_600_000,
} as const;

const kafka = await startTestKafka();
if (!kafka.available) {
  console.error(`The benchmark needs a Kafka broker: ${kafka.reason}.`);
  process.exit(1);
}
const loadAtStart = loadavg();
const folder = await mkdtemp(join(tmpdir(), 'kempt-bench-'));
const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') });
const effects = join(folder, 'effects');
await mkdir(effects);
await writeFile(
  join(effects, '0001_effect.sql'),
  `create table effect (tenant_id text not null, id text not null, version integer not null, primary key (tenant_id, id));
select kempt_protect('effect');
`,
);
const schema = (name: string, folders: readonly string[]) =>
  createTestSchema({ adminUrl: postgres.adminUrl, schema: name, folders, maxConnections: 8 });
const writer = await schema('bench_writer', [outboxMigrationsFolder]);
const reader = await schema('bench_reader', [outboxMigrationsFolder, effects]);

const logger = createLogger({ service: 'bench', level: 'error' });
const busOf = (clientId: string) => createKafkaEventBus({ brokers: kafka.brokers, clientId, logger });
const [writerBus, readerBus] = [busOf('bench-writer'), busOf('bench-reader')];
await writerBus.ensureTopics([topic]);

let applied = 0;
async function apply(tx: Transaction, records: readonly PositionedRecord[]): Promise<void> {
  await tx.execute(
    `insert into effect (tenant_id, id, version)
     select $1, id, version from unnest($2::text[], $3::integer[]) as e (id, version)
     on conflict (tenant_id, id) do update set version = excluded.version where effect.version < excluded.version`,
    [
      tx.tenantId,
      // One row for each key: an upsert may not touch a row twice.
      [...new Map(records.map((record) => [record.key, record])).keys()],
      [...new Map(records.map((record) => [record.key, Number(record.headers['ce_sequence'])])).values()],
    ],
  );
  applied += records.length;
}

const dispatcher = createOutboxDispatcher({
  database: writer.database,
  bus: writerBus,
  logger,
  metrics: createMetrics('writer'),
});
const consumer = createConsumer({
  database: reader.database,
  bus: readerBus,
  group: `${topic.name}.group`,
  subscriptions: [{ topic, handle: apply }],
  logger,
  metrics: createMetrics('reader'),
});
await dispatcher.start();
await consumer.start();

const value = new Uint8Array(800).map((_, index) => (index * 31) & 0xff);
function eventOf(tenantId: string, index: number): EventRecord {
  const record = `003${String(index % 5_000).padStart(12, '0')}`;
  return {
    topic: topic.name,
    key: `${tenantId}:sf:00D5g0000000001:Contact:${record}`,
    headers: {
      'content-type': 'application/protobuf',
      ce_specversion: '1.0',
      ce_id: randomUUID(),
      ce_source: '/kempt/connector',
      ce_type: topic.name,
      ce_subject: `salesforce/Contact/${record}`,
      ce_time: '2026-01-01T00:00:00.000Z',
      ce_recordedtime: '2026-01-01T00:00:01.000Z',
      ce_tenantid: tenantId,
      ce_sequence: String(index),
    },
    value,
  };
}

/** Seconds from the first transaction until the last event is applied. */
async function passThrough(from: number, count: number): Promise<number> {
  const before = applied;
  const startMs = performance.now();
  for (let at = from; at < from + count; at += batchSize) {
    const tenantId = tenants[(at / batchSize) % tenants.length] ?? '';
    const records = Array.from({ length: batchSize }, (_, index) => eventOf(tenantId, at + index));
    await writer.database.transaction(tenantId, (tx) => appendToOutbox(tx, records));
  }
  const deadline = performance.now() + 120_000;
  while (applied - before < count) {
    if (performance.now() > deadline) throw new Error(`Only ${applied - before} of ${count} events arrived in time`);
    await sleep(5);
  }
  return (performance.now() - startMs) / 1_000;
}

await passThrough(0, warmUpEvents);
const seconds = await passThrough(warmUpEvents, events);
const perSecond = Math.round(events / seconds);
const passed = perSecond >= promisedPerSecond;

await consumer.stop();
await dispatcher.stop();
await Promise.all([writerBus.close(), readerBus.close()]);
await Promise.all([writer.database.close(), reader.database.close()]);
await postgres.stop();
await kafka.stop();
await rm(folder, { recursive: true, force: true });

console.log(
  `Outbox to Kafka to inbox: ${events} events of ${value.length} bytes, ${batchSize} a transaction, fsync on`,
);
console.log(
  `load average at start ${loadAtStart.map((load) => load.toFixed(2)).join(' ')}, broker from ${kafka.origin}\n`,
);
console.log(`${String(perSecond).padStart(8)} events/s end to end, promised >= ${promisedPerSecond}`);
await mkdir('bench-results', { recursive: true });
const result = {
  events,
  batchSize,
  partitions: topic.partitions,
  valueBytes: value.length,
  loadAtStart,
  seconds,
  perSecond,
  passed,
};
await writeFile('bench-results/outbox-kafka.json', `${JSON.stringify(result, undefined, 2)}\n`);
process.exitCode = passed ? 0 : 1;
