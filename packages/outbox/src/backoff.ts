/** How pauses between attempts grow: they double from `baseMs` up to `maxMs`. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The pause before the next attempt after `failures` failed ones: at least half of the full pause, the rest by chance, so
 * that those who failed together do not come back together. `random` gives a number in [0, 1).
 */
export function backoffMs(failures: number, backoff: Backoff, random: () => number): number {
  const fullMs = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(fullMs * (0.5 + random() / 2));
}
