import type { Random } from '../random.ts';

/** When a record was made and last changed, in milliseconds since the epoch. */
export interface RecordTimes {
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** The first and the last moment of the history. Everything lies well in the past of any clock. */
export const historyStart = Date.UTC(2019, 0, 7, 8);
export const historyEnd = Date.UTC(2025, 5, 30, 18);

/** Draws times: single entries over the years, and imports that make many records in one moment. */
export interface Timeline {
  next(): RecordTimes;
  /** A moment after `from`, more likely soon than late. */
  after(from: number): number;
}

/** `importShare` of the records come from one of a few imports. `stepMs` is the grain of the CRM's stamps. */
export function createTimeline(
  random: Random,
  options: { readonly importShare: number; readonly stepMs: number; readonly importSpreadMs: number },
): Timeline {
  const round = (ms: number) => Math.floor(ms / options.stepMs) * options.stepMs;
  const span = historyEnd - historyStart;
  const imports = [0.18, 0.47, 0.83].map((share) => round(historyStart + span * share));
  const after = (from: number): number => round(from + (historyEnd - from) * random.next() ** 1.5);
  return {
    next() {
      if (random.chance(options.importShare)) {
        const createdAt = round(random.pick(imports) + random.next() * options.importSpreadMs);
        return { createdAt, modifiedAt: random.chance(0.45) ? createdAt : after(createdAt) };
      }
      const createdAt = round(historyStart + span * random.next() ** 0.7);
      return { createdAt, modifiedAt: random.chance(0.15) ? createdAt : after(createdAt) };
    },
    after,
  };
}
