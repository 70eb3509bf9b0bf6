/**
 * One consumer group of the Postgres bus benchmark, in a worker thread of its own as services have in standalone.
 * `consumer` reads the bus with inbox and effect, `bare` only reads the bus, `plain` does the same work as `consumer` by
 * SQL alone: the most that this server and this driver can give.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { EventRecord, TopicDeclaration } from '@kempt/contracts';
import { createPostgresEventBus } from '@kempt/event-bus-postgres';
import { createConsumer } from '@kempt/outbox';
import { openDatabase, type Transaction } from '@kempt/postgres';
import { createLogger, createMetrics } from '@kempt/telemetry';
import pg from 'pg';

export interface GroupTask {
  readonly mode: 'consumer' | 'bare' | 'plain';
  readonly group: string;
  /** URL of the service's role, for its schema and for the bus. */
  readonly url: string;
  readonly schema: string;
  readonly topic: TopicDeclaration;
}

export type GroupMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'handled'; readonly events: number }
  | { readonly type: 'latencies'; readonly latenciesMs: Float64Array };

const task = workerData as GroupTask;
const port = parentPort;
if (port === null) throw new Error('This file runs in a worker thread.');
const latenciesMs: number[] = [];
let handled = 0;
let report: NodeJS.Timeout | undefined;

/** From the call of publish to the end of the chunk, when the effect is committed. */
function note(records: readonly Pick<EventRecord, 'headers'>[]): void {
  const nowMs = performance.timeOrigin + performance.now();
  for (const { headers } of records) {
    if (headers['bench_sent'] !== undefined) latenciesMs.push(nowMs - Number(headers['bench_sent']));
  }
  handled += records.length;
  report ??= setTimeout(() => {
    report = undefined;
    port?.postMessage({ type: 'handled', events: handled } satisfies GroupMessage);
  }, 5);
}

/** The newest version of each subject, as a service would keep it. */
async function applyEffect(tx: Transaction, events: readonly Pick<EventRecord, 'key' | 'headers'>[]): Promise<void> {
  const versions = new Map<string, number>();
  for (const { key, headers } of events) versions.set(key, Number(headers['ce_sequence']));
  const sorted = [...versions].sort(([a], [b]) => (a < b ? -1 : 1));
  await tx.execute(
    `INSERT INTO subject AS s (tenant_id, subject, version)
     SELECT 'default', * FROM unnest($1::text[], $2::bigint[])
     ON CONFLICT (tenant_id, subject) DO UPDATE SET version = excluded.version WHERE excluded.version > s.version`,
    [sorted.map(([subject]) => subject), sorted.map(([, version]) => version)],
  );
}

const database = openDatabase({ url: task.url, schema: task.schema, applicationName: task.group, maxConnections: 6 });

async function runOnBus(): Promise<() => Promise<void>> {
  const bus = createPostgresEventBus({ url: task.url, applicationName: task.group });
  if (task.mode === 'bare') {
    await bus.subscribe({
      group: task.group,
      topics: [task.topic.name],
      eachChunk: async ({ records }) => note(records),
    });
    return () => bus.close();
  }
  const consumer = createConsumer({
    database,
    bus: {
      ...bus,
      subscribe: (options) =>
        bus.subscribe({
          ...options,
          eachChunk: async (chunk) => {
            await options.eachChunk(chunk);
            note(chunk.records);
          },
        }),
    },
    group: task.group,
    subscriptions: [{ topic: task.topic, handle: applyEffect }],
    logger: createLogger({ service: task.group, level: 'error' }),
    metrics: createMetrics(task.group),
  });
  await consumer.start();
  await consumer.ready();
  return async () => {
    await consumer.stop();
    await bus.close();
  };
}

/** Four readers, each with a connection of its own and a fixed part of the partitions. */
async function runPlain(): Promise<() => Promise<void>> {
  let running = true;
  const readers = Array.from({ length: 4 }, async (_, slot) => {
    const client = new pg.Client({ connectionString: task.url, application_name: task.group });
    await client.connect();
    const positions = new Map<number, bigint>();
    for (let partition = slot; partition < task.topic.partitions; partition += 4) positions.set(partition, 0n);
    while (running) {
      let found = 0;
      for (const [partition, position] of positions) {
        const { rows } = await client.query<{ offset: string; key: string; headers: Record<string, string> }>({
          name: 'plain-read',
          text: `SELECT "offset", key, headers, value FROM plain.event
                 WHERE partition = $1 AND "offset" >= $2 ORDER BY "offset" LIMIT 500`,
          values: [partition, String(position)],
        });
        const last = rows.at(-1);
        if (!last) continue;
        found += rows.length;
        await database.transaction('default', async (tx) => {
          const known = await tx.query<{ event_id: string }>(
            `INSERT INTO inbox (tenant_id, stream_id, event_id)
             SELECT 'default', 1, unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id`,
            [rows.map(({ headers }) => headers['ce_id'])],
          );
          if (known.length > 0) await applyEffect(tx, rows);
        });
        positions.set(partition, BigInt(last.offset) + 1n);
        note(rows);
      }
      if (found === 0) await sleep(5);
    }
    await client.end();
  });
  return async () => {
    running = false;
    await Promise.all(readers);
  };
}

const stop = await (task.mode === 'plain' ? runPlain() : runOnBus());
port.on('message', async (message: 'latencies' | 'stop') => {
  if (message === 'latencies') {
    const copy = Float64Array.from(latenciesMs.splice(0));
    port.postMessage({ type: 'latencies', latenciesMs: copy } satisfies GroupMessage);
    return;
  }
  await stop();
  await database.close();
  port.close();
});
port.postMessage({ type: 'ready' } satisfies GroupMessage);
