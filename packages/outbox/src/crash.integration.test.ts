import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createFakeEventBus } from '@kempt/event-bus';
import type { Database, Transaction } from '@kempt/postgres';
import fc from 'fast-check';
import { type ConsumerOptions, createConsumer } from './consumer.ts';
import type { Handle } from './event-attempt.ts';
import { createOutboxDispatcher } from './outbox-dispatcher.ts';
import {
  changeSubject,
  contentOf,
  countRows,
  createOutboxTestBed,
  effectsOf,
  eventually,
  firstAppearances,
  type OutboxTestBed,
  recordEffect,
  recordTopic,
} from './outbox-test-bed.ts';

/** Every place where a crash leaves another state behind. */
const crashPoints = [
  'dispatch-read',
  'dispatch-published',
  'inbox-written',
  'handled',
  'committed',
  'one-handled',
  'slice-applied',
  'slice-committed',
  'dead-lettered',
  'chunk-applied',
  'retried',
  'retried-alone',
  'tenant-probed',
] as const;

const tenants = ['acme', 'globex'] as const;

/** How many calls events fail, by `tenant/subject@version`: the world outside, which no crash changes. */
interface World {
  readonly failures: Map<string, number>;
  readonly poison: ReadonlySet<string>;
  tenantFailures: number;
}

let bed: OutboxTestBed;

beforeAll(async () => {
  bed = await createOutboxTestBed();
});
afterAll(() => bed.close());

function handleIn(world: World): Handle {
  return async (tx, events) => {
    if (tx.tenantId === 'globex' && world.tenantFailures > 0) {
      world.tenantFailures -= 1;
      throw Object.assign(new Error('Token revoked'), { kind: 'transient-tenant' });
    }
    for (const event of events) {
      const { subject, version } = contentOf(event);
      const name = `${tx.tenantId}/${subject}@${version}`;
      if (world.poison.has(name)) throw Object.assign(new Error('Poison'), { kind: 'permanent' });
      const left = world.failures.get(name) ?? 0;
      if (left === 0) continue;
      world.failures.set(name, left - 1);
      throw Object.assign(new Error('Locked'), { kind: 'transient-record' });
    }
    await recordEffect(tx, events);
  };
}

/** A database that a dead process cannot reach any more: what it has begun is rolled back, the rest never begins. */
function untilDeath(database: Database, isDead: () => boolean): Database {
  const check = (): void => {
    if (isDead()) throw new Error('This process is dead');
  };
  const guard =
    <T>(work: (tx: Transaction) => Promise<T>) =>
    async (tx: Transaction): Promise<T> => {
      const result = await work({
        tenantId: tx.tenantId,
        query: async (...query) => {
          check();
          return tx.query(...query);
        },
        execute: async (...statement) => {
          check();
          return tx.execute(...statement);
        },
      });
      check();
      return result;
    };
  return {
    ...database,
    transaction: async (tenantId, work, options) => {
      check();
      return database.transaction(tenantId, guard(work), options);
    },
    systemTransaction: async (work, options) => {
      check();
      return database.systemTransaction(guard(work), options);
    },
    tryAdvisoryLock: async (name, work) => {
      check();
      return database.tryAdvisoryLock(name, work);
    },
  };
}

/** A process that publishes and consumes, and dies at a point when it comes there for the given time. */
async function startProcess(world: World, death?: { readonly point: string; readonly visit: number }) {
  const connection = bed.openAnother();
  const bus = createFakeEventBus({ broker: bed.broker, redeliveryPauseMs: 5 });
  let visits = 0;
  let dead = false;
  const died = Promise.withResolvers<void>();
  const database = untilDeath(connection, () => dead);
  const failpoint = async (name: string): Promise<void> => {
    if (!dead && name === death?.point) {
      visits += 1;
      if (visits >= death.visit) {
        dead = true;
        bus.crash();
        await connection.sever();
        died.resolve();
      }
    }
    if (dead) throw new Error('This process is dead');
  };
  const shared = { database, bus, logger: bed.logger, metrics: bed.metrics, failpoint };
  const backoff = { baseMs: 5, maxMs: 10 };
  const dispatcher = createOutboxDispatcher({ ...shared, backoff, batchRecords: 7, leaseRetryMs: 10 });
  const consumer = createConsumer({
    ...shared,
    group: 'reader',
    subscriptions: [{ topic: recordTopic, handle: handleIn(world) }],
    classify: (error) => (error as { kind?: 'permanent' }).kind ?? 'transient-record',
    maxAttempts: 20,
    maxChunkRecords: 10,
    pauses: { record: backoff, tenant: backoff },
    retryPollIntervalMs: 10,
  } satisfies ConsumerOptions);
  try {
    await dispatcher.start();
    await consumer.start();
  } catch (error) {
    if (!dead) throw error;
  }
  return {
    died: died.promise,
    isDead: () => dead,
    async stop() {
      await Promise.all([dispatcher.stop(), consumer.stop()]);
      await bus.close();
      await connection.close();
    },
  };
}

interface Scenario {
  readonly deaths: readonly { readonly point: string; readonly visit: number }[];
  /** Subject of each change, in order. */
  readonly changes: readonly string[];
  readonly failures: Readonly<Record<string, number>>;
  readonly poison: readonly string[];
  readonly tenantFailures: number;
}

/** Plays a scenario and holds what is left against what was changed. Gives back how many deaths took place. */
async function play(scenario: Scenario): Promise<number> {
  await bed.reset();
  const world: World = {
    failures: new Map(Object.entries(scenario.failures)),
    poison: new Set(scenario.poison),
    tenantFailures: scenario.tenantFailures,
  };
  let deaths = 0;
  let process = await startProcess(world, scenario.deaths[0]);
  const processes = [process];
  const done = async (): Promise<boolean> => {
    if (process.isDead()) {
      await process.died;
      deaths += 1;
      process = await startProcess(world, scenario.deaths[deaths]);
      processes.push(process);
      return false;
    }
    // Along the way that events take, so that nothing moves from what is looked at later to what was looked at before.
    const isEmpty = async (table: string): Promise<boolean> => (await countRows(bed.database, table)) === 0;
    return (
      (await isEmpty('outbox')) &&
      (await bed.bus.lag('reader')).every(({ records }) => records === 0n) &&
      (await isEmpty('parked_key')) &&
      (await isEmpty('paused_tenant')) &&
      (await isEmpty('outbox'))
    );
  };
  for (const [index, subject] of scenario.changes.entries()) {
    const tenant = tenants[index % 2] ?? 'acme';
    await bed.database.transaction(tenant, (tx) =>
      changeSubject(tx, subject, { lane: index % 3 === 0 ? 'bulk' : 'live' }),
    );
  }
  try {
    await eventually('everything is done', done);
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
  }

  const published = bed.broker.records(recordTopic.name);
  const deadLetterIds = new Set(
    bed.broker.records(`${recordTopic.name}.reader.dlq`).map(({ headers }) => headers.ce_id ?? ''),
  );
  for (const tenant of tenants) {
    const effects = await effectsOf(bed.database, tenant);
    const subjects = await bed.database.transaction(tenant, (tx) =>
      tx.query<{ id: string; version: number }>('select id, version from subject'),
    );
    const seen = firstAppearances(published);
    for (const { id, version } of subjects) {
      const all = Array.from({ length: version }, (_, index) => index + 1);
      const healthy = all.filter((one) => !world.poison.has(`${tenant}/${id}@${one}`));
      expect({ id, published: seen.get(`${tenant}:${id}`) }).toEqual({ id, published: all });
      expect({ id, effects: effects[id] ?? [] }).toEqual({ id, effects: healthy });
    }
  }
  for (const record of published) {
    const { subject, version } = contentOf(record);
    expect(deadLetterIds.has(record.headers.ce_id ?? '')).toBe(
      world.poison.has(`${record.headers.ce_tenantid}/${subject}@${version}`),
    );
  }
  return deaths;
}

const changes = Array.from({ length: 40 }, (_, index) => `s${index % 5}`);

describe('a process that dies', () => {
  test.each(crashPoints)(
    'at %s, the first and the second time it comes there, loses and repeats nothing',
    async (point) => {
      // A retry of several events together succeeds only where nothing among them fails again.
      const mild = point === 'retried';
      const deaths = await play({
        deaths: [
          { point, visit: 1 },
          { point, visit: 2 },
        ],
        changes,
        failures: mild ? { 'acme/s1@2': 2 } : { 'acme/s0@1': 12, 'acme/s1@4': 3, 'globex/s3@2': 5 },
        poison: ['acme/s2@2', 'globex/s0@3'],
        tenantFailures: mild ? 0 : 4,
      });
      expect(deaths).toBeGreaterThan(0);
    },
  );

  test('anywhere, several times, under any mixture of failures, loses and repeats nothing', async () => {
    const name = fc
      .tuple(fc.constantFrom(...tenants), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 5 }))
      .map(([tenant, subject, version]) => `${tenant}/s${subject}@${version}`);
    const scenario: fc.Arbitrary<Scenario> = fc.record({
      deaths: fc.array(fc.record({ point: fc.constantFrom(...crashPoints), visit: fc.integer({ min: 1, max: 6 }) }), {
        maxLength: 3,
      }),
      changes: fc.array(
        fc.integer({ min: 0, max: 3 }).map((s) => `s${s}`),
        { minLength: 1, maxLength: 40 },
      ),
      failures: fc.dictionary(name, fc.integer({ min: 1, max: 6 }), { maxKeys: 4 }),
      poison: fc.uniqueArray(name, { maxLength: 2 }),
      tenantFailures: fc.integer({ min: 0, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async (one) => {
        await play(one);
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
});
