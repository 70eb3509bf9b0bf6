import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Consumer, createConsumer } from './consumer.ts';
import { createDeadLetters, type DeadLetter, type DeadLetters } from './dead-letters.ts';
import { appendToOutbox } from './outbox-append.ts';
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
let consumer: Consumer;
/** Subjects that cannot be applied, and whether trying again can help. */
let broken: Map<string, 'permanent' | 'transient-record'>;

beforeAll(async () => {
  bed = await createOutboxTestBed();
  letters = createDeadLetters(bed.database);
});
beforeEach(async () => {
  await bed.reset();
  broken = new Map();
  consumer = createConsumer({
    database: bed.database,
    bus: bed.bus,
    group,
    subscriptions: [
      {
        topic: recordTopic,
        handle: async (tx, events) => {
          for (const event of events) {
            const { subject } = contentOf(event);
            if (broken.has(subject)) throw Object.assign(new Error(`No ${subject}`), { subject });
          }
          await recordEffect(tx, events);
        },
      },
    ],
    classify: (error) => broken.get((error as { subject?: string }).subject ?? '') ?? 'transient-record',
    logger: bed.logger,
    metrics: bed.metrics,
    maxAttempts: 50,
    pauses: { record: { baseMs: 20, maxMs: 20 }, tenant: { baseMs: 20, maxMs: 20 } },
    retryPollIntervalMs: 600_000,
  });
  await consumer.start();
});
afterEach(() => consumer.stop());
afterAll(() => bed.close());

async function deadLetterOf(tenant: string, subject: string, version = 1): Promise<DeadLetter> {
  broken.set(subject, 'permanent');
  const event = testEvent(tenant, subject, version);
  await bed.bus.publish([event]);
  await bed.bus.settled();
  const letter = (await letters.list({ tenantId: tenant })).items.find(
    ({ eventId }) => eventId === event.headers.ce_id,
  );
  if (letter === undefined) throw new Error('It is no dead letter');
  return letter;
}

const stateOf = async (letter: DeadLetter): Promise<string> => (await letters.show(letter.id)).state;

describe('replay', () => {
  test('gives the event to its consumer again, soon and without touching the topic', async () => {
    const letter = await deadLetterOf('acme', 'x');
    broken.clear();
    expect(await letters.replay(letter.id, { actor: 'steward', note: 'field was fixed' })).toEqual({ replayed: 1 });
    await eventually('it is resolved', async () => (await stateOf(letter)) === 'resolved');
    expect(await effectsOf(bed.database, 'acme')).toEqual({ x: [1] });
    expect(bed.broker.records(recordTopic.name)).toHaveLength(1);
    const shown = await letters.show(letter.id);
    expect(shown.value).toBeNull();
    expect(shown.actions).toMatchObject([{ action: 'replay', actor: 'steward', note: 'field was fixed' }]);
    expect(await countRows(bed.database, 'parked_event')).toBe(0);
  });

  test('goes behind the events of its key that wait', async () => {
    const letter = await deadLetterOf('acme', 'x', 1);
    broken.set('x', 'transient-record');
    await bed.bus.publish([testEvent('acme', 'x', 2), testEvent('acme', 'x', 3)]);
    await bed.bus.settled();
    await letters.replay(letter.id);
    await bed.bus.publish([testEvent('acme', 'x', 4)]);
    await bed.bus.settled();
    broken.clear();
    await eventually('nothing waits', async () => (await countRows(bed.database, 'parked_key')) === 0);
    expect(await effectsOf(bed.database, 'acme')).toEqual({ x: [2, 3, 1, 4] });
  });

  test('of an event that fails again opens the same dead letter and adds up the attempts', async () => {
    const letter = await deadLetterOf('acme', 'x');
    await letters.replay(letter.id);
    await eventually('it is open again', async () => (await stateOf(letter)) === 'open');
    expect((await letters.list()).items).toMatchObject([{ id: letter.id, attempts: 2 }]);
    broken.clear();
    await letters.replay(letter.id);
    await eventually('it is resolved', async () => (await stateOf(letter)) === 'resolved');
    expect(await effectsOf(bed.database, 'acme')).toEqual({ x: [1] });
  });

  test('an event that comes again from the topic meanwhile has one effect', async () => {
    const letter = await deadLetterOf('acme', 'x');
    const event = bed.broker.records(recordTopic.name)[0];
    broken.clear();
    await letters.replay(letter.id);
    if (event !== undefined) await bed.bus.publish([event]);
    await bed.bus.settled();
    await eventually('it is resolved', async () => (await stateOf(letter)) === 'resolved');
    expect(await effectsOf(bed.database, 'acme')).toEqual({ x: [1] });
  });

  test('by filter takes all that match, in the order of the topic, and of one tenant only if asked', async () => {
    for (const version of [1, 2, 3]) await deadLetterOf('acme', 'x', version);
    const other = await deadLetterOf('globex', 'x');
    broken.clear();
    expect(await letters.replay({ tenantId: 'acme', topic: recordTopic.name, group })).toEqual({ replayed: 3 });
    await eventually('nothing waits', async () => (await countRows(bed.database, 'parked_key')) === 0);
    expect(await effectsOf(bed.database, 'acme')).toEqual({ x: [1, 2, 3] });
    expect(await stateOf(other)).toBe('open');
    expect(await letters.replay({ reason: 'permanent' })).toEqual({ replayed: 1 });
  });

  test('of an event that the bus refused puts it back into the outbox', async () => {
    await bed.database.transaction('acme', (tx) =>
      appendToOutbox(tx, [testEvent('acme', 'big', 1, { value: Buffer.alloc(1_100_000) })]),
    );
    const options = { database: bed.database, bus: bed.bus, logger: bed.logger, metrics: bed.metrics };
    const dispatcher = createOutboxDispatcher(options);
    await dispatcher.start();
    try {
      await eventually('it was refused', async () => (await letters.list({ group: 'outbox' })).items.length === 1);
      const [letter] = (await letters.list({ group: 'outbox' })).items;
      await letters.replay(letter?.id ?? '');
      expect(await stateOf(letter as DeadLetter)).toBe('resolved');
      await eventually(
        'it was refused again',
        async () => (await letters.list({ group: 'outbox' })).items.length === 1,
      );
    } finally {
      await dispatcher.stop();
    }
  });
});

describe('discard', () => {
  test('removes the content and keeps who, when and why', async () => {
    const letter = await deadLetterOf('acme', 'x');
    await letters.discard(letter.id, 'test record', { actor: 'steward' });
    const shown = await letters.show(letter.id);
    expect(shown).toMatchObject({ state: 'discarded', value: null, topic: recordTopic.name, key: 'acme:x' });
    expect(shown.actions).toMatchObject([{ action: 'discard', actor: 'steward', note: 'test record' }]);
    expect(shown.actions[0]?.at).toBeInstanceOf(Date);
    expect((await letters.list()).items).toEqual([]);
    expect((await letters.list({ state: 'any' })).items).toHaveLength(1);
  });

  test('and replay are refused for what is closed already', async () => {
    const letter = await deadLetterOf('acme', 'x');
    await letters.discard(letter.id, 'no');
    await expect(letters.discard(letter.id, 'no')).rejects.toMatchObject({ code: 'dead-letter-closed' });
    await expect(letters.replay(letter.id)).rejects.toMatchObject({ code: 'dead-letter-closed' });
  });
});

describe('list and show', () => {
  test('pages are complete, newest first, without repetition', async () => {
    for (let version = 1; version <= 7; version += 1) await deadLetterOf('acme', 'x', version);
    const keys: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await letters.list({ limit: 3, cursor });
      expect(page.items.length).toBeLessThanOrEqual(3);
      keys.push(...page.items.map(({ offset }) => offset));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(keys).toEqual(['6', '5', '4', '3', '2', '1', '0']);
  });

  test('filters narrow down by topic, group, reason and state', async () => {
    await deadLetterOf('acme', 'x');
    const found = async (filter: Parameters<DeadLetters['list']>[0]): Promise<number> =>
      (await letters.list(filter)).items.length;
    expect(await found({ topic: recordTopic.name, group, reason: 'permanent', state: 'open' })).toBe(1);
    expect(await found({ topic: 'kempt.other.v1' })).toBe(0);
    expect(await found({ group: 'other' })).toBe(0);
    expect(await found({ reason: 'attempts-exhausted' })).toBe(0);
    expect(await found({ state: 'discarded' })).toBe(0);
  });

  test('a tenant neither sees nor touches the dead letters of another', async () => {
    const letter = await deadLetterOf('acme', 'x');
    const by = { tenantId: 'globex' };
    expect((await letters.list(by)).items).toEqual([]);
    await expect(letters.show(letter.id, by)).rejects.toMatchObject({ code: 'dead-letter-not-found' });
    await expect(letters.replay(letter.id, by)).rejects.toMatchObject({ code: 'dead-letter-not-found' });
    await expect(letters.discard(letter.id, '', by)).rejects.toMatchObject({ code: 'dead-letter-not-found' });
    expect(await letters.replay({ topic: recordTopic.name }, by)).toEqual({ replayed: 0 });
    expect(await stateOf(letter)).toBe('open');
  });

  test('ids and cursors that nobody gave are refused', async () => {
    await expect(letters.show('17')).rejects.toMatchObject({ code: 'dead-letter-not-found' });
    await expect(letters.list({ cursor: 'x' })).rejects.toMatchObject({ code: 'cursor-malformed' });
  });
});
