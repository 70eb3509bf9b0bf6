export interface DispatchPaceOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** The longest wait for a notification. */
  readonly pollIntervalMs: number;
}

/**
 * How a dispatcher learns that there is work. Normally appending notifies it. When batches follow each other fast it is
 * `busy`: it looks by itself every few milliseconds and says so in the database, and appending stops to notify.
 *
 * Who appended while it was busy may commit after it stopped to look. So after a busy time it looks again after pauses that
 * double: such an event waits at most as long again as its own transaction took.
 */
export interface DispatchPace {
  readonly busy: boolean;
  /** A read has ended; `rows` is what it found. */
  noteRead(rows: number): void;
  /** How long to wait when a read found nothing. */
  waitMs(): number;
}

const busyPollMs = 10;
/** So many batches within a second make a dispatcher busy. */
const busyBatches = 50;
const busyWindowMs = 1_000;
/** A busy dispatcher that found nothing for so long is busy no more. */
const quietMs = 300;

export function createDispatchPace({ now, pollIntervalMs }: DispatchPaceOptions): DispatchPace {
  let busy = false;
  let lastFoundMs = now();
  let batchTimesMs: number[] = [];
  // A dispatcher that was busy may have had this lane before.
  let nextPauseMs = busyPollMs;

  return {
    get busy() {
      return busy;
    },
    noteRead(rows) {
      const nowMs = now();
      if (rows > 0) {
        lastFoundMs = nowMs;
        batchTimesMs.push(nowMs);
        batchTimesMs = batchTimesMs.slice(-busyBatches);
        const [first = nowMs] = batchTimesMs;
        if (batchTimesMs.length === busyBatches && nowMs - first < busyWindowMs) busy = true;
      } else if (busy && nowMs - lastFoundMs > quietMs) {
        busy = false;
        batchTimesMs = [];
        nextPauseMs = busyPollMs;
      }
    },
    waitMs() {
      if (busy) return busyPollMs;
      const pauseMs = nextPauseMs;
      nextPauseMs = Math.min(pollIntervalMs, pauseMs * 2);
      return pauseMs;
    },
  };
}
