import type { KeyRule } from '@kempt/entity-resolution';

/** The records that share enough keys with one record. */
export interface Candidates {
  /** Takes in that the records have a key of that record. Each key comes once. */
  share(hash: number, records: readonly number[]): void;
  all(): number[];
}

export function createCandidates(rule: KeyRule): Candidates {
  /** Records that share something, by number: 1 as long as it is not enough. */
  const shared = new Map<number, 1 | 2>();
  const found: number[] = [];
  return {
    share(hash, records) {
      const isWeak = rule.isWeak(hash);
      for (const record of records) {
        const known = shared.get(record);
        if (known === 2) continue;
        if (known === undefined && isWeak) {
          shared.set(record, 1);
          continue;
        }
        shared.set(record, 2);
        found.push(record);
      }
    },
    all: () => found,
  };
}

/** Pairs of record numbers, each once. */
export interface Pairs {
  add(left: number, right: number): void;
  size(): number;
  all(): Iterable<readonly [number, number]>;
  /** Numbers of the records that any pair is of. */
  numbers(): Set<number>;
}

export function createPairs(): Pairs {
  const others = new Map<number, Set<number>>();
  let count = 0;
  return {
    add(left, right) {
      const [low, high] = left < right ? [left, right] : [right, left];
      let known = others.get(low);
      if (known === undefined) {
        known = new Set();
        others.set(low, known);
      }
      if (known.has(high)) return;
      known.add(high);
      count += 1;
    },
    size: () => count,
    *all(): Generator<readonly [number, number]> {
      for (const [low, highs] of others) for (const high of highs) yield [low, high];
    },
    numbers() {
      const found = new Set(others.keys());
      for (const highs of others.values()) for (const high of highs) found.add(high);
      return found;
    },
  };
}
