/** Time as a policy sees it. Tests pass one of their own. */
export interface Clock {
  /** Milliseconds, never running backwards. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    signal.throwIfAborted();
    // By hand, since every attempt cancels one of these: the promise timers of Node make an error with a stack for that.
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const cancel = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  },
};
