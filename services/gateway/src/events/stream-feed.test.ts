import { expect, test } from '@jest/globals';
import type { StreamEvent } from './stream-event.ts';
import { createStreamFeed, type StreamFeed } from './stream-feed.ts';

/** A stream in memory that counts how often it is read. */
function createStream() {
  const state = { events: [] as StreamEvent[], headId: 0, reads: 0 };
  const feed: StreamFeed = createStreamFeed({
    pauseMs: 0,
    keptEvents: 10,
    read: async (_tenantId, { after, limit }) => {
      state.reads += 1;
      return { headId: state.headId, events: state.events.filter(({ id }) => id > after).slice(0, limit) };
    },
  });
  return {
    feed,
    reads: () => state.reads,
    grow(count: number) {
      for (let n = 0; n < count; n += 1) {
        state.headId += 1;
        state.events.push({ id: state.headId, topic: 't', subject: '', time: new Date(0), data: '{}' });
      }
      feed.wake('acme');
    },
    forgetUpTo(id: number) {
      state.events = state.events.filter((event) => event.id > id);
    },
  };
}

const never = new AbortController().signal;
const ids = (events: readonly StreamEvent[]): number[] => events.map(({ id }) => id);

test('without a position only what happens next is told', async () => {
  const stream = createStream();
  stream.grow(3);
  const follower = await stream.feed.follow('acme');
  const next = follower.next(never);
  stream.grow(2);
  expect(ids((await next).events)).toEqual([4, 5]);
});

test('from a position everything after it is told, in order and once', async () => {
  const stream = createStream();
  stream.grow(1_200);
  const follower = await stream.feed.follow('acme', 3);
  const told: number[] = [];
  while (told.length < 1_197) told.push(...ids((await follower.next(never)).events));
  expect(told).toEqual(Array.from({ length: 1_197 }, (_, index) => index + 4));
});

test('a hundred followers of one tenant cost one query for each growth', async () => {
  const stream = createStream();
  const followers = await Promise.all(Array.from({ length: 100 }, () => stream.feed.follow('acme')));
  const before = stream.reads();
  const next = followers.map((follower) => follower.next(never));
  stream.grow(5);
  for (const { events } of await Promise.all(next)) expect(ids(events)).toEqual([1, 2, 3, 4, 5]);
  expect(stream.reads() - before).toBeLessThanOrEqual(2);
});

test('a gap is never given in silence', async () => {
  const stream = createStream();
  stream.grow(40);
  stream.forgetUpTo(20);
  const follower = await stream.feed.follow('acme', 5);
  const { events, reset } = await follower.next(never);
  expect(reset).toEqual({ from: 21 });
  expect(ids(events)).toEqual(Array.from({ length: 20 }, (_, index) => index + 21));
});

test('when nothing is left of what was missed, the stream goes on behind it and says so', async () => {
  const stream = createStream();
  stream.grow(40);
  stream.forgetUpTo(40);
  const follower = await stream.feed.follow('acme', 5);
  expect(await follower.next(never)).toEqual({ events: [], reset: { from: 41 } });
  const next = follower.next(never);
  stream.grow(1);
  expect(ids((await next).events)).toEqual([41]);
});

test('a position that the stream never reached is reset to where the stream is', async () => {
  const stream = createStream();
  stream.grow(4);
  const follower = await stream.feed.follow('acme', 1_000);
  expect(await follower.next(never)).toEqual({ events: [], reset: { from: 5 } });
});

test('a follower that waits is let go by its signal', async () => {
  const { feed } = createStream();
  const follower = await feed.follow('acme');
  const signal = AbortSignal.timeout(1);
  expect(await follower.next(signal)).toEqual({ events: [] });
  follower.close();
});
