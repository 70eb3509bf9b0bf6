import type { Rarities } from '../frequencies.ts';
import { readOrganisation } from '../organisation-name.ts';
import type { WordPool } from '../word-pool.ts';
import { bloomOf } from './packed-rows.ts';
import type { ValueTable } from './value-table.ts';

interface Tokens {
  readonly words: Int32Array;
  readonly bits: Float64Array;
  readonly totalBits: number;
  readonly whole: number;
  readonly rarity: number;
  readonly initials: string;
  readonly legalForm: number;
  /** The words as a set of bits: names without a bit in common share no word. */
  readonly bloom: number;
}

interface Overlap {
  /** Bits of the words both have. */
  shared: number;
  /** Words of the shorter side that the other one lacks. */
  missing: number;
}

/** Names made of words that are worth as much as they are rare. */
abstract class TokenTable {
  protected readonly words: WordPool;
  protected rarityOf: Rarities;
  protected readonly entries: Tokens[] = [];
  readonly #ids = new Map<string, number>();
  readonly #overlap: Overlap = { shared: 0, missing: 0 };

  constructor(words: WordPool, rarities: Rarities) {
    this.words = words;
    this.rarityOf = rarities;
  }

  get size(): number {
    return this.entries.length;
  }

  intern(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const id = this.entries.length;
    this.entries.push(this.prepare(value));
    this.#ids.set(value, id);
    return id;
  }

  reprice(rarities: Rarities): void {
    this.rarityOf = rarities;
    for (const [value, id] of this.#ids) this.entries[id] = this.prepare(value);
  }

  protected abstract prepare(value: string): Tokens;

  protected tokens(parts: readonly string[], tokenSpace: string, wholeSpace: string, legalForm: string): Tokens {
    const distinct = [...new Set(parts)];
    const bits = Float64Array.from(distinct, (part) => Math.max(1, this.rarityOf.of(tokenSpace, part)));
    const whole = parts.join('');
    const words = Int32Array.from(distinct, (part) => this.words.intern(part));
    return {
      words,
      bloom: bloomOf(words),
      bits,
      totalBits: bits.reduce((sum, bit) => sum + bit, 0),
      whole: this.words.intern(whole),
      rarity: this.rarityOf.of(wholeSpace, whole),
      initials: distinct.map((part) => part.charAt(0)).join(''),
      legalForm: legalForm === '' ? -1 : this.words.intern(legalForm),
    };
  }

  /** Words shared exactly count fully, words shared up to a typing error count as much as they are alike. */
  protected overlap(a: Tokens, b: Tokens): Overlap {
    const few = a.words.length <= b.words.length ? a : b;
    const many = few === a ? b : a;
    let shared = 0;
    let missing = 0;
    // Names of several words that share none exactly are too far apart for typing errors to matter.
    if ((a.bloom & b.bloom) === 0 && few.words.length > 1) {
      this.#overlap.shared = 0;
      this.#overlap.missing = few.words.length;
      return this.#overlap;
    }
    for (let index = 0; index < few.words.length; index += 1) {
      const word = few.words[index] as number;
      const bits = few.bits[index] as number;
      if (many.words.includes(word)) {
        shared += bits;
        continue;
      }
      let best = 0;
      const length = this.words.lengthOf(word);
      if (length > 3) {
        for (let other = 0; other < many.words.length; other += 1) {
          const candidate = many.words[other] as number;
          if (Math.abs(this.words.lengthOf(candidate) - length) > 3) continue;
          const likeness = this.words.jaroWinkler(word, candidate, 0.9);
          if (likeness >= 0.9) best = Math.max(best, Math.min(bits, many.bits[other] as number) * (likeness - 0.1));
        }
      }
      if (best === 0) missing += 1;
      shared += best;
    }
    this.#overlap.shared = shared;
    this.#overlap.missing = missing;
    return this.#overlap;
  }
}

/** Organisation names: level of the name first, of the legal form second. */
export class OrganisationTable extends TokenTable implements ValueTable {
  readonly levels = new Int8Array(2);
  readonly rarities = new Float64Array(2);

  protected prepare(value: string): Tokens {
    const name = readOrganisation(value);
    return this.tokens(name.words, 'token', 'organisation', name.legalForm);
  }

  terms(value: string): (readonly [string, string])[] {
    const name = readOrganisation(value);
    return [['organisation', name.words.join('')], ...[...new Set(name.words)].map((word) => ['token', word] as const)];
  }

  compare(left: number, right: number): void {
    const a = this.entries[left] as Tokens;
    const b = this.entries[right] as Tokens;
    this.rarities[0] = 0;
    this.rarities[1] = 0;
    this.levels[0] = this.#level(a, b);
    this.levels[1] = a.legalForm < 0 || b.legalForm < 0 ? -1 : a.legalForm === b.legalForm ? 0 : 1;
  }

  #level(a: Tokens, b: Tokens): number {
    if (a.whole === b.whole) {
      this.rarities[0] = a.rarity;
      return 0;
    }
    const { shared, missing } = this.overlap(a, b);
    const union = a.totalBits + b.totalBits - shared;
    const ratio = shared / Math.max(union, 1e-9);
    if (shared > 0) this.rarities[0] = shared;
    if (ratio >= 0.8) return 1;
    if (missing === 0 && shared > 0) return 3;
    if (ratio >= 0.55) return 2;
    const words = this.words;
    const shorter = Math.min(words.lengthOf(a.whole), words.lengthOf(b.whole));
    if (shorter >= 5 && words.jaroWinkler(a.whole, b.whole, 0.93) >= 0.93) {
      this.rarities[0] = 0;
      return 4;
    }
    const acronym = (short: Tokens, long: Tokens): boolean =>
      short.words.length === 1 && long.initials.length >= 3 && words.texts[short.whole] === long.initials;
    if (acronym(a, b) || acronym(b, a)) {
      this.rarities[0] = 0;
      return 4;
    }
    if (ratio >= 0.25) return 5;
    this.rarities[0] = 0;
    return 6;
  }
}

/** Text that is compared by the words it shares, weighed by their rarity. */
export class FreeTextTable extends TokenTable implements ValueTable {
  readonly levels = new Int8Array(1);
  readonly rarities = new Float64Array(1);
  readonly #space: string;

  constructor(space: string, words: WordPool, rarities: Rarities) {
    super(words, rarities);
    this.#space = space;
  }

  protected prepare(value: string): Tokens {
    return this.tokens(value.split(' '), `text-word:${this.#space}`, `text:${this.#space}`, '');
  }

  terms(value: string): (readonly [string, string])[] {
    const words = value.split(' ');
    return [
      [`text:${this.#space}`, words.join('')],
      ...words.map((word) => [`text-word:${this.#space}`, word] as const),
    ];
  }

  compare(left: number, right: number): void {
    const a = this.entries[left] as Tokens;
    const b = this.entries[right] as Tokens;
    this.rarities[0] = 0;
    if (a.whole === b.whole) {
      this.rarities[0] = a.rarity;
      this.levels[0] = 0;
      return;
    }
    const { shared } = this.overlap(a, b);
    const ratio = shared / Math.max(a.totalBits + b.totalBits - shared, 1e-9);
    this.levels[0] = ratio >= 0.7 ? 1 : ratio >= 0.3 ? 2 : 3;
  }
}
