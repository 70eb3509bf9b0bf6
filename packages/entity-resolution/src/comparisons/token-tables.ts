import type { Rarities } from '../frequencies.ts';
import { isBesideMailbox, isReadOffDomain, readOrganisation } from '../organisation-name.ts';
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
  /** The name was read off a mail domain. */
  readonly fromDomain: boolean;
  /** The employee has a mailbox there, which is compared by itself. */
  readonly besideMailbox: boolean;
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

  protected tokens(parts: readonly string[], tokenSpace: string, wholeSpace: string): Tokens {
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
      legalForm: -1,
      fromDomain: false,
      besideMailbox: false,
    };
  }

  /** Words shared exactly count fully, words shared up to a typing error count as much as they are alike. */
  protected overlap(a: Tokens, b: Tokens): Overlap {
    const few = a.words.length <= b.words.length ? a : b;
    const many = few === a ? b : a;
    let shared = 0;
    let missing = 0;
    // Names of several words that share none exactly are too far apart for typing errors to matter. The bits only save the search:
    // which of them a word has depends on the words that came before it, and no weight may.
    if (few.words.length > 1 && ((a.bloom & b.bloom) === 0 || !sharesWord(few.words, many.words))) {
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

function sharesWord(few: Int32Array, many: Int32Array): boolean {
  for (let index = 0; index < few.length; index += 1) if (many.includes(few[index] as number)) return true;
  return false;
}

/** Organisation names: level of the name first, of the legal form second. */
export class OrganisationTable extends TokenTable implements ValueTable {
  readonly levels = new Int8Array(2);
  readonly rarities = new Float64Array(2);

  protected prepare(value: string): Tokens {
    const name = readOrganisation(value);
    const tokens = this.tokens(name.words, 'token', 'organisation');
    return {
      ...tokens,
      fromDomain: isReadOffDomain(value),
      besideMailbox: isBesideMailbox(value),
      legalForm: name.legalForm === '' ? -1 : this.words.intern(name.legalForm),
    };
  }

  terms(value: string): (readonly [string, string])[] {
    const name = readOrganisation(value);
    if (isReadOffDomain(value)) return [];
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
    // Two mail domains are compared as such already.
    if (a.fromDomain || b.fromDomain) return a.fromDomain && b.fromDomain ? -1 : this.#domainLevel(a, b);
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
    if (ratio >= 0.25) return 6;
    this.rarities[0] = 0;
    return 8;
  }

  /** A name against a mail domain, which mostly is the name or its beginning, or its initials. */
  #domainLevel(a: Tokens, b: Tokens): number {
    const [domain, name] = a.fromDomain ? [a, b] : [b, a];
    if (name.besideMailbox) return -1;
    const words = this.words;
    const shorter = Math.min(words.lengthOf(domain.whole), words.lengthOf(name.whole));
    const reads =
      domain.whole === name.whole ||
      words.sharedPrefix(domain.whole, name.whole) >= Math.max(4, Math.min(7, shorter)) ||
      words.jaroWinkler(domain.whole, name.whole, 0.93) >= 0.93 ||
      (name.initials.length >= 4 && words.texts[domain.whole] === name.initials);
    if (!reads) return 7;
    this.rarities[0] = name.rarity;
    return 5;
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
    return this.tokens(value.split(' '), `text-word:${this.#space}`, `text:${this.#space}`);
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
