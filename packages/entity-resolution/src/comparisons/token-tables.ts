import type { ArrayHolder } from '../array-holder.ts';
import type { Rarities, SpaceRarity } from '../frequencies.ts';
import { isBesideMailbox, isReadOffDomain, readOrganisation } from '../organisation-name.ts';
import type { WordPool } from '../word-pool.ts';
import { bloomOf, PackedLists, PackedRows, Prices } from './packed-rows.ts';
import { PooledTable } from './pooled-table.ts';
import type { TableParts } from './value-table.ts';

/**
 * Columns of a packed name: its words joined, its legal form and its initials as words (-1 for none), marks, the words as a set of bits (names
 * without a bit in common share no word), and where the list of its distinct words begins and how long it is.
 */
const whole = 0;
const legalForm = 1;
const initials = 2;
const marks = 3;
const bloom = 4;
const list = 5;
const count = 6;
const width = 8;

/** The name was read off a mail domain. */
const domainMark = 1;
/** The employee has a mailbox there, which is compared by itself. */
const mailboxMark = 2;

/** Rarities of a name: of the whole, and of its words together. */
const wholePrice = 0;
const totalPrice = 1;

/** Places in `spaces`. */
const wholeSpace = 0;
const wordSpace = 1;

interface Overlap {
  /** Bits of the words both have. */
  shared: number;
  /** Words of the shorter side that the other one lacks. */
  missing: number;
}

interface Reading {
  readonly words: readonly string[];
  readonly legalForm: string;
  readonly marks: number;
}

/** Names made of words that are worth as much as they are rare. */
abstract class TokenTable extends PooledTable {
  readonly spaces: readonly [string, string];
  protected readonly words: WordPool;
  protected readonly packed: PackedRows;
  protected readonly prices: Prices;
  readonly #lists: PackedLists;
  /** Bits of the words in the lists, place by place. */
  readonly #bits: Prices;
  #rarity: readonly SpaceRarity[] = [];
  readonly #overlap: Overlap = { shared: 0, missing: 0 };

  constructor(spaces: readonly [string, string], parts: TableParts) {
    super(parts);
    const { words, rarities, expected } = parts;
    this.packed = new PackedRows(width, expected);
    this.prices = new Prices(2, expected);
    this.#lists = new PackedLists(expected * 3);
    this.#bits = new Prices(1, expected * 3);
    this.spaces = spaces;
    this.words = words;
    this.#take(rarities);
  }

  get holders(): readonly ArrayHolder[] {
    return [this.packed, this.prices, this.#lists, this.#bits, ...this.values.holders];
  }

  protected override enter(id: number, value: string): void {
    const { words } = this;
    const read = this.read(value);
    const distinct = [...new Set(read.words)];
    const ids = distinct.map((word) => words.intern(word));
    this.packed.push([
      words.intern(read.words.join('')),
      read.legalForm === '' ? -1 : words.intern(read.legalForm),
      words.intern(distinct.map((word) => word.charAt(0)).join('')),
      read.marks,
      bloomOf(ids),
      this.#lists.push(ids),
      ids.length,
    ]);
    if (this.isPriced) this.#price(id);
    else this.#makeRoom(id);
  }

  reprice(rarities: Rarities): void {
    this.isPriced = true;
    this.#take(rarities);
    for (let id = 0; id < this.packed.rows; id += 1) this.#price(id);
  }

  #take(rarities: Rarities): void {
    this.#rarity = this.spaces.map((space) => rarities.in(space));
  }

  #price(id: number): void {
    const [ofWhole, ofWord] = this.#rarity as [SpaceRarity, SpaceRarity];
    const { words } = this;
    const { data } = this.packed;
    const from = data[id * width + list] as number;
    const to = from + (data[id * width + count] as number);
    let total = 0;
    this.#makeRoom(id);
    for (let place = from; place < to; place += 1) {
      const bits = Math.max(1, ofWord(words.hashOf(this.#lists.data[place] as number)));
      this.#bits.data[place] = bits;
      total += bits;
    }
    const at = this.prices.at(id);
    this.prices.data[at + wholePrice] = ofWhole(words.hashOf(data[id * width + whole] as number));
    this.prices.data[at + totalPrice] = total;
  }

  /** The distinct words of a name. */
  wordsOf(id: number): Int32Array {
    const from = this.packed.data[id * width + list] as number;
    return this.#lists.data.subarray(from, from + (this.packed.data[id * width + count] as number));
  }

  /** Room for the prices of a name and of its words. */
  #makeRoom(id: number): void {
    const { data } = this.packed;
    this.#bits.at((data[id * width + list] as number) + (data[id * width + count] as number));
    this.prices.at(id);
  }

  eachTerm(id: number, tell: (space: number, hash: number) => void): void {
    const { data } = this.packed;
    const at = id * width;
    if (((data[at + marks] as number) & domainMark) !== 0) return;
    tell(wholeSpace, this.words.hashOf(data[at + whole] as number));
    const from = data[at + list] as number;
    const to = from + (data[at + count] as number);
    for (let place = from; place < to; place += 1)
      tell(wordSpace, this.words.hashOf(this.#lists.data[place] as number));
  }

  protected abstract read(value: string): Reading;

  /** Words shared exactly count fully, words shared up to a typing error count as much as they are alike. */
  protected overlap(left: number, right: number): Overlap {
    const { data } = this.packed;
    const lists = this.#lists.data;
    const bitsOf = this.#bits.data;
    const { words } = this;
    const overlap = this.#overlap;
    const leftIsFewer = (data[left * width + count] as number) <= (data[right * width + count] as number);
    const few = (leftIsFewer ? left : right) * width;
    const many = (leftIsFewer ? right : left) * width;
    const from = data[few + list] as number;
    const to = from + (data[few + count] as number);
    const among = data[many + list] as number;
    const end = among + (data[many + count] as number);
    let shared = 0;
    let missing = 0;
    // Names of several words that share none exactly are too far apart for typing errors to matter. The bits only save the search:
    // which of them a word has depends on the words that came before it, and no weight may.
    if (
      to - from > 1 &&
      (((data[few + bloom] as number) & (data[many + bloom] as number)) === 0 || !this.#shareWord(few, many))
    ) {
      overlap.shared = 0;
      overlap.missing = to - from;
      return overlap;
    }
    for (let place = from; place < to; place += 1) {
      const word = lists[place] as number;
      const bits = bitsOf[place] as number;
      if (contains(lists, among, end, word)) {
        shared += bits;
        continue;
      }
      let best = 0;
      const length = words.lengthOf(word);
      if (length > 3) {
        for (let other = among; other < end; other += 1) {
          const candidate = lists[other] as number;
          if (Math.abs(words.lengthOf(candidate) - length) > 3) continue;
          const likeness = words.jaroWinkler(word, candidate, 0.9);
          if (likeness >= 0.9) best = Math.max(best, Math.min(bits, bitsOf[other] as number) * (likeness - 0.1));
        }
      }
      if (best === 0) missing += 1;
      shared += best;
    }
    overlap.shared = shared;
    overlap.missing = missing;
    return overlap;
  }

  /** Whether one has the word, up to a typing error, that names the other: the rarest one. */
  protected sharesNaming(left: number, right: number): boolean {
    return this.#hasNaming(left, right) || this.#hasNaming(right, left);
  }

  #hasNaming(holder: number, named: number): boolean {
    const { data } = this.packed;
    const lists = this.#lists.data;
    const from = data[named * width + list] as number;
    const to = from + (data[named * width + count] as number);
    let rarest = from;
    for (let place = from + 1; place < to; place += 1)
      if ((this.#bits.data[place] as number) > (this.#bits.data[rarest] as number)) rarest = place;
    const word = lists[rarest] as number;
    const among = data[holder * width + list] as number;
    const end = among + (data[holder * width + count] as number);
    if (contains(lists, among, end, word)) return true;
    if (this.words.lengthOf(word) <= 3) return false;
    for (let other = among; other < end; other += 1)
      if (this.words.jaroWinkler(word, lists[other] as number, 0.9) >= 0.9) return true;
    return false;
  }

  #shareWord(few: number, many: number): boolean {
    const { data } = this.packed;
    const lists = this.#lists.data;
    const from = data[few + list] as number;
    const to = from + (data[few + count] as number);
    const among = data[many + list] as number;
    const end = among + (data[many + count] as number);
    for (let place = from; place < to; place += 1) if (contains(lists, among, end, lists[place] as number)) return true;
    return false;
  }
}

function contains(lists: Int32Array, from: number, to: number, wanted: number): boolean {
  for (let at = from; at < to; at += 1) if (lists[at] === wanted) return true;
  return false;
}

/** Organisation names: level of the name first, of the legal form second. */
export class OrganisationTable extends TokenTable {
  constructor(parts: TableParts) {
    super(['organisation', 'token'], parts);
  }

  protected read(value: string): Reading {
    const name = readOrganisation(value);
    return {
      words: name.words,
      legalForm: name.legalForm,
      marks: (isReadOffDomain(value) ? domainMark : 0) | (isBesideMailbox(value) ? mailboxMark : 0),
    };
  }

  compare(left: number, right: number): void {
    const { data } = this.packed;
    this.rarities[0] = 0;
    this.rarities[1] = 0;
    this.levels[0] = this.#level(left, right);
    const x = data[left * width + legalForm] as number;
    const y = data[right * width + legalForm] as number;
    this.levels[1] = x < 0 || y < 0 ? -1 : x === y ? 0 : 1;
  }

  #level(left: number, right: number): number {
    const { data } = this.packed;
    const prices = this.prices.data;
    const a = left * width;
    const b = right * width;
    const either = (data[a + marks] as number) | (data[b + marks] as number);
    // Two mail domains are compared as such already.
    if ((either & domainMark) !== 0)
      return ((data[a + marks] as number) & (data[b + marks] as number) & domainMark) !== 0
        ? -1
        : this.#domainLevel(left, right);
    const x = data[a + whole] as number;
    const y = data[b + whole] as number;
    if (x === y) {
      this.rarities[0] = prices[left * 2 + wholePrice] as number;
      return 0;
    }
    const { shared, missing } = this.overlap(left, right);
    const union = (prices[left * 2 + totalPrice] as number) + (prices[right * 2 + totalPrice] as number) - shared;
    const ratio = shared / Math.max(union, 1e-9);
    if (shared > 0) this.rarities[0] = shared;
    if (ratio >= 0.8) return 1;
    if (missing === 0 && shared > 0) return 3;
    if (ratio >= 0.55) return 2;
    const words = this.words;
    const shorter = Math.min(words.lengthOf(x), words.lengthOf(y));
    // Long names that begin with the same common words are spelt alike, and yet are not one.
    if (shorter >= 5 && words.jaroWinkler(x, y, 0.93) >= 0.93 && (shared === 0 || this.sharesNaming(left, right))) {
      this.rarities[0] = 0;
      return 4;
    }
    if (this.#isAcronym(a, b) || this.#isAcronym(b, a)) {
      this.rarities[0] = 0;
      return 4;
    }
    if (ratio >= 0.25) return this.sharesNaming(left, right) ? 6 : 7;
    this.rarities[0] = 0;
    return 9;
  }

  #isAcronym(short: number, long: number): boolean {
    const { data } = this.packed;
    return (
      data[short + count] === 1 &&
      data[short + whole] === data[long + initials] &&
      this.words.lengthOf(data[long + initials] as number) >= 3
    );
  }

  /** A name against a mail domain, which mostly is the name or its beginning, or its initials. */
  #domainLevel(left: number, right: number): number {
    const { data } = this.packed;
    const leftIsDomain = ((data[left * width + marks] as number) & domainMark) !== 0;
    const domain = (leftIsDomain ? left : right) * width;
    const id = leftIsDomain ? right : left;
    const name = id * width;
    if (((data[name + marks] as number) & mailboxMark) !== 0) return -1;
    const words = this.words;
    const x = data[domain + whole] as number;
    const y = data[name + whole] as number;
    const shorter = Math.min(words.lengthOf(x), words.lengthOf(y));
    const reads =
      x === y ||
      words.sharedPrefix(x, y) >= Math.max(4, Math.min(7, shorter)) ||
      words.jaroWinkler(x, y, 0.93) >= 0.93 ||
      (x === data[name + initials] && words.lengthOf(x) >= 4);
    if (!reads) return 8;
    this.rarities[0] = this.prices.data[id * 2 + wholePrice] as number;
    return 5;
  }
}

/** Text that is compared by the words it shares, weighed by their rarity. */
export class FreeTextTable extends TokenTable {
  constructor(space: string, parts: TableParts) {
    super([`text:${space}`, `text-word:${space}`], parts);
  }

  protected read(value: string): Reading {
    return { words: value.split(' '), legalForm: '', marks: 0 };
  }

  compare(left: number, right: number): void {
    const { data } = this.packed;
    const prices = this.prices.data;
    this.rarities[0] = 0;
    if (data[left * width + whole] === data[right * width + whole]) {
      this.rarities[0] = prices[left * 2 + wholePrice] as number;
      this.levels[0] = 0;
      return;
    }
    const { shared } = this.overlap(left, right);
    const union = (prices[left * 2 + totalPrice] as number) + (prices[right * 2 + totalPrice] as number) - shared;
    const ratio = shared / Math.max(union, 1e-9);
    this.levels[0] = ratio >= 0.7 ? 1 : ratio >= 0.3 ? 2 : 3;
  }
}
