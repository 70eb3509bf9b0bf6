import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
import type { GroupStore, MemberIdentity, OwnedPartition } from './group-store.ts';
import type { StoredTopic } from './topic-store.ts';

/** One consumer's place in its group: it joins, keeps its lease, learns what it owns, and joins again when forgotten. */
export interface Membership {
  readonly group: string;
  /** Resolves when the group knows the consumer. */
  join(): Promise<void>;
  /** Something may have changed in the group: look. */
  refresh(): void;
  /** The connection by which others see this process alive is gone. */
  sessionLost(): void;
  /** Undefined while the consumer is not part of its group. */
  identity(): MemberIdentity | undefined;
  leave(): Promise<void>;
}

export interface MembershipOptions {
  readonly store: GroupStore;
  readonly group: string;
  readonly topics: readonly StoredTopic[];
  readonly from: 'earliest' | 'latest';
  readonly sessionKey: () => bigint | undefined;
  readonly leaseMs: number;
  readonly missedMs: number;
  readonly random: () => number;
  /** All that the consumer owns now. */
  readonly onOwned: (partitions: readonly OwnedPartition[]) => void;
  /** The consumer may own nothing any more. */
  readonly onLost: (reason: string) => void;
  readonly onError: (error: unknown) => void;
}

export function createMembership(options: MembershipOptions): Membership {
  const { store, group, topics, from, sessionKey, leaseMs, missedMs, random, onOwned, onLost, onError } = options;
  const stopped = new AbortController();
  let identity: MemberIdentity | undefined;
  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let heartbeat: NodeJS.Timeout | undefined;
  let leaseEnd: NodeJS.Timeout | undefined;
  let sessionEnd: NodeJS.Timeout | undefined;
  let recheck: NodeJS.Timeout | undefined;

  async function join(key: bigint): Promise<void> {
    const joining = { group, memberId: randomUUID() };
    await store.join({ ...joining, topics, from, sessionKey: key });
    identity = joining;
    // A consumer of the group that was just killed is found out by looking once more.
    lookOnceMoreIn(missedMs * 1.1);
  }

  /** Brings the group's picture and ours together. */
  async function look(): Promise<void> {
    const key = sessionKey();
    if (key === undefined || stopped.signal.aborted) return;
    const askedMs = performance.now();
    if (identity === undefined) {
      await join(key);
    } else {
      const lease = await store.renew({ ...identity, sessionKey: key });
      if (lease === 'expired') {
        identity = undefined;
        onLost('The group gave its partitions to others: the lease ran out.');
        await join(key);
      } else if (lease === 'others are gone' && (await store.rebalance(identity))) {
        lookOnceMoreIn(missedMs * 1.1);
      }
    }
    clearTimeout(sessionEnd);
    clearTimeout(leaseEnd);
    leaseEnd = setTimeout(
      () => onLost('The lease of the consumer could not be renewed in time.'),
      leaseMs - (performance.now() - askedMs),
    );
    if (identity && !stopped.signal.aborted) onOwned(await store.ownedBy(identity));
  }

  async function lookUntilDone(): Promise<void> {
    for (let failures = 0; lookAgain && !stopped.signal.aborted; ) {
      lookAgain = false;
      try {
        await look();
        failures = 0;
      } catch (error) {
        failures += 1;
        lookAgain = true;
        onError(error);
        const pauseMs = backoffMs(failures, { baseMs: 100, maxMs: 5_000, random });
        await sleep(pauseMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      }
    }
    looking = undefined;
  }

  function refresh(): void {
    if (stopped.signal.aborted) return;
    lookAgain = true;
    looking ??= lookUntilDone();
  }

  function lookOnceMoreIn(durationMs: number): void {
    clearTimeout(recheck);
    recheck = setTimeout(refresh, durationMs);
  }

  return {
    group,
    async join() {
      // Two looks at once would both find that nobody has joined yet.
      const first = look();
      looking = first.catch(() => undefined);
      try {
        await first;
      } finally {
        looking = undefined;
      }
      heartbeat = setInterval(refresh, leaseMs / 3);
      if (lookAgain) refresh();
    },
    refresh,
    sessionLost() {
      if (stopped.signal.aborted) return;
      clearTimeout(sessionEnd);
      sessionEnd = setTimeout(() => {
        onLost('The connection to Postgres was away for so long that others may have taken over.');
      }, missedMs);
    },
    identity: () => identity,
    async leave() {
      stopped.abort();
      clearInterval(heartbeat);
      await looking;
      for (const timer of [leaseEnd, sessionEnd, recheck]) clearTimeout(timer);
      const leaving = identity;
      identity = undefined;
      if (leaving) await store.leave(leaving);
    },
  };
}
