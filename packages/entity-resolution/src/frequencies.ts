import { hashText } from './hash.ts';
import { KeyIds } from './key-ids.ts';

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

/** Rarity in bits of values of one kind, by the hash of the value. */
export type SpaceRarity = (hash: number) => number;

/** Rarity of values in bits: minus log2 of the probability that another entity, taken at random, has the same value. */
export interface Rarities {
  of(space: string, value: string): number;
  in(space: string): SpaceRarity;
}

/** Stands for all values before any of them was counted. */
export const nothingKnown: Rarities = { of: () => 0, in: () => () => 0 };

const rarest = 34;
/** Bits of every value of a kind that the data does not have. */
const unknownKind = 8;

export function createRarities(tables: FrequencyTables): Rarities {
  const spaces = new Map(Object.entries(tables).map(([space, table]) => [space, spaceRarity(space, table)]));
  const unknown: SpaceRarity = () => unknownKind;
  const within = (space: string): SpaceRarity => spaces.get(space) ?? unknown;
  return { in: within, of: (space, value) => within(space)(hashText(value)) };
}

/**
 * The tables of records among which organisations write their names down over and over. There a name belongs to one of them like an identifier,
 * and a second owner is as much of an exception.
 */
export function asOfOneOwner(tables: FrequencyTables): FrequencyTables {
  const { organisation } = tables;
  if (organisation === undefined) return tables;
  const times = (populations.organisation as Population).share / (populations.identifier as Population).share;
  return { ...tables, organisation: { ...organisation, total: organisation.total * times } };
}

/** The two entities that are being compared do not count: if they are one, a value that only they have is a value of one. */
function spaceRarity(space: string, table: FrequencyTable): SpaceRarity {
  const { share, imagined } = populations[space.split(':')[0] as string] ?? otherwise;
  const total = Math.max(2, table.total);
  const unseen = share / (total + imagined);
  const bitsOf = (count: number): number =>
    Math.min(rarest, Math.max(0, -Math.log2(Math.max(0, count - 2) / total + unseen)));
  const known = new KeyIds(table.counts.length / 2);
  const bits = new Float64Array(table.counts.length / 2);
  for (let at = 0; at + 1 < table.counts.length; at += 2)
    bits[known.idOf(table.counts[at] as number)] = bitsOf(table.counts[at + 1] as number);
  const once = bitsOf(1);
  return (hash) => {
    const id = known.find(hash);
    return id < 0 ? once : (bits[id] as number);
  };
}
