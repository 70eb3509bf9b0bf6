import type { ArrayHolder } from '../array-holder.ts';
import type { Rarities, SpaceRarity } from '../frequencies.ts';
import { hashText } from '../hash.ts';
import { nicknameGroupsOf, nicknameInitials, type PersonName, readName } from '../person-name.ts';
import type { WordPool } from '../word-pool.ts';
import { bloomOf, isAmong, PackedLists, PackedRows, Prices } from './packed-rows.ts';
import { PooledTable } from './pooled-table.ts';
import type { TableParts } from './value-table.ts';

/**
 * Columns of a packed name: first given word, all given words joined, all family words joined (-1 for none), nickname groups as a set of bits,
 * the numbers of given and family words with the generation, and where the lists of given words, of family words (-1 for a single one) and of
 * nickname groups begin.
 */
const givenFirst = 0;
const givenWhole = 1;
const familyWhole = 2;
const nicknameBloom = 3;
const counts = 4;
const givenList = 5;
const familyList = 6;
const nicknameList = 7;
const width = 8;

const none: readonly number[] = [];
const noWords = new Int32Array(0);

function familyCountOf(packed: number): number {
  return (packed >> 8) & 255;
}

const sameGiven = 0;
const nickname = 1;
const similarGiven = 2;
const swappedGiven = 3;
const initial = 4;
const looseGiven = 5;
const differentGiven = 6;
const sameFamily = 0;
const similarFamily = 1;
const swappedFamily = 2;
const partOfFamily = 3;
const looseFamily = 4;
const differentFamily = 5;

/** Places in `spaces` and in the rarities of a name. */
const givenSpace = 0;
const familySpace = 1;
const fullSpace = 2;

/** Person names: level of the given name first, of the family name second. */
export class NameTable extends PooledTable {
  readonly spaces = ['given', 'family', 'fullName'];
  readonly #packed: PackedRows;
  /** Lists of words and of nickname groups; each begins with its length. */
  readonly #lists: PackedLists;
  /** The list of nickname groups of a first given word, by the word. */
  readonly #nicknameLists = new Map<number, number>();
  readonly #words: WordPool;
  #rarity: readonly SpaceRarity[] = [];
  /**
   * Bits of the given name, of the family name, and those that the whole name is worth at most: given and family names go together by language,
   * so their bits do not simply add up.
   */
  readonly #prices: Prices;
  /** Hashes of whole names. */
  readonly #hashes: Prices;

  constructor(parts: TableParts) {
    super(parts);
    const { words, rarities, expected } = parts;
    this.#packed = new PackedRows(width, expected);
    this.#lists = new PackedLists(expected);
    this.#prices = new Prices(3, expected);
    this.#hashes = new Prices(1, expected);
    this.#words = words;
    this.#take(rarities);
  }

  get holders(): readonly ArrayHolder[] {
    return [this.#packed, this.#lists, this.#prices];
  }

  protected override enter(id: number, value: string): void {
    const name = readName(value);
    const words = this.#words;
    const given = name.given.map((word) => words.intern(word));
    const first = given[0] ?? -1;
    const nicknames = first < 0 ? none : nicknameGroupsOf(name.given[0] as string);
    const givenJoined = given.length > 1 ? words.intern(name.given.join('')) : first;
    const family = name.family.map((word) => words.intern(word));
    const familyJoined = family.length > 1 ? words.intern(name.family.join('')) : (family[0] ?? -1);
    this.#packed.push([
      first,
      givenJoined,
      familyJoined,
      bloomOf(nicknames),
      Math.min(255, given.length) | (Math.min(255, family.length) << 8) | (name.generation << 16),
      given.length > 1 ? this.#lists.push([given.length, ...given]) : -1,
      family.length > 1 ? this.#lists.push([family.length, ...family]) : -1,
      nicknames.length === 0 ? -1 : this.#nicknameList(first, nicknames),
    ]);
    const at = this.#hashes.at(id);
    this.#hashes.data[at] = hashText(fullTerm(name));
    if (this.isPriced) this.#price(id);
    else this.#prices.at(id);
  }

  #nicknameList(word: number, groups: readonly number[]): number {
    let list = this.#nicknameLists.get(word);
    if (list === undefined) {
      list = this.#lists.push([groups.length, ...groups]);
      this.#nicknameLists.set(word, list);
    }
    return list;
  }

  reprice(rarities: Rarities): void {
    this.isPriced = true;
    this.#take(rarities);
    for (let id = 0; id < this.#packed.rows; id += 1) this.#price(id);
  }

  #take(rarities: Rarities): void {
    this.#rarity = this.spaces.map((space) => rarities.in(space));
  }

  #price(id: number): void {
    const { data } = this.#packed;
    const words = this.#words;
    const [ofGiven, ofFamily, ofFull] = this.#rarity as [SpaceRarity, SpaceRarity, SpaceRarity];
    const given = data[id * width + givenFirst] as number;
    const family = data[id * width + familyWhole] as number;
    const at = this.#prices.at(id);
    this.#prices.data[at + givenSpace] = given < 0 ? 0 : ofGiven(words.hashOf(given));
    this.#prices.data[at + familySpace] = family < 0 ? 0 : ofFamily(words.hashOf(family));
    this.#prices.data[at + fullSpace] = ofFull(this.#hashes.data[id] as number);
  }

  /** Generation of an interned name: 0 unknown, 1 senior, 2 junior, 3 third. */
  generation(id: number): number {
    return (this.#packed.data[id * width + counts] as number) >> 16;
  }

  /** The first given word, -1 for none. */
  firstGiven(id: number): number {
    return this.#packed.data[id * width + givenFirst] as number;
  }

  /** All family words joined, -1 for none. */
  wholeFamily(id: number): number {
    return this.#packed.data[id * width + familyWhole] as number;
  }

  /** The words of a family name of several, none of a single one. */
  familyWords(id: number): Int32Array {
    return this.#listAt(this.#packed.data[id * width + familyList] as number);
  }

  /** The nickname groups of the first given word. */
  nicknameGroups(id: number): Int32Array {
    return this.#listAt(this.#packed.data[id * width + nicknameList] as number);
  }

  #listAt(list: number): Int32Array {
    if (list < 0) return noWords;
    const { data } = this.#lists;
    return data.subarray(list + 1, list + 1 + (data[list] as number));
  }

  eachTerm(id: number, tell: (space: number, hash: number) => void): void {
    const { data } = this.#packed;
    const given = data[id * width + givenFirst] as number;
    const family = data[id * width + familyWhole] as number;
    if (given >= 0) tell(givenSpace, this.#words.hashOf(given));
    if (family >= 0) tell(familySpace, this.#words.hashOf(family));
    if (given >= 0 && family >= 0) tell(fullSpace, this.#hashes.data[id] as number);
  }

  compare(left: number, right: number): void {
    const { rarities, levels } = this;
    rarities[0] = 0;
    rarities[1] = 0;
    const given = this.#given(left, right);
    const family = this.#family(left, right);
    levels[0] = given;
    levels[1] = family;
    if ((given >= initial || given < 0) && (family >= partOfFamily || family < 0)) this.#swapped(left, right);
    const total = (rarities[0] as number) + (rarities[1] as number);
    if (total === 0) return;
    const most = Math.max(
      this.#prices.data[left * 3 + fullSpace] as number,
      this.#prices.data[right * 3 + fullSpace] as number,
    );
    if (total > most) {
      rarities[0] = ((rarities[0] as number) * most) / total;
      rarities[1] = ((rarities[1] as number) * most) / total;
    }
  }

  #given(left: number, right: number): number {
    const { data } = this.#packed;
    const a = left * width;
    const b = right * width;
    const x = data[a + givenFirst] as number;
    const y = data[b + givenFirst] as number;
    if (x < 0 || y < 0) return -1;
    const words = this.#words;
    if (x === y) {
      const agrees =
        (data[a + givenList] as number) < 0 || (data[b + givenList] as number) < 0 || this.#middleAgrees(left, right);
      if (words.lengthOf(x) === 1) return agrees ? initial : differentGiven;
      if (!agrees) return looseGiven;
      this.rarities[0] = this.#givenBits(left);
      return sameGiven;
    }
    if (data[a + givenWhole] === data[b + givenWhole]) {
      this.rarities[0] = Math.max(this.#givenBits(left), this.#givenBits(right));
      return sameGiven;
    }
    if (
      ((data[a + nicknameBloom] as number) & (data[b + nicknameBloom] as number)) !== 0 &&
      this.#nicknames(left, right)
    ) {
      this.#shareGiven(left, right);
      return nickname;
    }
    const lx = words.lengthOf(x);
    const ly = words.lengthOf(y);
    if (lx === 1 || ly === 1) return this.#initialAgrees(x, y, left, right) ? initial : differentGiven;
    const likeness = words.jaroWinkler(x, y, 0.78);
    if (likeness >= 0.92 || (lx >= 3 && ly >= 3 && words.edits(x, y, 1) <= 1)) {
      this.#shareGiven(left, right);
      return similarGiven;
    }
    if (this.#usesMiddle(left, right)) return initial;
    return likeness >= 0.78 ? looseGiven : differentGiven;
  }

  #givenBits(id: number): number {
    return this.#prices.data[id * 3 + givenSpace] as number;
  }

  #familyBits(id: number): number {
    return this.#prices.data[id * 3 + familySpace] as number;
  }

  #shareGiven(left: number, right: number): void {
    this.rarities[0] = Math.min(this.#givenBits(left), this.#givenBits(right));
  }

  #nicknames(left: number, right: number): boolean {
    const { data } = this.#packed;
    const lists = this.#lists.data;
    const a = data[left * width + nicknameList] as number;
    const b = data[right * width + nicknameList] as number;
    if (a < 0 || b < 0) return false;
    for (let at = a + 1; at <= a + (lists[a] as number); at += 1)
      if (isAmong(lists, b, lists[at] as number)) return true;
    return false;
  }

  /** An initial agrees with a name that starts with it, and with a name that has a short form which does (B. and Robert). */
  #initialAgrees(x: number, y: number, left: number, right: number): boolean {
    const words = this.#words;
    if (words.firstCode(x) === words.firstCode(y)) return true;
    const [short, long] = words.lengthOf(x) === 1 ? [x, right] : [y, left];
    const list = this.#packed.data[long * width + nicknameList] as number;
    if (list < 0) return false;
    const letter = words.textOf(short);
    const lists = this.#lists.data;
    for (let at = list + 1; at <= list + (lists[list] as number); at += 1)
      if (nicknameInitials(lists[at] as number).includes(letter)) return true;
    return false;
  }

  /** One side goes by a further given name of the other. */
  #usesMiddle(left: number, right: number): boolean {
    const { data } = this.#packed;
    const a = data[left * width + givenList] as number;
    const b = data[right * width + givenList] as number;
    const lists = this.#lists.data;
    return (
      (b >= 0 && isAmong(lists, b, data[left * width + givenFirst] as number)) ||
      (a >= 0 && isAmong(lists, a, data[right * width + givenFirst] as number))
    );
  }

  /** Further given names must not contradict each other: an initial agrees with a name that starts with it. */
  #middleAgrees(left: number, right: number): boolean {
    const { data } = this.#packed;
    const x = this.#lists.data[(data[left * width + givenList] as number) + 2] as number;
    const y = this.#lists.data[(data[right * width + givenList] as number) + 2] as number;
    if (x === y) return true;
    const words = this.#words;
    if (words.lengthOf(x) === 1 || words.lengthOf(y) === 1) return words.firstCode(x) === words.firstCode(y);
    return words.jaroWinkler(x, y, 0.85) >= 0.85;
  }

  #family(left: number, right: number): number {
    const { data } = this.#packed;
    const a = left * width;
    const b = right * width;
    const x = data[a + familyWhole] as number;
    const y = data[b + familyWhole] as number;
    if (x < 0 || y < 0) return -1;
    if (x === y) {
      this.rarities[1] = this.#familyBits(left);
      return sameFamily;
    }
    const words = this.#words;
    const likeness = words.jaroWinkler(x, y, 0.82);
    const shorter = Math.min(words.lengthOf(x), words.lengthOf(y));
    if (likeness >= 0.93 || (shorter >= 3 && words.edits(x, y, 1) <= 1)) {
      this.rarities[1] = Math.min(this.#familyBits(left), this.#familyBits(right));
      return similarFamily;
    }
    if (familyCountOf(data[a + counts] as number) !== familyCountOf(data[b + counts] as number)) {
      if (this.#isPart(left, right)) return partOfFamily;
    }
    if (shorter === 1) return words.firstCode(x) === words.firstCode(y) ? -1 : differentFamily;
    return likeness >= 0.82 ? looseFamily : differentFamily;
  }

  /** Whether the words of the shorter family name are among those of the longer one. */
  #isPart(left: number, right: number): boolean {
    const { data } = this.#packed;
    const leftIsShorter =
      familyCountOf(data[left * width + counts] as number) < familyCountOf(data[right * width + counts] as number);
    const short = leftIsShorter ? left : right;
    const long = data[(leftIsShorter ? right : left) * width + familyList] as number;
    const few = data[short * width + familyList] as number;
    const lists = this.#lists.data;
    const isIn = (word: number): boolean => this.#words.lengthOf(word) > 2 && isAmong(lists, long, word);
    if (few < 0) {
      if (!isIn(data[short * width + familyWhole] as number)) return false;
    } else {
      for (let at = few + 1; at <= few + (lists[few] as number); at += 1) if (!isIn(lists[at] as number)) return false;
    }
    this.rarities[1] = this.#familyBits(short);
    return true;
  }

  #swapped(left: number, right: number): void {
    const { data } = this.#packed;
    const a = left * width;
    const b = right * width;
    const givenA = data[a + givenWhole] as number;
    const givenB = data[b + givenWhole] as number;
    const familyA = data[a + familyWhole] as number;
    const familyB = data[b + familyWhole] as number;
    const exact = (givenA >= 0 && givenA === familyB) || (familyA >= 0 && familyA === givenB);
    const least = exact ? 0.85 : 0.93;
    const crossed = this.#alike(givenA, familyB, least);
    const back = this.#alike(familyA, givenB, least);
    if (crossed && back) {
      // One slip, not two: the whole name counts once.
      this.levels[0] = swappedGiven;
      this.levels[1] = -1;
      this.rarities[0] = this.#givenBits(left) + this.#familyBits(left);
      this.rarities[1] = 0;
    } else if ((crossed && (familyA < 0 || givenB < 0)) || (back && (givenA < 0 || familyB < 0))) {
      this.levels[1] = swappedFamily;
    }
  }

  #alike(x: number, y: number, least: number): boolean {
    if (x < 0 || y < 0) return false;
    if (x === y) return true;
    const words = this.#words;
    if (words.lengthOf(x) < 3 || words.lengthOf(y) < 3) return false;
    return words.jaroWinkler(x, y, least) >= least || words.edits(x, y, 1) <= 1;
  }
}

function fullTerm(name: PersonName): string {
  return `${name.given[0] ?? ''} ${name.family.join('')}`;
}
