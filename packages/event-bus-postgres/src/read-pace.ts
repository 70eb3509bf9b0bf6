export interface ReadPaceOptions {
  readonly shortestMs: number;
  readonly longestMs: number;
}

/** When a consumer that keeps up may read again. Times are on one monotonic clock, in milliseconds. */
export interface ReadPace {
  /** A round begins: events are read, and handed out. */
  begin(nowMs: number): void;
  /** Everything of the round has been handled. */
  end(nowMs: number): void;
  /** How long to wait before the next round; 0 or less means now. */
  waitMs(nowMs: number): number;
}

/**
 * From the beginning of a round to that of the next it takes twice as long as the round itself: events that arrive
 * meanwhile share chunks, and so transactions. The busier the machine, the longer a round takes, and the more they share;
 * after a quiet moment nothing waits.
 */
export function createReadPace({ shortestMs, longestMs }: ReadPaceOptions): ReadPace {
  let beganMs = Number.NEGATIVE_INFINITY;
  let intervalMs = 0;
  return {
    begin(nowMs) {
      beganMs = nowMs;
      intervalMs = longestMs;
    },
    end(nowMs) {
      intervalMs = Math.min(longestMs, Math.max(shortestMs, 2 * (nowMs - beganMs)));
    },
    waitMs: (nowMs) => beganMs + intervalMs - nowMs,
  };
}
