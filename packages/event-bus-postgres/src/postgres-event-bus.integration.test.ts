import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Chunk } from '@kempt/event-bus';
import { createPostgresEventBus } from './postgres-event-bus.ts';
import { createCutWire, createPostgresTestBed, eventOf, type PostgresTestBed, until } from './postgres-test-bed.ts';

let bed: PostgresTestBed;

beforeAll(async () => {
  bed = await createPostgresTestBed();
});
afterEach(() => bed.closeBuses());
afterAll(() => bed.stop());

async function eventTableOf(topic: string): Promise<string> {
  const [row] = await bed.query<{ topic_id: number }>('SELECT topic_id FROM topic WHERE name = $1', [topic]);
  return `event_${row?.topic_id}`;
}

describe('publishing', () => {
  test('offsets have no gaps, and whoever sees an offset sees every one before it', async () => {
    const buses = [bed.open(), bed.open(), bed.open()] as const;
    const topic = await bed.topic(buses[0], { partitions: 2 });
    const table = await eventTableOf(topic);
    const faults: unknown[] = [];
    let publishing = true;
    let looks = 0;
    const watcher = (async () => {
      while (publishing) {
        looks += 1;
        const rows = await bed.query<{ partition: number; events: string; newest: string }>(
          `SELECT partition, count(*) AS events, max("offset") AS newest FROM ${table} GROUP BY partition`,
        );
        faults.push(...rows.filter(({ events, newest }) => Number(events) !== Number(newest) + 1));
      }
    })();
    await Promise.all(
      buses.map(async (bus, writer) => {
        for (let round = 0; round < 40; round += 1) {
          const keys = Array.from({ length: 1 + (round % 7) }, (_, index) => `${writer}-${round}-${index}`);
          await bus.publish(keys.map((key) => eventOf(topic, key)));
        }
      }),
    );
    publishing = false;
    await watcher;
    expect(faults).toEqual([]);
    expect(looks).toBeGreaterThan(5);
    const heads = await bed.query<{ events: string; head: string }>(
      `SELECT count(*) AS events, (SELECT sum(next_offset) FROM partition_head JOIN topic USING (topic_id) WHERE name = $1) AS head
       FROM ${table}`,
      [topic],
    );
    expect(heads[0]?.events).toBe(heads[0]?.head);
  });

  test('writers that touch several topics in different orders never wait for each other in a circle', async () => {
    const buses = [bed.open(), bed.open()] as const;
    const topics = [await bed.topic(buses[0]), await bed.topic(buses[0]), await bed.topic(buses[0])];
    await Promise.all(
      buses.map(async (bus, writer) => {
        const order = writer === 0 ? topics : [...topics].reverse();
        for (let round = 0; round < 40; round += 1) {
          const keys = Array.from({ length: 12 }, (_, index) => `key-${(index * (writer + 1) + round) % 12}`);
          await bus.publish(keys.flatMap((key) => order.map((topic) => eventOf(topic, key))));
        }
      }),
    );
    for (const topic of topics) {
      expect(await bed.query(`SELECT count(*)::int AS events FROM ${await eventTableOf(topic)}`)).toEqual([
        { events: 960 },
      ]);
    }
  });

  test('a publish that fails leaves neither events nor gaps', async () => {
    const bus = bed.open();
    const topic = await bed.topic(bus, { partitions: 1 });
    const table = await eventTableOf(topic);
    await bus.publish([eventOf(topic, 'before')]);
    await bed.query(`ALTER TABLE ${table} ADD CONSTRAINT no_poison CHECK (key <> 'poison')`);
    await expect(bus.publish([eventOf(topic, 'fine'), eventOf(topic, 'poison')])).rejects.toMatchObject({
      code: 'bus-misconfigured',
    });
    await bus.publish([eventOf(topic, 'after')]);
    expect(await bed.query(`SELECT "offset"::int, key FROM ${table} ORDER BY "offset"`)).toEqual([
      { offset: 0, key: 'before' },
      { offset: 1, key: 'after' },
    ]);
  });

  test('many small publishes at once share a few transactions', async () => {
    const bus = bed.open();
    const topic = await bed.topic(bus);
    await Promise.all(Array.from({ length: 300 }, (_, index) => bus.publish([eventOf(topic, `key-${index}`)])));
    const [row] = await bed.query<{ transactions: number; events: number }>(
      `SELECT count(DISTINCT xmin::text)::int AS transactions, count(*)::int AS events FROM ${await eventTableOf(topic)}`,
    );
    expect(row?.events).toBe(300);
    expect(row?.transactions).toBeLessThan(10);
  });

  test('events that no bus can carry are refused by name, and those published beside them are not', async () => {
    const bus = bed.open({ maxRecordBytes: 1_000 });
    const topic = await bed.topic(bus);
    const large = { ...eventOf(topic, 'large'), value: new Uint8Array(1_001) };
    const [tooLarge, withNul, unknown, good] = await Promise.allSettled([
      bus.publish([large]),
      bus.publish([eventOf(topic, 'nul\0')]),
      bus.publish([eventOf('kempt.test.never-declared.v1', 'key')]),
      bus.publish([eventOf(topic, 'good')]),
    ]);
    expect(tooLarge).toMatchObject({ reason: { code: 'record-too-large', retriable: false } });
    expect(withNul).toMatchObject({ reason: { code: 'invalid-record', retriable: false } });
    expect(unknown).toMatchObject({
      reason: { code: 'unknown-topic', message: expect.stringContaining('never-declared') },
    });
    expect(good.status).toBe('fulfilled');
  });
});

describe('consuming', () => {
  test('a chunk is bounded in bytes, but always holds an event', async () => {
    const bus = bed.open({ tuning: { maxChunkBytes: 1_500, maxConcurrentChunks: 1 } });
    const topic = await bed.topic(bus, { partitions: 1 });
    await bus.publish(
      Array.from({ length: 9 }, (_, index) => ({
        ...eventOf(topic, `key-${index}`),
        value: new Uint8Array(index === 4 ? 10_000 : 1_000),
      })),
    );
    const sizes: number[] = [];
    await bus.subscribe({
      group: 'bytes',
      topics: [topic],
      eachChunk: async ({ records }) => {
        sizes.push(records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0));
      },
    });
    await until('all events', () => sizes.reduce((sum, size) => sum + size, 0) === 18_000);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(13_000);
  });

  test('several partitions are worked on at the same time, but not more than allowed', async () => {
    const bus = bed.open({ tuning: { maxConcurrentChunks: 3 } });
    const topic = await bed.topic(bus, { partitions: 8 });
    await bus.publish(Array.from({ length: 80 }, (_, index) => eventOf(topic, `key-${index}`)));
    let atWork = 0;
    let most = 0;
    let handled = 0;
    await bus.subscribe({
      group: 'concurrency',
      topics: [topic],
      eachChunk: async ({ records }) => {
        atWork += 1;
        most = Math.max(most, atWork);
        await delay(20);
        atWork -= 1;
        handled += records.length;
      },
    });
    await until('all events', () => handled === 80);
    expect(most).toBe(3);
  });

  test('a chunk that gives no sign of life is told to end, and its consumer is unhealthy until it does', async () => {
    const bus = bed.open({ tuning: { maxSilenceMs: 100, redeliveryPause: { baseMs: 10, maxMs: 10 } } });
    const topic = await bed.topic(bus, { partitions: 1 });
    await bus.publish([eventOf(topic, 'key')]);
    const chunks: Chunk[] = [];
    const release = Promise.withResolvers<void>();
    const subscription = await bus.subscribe({
      group: 'silent',
      topics: [topic],
      eachChunk: async (chunk) => {
        chunks.push(chunk);
        if (chunks.length > 1) return;
        await release.promise;
        chunk.signal.throwIfAborted();
      },
    });
    await until('the abort', () => chunks[0]?.signal.aborted === true);
    expect(subscription.healthy()).toBe(false);
    release.resolve();
    await until('the redelivery', () => chunks.length === 2);
    expect(chunks[1]?.signal.aborted).toBe(false);
    await until('health', () => subscription.healthy());
  });

  test('an event is noticed without a notification too, only later', async () => {
    const bus = bed.open({ tuning: { pollIntervalMs: 100 } });
    const topic = await bed.topic(bus, { partitions: 1 });
    let handled = 0;
    await bus.subscribe({
      group: 'poll',
      topics: [topic],
      eachChunk: async ({ records }) => void (handled += records.length),
    });
    await bed.query(
      `WITH head AS (
         UPDATE partition_head h SET next_offset = 1 FROM topic t WHERE t.topic_id = h.topic_id AND t.name = $1
       )
       INSERT INTO ${await eventTableOf(topic)} VALUES (0, 0, 0, 'silent', '{}', NULL)`,
      [topic],
    );
    await until('the silent event', () => handled === 1);
  });
});

describe('groups', () => {
  test('a connection that breaks and comes back costs no partition', async () => {
    const [first, second] = [bed.open(), bed.open()] as const;
    const topic = await bed.topic(first);
    const handled: string[] = [];
    const subscribe = (bus: typeof first) =>
      bus.subscribe({
        group: 'blip',
        topics: [topic],
        eachChunk: async ({ records }) => void handled.push(...records.map(({ key }) => key)),
      });
    const subscriptions = [await subscribe(first), await subscribe(second)];
    const owners = () =>
      bed.query(
        `SELECT partition, owner, epoch FROM group_partition WHERE group_name = 'blip' AND heir IS NULL ORDER BY 1`,
      );
    await until('two owners', async () => {
      const rows = (await owners()) as { owner: string }[];
      return rows.length === 4 && new Set(rows.map(({ owner }) => owner)).size === 2;
    });
    const before = await owners();
    await bed.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kempt-test'`);
    await until('health', () => subscriptions.every((subscription) => subscription.healthy()));
    const events = Array.from({ length: 20 }, (_, index) => eventOf(topic, `key-${index}`));
    await until('a publish', () =>
      first.publish(events).then(
        () => true,
        () => false,
      ),
    );
    await until('all events', () => new Set(handled).size === 20);
    expect(await owners()).toEqual(before);
  });

  test('Postgres away: publish rejects for now, the subscription is unhealthy, and both go on afterwards', async () => {
    const wire = await createCutWire(bed.url);
    const bus = bed.open({ url: wire.url });
    const topic = await bed.topic(bus);
    const handled = new Set<string>();
    const errors: unknown[] = [];
    const subscription = await bus.subscribe({
      group: 'away',
      topics: [topic],
      onError: (error) => errors.push(error),
      eachChunk: async ({ records }) => records.forEach(({ key }) => handled.add(key)),
    });
    await bus.publish([eventOf(topic, 'before')]);
    await until('the event before', () => handled.has('before'));
    wire.cut();
    await until('ill health', () => !subscription.healthy());
    await expect(bus.publish([eventOf(topic, 'during')])).rejects.toMatchObject({
      code: 'bus-unavailable',
      retriable: true,
    });
    await expect(bus.ping()).rejects.toMatchObject({ code: 'bus-unavailable', retriable: true });
    wire.mend();
    await until('health', () => subscription.healthy());
    await bus.publish([eventOf(topic, 'after')]);
    await until('the event after', () => handled.has('after'));
    await bus.close();
    await wire.close();
  });

  test('close is bounded while Postgres is away', async () => {
    const wire = await createCutWire(bed.url);
    const bus = bed.open({ url: wire.url });
    const topic = await bed.topic(bus);
    await bus.subscribe({ group: 'close-away', topics: [topic], eachChunk: async () => {} });
    wire.cut();
    const before = performance.now();
    await bus.close();
    expect(performance.now() - before).toBeLessThan(9_000);
    await wire.close();
  });
});

describe('access', () => {
  test('a role that was not given the bus is refused, with the remedy', async () => {
    const bus = bed.open({ url: bed.strangerUrl });
    await expect(bus.ping()).rejects.toMatchObject({
      code: 'bus-misconfigured',
      retriable: false,
      message: expect.stringContaining('migrations with this role'),
    });
  });

  test('a wrong password and a missing schema are refused, each with its remedy', async () => {
    const wrong = new URL(bed.url);
    wrong.password = 'wrong';
    await expect(bed.open({ url: wrong.href }).ping()).rejects.toMatchObject({
      code: 'bus-misconfigured',
      message: expect.stringContaining('password'),
    });
    await expect(bed.open({ schema: 'nowhere' }).lag('group')).rejects.toMatchObject({
      code: 'bus-misconfigured',
      message: expect.stringContaining('migrations'),
    });
  });

  test('an unreachable server is a passing failure', async () => {
    const bus = createPostgresEventBus({ url: 'postgres://kempt:x@127.0.0.1:1/kempt', applicationName: 'nowhere' });
    await expect(bus.ping()).rejects.toMatchObject({ code: 'bus-unavailable', retriable: true });
    await bus.close();
  });

  test('the role of the bus may not create tables', async () => {
    await expect(
      bed.query(`SET ROLE kempt_bus; CREATE TABLE mine (id int)`).finally(() => bed.query('RESET ROLE')),
    ).rejects.toThrow('permission denied');
  });

  test('a bus with an admin URL brings its schema up to date by itself', async () => {
    const bus = bed.open({ url: bed.url, adminUrl: bed.adminUrl, schema: 'another_bus' });
    const topic = await bed.topic(bus);
    await bus.publish([eventOf(topic, 'key')]);
    expect(await bed.query('SELECT count(*)::int AS events FROM another_bus.event')).toEqual([{ events: 1 }]);
  });

  test('deployments with different prefixes share a schema and never meet', async () => {
    const [blue, green] = [bed.open({ topicPrefix: 'blue.' }), bed.open({ topicPrefix: 'green.' })] as const;
    const topic = 'kempt.test.shared.v1';
    const received: string[] = [];
    for (const [name, bus] of Object.entries({ blue, green })) {
      await bus.ensureTopics([{ name: topic, partitions: 1, cleanup: 'delete', retentionMs: 60_000 }]);
      await bus.subscribe({
        group: 'shared',
        topics: [topic],
        eachChunk: async ({ records }) =>
          void received.push(...records.map((record) => `${name} got ${record.key} of ${record.topic}`)),
      });
    }
    await Promise.all([blue.publish([eventOf(topic, 'blue-key')]), green.publish([eventOf(topic, 'green-key')])]);
    await until('both events', () => received.length === 2);
    expect([...received].sort()).toEqual([`blue got blue-key of ${topic}`, `green got green-key of ${topic}`]);
    expect((await blue.lag('shared')).map((lag) => lag.topic)).toEqual([topic]);
  });
});
