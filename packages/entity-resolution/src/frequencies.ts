import { hashText } from './hash.ts';

/**
 * How often values occur among distinct entities. `counts` is a flat list of hash, count, hash, count of the values that more than one entity
 * has; a value not listed counts as one.
 */
export interface FrequencyTable {
  readonly total: number;
  readonly counts: readonly number[];
}

export type FrequencyTables = Readonly<Record<string, FrequencyTable>>;

/**
 * What share of an unseen population is expected to have a value that one entity here has, as a part of one entity. People share first
 * names, hardly ever mailboxes or identifiers: there a second owner is the exception that the counts have to show.
 */
const unseenShare: Readonly<Record<string, number>> = {
  given: 0.6,
  family: 0.6,
  email: 0.02,
  mailbox: 0.2,
  phone: 0.05,
  identifier: 0.02,
  premises: 0.15,
  organisation: 0.3,
  token: 1,
  domain: 0.1,
};

/** Rarity of values in bits: minus log2 of the probability that another entity, taken at random, has the same value. */
export interface Rarities {
  of(space: string, value: string): number;
}

const rarest = 34;

export function createRarities(tables: FrequencyTables): Rarities {
  const maps = new Map<string, { base: number; share: number; counts: Map<number, number> }>();
  for (const [space, table] of Object.entries(tables)) {
    const counts = new Map<number, number>();
    for (let index = 0; index + 1 < table.counts.length; index += 2) {
      counts.set(table.counts[index] as number, table.counts[index + 1] as number);
    }
    const kind = space.split(':')[0] as string;
    maps.set(space, { base: Math.log2(Math.max(2, table.total)), share: unseenShare[kind] ?? 0.6, counts });
  }
  return {
    of(space, value) {
      const entry = maps.get(space);
      if (entry === undefined) return 8;
      const count = entry.counts.get(hashText(value)) ?? 1;
      return Math.min(rarest, Math.max(0, entry.base - Math.log2(Math.max(count, 1) - 1 + entry.share)));
    },
  };
}

/** Collects weighted counts and writes them as tables. */
export class FrequencyCounter {
  readonly #spaces = new Map<string, { total: number; counts: Map<number, number> }>();

  /** `weight` is the share of one entity that this record stands for. */
  add(space: string, values: readonly string[], weight: number): void {
    if (values.length === 0) return;
    let entry = this.#spaces.get(space);
    if (entry === undefined) {
      entry = { total: 0, counts: new Map() };
      this.#spaces.set(space, entry);
    }
    entry.total += weight;
    for (const value of values) {
      const key = hashText(value);
      entry.counts.set(key, (entry.counts.get(key) ?? 0) + weight);
    }
  }

  /** Values counted at most 1.25 are left out; numbers are rounded so that equal data gives equal tables. */
  tables(): FrequencyTables {
    const tables: Record<string, FrequencyTable> = {};
    for (const [space, { total, counts }] of [...this.#spaces].sort(([left], [right]) => (left < right ? -1 : 1))) {
      const kept = [...counts].filter(([, count]) => count > 1.25).sort(([left], [right]) => left - right);
      tables[space] = {
        total: Math.round(total),
        counts: kept.flatMap(([key, count]) => [key, Math.round(count * 8) / 8]),
      };
    }
    return tables;
  }
}
