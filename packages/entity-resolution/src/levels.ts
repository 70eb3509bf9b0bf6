import type { FeatureKind } from './plan.ts';

/** A level of agreement. Levels of a comparison are ordered, the strongest first; the first that holds is taken. */
export interface LevelDefinition {
  readonly label: string;
  /** How often matching records agree this far, before any data is seen. */
  readonly m: number;
  /** How often records of different entities agree this far, before any data is seen. */
  readonly u: number;
  /** How far the rarity of the shared value replaces u: 1 fully, 0 not at all. */
  readonly termFrequency: number;
}

function level(label: string, m: number, u: number, termFrequency = 0): LevelDefinition {
  return { label, m, u, termFrequency };
}

export const levelsOf: Readonly<Record<FeatureKind, readonly LevelDefinition[]>> = {
  given: [
    level('same', 0.8, 0.01, 1),
    level('nickname', 0.05, 0.003, 0.5),
    level('similar spelling', 0.06, 0.005, 0.5),
    level('swapped with family name', 0.01, 0.0002, 0.5),
    level('initial', 0.03, 0.05),
    level('loosely similar', 0.02, 0.06),
    level('different', 0.03, 0.87),
  ],
  family: [
    level('same', 0.86, 0.004, 1),
    level('similar spelling', 0.06, 0.003, 0.5),
    level('swapped with given name', 0.01, 0.0002, 0.5),
    level('one part of a double name', 0.02, 0.001, 0.5),
    level('loosely similar', 0.02, 0.03),
    level('different', 0.03, 0.96),
  ],
  organisation: [
    level('same', 0.65, 0.0005, 1),
    level('nearly all words', 0.12, 0.0005, 0.5),
    level('most words', 0.06, 0.001, 0.5),
    level('one contains the other', 0.05, 0.001, 0.5),
    level('similar spelling', 0.03, 0.001),
    level('mail domain reads like it', 0.05, 0.0005, 0.5),
    level('some words', 0.025, 0.01, 0.3),
    level('only words that others have', 0.005, 0.01, 0.3),
    level('mail domain reads unlike it', 0.05, 0.4),
    level('different', 0.06, 0.576),
  ],
  legalForm: [level('same', 0.85, 0.35, 0), level('different', 0.15, 0.65)],
  email: [
    level('same', 0.6, 0.00001, 1),
    level('same, as a namesake may have it', 0.1, 0.00001, 1),
    level('nearly the same', 0.08, 0.00002),
    level('same mailbox, other domain', 0.05, 0.0001, 0.5),
    level('similar mailbox', 0.03, 0.001),
    level('same company domain', 0.04, 0.004, 0.5),
    level('different', 0.1, 0.9948),
  ],
  phone: [
    level('same', 0.7, 0.00001, 1),
    level('same without area code', 0.03, 0.00001, 1),
    level('one digit off', 0.04, 0.00005),
    level('same exchange', 0.02, 0.002),
    level('different', 0.21, 0.9979),
  ],
  address: [
    level('same premises', 0.55, 0.00002, 1),
    level('nearly the same premises', 0.08, 0.00002, 0.6),
    level('same street, house number alike', 0.02, 0.00005, 0.4),
    level('same premises, other place', 0.03, 0.00002, 0.4),
    level('same street', 0.02, 0.0003),
    level('same postal code', 0.05, 0.003, 0.7),
    level('same city', 0.06, 0.03, 0.7),
    level('nearly the same place', 0.04, 0.01),
    level('same region', 0.03, 0.06),
    level('different', 0.1, 0.9),
  ],
  position: [
    level('same spot', 0.7, 0.00002, 1),
    level('next door', 0.15, 0.0001),
    level('in walking distance', 0.07, 0.005),
    level('in one town', 0.04, 0.05),
    level('different', 0.04, 0.94488),
  ],
  date: [
    level('same', 0.82, 0.0001, 1),
    level('day and month swapped', 0.03, 0.0001),
    level('one digit off', 0.05, 0.0015),
    level('two of three parts', 0.03, 0.006),
    level('two digits off', 0.015, 0.006),
    level('within a year', 0.015, 0.03),
    level('different', 0.04, 0.954),
  ],
  identifier: [
    level('same', 0.85, 0.00001, 1),
    level('one character off', 0.05, 0.0001),
    level('different', 0.1, 0.9999),
  ],
  domain: [
    level('same', 0.75, 0.0002, 1),
    level('same name, other ending', 0.05, 0.0001, 1),
    level('different', 0.2, 0.9997),
  ],
  category: [level('same', 0.85, 0.3, 0.8), level('different', 0.15, 0.7)],
  freeText: [
    level('same', 0.3, 0.001, 0.5),
    level('mostly the same', 0.2, 0.005),
    level('partly the same', 0.2, 0.05),
    level('different', 0.3, 0.944),
  ],
};

/** The first level of each comparison that shows another value; the ones before show the same value, well or badly written. */
export const otherValues: Readonly<Record<FeatureKind, number>> = {
  given: 6,
  family: 5,
  organisation: 6,
  legalForm: 1,
  email: 5,
  phone: 3,
  address: 4,
  position: 3,
  date: 6,
  identifier: 2,
  domain: 2,
  category: 1,
  freeText: 3,
};

/** How many bits the rarity of a value may move a level that is not exact. */
export const rarityLimitBits = 6;

/**
 * How often, at most, matching records may differ outright. People keep their names and birth dates: without this bound a group of strangers
 * who share one thing could be taken for the matches, and their differing names for a habit of matches.
 */
export const mostDifferent: Readonly<Record<FeatureKind, number>> = {
  given: 0.1,
  family: 0.12,
  organisation: 0.25,
  legalForm: 0.5,
  email: 0.7,
  phone: 0.7,
  address: 0.75,
  position: 0.3,
  date: 0.2,
  identifier: 0.2,
  domain: 0.5,
  category: 0.8,
  freeText: 0.8,
};

/** The same for what confusions share: a household that does not share its name is none. E-mails need not be shared at all. */
export const mostDifferentInConfusions: Readonly<Record<FeatureKind, number>> = {
  ...mostDifferent,
  given: 0.05,
  family: 0.06,
  organisation: 0.06,
  date: 0.06,
  domain: 0.3,
  email: 1,
};
