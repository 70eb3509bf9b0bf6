import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/** A clock that stands still until it is told to go on, for tests of anything that waits. */
export interface ManualClock extends Clock {
  /** Moves time on, waking sleepers in the order of their due times and letting what they start come to rest. */
  advance(ms: number): Promise<void>;
  /** How many sleep now. */
  sleepers(): number;
}

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

export function createManualClock(startMs = 0): ManualClock {
  const sleepers = new Set<Sleeper>();
  let nowMs = startMs;

  return {
    now: () => nowMs,
    sleepers: () => sleepers.size,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sleeper: Sleeper = { dueMs: nowMs + ms, wake: resolve };
      const abort = (): void => {
        sleepers.delete(sleeper);
        reject(signal.reason);
      };
      sleepers.add(sleeper);
      signal.addEventListener('abort', abort, { once: true });
      try {
        await promise;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await nextTurn();
      for (;;) {
        const due = [...sleepers].filter((one) => one.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (due === undefined) break;
        sleepers.delete(due);
        nowMs = Math.max(nowMs, due.dueMs);
        due.wake();
        await nextTurn();
      }
      nowMs = untilMs;
    },
  };
}
