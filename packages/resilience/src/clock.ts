import { setTimeout as timeout } from 'node:timers/promises';

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
    try {
      await timeout(ms, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};
