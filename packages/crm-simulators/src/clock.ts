/** The simulators' idea of now. It follows the system clock and can be put forward, never back. */
export interface SimulatorClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Puts the clock forward by a number of milliseconds >= 0. */
  advance(byMs: number): void;
  /** How far the clock has been put forward. */
  offsetMs(): number;
}

/** A clock over `source` (default: the system's), already put forward by `offsetMs`. */
export function createClock(source: () => number = Date.now, offsetMs = 0): SimulatorClock {
  let offset = offsetMs;
  return {
    now: () => source() + offset,
    advance(byMs) {
      if (!(byMs >= 0)) throw new RangeError(`The clock can only be put forward; got ${byMs} ms.`);
      offset += byMs;
    },
    offsetMs: () => offset,
  };
}
