import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Connections, createConnections } from './connections.ts';
import { createGroupStore, type GroupStore, type MemberIdentity } from './group-store.ts';
import { createPostgresTestBed, eventOf, type PostgresTestBed, until } from './postgres-test-bed.ts';
import { createTopicStore, type StoredTopic } from './topic-store.ts';

let bed: PostgresTestBed;
let connections: Connections;
let store: GroupStore;
let topic: StoredTopic;
let group: string;
let sessionKeys = 0n;

beforeAll(async () => {
  bed = await createPostgresTestBed();
  connections = createConnections({
    url: bed.url,
    schema: 'event_bus',
    applicationName: 'group-store-test',
    maxConnections: 4,
    onError: () => {},
  });
  store = createGroupStore({
    connections,
    schema: 'event_bus',
    channel: 'event_bus',
    applicationName: 'group-store-test',
    topicPrefix: '',
    leaseMs: 60_000,
    missedMs: 0,
  });
});
beforeEach(async () => {
  const name = await bed.topic(bed.open(), { partitions: 4 });
  topic = (await createTopicStore(connections, '').find([name]))[0] as StoredTopic;
  group = `group-${randomUUID()}`;
});
afterEach(() => bed.closeBuses());
afterAll(async () => {
  await connections.close();
  await bed.stop();
});

/** A member whose process is seen alive until `vanish`. */
async function join(): Promise<MemberIdentity & { vanish(): Promise<void>; readonly sessionKey: bigint }> {
  sessionKeys += 1n;
  const sessionKey = sessionKeys;
  const session = await connections.openSession();
  await session.query('SELECT pg_advisory_lock($1)', [String(sessionKey)]);
  const member = { group, memberId: randomUUID() };
  await store.join({ ...member, topics: [topic], from: 'earliest', sessionKey });
  return { ...member, sessionKey, vanish: () => session.end() };
}

const progressOf = (owned: Awaited<ReturnType<GroupStore['ownedBy']>>, committed: bigint) =>
  owned.map(({ topicId, partition, epoch }) => ({ topicId, partition, epoch, committed }));

test('a member that lost a partition cannot commit there any more, and the new owner can', async () => {
  const first = await join();
  const lost = await store.ownedBy(first);
  expect(lost).toHaveLength(4);
  expect(await store.commit(first, progressOf(lost, 5n))).toEqual([]);
  await first.vanish();
  const second = await join();
  await store.rebalance(second);
  const won = await store.ownedBy(second);
  expect(won.map(({ committed }) => committed)).toEqual([5n, 5n, 5n, 5n]);
  expect(await store.commit(first, progressOf(lost, 9n))).toHaveLength(4);
  expect(await store.commit(second, progressOf(won, 7n))).toEqual([]);
  expect((await store.lag(group)).map(({ committed }) => committed)).toEqual([7n, 7n, 7n, 7n]);
  await second.vanish();
});

test('a lease that ran out ends the membership, although the process still lives', async () => {
  const first = await join();
  await bed.query(`UPDATE consumer_member SET expires_at = now() - interval '1 second' WHERE member_id = $1`, [
    first.memberId,
  ]);
  const second = await join();
  expect(await store.ownedBy(second)).toHaveLength(4);
  expect(await store.renew(first)).toBe('expired');
  expect(await store.renew(second)).toBe('in order');
  await Promise.all([first.vanish(), second.vanish()]);
});

test('a partition that somebody waits for stays with its owner until it is handed over, with the last commit', async () => {
  const first = await join();
  const second = await join();
  expect(await store.ownedBy(second)).toEqual([]);
  const owned = await store.ownedBy(first);
  const wanted = owned.filter((partition) => partition.wanted);
  expect(wanted).toHaveLength(2);
  await store.handOver(first, progressOf(wanted, 3n));
  const received = await store.ownedBy(second);
  expect(received.map(({ partition, committed }) => [partition, committed])).toEqual(
    wanted.map(({ partition }) => [partition, 3n]),
  );
  for (const { partition, epoch } of received) {
    expect(epoch).toBe((wanted.find((before) => before.partition === partition)?.epoch ?? 0n) + 1n);
  }
  await Promise.all([first.vanish(), second.vanish()]);
});

test('who leaves gives everything back at once', async () => {
  const first = await join();
  const second = await join();
  await store.leave(first);
  expect(await store.ownedBy(second)).toHaveLength(4);
  expect(await store.renew(first)).toBe('expired');
  await Promise.all([first.vanish(), second.vanish()]);
});

test('others are told of a member whose process is gone', async () => {
  const first = await join();
  const second = await join();
  expect(await store.renew(second)).toBe('in order');
  await first.vanish();
  expect(await store.renew(second)).toBe('others are gone');
  await store.rebalance(second);
  expect(await store.ownedBy(second)).toHaveLength(4);
  await second.vanish();
});

test('the partitions of a process that is gone are read by another long before the lease ends', async () => {
  const gone = await join();
  await gone.vanish();
  const bus = bed.open({ tuning: { leaseMs: 60_000, missedMs: 100 } });
  await bus.publish(Array.from({ length: 40 }, (_, index) => eventOf(topic.name, `key-${index}`)));
  let handled = 0;
  await bus.subscribe({
    group,
    topics: [topic.name],
    eachChunk: async ({ records }) => {
      handled += records.length;
    },
  });
  await until('all events', () => handled === 40, 5_000);
});

test('a commit never moves a position back', async () => {
  const member = await join();
  const owned = await store.ownedBy(member);
  await store.commit(member, progressOf(owned, 8n));
  await store.commit(member, progressOf(owned, 6n));
  expect((await store.lag(group)).map(({ committed }) => committed)).toEqual([8n, 8n, 8n, 8n]);
  await member.vanish();
});
