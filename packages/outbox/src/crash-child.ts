import { createPostgresEventBus } from '@kempt/event-bus-postgres';
import { openDatabase } from '@kempt/postgres';
import { createLogger, createMetrics } from '@kempt/telemetry';
import { createConsumer } from './consumer.ts';
import { createOutboxDispatcher } from './outbox-dispatcher.ts';
import { changeSubject, recordEffect, recordTopic, testSchema } from './outbox-test-bed.ts';

/** What the test tells the process. */
export interface CrashChildOptions {
  /** Database of the service and of the bus. */
  readonly url: string;
  readonly name: string;
  /** Whether it makes changes, or only does what is left to do. */
  readonly writes: boolean;
}

/**
 * A whole service in a process of its own: it changes subjects, publishes what it changed and applies what it reads, some
 * of it only at the second try. Says `ready` on standard output, then goes on until it is killed.
 */
async function main(): Promise<void> {
  const { url, name, writes } = JSON.parse(process.argv[2] ?? '{}') as CrashChildOptions;
  const database = openDatabase({ url, schema: testSchema, applicationName: name });
  const bus = createPostgresEventBus({
    url,
    applicationName: name,
    tuning: { leaseMs: 3_000, missedMs: 300, redeliveryPause: { baseMs: 20, maxMs: 500 } },
  });
  const logger = createLogger({ service: name, level: 'silent' });
  const shared = { database, bus, logger, metrics: createMetrics(name) };
  await createOutboxDispatcher({ ...shared, lanes: 3, batchRecords: 20, leaseRetryMs: 50 }).start();
  await createConsumer({
    ...shared,
    group: 'reader',
    subscriptions: [
      {
        topic: recordTopic,
        handle: async (tx, events) => {
          await recordEffect(tx, events);
          if (Math.random() < 0.05) throw new Error('Bad luck');
        },
      },
    ],
    maxAttempts: 1_000,
    maxChunkRecords: 30,
    pauses: { record: { baseMs: 10, maxMs: 50 }, tenant: { baseMs: 10, maxMs: 50 } },
    retryPollIntervalMs: 50,
  }).start();
  process.stdout.write('ready\n');
  const write = async (): Promise<never> => {
    for (;;) {
      const subject = `s${Math.floor(Math.random() * 10)}`;
      const lane = Math.random() < 0.3 ? 'bulk' : 'live';
      const version = await database.transaction('acme', (tx) => changeSubject(tx, subject, { lane }));
      process.stdout.write(`${subject} ${version}\n`);
    }
  };
  if (writes) await Promise.all([write(), write(), write()]);
}

await main();
