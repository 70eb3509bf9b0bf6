import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Consumer, createConsumer } from './consumer.ts';
import type { Handle } from './event-attempt.ts';
import { purgeInbox } from './inbox-store.ts';
import {
  contentOf,
  countRows,
  createOutboxTestBed,
  effectsOf,
  eventually,
  type OutboxTestBed,
  recordEffect,
  recordTopic,
  stateTopic,
  testEvent,
} from './outbox-test-bed.ts';
import { beginRebuild } from './rebuild.ts';
import { guardVersions } from './version-guard.ts';

const group = 'reader';
let bed: OutboxTestBed;
let running: Consumer[] = [];

beforeAll(async () => {
  bed = await createOutboxTestBed();
});
beforeEach(() => bed.reset());
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});
afterAll(() => bed.close());

async function startConsumer(handle: Handle = recordEffect): Promise<Consumer> {
  const consumer = createConsumer({
    database: bed.database,
    bus: bed.bus,
    group,
    subscriptions: [
      { topic: recordTopic, handle },
      { topic: stateTopic, handle },
    ],
    logger: bed.logger,
    metrics: bed.metrics,
    pauses: { record: { baseMs: 10, maxMs: 20 }, tenant: { baseMs: 10, maxMs: 20 } },
    retryPollIntervalMs: 20,
  });
  running.push(consumer);
  await consumer.start();
  await eventually('it reads', () => consumer.healthy());
  return consumer;
}

const forgetEffects = (): Promise<number> => bed.database.transaction('acme', (tx) => tx.execute('delete from effect'));
const rebuild = () => beginRebuild({ database: bed.database, bus: bed.bus, group });

/** What a handler does that keeps no version of its own. */
const guarded: Handle = async (tx, events) => {
  const entries = events.map((event) => ({ subject: event.key, version: BigInt(event.headers.ce_sequence ?? '0') }));
  const newer = await guardVersions(tx, { consumer: group, entries });
  await recordEffect(
    tx,
    events.filter((_, index) => newer[index]),
  );
};

describe('rebuild', () => {
  test('every event that the topics still hold takes effect again, once', async () => {
    await bed.bus.publish([
      testEvent('acme', 'a', 1),
      testEvent('acme', 'a', 2),
      testEvent('acme', 's', 1, { topic: stateTopic.name }),
    ]);
    const consumer = await startConsumer();
    await bed.bus.settled();
    await consumer.stop();
    await forgetEffects();
    expect(await rebuild()).toEqual({ generation: 2, topics: [recordTopic.name, stateTopic.name] });
    await startConsumer();
    await bed.bus.settled();
    expect(await effectsOf(bed.database, 'acme')).toEqual({ a: [1, 2], s: [1] });
  });

  test('is refused while a consumer runs, and then nothing has changed', async () => {
    await bed.bus.publish([testEvent('acme', 'a', 1)]);
    const consumer = await startConsumer();
    await bed.bus.settled();
    await expect(rebuild()).rejects.toMatchObject({ code: 'group-running' });
    await consumer.stop();
    await startConsumer();
    await bed.bus.settled();
    expect(await effectsOf(bed.database, 'acme')).toEqual({ a: [1] });
  });

  test('that crashes after moving the group recognises everything, and can be begun again', async () => {
    await bed.bus.publish([testEvent('acme', 'a', 1)]);
    await (await startConsumer()).stop();
    await startConsumer();
    await bed.bus.settled();
    await running.at(-1)?.stop();
    const bus = {
      ...bed.bus,
      seekGroup: async (...seek: Parameters<typeof bed.bus.seekGroup>) => {
        await bed.bus.seekGroup(...seek);
        if (seek[1] === stateTopic.name) throw new Error('crash');
      },
    };
    await expect(beginRebuild({ database: bed.database, bus, group })).rejects.toThrow('crash');
    const consumer = await startConsumer();
    await bed.bus.settled();
    expect(await effectsOf(bed.database, 'acme')).toEqual({ a: [1] });
    await consumer.stop();
    await rebuild();
    await startConsumer();
    await bed.bus.settled();
    expect(await effectsOf(bed.database, 'acme')).toEqual({ a: [1, 1] });
  });

  test('of an unknown group is refused by name', async () => {
    await expect(rebuild()).rejects.toMatchObject({
      code: 'unknown-group',
      message: expect.stringContaining('"reader"'),
    });
  });

  test('parked events survive it and end in the right state', async () => {
    let broken = true;
    const handle: Handle = async (tx, events) => {
      if (broken && events.some((event) => contentOf(event).version === 2)) throw new Error('not yet');
      await guarded(tx, events);
    };
    await bed.bus.publish([1, 2, 3].map((version) => testEvent('acme', 'a', version)));
    const consumer = await startConsumer(handle);
    await bed.bus.settled();
    await consumer.stop();
    expect(await countRows(bed.database, 'parked_event')).toBe(2);
    await forgetEffects();
    await rebuild();
    broken = false;
    await startConsumer(handle);
    await bed.bus.settled();
    await eventually('nothing waits', async () => (await countRows(bed.database, 'parked_key')) === 0);
    const versions = (await effectsOf(bed.database, 'acme')).a ?? [];
    expect(versions.at(-1)).toBe(3);
    expect(versions).toEqual(versions.toSorted((left, right) => left - right));
  });
});

describe('versions', () => {
  test('an event that is replayed after newer ones has no effect', async () => {
    await startConsumer(guarded);
    await bed.bus.publish([testEvent('acme', 'a', 1), testEvent('acme', 'a', 5)]);
    await bed.bus.settled();
    await bed.bus.publish([testEvent('acme', 'a', 3), testEvent('acme', 'a', 6), testEvent('acme', 'b', 0)]);
    await bed.bus.settled();
    expect(await effectsOf(bed.database, 'acme')).toEqual({ a: [1, 5, 6], b: [0] });
  });

  test('a repeated version inside a batch is accepted once, and tenants do not share versions', async () => {
    const guard = (tenant: string, versions: number[]): Promise<boolean[]> =>
      bed.database.transaction(tenant, (tx) =>
        guardVersions(tx, { consumer: group, entries: versions.map((version) => ({ subject: 'a', version })) }),
      );
    expect(await guard('acme', [2, 2, 1, 4])).toEqual([true, false, false, true]);
    expect(await guard('acme', [4, 5])).toEqual([false, true]);
    expect(await guard('globex', [1])).toEqual([true]);
    expect(await guard('globex', [])).toEqual([]);
  });

  test('a rebuild begins without memory of versions', async () => {
    await bed.bus.publish([testEvent('acme', 'a', 1), testEvent('acme', 'a', 2)]);
    const consumer = await startConsumer(guarded);
    await bed.bus.settled();
    await consumer.stop();
    await forgetEffects();
    await rebuild();
    await startConsumer(guarded);
    await bed.bus.settled();
    expect(await effectsOf(bed.database, 'acme')).toEqual({ a: [1, 2] });
  });
});

describe('what the inbox forgets', () => {
  const purge = (retentionDays: number): Promise<number> =>
    purgeInbox(bed.database, { consumer: group, retentionDays, signal: new AbortController().signal });

  test('is what is older than the retention, of this consumer, and earlier generations', async () => {
    await bed.bus.publish([testEvent('acme', 'a', 1), testEvent('acme', 'b', 1), testEvent('globex', 'c', 1)]);
    const consumer = await startConsumer();
    await bed.bus.settled();
    await bed.database.transaction('globex', (tx) => tx.execute('update inbox set received_on = received_on - 30'));
    expect(await purge(30)).toBe(0);
    expect(await purge(29)).toBe(1);
    expect(
      await purgeInbox(bed.database, { consumer: 'other', retentionDays: 0, signal: new AbortController().signal }),
    ).toBe(0);
    await consumer.stop();
    await rebuild();
    expect(await purge(29)).toBe(2);
    expect(await countRows(bed.database, 'inbox')).toBe(0);
  });
});
