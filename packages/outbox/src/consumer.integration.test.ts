import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { EventRecord, PositionedRecord } from '@kempt/contracts';
import type { Database, Transaction } from '@kempt/postgres';
import { type Consumer, type ConsumerOptions, createConsumer } from './consumer.ts';
import { createDeadLetters, type DeadLetters } from './dead-letters.ts';
import { createOutboxDispatcher } from './outbox-dispatcher.ts';
import {
  contentOf,
  countRows,
  createOutboxTestBed,
  effectsOf,
  eventually,
  type OutboxTestBed,
  recordEffect,
  recordTopic,
  testEvent,
} from './outbox-test-bed.ts';

const group = 'reader';
let bed: OutboxTestBed;
let letters: DeadLetters;
let running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  bed = await createOutboxTestBed();
  letters = createDeadLetters(bed.database);
});
beforeEach(() => bed.reset());
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});
afterAll(() => bed.close());

interface ConsumerOverrides extends Partial<ConsumerOptions> {
  readonly handle?: (tx: Transaction, events: readonly PositionedRecord[]) => Promise<void>;
}

async function startConsumer({ handle, ...overrides }: ConsumerOverrides = {}): Promise<Consumer> {
  const consumer = createConsumer({
    database: bed.database,
    bus: bed.bus,
    group,
    subscriptions: [{ topic: recordTopic, handle: handle ?? recordEffect }],
    logger: bed.logger,
    metrics: bed.metrics,
    pauses: { record: { baseMs: 10, maxMs: 40 }, tenant: { baseMs: 10, maxMs: 40 } },
    retryPollIntervalMs: 50,
    ...overrides,
  });
  running.push(consumer);
  await consumer.start();
  return consumer;
}

/** Applies like `recordEffect`, but fails for the events of the plan as often as it says. */
function failing(
  plan: Record<string, { times: number; error: () => Error }>,
): NonNullable<ConsumerOverrides['handle']> {
  return async (tx, events) => {
    await recordEffect(tx, events);
    for (const event of events) {
      const { subject, version } = contentOf(event);
      const planned = plan[`${subject}@${version}`];
      if (planned === undefined || planned.times === 0) continue;
      // An event that fails in a batch fails again alone; only the attempt alone counts.
      if (events.length === 1) planned.times -= 1;
      throw planned.error();
    }
  };
}

const permanent = (): Error => Object.assign(new Error('This can never work'), { retriable: false, code: 'bad-value' });
const transient = (): Error => new Error('Row is locked');
const applied = (tenant = 'acme'): Promise<Record<string, number[]>> => effectsOf(bed.database, tenant);
const publish = (...records: EventRecord[]): Promise<void> => bed.bus.publish(records);
const inOrder = (subject: string, count: number): EventRecord[] =>
  Array.from({ length: count }, (_, index) => testEvent('acme', subject, index + 1));

describe('effect exactly once', () => {
  test('each event takes effect once, in order, with one call for the new events of a tenant in a chunk', async () => {
    const calls: string[][] = [];
    const a = inOrder('a', 3);
    const elsewhere = testEvent('globex', 'a', 1);
    await publish(...a, elsewhere);
    await startConsumer({
      handle: async (tx, events) => {
        calls.push(events.map(({ key }) => key));
        await recordEffect(tx, events);
      },
    });
    await bed.bus.settled();
    expect(await applied()).toEqual({ a: [1, 2, 3] });
    expect(await applied('globex')).toEqual({ a: [1] });
    expect(calls.toSorted((left, right) => right.length - left.length)).toEqual([
      ['acme:a', 'acme:a', 'acme:a'],
      ['globex:a'],
    ]);
  });

  test('an event that comes again, in the same chunk or later, has no second effect', async () => {
    const [first, second] = [testEvent('acme', 'a', 1), testEvent('acme', 'a', 2)];
    await publish(first, first, second);
    await startConsumer();
    await bed.bus.settled();
    await publish(first, second, first);
    await bed.bus.settled();
    expect(await applied()).toEqual({ a: [1, 2] });
  });

  test('a chunk that is delivered again after its effect was committed changes nothing', async () => {
    let crashes = 2;
    await publish(...inOrder('a', 5));
    await startConsumer({
      failpoint: async (name) => {
        if (name === 'chunk-applied' && crashes > 0) {
          crashes -= 1;
          throw new Error('crash before the commit of the offset');
        }
      },
    });
    await bed.bus.settled();
    expect(crashes).toBe(0);
    expect(await applied()).toEqual({ a: [1, 2, 3, 4, 5] });
  });

  test('two groups have each their own effect of the same event', async () => {
    await publish(testEvent('acme', 'a', 1));
    await startConsumer();
    await startConsumer({ group: 'another' });
    await bed.bus.settled();
    expect(await applied()).toEqual({ a: [1, 1] });
  });

  test('when the database fails, the chunk is not committed and comes again', async () => {
    let away = true;
    let refused = 0;
    const database: Database = {
      ...bed.database,
      transaction: async (tenantId, work, options) => {
        if (!away) return bed.database.transaction(tenantId, work, options);
        refused += 1;
        throw new Error('connection refused');
      },
    };
    await startConsumer({ database });
    await publish(...inOrder('a', 3));
    await eventually('the chunk was tried', () => refused > 2);
    expect((await bed.bus.lag(group)).reduce((sum, { records }) => sum + records, 0n)).toBe(3n);
    away = false;
    await bed.bus.settled();
    expect(await applied()).toEqual({ a: [1, 2, 3] });
    expect(await countRows(bed.database, 'parked_event')).toBe(0);
  });
});

describe('a failing event', () => {
  test('does not touch the healthy events of its batch', async () => {
    const poison = { 'x@1': { times: 99, error: permanent } };
    const healthy = Array.from({ length: 120 }, (_, index) => testEvent('acme', `s${index}`, 1));
    await publish(...healthy.slice(0, 60), testEvent('acme', 'x', 1), testEvent('acme', 'x', 2), ...healthy.slice(60));
    await startConsumer({ handle: failing(poison) });
    await bed.bus.settled();
    const effects = await applied();
    expect(Object.values(effects).flat()).toHaveLength(121);
    expect(effects.x).toEqual([2]);
    expect((await letters.list()).items).toHaveLength(1);
  });

  test('that can never work becomes a dead letter at once, with its bytes and the reason', async () => {
    const event = testEvent('acme', 'x', 1, { headers: { ce_subject: 'sf/Contact/1' } });
    await publish(event);
    await startConsumer({ handle: failing({ 'x@1': { times: 99, error: permanent } }) });
    await bed.bus.settled();
    const [letter] = (await letters.list({ tenantId: 'acme' })).items;
    expect(letter).toMatchObject({
      tenantId: 'acme',
      group,
      topic: recordTopic.name,
      key: 'acme:x',
      eventId: event.headers.ce_id,
      reason: 'permanent',
      stage: 'handle',
      errorClass: 'Error',
      errorCode: 'bad-value',
      message: 'This can never work',
      attempts: 1,
      state: 'open',
    });
    const shown = await letters.show(letter?.id ?? '');
    expect(shown.headers).toEqual(event.headers);
    expect(Buffer.from(shown.value ?? [])).toEqual(event.value);
  });

  test('is also published, unchanged, to the dead-letter topic of the group', async () => {
    const event = testEvent('acme', 'x', 1);
    await publish(event);
    await startConsumer({ handle: failing({ 'x@1': { times: 99, error: permanent } }) });
    const dispatcher = createOutboxDispatcher({
      database: bed.database,
      bus: bed.bus,
      logger: bed.logger,
      metrics: bed.metrics,
    });
    running.push(dispatcher);
    await dispatcher.start();
    const topic = `${recordTopic.name}.${group}.dlq`;
    await eventually('it is published', async () => bed.broker.records(topic).length === 1);
    const [published] = bed.broker.records(topic);
    expect(Buffer.from(published?.value ?? [])).toEqual(event.value);
    expect(published?.key).toBe(event.key);
    expect(published?.headers).toMatchObject({
      ...event.headers,
      dlq_topic: recordTopic.name,
      dlq_offset: '0',
      dlq_consumer_group: group,
      dlq_reason: 'permanent',
      dlq_stage: 'handle',
      dlq_exception_class_name: 'Error',
      dlq_exception_code: 'bad-value',
      dlq_exception_message: 'This can never work',
      retry_attempts: '1',
    });
    expect(published?.headers.dlq_exception_stacktrace).toMatch(/^at .*consumer\.integration\.test/);
  });

  test('that may work later is parked, the later events of its key wait behind it, other keys flow', async () => {
    const plan = { 'a@2': { times: 3, error: transient } };
    await publish(...inOrder('a', 4), ...inOrder('b', 2));
    await startConsumer({
      handle: failing(plan),
      pauses: { record: { baseMs: 150, maxMs: 150 }, tenant: { baseMs: 10, maxMs: 10 } },
    });
    await bed.bus.settled();
    expect(await applied()).toEqual({ a: [1], b: [1, 2] });
    await publish(testEvent('acme', 'a', 5), testEvent('acme', 'b', 3));
    await bed.bus.settled();
    expect((await applied()).b).toEqual([1, 2, 3]);
    expect(await countRows(bed.database, 'parked_event')).toBe(4);
    await eventually('the key is free', async () => (await countRows(bed.database, 'parked_key')) === 0);
    expect(await applied()).toEqual({ a: [1, 2, 3, 4, 5], b: [1, 2, 3] });
    expect(plan['a@2'].times).toBe(0);
    expect(await countRows(bed.database, 'parked_event')).toBe(0);
  });

  test('that fails too often becomes a dead letter, and its key goes on with the next event', async () => {
    await publish(...inOrder('a', 4));
    await startConsumer({ handle: failing({ 'a@2': { times: 99, error: transient } }), maxAttempts: 3 });
    await bed.bus.settled();
    await eventually('the key is free', async () => (await countRows(bed.database, 'parked_key')) === 0);
    expect(await applied()).toEqual({ a: [1, 3, 4] });
    const [letter] = (await letters.list()).items;
    expect(letter).toMatchObject({ reason: 'attempts-exhausted', attempts: 3, message: 'Row is locked' });
  });

  test('of a tenant that cannot be served makes that tenant wait, in order, and no other', async () => {
    let revoked = true;
    const handle: ConsumerOverrides['handle'] = async (tx, events) => {
      if (revoked && tx.tenantId === 'acme') throw Object.assign(new Error('Token revoked'), { code: 'token-revoked' });
      await recordEffect(tx, events);
    };
    const classify: ConsumerOptions['classify'] = (error) =>
      (error as { code?: string }).code === 'token-revoked' ? 'transient-tenant' : 'transient-record';
    await startConsumer({ handle, classify, maxAttempts: 2 });
    await publish(...inOrder('a', 60), testEvent('acme', 'b', 1), testEvent('globex', 'a', 1));
    await bed.bus.settled();
    await publish(testEvent('acme', 'a', 61), testEvent('acme', 'c', 1), testEvent('globex', 'a', 2));
    await bed.bus.settled();
    expect(await applied('globex')).toEqual({ a: [1, 2] });
    expect(await applied()).toEqual({});
    expect(await countRows(bed.database, 'parked_event')).toBe(63);
    // Several pauses pass: waiting for a tenant uses up no attempts.
    const failedPauses = async (): Promise<number> =>
      (
        await bed.database.systemTransaction((tx) =>
          tx.query<{ attempts: number }>('select attempts from paused_tenant'),
        )
      )[0]?.attempts ?? 0;
    await eventually('it was tried several times', async () => (await failedPauses()) > 3);
    revoked = false;
    await eventually('nothing waits', async () => (await countRows(bed.database, 'parked_key')) === 0);
    expect(await applied()).toEqual({ a: Array.from({ length: 61 }, (_, index) => index + 1), b: [1], c: [1] });
    expect(await countRows(bed.database, 'paused_tenant')).toBe(0);
    expect((await letters.list()).items).toEqual([]);
  });

  test('that is delivered again while it waits is kept once', async () => {
    const events = inOrder('a', 3);
    await publish(...events);
    await startConsumer({
      handle: failing({ 'a@1': { times: 1, error: transient } }),
      pauses: { record: { baseMs: 300, maxMs: 300 }, tenant: { baseMs: 10, maxMs: 10 } },
    });
    await bed.bus.settled();
    await publish(...events);
    await bed.bus.settled();
    expect(await countRows(bed.database, 'parked_event')).toBe(3);
    await eventually('the key is free', async () => (await countRows(bed.database, 'parked_key')) === 0);
    expect(await applied()).toEqual({ a: [1, 2, 3] });
  });
});

describe('handlers that misbehave', () => {
  test('one that ignores a failed statement fails alone, and its batch does not come again for ever', async () => {
    await publish(testEvent('acme', 'x', 1), testEvent('acme', 'b', 1));
    await startConsumer({
      maxAttempts: 2,
      handle: async (tx, events) => {
        for (const event of events) {
          if (contentOf(event).subject === 'x') await tx.query('select 1 / 0').catch(() => undefined);
        }
        await recordEffect(tx, events).catch(() => undefined);
      },
    });
    await bed.bus.settled();
    await eventually('it is a dead letter', async () => (await letters.list()).items.length === 1);
    expect(await applied()).toEqual({ b: [1] });
  });

  test('one whose constraint is checked only at the commit fails alone', async () => {
    const handle: ConsumerOverrides['handle'] = async (tx, events) => {
      for (const event of events) {
        const { subject } = contentOf(event);
        await tx.execute('insert into part (tenant_id, id, whole) values ($1, $2, $2)', [tx.tenantId, subject]);
        if (subject === 'orphan') continue;
        await tx.execute('insert into subject (tenant_id, id, version) values ($1, $2, 1)', [tx.tenantId, subject]);
      }
      await recordEffect(tx, events);
    };
    await publish(testEvent('acme', 'a', 1), testEvent('acme', 'orphan', 1), testEvent('acme', 'b', 1));
    await startConsumer({ handle, maxAttempts: 2 });
    await eventually('it is a dead letter', async () => (await letters.list()).items.length === 1);
    expect(await applied()).toEqual({ a: [1], b: [1] });
    expect((await letters.list()).items[0]).toMatchObject({ key: 'acme:orphan', errorCode: 'foreign-key-violation' });
  });

  test('what an error says of a person does not get into the dead letter', async () => {
    const error = (): Error =>
      Object.assign(
        new Error('Mail jane.doe@example.com bounced', {
          cause: new SyntaxError('Unexpected "J", "Jane" is not JSON'),
        }),
        {
          retriable: false,
        },
      );
    await publish(testEvent('acme', 'x', 1));
    await startConsumer({ handle: failing({ 'x@1': { times: 99, error } }) });
    await bed.bus.settled();
    const [letter] = (await letters.list()).items;
    expect(letter?.message).toBe('Mail [redacted-email] bounced: Unexpected "..." is not JSON');
  });

  test('an endless message is cut at 4 KiB, between characters', async () => {
    const error = (): Error => Object.assign(new Error('é'.repeat(5_000)), { retriable: false });
    await publish(testEvent('acme', 'x', 1));
    await startConsumer({ handle: failing({ 'x@1': { times: 99, error } }) });
    await bed.bus.settled();
    const message = (await letters.list()).items[0]?.message ?? '';
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4_096);
    expect(message).toMatch(/^é+…$/);
  });
});

describe('events that nobody can read', () => {
  test('become dead letters once, and the others of the chunk take effect', async () => {
    await publish(
      testEvent('acme', 'a', 1),
      { ...testEvent('acme', 'a', 2), headers: { ce_tenantid: 'acme' } },
      { ...testEvent('acme', 'a', 3), headers: {} },
      { ...testEvent('acme', 'a', 4), headers: { ce_tenantid: 'ac\0me', ce_id: '\0', note: 'a\0b' } },
      testEvent('acme', 'a', 5),
    );
    let crashes = 1;
    await startConsumer({
      failpoint: async (name) => {
        if (name === 'chunk-applied' && crashes-- > 0) throw new Error('crash');
      },
    });
    await bed.bus.settled();
    expect(await applied()).toEqual({ a: [1, 5] });
    const { items } = await letters.list();
    expect(items.map(({ tenantId, reason, message }) => ({ tenantId, reason, message }))).toEqual([
      { tenantId: '', reason: 'undecodable', message: expect.stringContaining('ce_tenantid is not a tenant id') },
      { tenantId: '', reason: 'undecodable', message: 'Header ce_tenantid is missing.' },
      { tenantId: 'acme', reason: 'undecodable', message: 'Header ce_id is missing.' },
    ]);
    expect(await countRows(bed.database, 'outbox')).toBe(3);
    await expect(letters.replay(items[0]?.id ?? '')).rejects.toMatchObject({ code: 'dead-letter-not-replayable' });
  });

  test('keys of any length and content can wait and die', async () => {
    const long = 'k'.repeat(20_000);
    const odd = 'acme:\0"\\{}\u{1f600}';
    await publish(
      testEvent('acme', 'x', 1, { key: long }),
      testEvent('acme', 'x', 2, { key: odd }),
      testEvent('acme', 'y', 1, { key: odd }),
    );
    const plan = { 'x@1': { times: 2, error: transient }, 'x@2': { times: 99, error: transient } };
    await startConsumer({ handle: failing(plan), maxAttempts: 3 });
    await bed.bus.settled();
    await eventually('nothing waits', async () => (await countRows(bed.database, 'parked_key')) === 0);
    expect(await applied()).toEqual({ x: [1], y: [1] });
    expect((await letters.list()).items[0]?.key).toBe(odd);
  });
});

describe('operation', () => {
  test('the consumer starts while the bus is away and says that it is not ready', async () => {
    bed.broker.goAway();
    const consumer = await startConsumer({ random: () => 0 });
    await eventually('it knows the reason', () =>
      consumer.ready().then(
        () => false,
        (error: Error) => error.message.includes('broker is away'),
      ),
    );
    expect(consumer.healthy()).toBe(false);
    bed.broker.comeBack();
    await eventually('it is ready', () =>
      consumer.ready().then(
        () => true,
        () => false,
      ),
    );
    await publish(testEvent('acme', 'a', 1));
    await bed.bus.settled();
    expect(await applied()).toEqual({ a: [1] });
  });

  test('metrics count events by what became of them and show what waits', async () => {
    const { metrics } = bed;
    const repeated = testEvent('acme', 'a', 1);
    await publish(repeated, repeated, testEvent('acme', 'x', 1), testEvent('acme', 'p', 1));
    await startConsumer({
      metrics,
      handle: failing({ 'x@1': { times: 99, error: permanent }, 'p@1': { times: 99, error: transient } }),
      pauses: { record: { baseMs: 60_000, maxMs: 60_000 }, tenant: { baseMs: 10, maxMs: 10 } },
    });
    await bed.bus.settled();
    const text = await metrics.registry.metrics();
    const events = (outcome: string): string =>
      `kempt_consumer_events_total{group="reader",topic="${recordTopic.name}",outcome="${outcome}",service="test"} 1\n`;
    for (const outcome of ['handled', 'repeated', 'parked', 'dead_lettered']) expect(text).toContain(events(outcome));
    expect(text).toMatch(/kempt_dead_letter_rows\{group="reader",service="test"\} 1\n/);
    expect(text).toMatch(/kempt_parked_event_rows\{group="reader",service="test"\} 1\n/);
    expect(text).toMatch(/kempt_paused_tenant_rows\{group="reader",service="test"\} 0\n/);
  });
});
