/**
 * Which slots both records of a pair have a value in. Matches are not spread evenly over such patterns: where one list of the data is full of
 * duplicates and fills in other columns than the rest, its pairs deserve another prior.
 */
export interface FilledPatterns {
  /** Bit set of the slots that both records fill, by pattern; the first is the pattern of all pairs that are too rare to have their own. */
  readonly masks: readonly number[];
  /** Pairs of the data by stratum and pattern: `pairs[stratum * masks.length + pattern]`. */
  readonly pairs: Float64Array;
  indexOf(mask: number): number;
}

/** Patterns beyond these slots are not told apart, so that their number stays small. */
const mostSlots = 12;
const mostPatterns = 512;

/** Bit set of the slots that have a value. */
export function filledMask(values: readonly (readonly string[])[]): number {
  let mask = 0;
  for (let slot = 0; slot < values.length; slot += 1)
    if ((values[slot] as readonly string[]).length > 0) mask |= maskOfSlot(slot);
  return mask;
}

/** The bit of a slot; slots beyond the first ones have none. */
export function maskOfSlot(slot: number): number {
  return slot < mostSlots ? 1 << slot : 0;
}

/** The bits of all slots before one. */
export function maskBelow(slot: number): number {
  return 2 ** Math.min(slot, mostSlots) - 1;
}

/** Counts the pairs of the data by pattern, without walking them. Source -1 stands for all sources that have no stratum of their own. */
export function countPatterns(masks: Int32Array, stratumOf: Int32Array, strata: number): FilledPatterns {
  const bySource: Map<number, number>[] = Array.from({ length: strata }, () => new Map());
  const all = new Map<number, number>();
  masks.forEach((mask, row) => {
    all.set(mask, (all.get(mask) ?? 0) + 1);
    const stratum = stratumOf[row] as number;
    if (stratum === 0) return;
    const counts = bySource[stratum] as Map<number, number>;
    counts.set(mask, (counts.get(mask) ?? 0) + 1);
  });
  const across = pairsByMask(all);
  const within = bySource.map((counts) => pairsByMask(counts));
  const kept = [...across]
    .sort(([x, a], [y, b]) => b - a || x - y)
    .slice(0, mostPatterns)
    .map(([mask]) => mask);
  const known = [-1, ...kept];
  const places = new Map(known.map((mask, index) => [mask, index]));
  const indexOf = (mask: number): number => places.get(mask) ?? 0;
  const pairs = new Float64Array(strata * known.length);
  const add = (stratum: number, mask: number, count: number): void => {
    const at = stratum * known.length + indexOf(mask);
    pairs[at] = (pairs[at] as number) + count;
  };
  for (const [mask, count] of across) add(0, mask, count);
  within.forEach((counts, stratum) => {
    for (const [mask, count] of counts) {
      add(stratum, mask, count);
      add(0, mask, -count);
    }
  });
  return { masks: known, pairs, indexOf };
}

function pairsByMask(counts: ReadonlyMap<number, number>): Map<number, number> {
  const list = [...counts];
  const pairs = new Map<number, number>();
  list.forEach(([left, a], index) => {
    pairs.set(left, (pairs.get(left) ?? 0) + (a * (a - 1)) / 2);
    for (let other = index + 1; other < list.length; other += 1) {
      const [right, b] = list[other] as [number, number];
      pairs.set(left & right, (pairs.get(left & right) ?? 0) + a * b);
    }
  });
  return pairs;
}
