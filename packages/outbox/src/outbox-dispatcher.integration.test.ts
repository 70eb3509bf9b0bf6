import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { EventRecord } from '@kempt/contracts';
import { type EventBus, EventBusError } from '@kempt/event-bus';
import type { Database } from '@kempt/postgres';
import { createTestSchema, startTestDatabase } from '@kempt/postgres';
import { createLogger, createMetrics } from '@kempt/telemetry';
import { appendToOutbox } from './outbox-append.ts';
import { createOutboxDispatcher, type OutboxDispatcher, type OutboxDispatcherOptions } from './outbox-dispatcher.ts';
import {
  changeSubject,
  countRows,
  createOutboxTestBed,
  eventually,
  firstAppearances,
  type OutboxTestBed,
  recordTopic,
  stateTopic,
  testEvent,
} from './outbox-test-bed.ts';

let bed: OutboxTestBed;
let running: OutboxDispatcher[] = [];

beforeAll(async () => {
  bed = await createOutboxTestBed();
});
beforeEach(() => bed.reset());
afterEach(async () => {
  await Promise.all(running.map((dispatcher) => dispatcher.stop()));
  running = [];
});
afterAll(() => bed.close());

async function startDispatcher(overrides: Partial<OutboxDispatcherOptions> = {}): Promise<OutboxDispatcher> {
  const dispatcher = createOutboxDispatcher({
    database: bed.database,
    bus: bed.bus,
    logger: bed.logger,
    metrics: bed.metrics,
    backoff: { baseMs: 5, maxMs: 20 },
    leaseRetryMs: 20,
    ...overrides,
  });
  running.push(dispatcher);
  await dispatcher.start();
  return dispatcher;
}

const outboxIsEmpty = (): Promise<void> =>
  eventually('the outbox is empty', async () => (await countRows(bed.database, 'outbox')) === 0);

/** The bus with a look at each batch before it is published. */
function watchedBus(look: (records: readonly EventRecord[]) => void | Promise<void>): EventBus {
  const { bus } = bed;
  return {
    ...bus,
    publish: async (records) => {
      await look(records);
      await bus.publish(records);
    },
  };
}

/** A transaction that stays open until it is told to commit. */
async function openTransaction(
  database: Database,
  work: Parameters<Database['transaction']>[1],
): Promise<{ commit(): Promise<void> }> {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let done: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    done = database.transaction('acme', async (tx) => {
      await work(tx);
      resolve();
      await held;
    });
    done.catch(reject);
  });
  return {
    commit: () => {
      release();
      return done;
    },
  };
}

describe('what is appended', () => {
  test('is published as it is, tombstones included, and then removed', async () => {
    await startDispatcher();
    const change = testEvent('acme', 'sf:1', 1, { headers: { ce_subject: 'Grüße, "世界" \\ {}' } });
    const tombstone = testEvent('acme', 'sf:1', 2, { topic: stateTopic.name, value: null });
    const bytes = testEvent('acme', 'sf:2', 1, { value: Uint8Array.from([0, 255, 92, 34]) });
    await bed.database.transaction('acme', (tx) => appendToOutbox(tx, [change, tombstone, bytes]));
    await outboxIsEmpty();
    const published = bed.broker
      .records()
      .map(({ topic, key, headers, value }) => ({ topic, key, headers, value: value && [...value] }));
    const expected = [change, tombstone, bytes].map((record) => ({
      ...record,
      value: record.value && [...record.value],
    }));
    expect(published).toHaveLength(3);
    expect(published).toEqual(expect.arrayContaining(expected));
  });

  test('in bulk says so in its header, and otherwise nothing of a lane', async () => {
    await startDispatcher();
    await bed.database.transaction('acme', async (tx) => {
      await appendToOutbox(tx, [testEvent('acme', 'sf:1', 1)], { lane: 'bulk' });
      await appendToOutbox(tx, [testEvent('acme', 'sf:2', 1)]);
    });
    await outboxIsEmpty();
    const lanes = bed.broker.records().map(({ key, headers }) => [key, headers.ce_lane]);
    expect(Object.fromEntries(lanes)).toEqual({ 'acme:sf:1': 'bulk', 'acme:sf:2': undefined });
  });

  test('is not published when the transaction rolls back', async () => {
    await startDispatcher();
    const failing = bed.database.transaction('acme', async (tx) => {
      await changeSubject(tx, 'a');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'b'));
    await outboxIsEmpty();
    expect(bed.broker.records(recordTopic.name).map(({ key }) => key)).toEqual(['acme:b']);
  });

  test('is refused outside a tenant, for another tenant, and without a UUID', async () => {
    const append = (record: EventRecord) => bed.database.transaction('acme', (tx) => appendToOutbox(tx, [record]));
    await expect(
      bed.database.systemTransaction((tx) => appendToOutbox(tx, [testEvent('acme', 'a', 1)])),
    ).rejects.toMatchObject({ code: 'tenant-missing' });
    await expect(append(testEvent('globex', 'a', 1))).rejects.toMatchObject({ code: 'tenant-mismatch' });
    await expect(append(testEvent('acme', 'a', 1, { headers: { ce_id: '7' } }))).rejects.toMatchObject({
      code: 'event-id-malformed',
    });
    expect(await countRows(bed.database, 'outbox')).toBe(0);
  });

  test('leaves within a poll when the notification is lost', async () => {
    await startDispatcher({
      pollIntervalMs: 30,
      database: { ...bed.database, listen: async () => ({ close: async () => {} }) },
    });
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'a'));
    await outboxIsEmpty();
    expect(bed.broker.records(recordTopic.name)).toHaveLength(1);
  });

  test('leaves without notifications while the dispatcher is busy, and nothing is left behind when it is no more', async () => {
    // What makes a dispatcher busy is batches within a second: by a slow clock also a slow machine gets there.
    await startDispatcher({ pollIntervalMs: 600_000, now: () => performance.now() / 8 });
    const deadline = performance.now() + 40_000;
    const busyLanes = (): Promise<number> => countRows(bed.database, 'outbox_busy_lane');
    let subject = 0;
    const write = async (): Promise<void> => {
      while ((await busyLanes()) === 0) {
        if (performance.now() > deadline) throw new Error('The dispatcher did not become busy in 40 s');
        subject += 1;
        const name = `s${subject}`;
        await bed.database.transaction('acme', (tx) => changeSubject(tx, name));
      }
    };
    await Promise.all(Array.from({ length: 4 }, write));
    // Appends while nobody is notified, and commits only after the dispatcher has stopped to look by itself.
    const late = await openTransaction(bed.database, (tx) => changeSubject(tx, 'late'));
    await eventually('the dispatcher is busy no more', async () => (await busyLanes()) === 0);
    await late.commit();
    await outboxIsEmpty();
    expect(bed.broker.records(recordTopic.name)).toHaveLength(subject + 1);
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'after'));
    await outboxIsEmpty();
  });

  test('leaves at once when the notification arrives, however long the poll', async () => {
    await startDispatcher({ pollIntervalMs: 600_000 });
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'a'));
    await outboxIsEmpty();
    expect(bed.broker.records(recordTopic.name)).toHaveLength(1);
  });
});

describe('no event is lost', () => {
  test('when a lower position commits after a higher one was published', async () => {
    await startDispatcher();
    const early = await openTransaction(bed.database, (tx) => changeSubject(tx, 'early'));
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'late'));
    await outboxIsEmpty();
    expect(bed.broker.records(recordTopic.name).map(({ key }) => key)).toEqual(['acme:late']);
    await early.commit();
    await outboxIsEmpty();
    expect(bed.broker.records(recordTopic.name)).toHaveLength(2);
  });

  test('and nothing stalls while long transactions are open here and in another database', async () => {
    const elsewhere = await startTestDatabase();
    const other = await createTestSchema({ adminUrl: elsewhere.adminUrl, schema: 'elsewhere' });
    try {
      const here = await openTransaction(bed.database, (tx) => changeSubject(tx, 'held'));
      const there = await openTransaction(other.database, (tx) => tx.query('select pg_current_xact_id()'));
      await startDispatcher();
      await bed.database.transaction('acme', (tx) => changeSubject(tx, 'quick'));
      await outboxIsEmpty();
      expect(bed.broker.records(recordTopic.name).map(({ key }) => key)).toEqual(['acme:quick']);
      await Promise.all([here.commit(), there.commit()]);
    } finally {
      await other.database.close();
      await elsewhere.stop();
    }
  });

  test('while the bus is away, fails, or loses its acknowledgements', async () => {
    bed.broker.goAway();
    await startDispatcher({ batchRecords: 10 });
    for (let version = 1; version <= 40; version += 1) {
      await bed.database.transaction('acme', (tx) => changeSubject(tx, `s${version % 3}`));
      if (version === 10) bed.broker.comeBack();
      if (version === 20) bed.bus.failNextPublishes(2, { afterAppend: true });
      if (version === 30) bed.bus.failNextPublishes(2);
    }
    await outboxIsEmpty();
    const versions = firstAppearances(bed.broker.records(recordTopic.name));
    for (const [key, count] of [
      ['acme:s0', 13],
      ['acme:s1', 14],
      ['acme:s2', 13],
    ] as const) {
      expect(versions.get(key)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    }
  });
});

describe('order per key', () => {
  test('positions follow the versions of a key however many transactions compete for it', async () => {
    const writer = async (): Promise<void> => {
      for (let round = 0; round < 40; round += 1) {
        await bed.database.transaction('acme', async (tx) => {
          await changeSubject(tx, `s${round % 2}`);
          // Between taking the position and the commit, so that positions of different keys commit out of order.
          await tx.query('select pg_sleep($1)', [Math.random() / 300]);
        });
      }
    };
    await Promise.all(Array.from({ length: 8 }, writer));
    const rows = await bed.database.systemTransaction((tx) =>
      tx.query<{ aggregateid: string; version: number }>(
        `select aggregateid, (headers ->> 'ce_sequence')::integer as version from outbox order by position`,
      ),
    );
    expect(rows).toHaveLength(320);
    for (const ofKey of Map.groupBy(rows, (row) => row.aggregateid).values()) {
      expect(ofKey.map(({ version }) => version)).toEqual(ofKey.map((_, index) => index + 1));
    }
  });

  test('events of one append keep the order of the array', async () => {
    const records = Array.from({ length: 2_500 }, (_, index) => testEvent('acme', `s${index % 7}`, index));
    await bed.database.transaction('acme', (tx) => appendToOutbox(tx, records));
    const rows = await bed.database.systemTransaction((tx) =>
      tx.query<{ id: string }>('select id from outbox order by position'),
    );
    expect(rows.map(({ id }) => id)).toEqual(records.map(({ headers }) => headers.ce_id));
  });

  test('holds with several dispatchers that come and go, and no key is ever published by two at a time', async () => {
    const inFlight = new Set<string>();
    const overlaps: string[] = [];
    const startOne = (): Promise<OutboxDispatcher> => {
      const { bus } = bed;
      const guarded: EventBus = {
        ...bus,
        publish: async (records) => {
          const keys = new Set(records.map(({ key }) => key));
          for (const key of keys) if (inFlight.has(key)) overlaps.push(key);
          for (const key of keys) inFlight.add(key);
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
          await bus.publish(records);
          for (const key of keys) inFlight.delete(key);
        },
      };
      return startDispatcher({ database: bed.openAnother(), bus: guarded, lanes: 4, batchRecords: 20 });
    };
    const dispatchers = await Promise.all([startOne(), startOne(), startOne()]);
    const writer = async (): Promise<void> => {
      for (let round = 0; round < 60; round += 1) {
        await bed.database.transaction('acme', (tx) => changeSubject(tx, `s${Math.floor(Math.random() * 12)}`));
        if (round === 30) await dispatchers.shift()?.stop();
        if (round === 45) await startOne();
      }
    };
    await Promise.all([writer(), writer(), writer()]);
    await outboxIsEmpty();
    const versions = firstAppearances(bed.broker.records(recordTopic.name));
    expect([...versions.values()].flat()).toHaveLength(180);
    for (const ofKey of versions.values()) expect(ofKey).toEqual(ofKey.map((_, index) => index + 1));
    expect(overlaps).toEqual([]);
  });

  test('the number of lanes is the one of whoever runs, and changes when nobody does', async () => {
    const lanes = async (): Promise<unknown> =>
      (await bed.database.systemTransaction((tx) => tx.query<{ lanes: number }>('select lanes from outbox_lanes')))[0]
        ?.lanes;
    const first = await startDispatcher({ lanes: 2 });
    await eventually('the first decides', async () => (await lanes()) === 2);
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'a'));
    await outboxIsEmpty();
    const warnings: string[] = [];
    const logger = createLogger({
      service: 'test',
      level: 'warn',
      destination: { write: (line) => warnings.push(line) },
    });
    const second = await startDispatcher({ lanes: 3, database: bed.openAnother(), logger });
    await eventually('the second gives in', () =>
      warnings.some((line) => line.includes('another number of outbox lanes')),
    );
    await first.stop();
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'a'));
    await outboxIsEmpty();
    expect(await lanes()).toBe(2);
    await second.stop();
    await startDispatcher({ lanes: 3 });
    await eventually('the third decides', async () => (await lanes()) === 3);
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'a'));
    await outboxIsEmpty();
    expect(firstAppearances(bed.broker.records(recordTopic.name)).get('acme:a')).toEqual([1, 2, 3]);
  });
});

describe('lanes', () => {
  const bulkOf = (tenant: string, count: number, prefix = 'b'): Promise<void> =>
    bed.database.transaction(tenant, (tx) =>
      appendToOutbox(
        tx,
        Array.from({ length: count }, (_, index) => testEvent(tenant, `${prefix}${index}`, 1)),
        { lane: 'bulk' },
      ),
    );

  test('a live event leaves in the next batch, whatever the backlog of bulk', async () => {
    await bulkOf('acme', 2_000);
    const batches: (readonly EventRecord[])[] = [];
    let appended = 0;
    await startDispatcher({
      batchRecords: 100,
      bus: watchedBus(async (records) => {
        batches.push(records);
        if (batches.length !== 3) return;
        await bed.database.transaction('globex', (tx) => changeSubject(tx, 'urgent'));
        appended = batches.length;
      }),
    });
    await outboxIsEmpty();
    const position = batches.findIndex((records) => records.some(({ key }) => key === 'globex:urgent'));
    expect(position).toBe(appended);
    expect(batches.length).toBeGreaterThan(20);
  });

  test('a live event takes the earlier bulk events of its key along', async () => {
    await bulkOf('acme', 1_000);
    await bed.database.transaction('acme', (tx) =>
      appendToOutbox(tx, [testEvent('acme', 'x', 1), testEvent('acme', 'x', 2)], { lane: 'bulk' }),
    );
    await bed.database.transaction('acme', (tx) => appendToOutbox(tx, [testEvent('acme', 'x', 3)]));
    await bed.database.transaction('acme', (tx) => appendToOutbox(tx, [testEvent('acme', 'x', 4)], { lane: 'bulk' }));
    const batches: (readonly EventRecord[])[] = [];
    await startDispatcher({ batchRecords: 100, bus: watchedBus((records) => void batches.push(records)) });
    await outboxIsEmpty();
    expect(batches[0]?.filter(({ key }) => key === 'acme:x').map(({ headers }) => headers.ce_sequence)).toEqual([
      '1',
      '2',
      '3',
    ]);
    expect(firstAppearances(bed.broker.records(recordTopic.name)).get('acme:x')).toEqual([1, 2, 3, 4]);
  });

  test('more earlier events of a key than a batch holds still leave before the live one', async () => {
    const versions = Array.from({ length: 250 }, (_, index) => testEvent('acme', 'x', index + 1));
    await bed.database.transaction('acme', (tx) => appendToOutbox(tx, versions, { lane: 'bulk' }));
    await bed.database.transaction('acme', (tx) => appendToOutbox(tx, [testEvent('acme', 'x', 251)]));
    await startDispatcher({ batchRecords: 50 });
    await outboxIsEmpty();
    const published = firstAppearances(bed.broker.records(recordTopic.name)).get('acme:x');
    expect(published).toEqual(Array.from({ length: 251 }, (_, index) => index + 1));
  });

  test('bulk events of every tenant take turns', async () => {
    await bulkOf('acme', 2_000);
    await bulkOf('globex', 40);
    await bulkOf('initech', 40);
    const batches: (readonly EventRecord[])[] = [];
    await startDispatcher({ batchRecords: 100, bus: watchedBus((records) => void batches.push(records)) });
    await outboxIsEmpty();
    const small = batches.map((records) => records.filter(({ key }) => !key.startsWith('acme')).length);
    expect(small.slice(0, 2).reduce((sum, count) => sum + count, 0)).toBe(80);
  });

  test('bulk keeps moving under a stream of live events', async () => {
    await bulkOf('acme', 30);
    await bed.database.transaction('globex', (tx) =>
      appendToOutbox(
        tx,
        Array.from({ length: 1_000 }, (_, index) => testEvent('globex', `l${index}`, 1)),
      ),
    );
    const batches: (readonly EventRecord[])[] = [];
    await startDispatcher({ batchRecords: 100, bus: watchedBus((records) => void batches.push(records)) });
    await outboxIsEmpty();
    const bulkDoneAt = batches.findLastIndex((records) => records.some(({ key }) => key.startsWith('acme')));
    expect(bulkDoneAt).toBe(2);
    expect(batches[0]?.slice(0, 90).every(({ key }) => key.startsWith('globex'))).toBe(true);
  });

  test('bulk waits for those who read it, so that a live event never has many events in front of it', async () => {
    const behindMax = 100;
    const batchRecords = 40;
    await bulkOf('acme', 1_500);
    const handled: string[] = [];
    const metrics = createMetrics('test');
    const subscription = await bed.bus.subscribe({
      group: 'reader',
      topics: [recordTopic.name],
      maxChunkRecords: 10,
      async eachChunk({ records }) {
        await new Promise((resolve) => setTimeout(resolve, 15));
        handled.push(...records.map(({ key }) => key));
      },
    });
    const isHeld = async (): Promise<boolean> =>
      /outbox_bulk_held\{topic="kempt.test.record-changed.v1".*\} 1/.test(await metrics.registry.metrics());
    let furthest = 0;
    await startDispatcher({
      batchRecords,
      metrics,
      bulkPace: { readersOf: () => ['reader'], behindMax },
      bus: watchedBus(async () => {
        furthest = Math.max(furthest, bed.broker.records(recordTopic.name).length - handled.length);
      }),
    });
    await eventually('bulk events wait', isHeld);
    const inFront: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const name = `urgent${round}`;
      const handledBefore = handled.length;
      await bed.database.transaction('globex', (tx) => changeSubject(tx, name));
      await eventually('the live event was handled', async () => handled.includes(`globex:${name}`));
      inFront.push(handled.indexOf(`globex:${name}`) - handledBefore);
    }
    await outboxIsEmpty();
    await eventually('all is handled', async () => handled.length >= 1_505);
    await subscription.stop();
    expect(furthest).toBeLessThanOrEqual(behindMax + 2 * batchRecords);
    expect(Math.max(...inFront)).toBeLessThanOrEqual(behindMax + 3 * batchRecords);
    expect(new Set(handled).size).toBe(1_505);
    expect(await isHeld()).toBe(false);
  });
});

describe('what the bus refuses', () => {
  test('one event that is too large becomes a dead letter, the others go on in order', async () => {
    await bed.database.transaction('acme', (tx) =>
      appendToOutbox(tx, [
        testEvent('acme', 'a', 1),
        testEvent('acme', 'a', 2, { value: Buffer.alloc(2_000_000) }),
        testEvent('acme', 'a', 3),
        testEvent('acme', 'b', 1),
      ]),
    );
    await startDispatcher();
    await outboxIsEmpty();
    const versions = firstAppearances(bed.broker.records(recordTopic.name));
    expect(versions.get('acme:a')).toEqual([1, 3]);
    expect(versions.get('acme:b')).toEqual([1]);
    const [letter] = await bed.database.systemTransaction((tx) =>
      tx.query('select tenant_id, consumer, reason, stage, error_code, octet_length(payload) as size from dead_letter'),
    );
    expect(letter).toEqual({
      tenant_id: 'acme',
      consumer: 'outbox',
      reason: 'refused',
      stage: 'publish',
      error_code: 'record-too-large',
      size: 2_000_000,
    });
  });

  test('a topic that does not exist waits, in order, while other topics flow', async () => {
    const missing = { ...recordTopic, name: 'kempt.test.record-missing.v1' };
    await bed.database.transaction('acme', (tx) =>
      appendToOutbox(tx, [
        testEvent('acme', 'a', 1, { topic: missing.name }),
        testEvent('acme', 'b', 1),
        testEvent('acme', 'a', 2, { topic: missing.name }),
      ]),
    );
    await startDispatcher();
    await eventually('the other topic flows', () => bed.broker.records(recordTopic.name).length === 1);
    await bed.database.transaction('acme', (tx) => appendToOutbox(tx, [testEvent('acme', 'b', 2)]));
    await eventually('the other topic flows on', () => bed.broker.records(recordTopic.name).length === 2);
    await eventually('only the refused ones wait', async () => (await countRows(bed.database, 'outbox')) === 2);
    await bed.bus.ensureTopics([missing]);
    await outboxIsEmpty();
    expect(firstAppearances(bed.broker.records(missing.name)).get('acme:a')).toEqual([1, 2]);
  });
});

describe('operation', () => {
  test('metrics show what waits, how old it is and what has left', async () => {
    const { metrics } = bed;
    bed.broker.goAway();
    await startDispatcher({ metrics });
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'a'));
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'b', { lane: 'bulk' }));
    const waiting = await metrics.registry.metrics();
    expect(waiting).toMatch(/kempt_outbox_rows\{lane="live",service="test"\} 1\n/);
    expect(waiting).toMatch(/kempt_outbox_rows\{lane="bulk",service="test"\} 1\n/);
    expect(waiting).toMatch(/kempt_outbox_oldest_age_seconds\{lane="live",service="test"\} 0\.\d+\n/);
    await eventually('a failure is counted', async () =>
      /publish_failures_total\{code="bus-unavailable".*\} [1-9]/.test(await metrics.registry.metrics()),
    );
    bed.broker.comeBack();
    await outboxIsEmpty();
    await Promise.all(running.map((dispatcher) => dispatcher.stop()));
    const after = await metrics.registry.metrics();
    expect(after).toMatch(/kempt_outbox_rows\{lane="live",service="test"\} 0\n/);
    const dispatched = (lane: string): string =>
      `kempt_outbox_dispatched_total{topic="${recordTopic.name}",lane="${lane}",service="test"} 1\n`;
    expect(after).toContain(dispatched('live'));
    expect(after).toContain(dispatched('bulk'));
  });

  test('stop does not wait for a bus that does not answer, and nothing is lost by it', async () => {
    let answer = (): void => undefined;
    const silent = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let asked = false;
    const dispatcher = await startDispatcher({
      stopTimeoutMs: 50,
      bus: watchedBus(async () => {
        asked = true;
        await silent;
        throw new EventBusError('bus-unavailable', 'gone');
      }),
    });
    await bed.database.transaction('acme', (tx) => changeSubject(tx, 'a'));
    await eventually('the bus was asked', () => asked);
    await dispatcher.stop();
    expect(await countRows(bed.database, 'outbox')).toBe(1);
    answer();
    await startDispatcher({ database: bed.openAnother() });
    await outboxIsEmpty();
    expect(bed.broker.records(recordTopic.name)).toHaveLength(1);
  });
});
