/**
 * How long windows, pauses and bounds are. In production one second is one second; a test runs with all of them shorter by
 * one factor, so that what takes an hour is seen in a minute.
 */
export interface Scale {
  readonly factor: number;
  /** A Prometheus duration, for a window or the `for` of an alert. */
  duration(seconds: number): string;
  /** A bound in seconds, as it stands in an expression. */
  seconds(seconds: number): string;
  /** The upper bound of the first bucket that reaches to this many seconds. */
  bucket(seconds: number, buckets: readonly number[]): string;
}

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

export function createScale(factor: number): Scale {
  return {
    factor,
    duration: (seconds) => durationText(seconds * factor),
    seconds: (seconds) => String(Number((seconds * factor).toPrecision(6))),
    bucket(seconds, buckets) {
      const bound = buckets.find((bucket) => bucket >= seconds * factor - 1e-9);
      if (bound === undefined) throw new Error(`No bucket reaches to ${seconds * factor} s.`);
      return String(bound);
    },
  };
}

export const production = createScale(1);

/** In the largest unit that gives a whole number, as people write it. */
export function durationText(seconds: number): string {
  for (const [unit, length] of units) {
    if (seconds >= length && Number.isInteger(seconds / length)) return `${seconds / length}${unit}`;
  }
  return `${Math.max(1, Math.round(seconds * 1_000))}ms`;
}
