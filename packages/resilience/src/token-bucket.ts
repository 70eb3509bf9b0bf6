import type { Clock } from './clock.ts';

export interface RateOptions {
  /** Calls that may start each second in the long run. */
  readonly tokensPerSecond: number;
  /** Calls that may start at once after a pause. */
  readonly burst: number;
}

export interface TokenBucket {
  /** Resolves when a call may start. Callers are served in the order in which they came. */
  take(signal: AbortSignal): Promise<void>;
  /** Lets no call start for this long, because the other side said so. */
  pause(ms: number): void;
}

/** A bucket that refills continuously. Tokens may be taken ahead of time: each caller then waits for its own. */
export function createTokenBucket({ tokensPerSecond, burst }: RateOptions, clock: Clock): TokenBucket {
  let tokens = burst;
  let filledAt = clock.now();

  function refill(): void {
    const now = clock.now();
    if (now <= filledAt) return;
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * tokensPerSecond);
    filledAt = now;
  }

  return {
    async take(signal) {
      signal.throwIfAborted();
      refill();
      tokens -= 1;
      const waitMs = Math.max(0, (-tokens / tokensPerSecond) * 1000) + Math.max(0, filledAt - clock.now());
      if (waitMs <= 0) return;
      try {
        await clock.sleep(waitMs, signal);
      } catch (error) {
        // The token was not used, so the next caller gets it.
        tokens += 1;
        throw error;
      }
    },
    pause(ms) {
      refill();
      tokens = Math.min(tokens, 0);
      // Filling goes on only after the pause.
      filledAt = Math.max(filledAt, clock.now() + ms);
    },
  };
}
