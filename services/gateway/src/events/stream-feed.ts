import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamEvent } from './stream-event.ts';
import type { StreamPage } from './stream-event-store.ts';

export interface StreamFeedOptions {
  readonly read: (tenantId: string, page: { readonly after: number; readonly limit: number }) => Promise<StreamPage>;
  /** Newest events of a tenant that are kept for all who follow it. Default 1,000. */
  readonly keptEvents?: number;
  /** Pause between two looks at one tenant, so that a burst is one query. Default 50. */
  readonly pauseMs?: number;
}

/** The streams of all tenants as their followers in this process see them. */
export interface StreamFeed {
  /** Begins to follow a tenant. Without a position it begins behind the newest event. */
  follow(tenantId: string, position?: number): Promise<StreamFollower>;
  /** The stream of this tenant has grown, or of all when none is named. */
  wake(tenantId?: string): void;
}

export interface StreamFollower {
  /** Events after the last ones it gave. Resolves to nothing when there was none until the signal. Never gives a gap in silence. */
  next(signal: AbortSignal): Promise<FollowedEvents>;
  close(): void;
}

export interface FollowedEvents {
  readonly events: readonly StreamEvent[];
  /** Events between the last ones and these are no longer there: the first id that still is, or the next one. */
  readonly reset?: { readonly from: number };
}

const pageEvents = 500;

/** What the followers of one tenant share. */
interface Tail {
  followers: number;
  /** Newest events, without a gap. */
  events: readonly StreamEvent[];
  headId: number;
  /** Settles when the stream has grown. */
  grown: PromiseWithResolvers<void>;
  reading: Promise<void> | undefined;
  /** It grew again while it was read. */
  again: boolean;
}

/**
 * Followers share what was read last, so that a hundred of them cost one query for each growth of the stream. Who is further
 * behind reads for itself.
 */
export function createStreamFeed({ read, keptEvents = 1_000, pauseMs = 50 }: StreamFeedOptions): StreamFeed {
  const tails = new Map<string, Tail>();

  async function readOn(tenantId: string, tail: Tail): Promise<void> {
    for (let hasMore = true; hasMore; ) {
      const { events, headId } = await read(tenantId, { after: tail.headId, limit: pageEvents });
      const last = events.at(-1);
      const follows = events[0]?.id === tail.headId + 1;
      tail.events = (follows ? [...tail.events, ...events] : [...events]).slice(-keptEvents);
      tail.headId = last?.id ?? headId;
      hasMore = events.length === pageEvents;
    }
    const { grown } = tail;
    tail.grown = Promise.withResolvers();
    grown.resolve();
  }

  async function readWhileGrowing(tenantId: string, tail: Tail): Promise<void> {
    do {
      tail.again = false;
      await readOn(tenantId, tail);
      await sleep(pauseMs);
    } while (tail.again);
  }

  function wakeTail(tenantId: string, tail: Tail): void {
    tail.again = true;
    tail.reading ??= readWhileGrowing(tenantId, tail)
      // The next notification, or the next heartbeat of a follower, tries again.
      .catch(() => undefined)
      .finally(() => {
        tail.reading = undefined;
      });
  }

  async function tailOf(tenantId: string): Promise<Tail> {
    const known = tails.get(tenantId);
    if (known !== undefined) {
      known.followers += 1;
      return known;
    }
    const tail: Tail = {
      followers: 1,
      events: [],
      headId: 0,
      grown: Promise.withResolvers(),
      reading: undefined,
      again: false,
    };
    tails.set(tenantId, tail);
    try {
      // Behind any event that can be there: only the head is of interest.
      const { headId } = await read(tenantId, { after: Number.MAX_SAFE_INTEGER, limit: 1 });
      tail.headId = Math.max(tail.headId, headId);
    } catch (error) {
      leave(tenantId, tail);
      throw error;
    }
    return tail;
  }

  function leave(tenantId: string, tail: Tail): void {
    tail.followers -= 1;
    if (tail.followers === 0) tails.delete(tenantId);
  }

  return {
    async follow(tenantId, from) {
      const tail = await tailOf(tenantId);
      // The first follower's reading of the head may still be under way for the second one; asking again is cheap.
      let position = from ?? (await read(tenantId, { after: Number.MAX_SAFE_INTEGER, limit: 1 })).headId;
      let isOpen = true;

      async function available(): Promise<readonly StreamEvent[]> {
        const first = tail.events[0];
        if (first !== undefined && first.id <= position + 1) {
          return tail.events.slice(position + 1 - first.id, position + 1 - first.id + pageEvents);
        }
        return (await read(tenantId, { after: position, limit: pageEvents })).events;
      }

      async function take(): Promise<FollowedEvents> {
        const expected = position + 1;
        const events = await available();
        const [first] = events;
        position = events.at(-1)?.id ?? tail.headId;
        if (first?.id === expected) return { events };
        return { events, reset: { from: first?.id ?? position + 1 } };
      }

      return {
        async next(signal) {
          if (position > tail.headId) {
            const { headId } = await read(tenantId, { after: Number.MAX_SAFE_INTEGER, limit: 1 });
            if (position > headId) {
              // A position of another database: nothing that follows would ever be after it.
              position = headId;
              return { events: [], reset: { from: headId + 1 } };
            }
          }
          const gaveUp = untilAborted(signal);
          try {
            while (!signal.aborted) {
              const { grown } = tail;
              if (tail.headId > position) return await take();
              await Promise.race([grown.promise, gaveUp.promise]);
            }
            return { events: [] };
          } finally {
            gaveUp.forget();
          }
        },
        close() {
          if (isOpen) leave(tenantId, tail);
          isOpen = false;
        },
      };
    },
    wake(tenantId) {
      for (const [id, tail] of tails) if (tenantId === undefined || tenantId === id) wakeTail(id, tail);
    },
  };
}

function untilAborted(signal: AbortSignal): { readonly promise: Promise<void>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const abort = (): void => resolve();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', abort, { once: true });
  return { promise, forget: () => signal.removeEventListener('abort', abort) };
}
