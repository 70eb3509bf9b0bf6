/** How a CRM is away: nobody listens, connections break, every answer is 503, or every answer is late. */
export type OutageKind = 'refused' | 'reset' | 'unavailable' | 'slow';

export interface OutageRequest {
  readonly kind: OutageKind;
  /** Ends by itself after so many seconds of real time; absent for one that lasts until it is ended. */
  readonly seconds?: number;
  /** How late answers are; for `slow` only. Default 10,000. */
  readonly delayMs?: number;
}

export interface Outage {
  readonly kind: OutageKind;
  readonly delayMs: number;
  /** Real time, whatever the clock of the simulator shows: probes live in it. */
  readonly startedAt: Date;
  /** Null while it lasts. */
  readonly endedAt: Date | null;
}

export interface Outages {
  /** Begins an outage; one that is going on ends first. */
  start(outage: OutageRequest): Promise<void>;
  /** Ends the outage, if there is one. */
  end(): Promise<void>;
  current(): Outage | null;
  /** Every outage since the start, oldest first. */
  history(): readonly Outage[];
}

export const outageKinds: readonly OutageKind[] = ['refused', 'reset', 'unavailable', 'slow'];

/** `apply` puts an outage into effect, null for none. */
export function createOutages(apply: (outage: Outage | null) => Promise<void>): Outages {
  const all: Outage[] = [];
  let timer: NodeJS.Timeout | null = null;
  const current = (): Outage | null => {
    const last = all.at(-1);
    return last === undefined || last.endedAt !== null ? null : last;
  };
  const end = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const last = current();
    if (last === null) return;
    await apply(null);
    all[all.length - 1] = { ...last, endedAt: new Date() };
  };
  return {
    async start({ kind, seconds, delayMs = 10_000 }) {
      if (!outageKinds.includes(kind)) {
        throw new RangeError(`There is no outage of kind ${kind}: use ${outageKinds.join(', ')}.`);
      }
      await end();
      const outage: Outage = { kind, delayMs, startedAt: new Date(), endedAt: null };
      await apply(outage);
      all.push(outage);
      if (seconds === undefined) return;
      // An end that fails, because the port is taken for a moment, is tried again.
      const endAfter = (ms: number): void => {
        timer = setTimeout(() => void end().catch(() => endAfter(200)), ms);
        timer.unref();
      };
      endAfter(seconds * 1000);
    },
    end,
    current,
    history: () => [...all],
  };
}
