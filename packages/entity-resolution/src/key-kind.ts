import { finishHashWithin } from './hash.ts';

/**
 * What a blocking key can be made of: the mark that its text begins with, and words for it. The order is part of stored models and of
 * stored keys, so new kinds are added at the end.
 */
const kinds: readonly (readonly [mark: string, words: string])[] = [
  ['i', 'an identifier'],
  ['e', 'the e-mail address'],
  ['p', 'the phone number'],
  ['w', 'the domain'],
  ['d', 'the date'],
  ['dg', 'the date and an initial'],
  ['df', 'the date and the initial of the family name'],
  ['dy', 'the year and the sound of the family name'],
  ['dx', 'the year and the sound of the given name'],
  ['dm', 'the day and the sound of the given name'],
  ['l', 'the mailbox'],
  ['lp', 'the beginning of the mailbox'],
  ['n', 'both names'],
  ['k', 'the given name or a nickname, and the sound of the family name'],
  ['s', 'the sound of the family name and an initial'],
  ['g', 'the sound of the given name and an initial'],
  ['h', 'the sound of both names'],
  ['z', 'the place and the sound of the family name'],
  ['x', 'the place and the sound of the given name'],
  ['y', 'the employer and the sound of the family name'],
  ['q', 'the employer and the sound of the given name'],
  ['o', 'the words of the organisation'],
  ['c', 'the beginning of the organisation'],
  ['t', 'a rare word of the organisation'],
  ['u', 'the sound of the first words of the organisation'],
  ['a', 'the house number and the street'],
  ['b', 'the house number and the postal code'],
  ['r', 'a word of the text'],
  ['ln', 'a link'],
];

/** A key that is joined with one more property is of the kind that lies this much higher. */
export const joined = 32;
/** How many kinds there can be. */
export const keyKinds = 2 * joined;

const hashesOfKind = 2 ** 42;
/** Every hash of a key is below this. */
export const hashBound = keyKinds * hashesOfKind;
const codes = new Map(kinds.map(([mark], code) => [mark, code]));

/** The kind of keys that begin with a mark. */
export function keyKindOf(mark: string): number {
  const code = codes.get(mark);
  if (code === undefined) throw new RangeError(`no blocking key begins with ${mark}`);
  return code;
}

/** The kind of key as stored models name it: the mark, and `&` behind it where one more property is joined. */
export function keyKindName(kind: number): string {
  const [mark] = kinds[kind % joined] as readonly [string, string];
  return kind >= joined ? `${mark}&` : mark;
}

/** A hash of 48 bits that tells the kind of its key in the highest six of them. */
export function hashOfKind(kind: number, hash: number): number {
  return kind * hashesOfKind + (hash % hashesOfKind);
}

/** The same from the halves of the hash before it was finished, without dividing large numbers. */
export function finishHashOfKind(kind: number, low: number, high: number, length: number): number {
  return kind * hashesOfKind + finishHashWithin(low, high, length, hashesOfKind / 2 ** 32 - 1);
}

export function kindOfHash(hash: number): number {
  return Math.floor(hash / hashesOfKind);
}

/** What a blocking key is made of, in words and without its values. */
export function wordsOfKey(key: string): string {
  const [own = '', joint] = key.split('&', 2);
  const mark = own.slice(0, Math.max(0, own.indexOf(':')));
  const code = codes.get(mark);
  const words =
    code !== undefined
      ? (kinds[code] as readonly [string, string])[1]
      : mark.startsWith('i') && mark.length > 1
        ? mark.slice(1)
        : 'a key';
  return joint === undefined ? words : `${words} with one more property`;
}

/** Which pairs are worth comparing, by the kinds of keys that they share. */
export class KeyRule {
  /** By kind: 1 where such a key alone is too little. */
  readonly weak: Uint8Array;

  /** @param weakKinds names of the kinds of which one key alone is too little */
  constructor(weakKinds: readonly string[] | undefined) {
    const names = new Set(weakKinds);
    this.weak = Uint8Array.from({ length: keyKinds }, (_, kind) =>
      kind % joined < kinds.length && names.has(keyKindName(kind)) ? 1 : 0,
    );
  }

  /** Whether two records are a candidate pair only when they share this key and another one. */
  isWeak(hash: number): boolean {
    return this.weak[kindOfHash(hash)] === 1;
  }

  /** Whether two records that share these keys are a candidate pair. */
  suffices(shared: readonly number[]): boolean {
    return shared.length > 1 || (shared.length === 1 && !this.isWeak(shared[0] as number));
  }
}
