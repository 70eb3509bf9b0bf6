import { levelsOf } from './levels.ts';
import type { FeatureKind } from './plan.ts';

/**
 * Ways in which two different entities come to agree on several things at once. Members of a household share family name, address and
 * phone; adding those up as if each were a chance event would call them one person. A confusion is a third kind of pair beside matches and
 * chance pairs: it agrees on the shared comparisons in its own way, and on all others as strangers do, or somewhat more often where there are
 * enough such pairs to show it: who has one thing in common is likely to live in one country.
 */
export interface Confusion {
  readonly label: string;
  /** Level probabilities to start from, for each shared comparison. */
  readonly shared: ReadonlyMap<FeatureKind, readonly number[]>;
  /**
   * How many such pairs there can be for each match. Where the comparison that tells them apart is mostly blank, the data cannot
   * say, and would let rare relations explain away what only matches agree on. Default: as many as the data says.
   */
  readonly mostPerMatch?: number;
  /**
   * How many such pairs there are for each pair of a household, at least and at most, as is generally known: twins are one birth in eighty.
   * Where a table shows no families it shows no twins, and what looks like them are matches written down badly.
   */
  readonly perHousehold?: { readonly least: number; readonly most: number };
  /**
   * How many of the strongest levels of a comparison keep the probabilities they start from. What sets a confusion apart from matches must
   * not be learned away: sites of one organisation that were found in one house would be matches by another name.
   */
  readonly held?: ReadonlyMap<FeatureKind, number>;
  /**
   * Comparisons on which such pairs agree exactly as matches do: there are too few of them to learn it, and twins write down the address they
   * share with the errors that everybody makes.
   */
  readonly tied?: ReadonlySet<FeatureKind>;
  /** They live in one house: who shares no premises is not of this kind, and where the data knows none, hardly anybody is. */
  readonly inOneHouse?: boolean;
}

function asMatches(...kinds: FeatureKind[]): [FeatureKind, readonly number[]][] {
  return kinds.map((kind) => [kind, levelsOf[kind].map((level) => level.m)]);
}

const ofPersons: readonly Confusion[] = [
  {
    label: 'household',
    inOneHouse: true,
    shared: new Map([
      ...asMatches('family', 'address', 'position', 'phone'),
      ['email', [0.09, 0.01, 0.02, 0.02, 0.04, 0.02, 0.8]],
    ]),
  },
  {
    label: 'twins',
    mostPerMatch: 0.3,
    perHousehold: { least: 1 / 80, most: 1 / 4 },
    held: new Map<FeatureKind, number>([['date', levelsOf.date.length]]),
    tied: new Set<FeatureKind>(['family', 'address', 'position', 'phone']),
    shared: new Map([
      ...asMatches('family', 'address', 'position', 'phone'),
      ['date', [0.93, 0.01, 0.03, 0.01, 0.005, 0.005, 0.01]],
      ['email', [0.09, 0.01, 0.02, 0.02, 0.04, 0.02, 0.8]],
    ]),
  },
  {
    label: 'namesakes in one household',
    inOneHouse: true,
    mostPerMatch: 0.05,
    held: new Map<FeatureKind, number>([['email', 2]]),
    tied: new Set<FeatureKind>(['given', 'family']),
    shared: new Map([
      ...asMatches('given', 'family', 'address', 'position', 'phone'),
      ['email', [0.09, 0.01, 0.02, 0.02, 0.04, 0.02, 0.8]],
    ]),
  },
  {
    label: 'colleagues',
    shared: new Map([
      ...asMatches('organisation', 'legalForm', 'domain', 'address', 'position', 'phone'),
      ['email', [0.004, 0.001, 0.01, 0.005, 0.03, 0.8, 0.15]],
    ]),
  },
  {
    label: 'namesakes',
    // Other addresses than these are one person's: where the telephones differ, matches would be taken for namesakes.
    held: new Map<FeatureKind, number>([['email', 1]]),
    shared: new Map([...asMatches('given', 'family'), ['email', [0.002, 0.1, 0.03, 0.05, 0.07, 0.02, 0.728]]]),
  },
];

/** Sites of one organisation lie near each other more often than chance has it, in one street or one town, but not in one house. */
const otherSite: readonly number[] = [0.00002, 0.0002, 0.005, 0.002, 0.06, 0.2, 0.3, 0.02, 0.1, 0.3128];

const otherPlace: readonly number[] = [0.0005, 0.002, 0.03, 0.3, 0.6675];

const ofOthers: readonly Confusion[] = [
  {
    label: 'branches',
    held: new Map<FeatureKind, number>([['address', 4]]),
    shared: new Map([
      ...asMatches('organisation', 'legalForm', 'domain'),
      ['address', otherSite],
      ['position', otherPlace],
    ]),
  },
  {
    label: 'branches with one switchboard',
    held: new Map<FeatureKind, number>([['address', 4]]),
    shared: new Map([
      ...asMatches('organisation', 'legalForm', 'domain', 'phone'),
      ['address', otherSite],
      ['position', otherPlace],
    ]),
  },
  { label: 'neighbours', shared: new Map(asMatches('address', 'position', 'phone')) },
];

/**
 * Strangers of one country, language or region: names, towns and employers go together, so that two of them agreeing is less of a chance than
 * each of them for itself.
 */
const compatriots: Confusion = { label: 'compatriots', shared: new Map() };
/** Fewer pairs than these cannot show what strangers have in common. */
const pairsForCompatriots = 100_000;

const personKinds: ReadonlySet<FeatureKind> = new Set<FeatureKind>(['given', 'family']);
/** Comparisons that say too little to tell a confusion from a match. */
export const weakKinds: ReadonlySet<FeatureKind> = new Set<FeatureKind>(['legalForm', 'category', 'freeText']);

/** The confusions that can be told from matches with the comparisons at hand, in a table of so many pairs. */
export function confusionsFor(kinds: readonly FeatureKind[], pairs: number): Confusion[] {
  const telling = new Set(kinds.filter((kind) => !weakKinds.has(kind)));
  const isOfPersons = kinds.some((kind) => personKinds.has(kind));
  const possible = isOfPersons ? ofPersons : ofOthers;
  const found = possible.filter(({ label, shared, held }) => {
    if ((label === 'twins' || label === 'namesakes in one household') && !telling.has('date')) return false;
    const common = [...telling].filter(
      (kind) => shared.has(kind) && !(kind === 'address' && held?.has(kind) === true),
    ).length;
    return common > 0 && telling.size > common;
  });
  return isOfPersons && telling.size > 1 && pairs >= pairsForCompatriots ? [...found, compatriots] : found;
}
