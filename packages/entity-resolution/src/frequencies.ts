import { hashText } from './hash.ts';

/**
 * How often values occur among distinct entities. `counts` is a flat list of hash, count, hash, count of the values that more than two
 * entities have; a value not listed counts as one.
 */
export interface FrequencyTable {
  readonly total: number;
  readonly counts: readonly number[];
}

export type FrequencyTables = Readonly<Record<string, FrequencyTable>>;

interface Population {
  /**
   * How many entities, as a part of one, are expected to share a value that one entity here has. People share first names, hardly ever
   * mailboxes or identifiers: there a second owner is the exception that the counts have to show.
   */
  readonly share: number;
  /** Entities that general knowledge of such values is worth, beside those counted here, for values that only one entity has. */
  readonly imagined: number;
}

const populations: Readonly<Record<string, Population>> = {
  given: { share: 0.6, imagined: 40 },
  family: { share: 0.6, imagined: 200 },
  fullName: { share: 0.05, imagined: 500 },
  email: { share: 0.02, imagined: 1_000 },
  mailbox: { share: 0.2, imagined: 500 },
  phone: { share: 0.05, imagined: 1_000 },
  identifier: { share: 0.02, imagined: 2_000 },
  date: { share: 0.6, imagined: 3_000 },
  premises: { share: 0.15, imagined: 500 },
  postcode: { share: 0.6, imagined: 200 },
  city: { share: 0.6, imagined: 20 },
  organisation: { share: 0.3, imagined: 500 },
  domain: { share: 0.1, imagined: 500 },
  token: { share: 1, imagined: 200 },
};
const otherwise: Population = { share: 0.6, imagined: 10 };

/** Rarity of values in bits: minus log2 of the probability that another entity, taken at random, has the same value. */
export interface Rarities {
  of(space: string, value: string): number;
}

const rarest = 34;

export function createRarities(tables: FrequencyTables): Rarities {
  const maps = new Map<string, { total: number; unseen: number; counts: Map<number, number> }>();
  for (const [space, table] of Object.entries(tables)) {
    const counts = new Map<number, number>();
    for (let index = 0; index + 1 < table.counts.length; index += 2) {
      counts.set(table.counts[index] as number, table.counts[index + 1] as number);
    }
    const kind = space.split(':')[0] as string;
    const { share, imagined } = populations[kind] ?? otherwise;
    const total = Math.max(2, table.total);
    maps.set(space, { total, unseen: share / (total + imagined), counts });
  }
  return {
    /** The two entities that are being compared do not count: if they are one, a value that only they have is a value of one. */
    of(space, value) {
      const entry = maps.get(space);
      if (entry === undefined) return 8;
      const count = entry.counts.get(hashText(value)) ?? 1;
      return Math.min(rarest, Math.max(0, -Math.log2(Math.max(0, count - 2) / entry.total + entry.unseen)));
    },
  };
}
