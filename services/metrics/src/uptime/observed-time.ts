/** One look at whether a target answers. */
export interface Probe {
  readonly sequence: number;
  readonly at: Date;
  readonly up: boolean;
  /** How long after it the next one is due. */
  readonly intervalMs: number;
  readonly latencyMs: number;
}

/** Time within one hour. */
export interface HourShare {
  /** Beginning of the hour. */
  readonly hour: Date;
  readonly upMs: number;
  readonly downMs: number;
}

const hourMs = 3_600_000;

export const hourOf = (time: Date): Date => new Date(Math.floor(time.getTime() / hourMs) * hourMs);

/** A probe that comes later than this many intervals leaves a gap in what was observed. */
const grace = 1.5;

/**
 * How long the state that a probe found is taken to have lasted: until the next probe, at most one and a half intervals.
 * What lies behind that was not observed, and counts as neither up nor down.
 */
export function observedTime(probe: Pick<Probe, 'at' | 'up' | 'intervalMs'>, next: Date): readonly HourShare[] {
  const end = Math.min(next.getTime(), probe.at.getTime() + probe.intervalMs * grace);
  const shares: HourShare[] = [];
  for (let from = probe.at.getTime(); from < end; ) {
    const hour = hourOf(new Date(from));
    const to = Math.min(end, hour.getTime() + hourMs);
    shares.push({ hour, upMs: probe.up ? to - from : 0, downMs: probe.up ? 0 : to - from });
    from = to;
  }
  return shares;
}

/** Uptime over a span of time. */
export interface Uptime {
  readonly upMs: number;
  readonly downMs: number;
  readonly probes: number;
  readonly failedProbes: number;
  readonly meanLatencyMs: number | null;
}

/** Share of the observed time that the target was up; null when nothing was observed. */
export function uptimeRatio({ upMs, downMs }: Pick<Uptime, 'upMs' | 'downMs'>): number | null {
  return upMs + downMs === 0 ? null : upMs / (upMs + downMs);
}
