import { PolicyError } from './policy-error.ts';

export interface BulkheadOptions {
  /** Calls at work at the same time. */
  readonly concurrency: number;
  /** Calls that may wait for their turn; one more is refused at once. */
  readonly maxQueue: number;
}

export interface Bulkhead {
  /** Resolves when the call may run, in order of arrival. The answer gives the place back. */
  enter(signal: AbortSignal): Promise<() => void>;
  /** Refuses everybody who waits. */
  close(): void;
}

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (error: unknown) => void;
}

/** Bounds how many calls to one dependency run at once, so that a slow one cannot take everything this process has. */
export function createBulkhead(name: string, { concurrency, maxQueue }: BulkheadOptions): Bulkhead {
  const waiters = new Set<Waiter>();
  let running = 0;

  function leaveOnce(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const [next] = waiters;
      if (next === undefined) {
        running -= 1;
        return;
      }
      // The place goes to the next one directly: nobody who comes now can slip in between.
      waiters.delete(next);
      next.admit();
    };
  }

  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (running < concurrency) {
        running += 1;
        return leaveOnce();
      }
      if (waiters.size >= maxQueue) {
        throw new PolicyError('bulkhead-full', `${name}: ${running} calls run and ${waiters.size} wait already.`);
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiter: Waiter = { admit: resolve, refuse: reject };
      const abort = (): void => {
        if (waiters.delete(waiter)) reject(signal.reason);
      };
      waiters.add(waiter);
      signal.addEventListener('abort', abort, { once: true });
      try {
        await promise;
      } finally {
        signal.removeEventListener('abort', abort);
      }
      return leaveOnce();
    },
    close() {
      for (const waiter of waiters) waiter.refuse(new PolicyError('policy-closed', `${name}: the policy was closed.`));
      waiters.clear();
    },
  };
}
