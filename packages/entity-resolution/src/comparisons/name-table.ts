import type { Rarities } from '../frequencies.ts';
import { nicknameGroupsOf, nicknameInitials, type PersonName, readName } from '../person-name.ts';
import type { WordPool } from '../word-pool.ts';
import { bloomOf, PackedRows } from './packed-rows.ts';
import type { ValueTable } from './value-table.ts';

/** Columns of a packed name: first given word, all given words joined, all family words joined (-1 for none), nickname groups, number of given and family words. */
const givenFirst = 0;
const givenWhole = 1;
const familyWhole = 2;
const nicknameBloom = 3;
const givenCount = 4;
const familyCount = 5;
const width = 8;

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

interface NameWords {
  readonly given: readonly number[];
  readonly family: readonly number[];
  readonly nicknames: readonly number[];
  readonly generation: number;
}

/** Person names: level of the given name first, of the family name second. */
export class NameTable implements ValueTable {
  readonly levels = new Int8Array(2);
  readonly rarities = new Float64Array(2);
  readonly #packed = new PackedRows(width);
  readonly #names: NameWords[] = [];
  readonly #ids = new Map<string, number>();
  readonly #words: WordPool;
  #rarityOf: Rarities;
  #givenRarity: number[] = [];
  #familyRarity: number[] = [];
  /** Bits that the whole name is worth at most: given and family names go together by language, so their bits do not simply add up. */
  #mostRarity: number[] = [];

  constructor(words: WordPool, rarities: Rarities) {
    this.#words = words;
    this.#rarityOf = rarities;
  }

  get size(): number {
    return this.#names.length;
  }

  intern(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const name = readName(value);
    const words = this.#words;
    const given = name.given.map((word) => words.intern(word));
    const nicknames = name.given[0] === undefined ? [] : nicknameGroupsOf(name.given[0]);
    const id = this.#packed.push([
      given[0] ?? -1,
      given.length === 0 ? -1 : words.intern(name.given.join('')),
      name.family.length === 0 ? -1 : words.intern(name.family.join('')),
      bloomOf(nicknames),
      name.given.length,
      name.family.length,
    ]);
    this.#names.push({
      given,
      family: name.family.map((word) => words.intern(word)),
      nicknames,
      generation: name.generation,
    });
    this.#ids.set(value, id);
    this.#price(name, id);
    return id;
  }

  reprice(rarities: Rarities): void {
    this.#rarityOf = rarities;
    for (const [value, id] of this.#ids) this.#price(readName(value), id);
  }

  #price(name: PersonName, id: number): void {
    this.#givenRarity[id] = name.given[0] === undefined ? 0 : this.#rarityOf.of('given', name.given[0]);
    this.#familyRarity[id] = name.family.length === 0 ? 0 : this.#rarityOf.of('family', name.family.join(''));
    this.#mostRarity[id] = this.#rarityOf.of('fullName', fullTerm(name));
  }

  /** Generation of an interned name: 0 unknown, 1 senior, 2 junior, 3 third. */
  generation(id: number): number {
    return (this.#names[id] as NameWords).generation;
  }

  terms(value: string): (readonly [string, string])[] {
    const name = readName(value);
    const found: (readonly [string, string])[] = [];
    if (name.given[0] !== undefined) found.push(['given', name.given[0]]);
    if (name.family.length > 0) found.push(['family', name.family.join('')]);
    if (found.length === 2) found.push(['fullName', fullTerm(name)]);
    return found;
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
    const most = Math.max(this.#mostRarity[left] as number, this.#mostRarity[right] as number);
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
        (data[a + givenCount] as number) < 2 || (data[b + givenCount] as number) < 2 || this.#middleAgrees(left, right);
      if (words.lengthOf(x) === 1) return agrees ? initial : differentGiven;
      if (!agrees) return looseGiven;
      this.rarities[0] = this.#givenRarity[left] as number;
      return sameGiven;
    }
    if (data[a + givenWhole] === data[b + givenWhole]) {
      this.rarities[0] = Math.max(this.#givenRarity[left] as number, this.#givenRarity[right] as number);
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
    if (((data[a + givenCount] as number) > 1 || (data[b + givenCount] as number) > 1) && this.#usesMiddle(left, right))
      return initial;
    return likeness >= 0.78 ? looseGiven : differentGiven;
  }

  #shareGiven(left: number, right: number): void {
    this.rarities[0] = Math.min(this.#givenRarity[left] as number, this.#givenRarity[right] as number);
  }

  #nicknames(left: number, right: number): boolean {
    const { nicknames } = this.#names[right] as NameWords;
    return (this.#names[left] as NameWords).nicknames.some((group) => nicknames.includes(group));
  }

  /** An initial agrees with a name that starts with it, and with a name that has a short form which does (B. and Robert). */
  #initialAgrees(x: number, y: number, left: number, right: number): boolean {
    const words = this.#words;
    if (words.firstCode(x) === words.firstCode(y)) return true;
    const [short, long] = words.lengthOf(x) === 1 ? [x, right] : [y, left];
    const letter = words.texts[short] as string;
    return (this.#names[long] as NameWords).nicknames.some((group) => nicknameInitials(group).includes(letter));
  }

  /** One side goes by a further given name of the other. */
  #usesMiddle(left: number, right: number): boolean {
    const a = (this.#names[left] as NameWords).given;
    const b = (this.#names[right] as NameWords).given;
    return b.indexOf(a[0] as number) > 0 || a.indexOf(b[0] as number) > 0;
  }

  /** Further given names must not contradict each other: an initial agrees with a name that starts with it. */
  #middleAgrees(left: number, right: number): boolean {
    const x = (this.#names[left] as NameWords).given[1] as number;
    const y = (this.#names[right] as NameWords).given[1] as number;
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
      this.rarities[1] = this.#familyRarity[left] as number;
      return sameFamily;
    }
    const words = this.#words;
    const likeness = words.jaroWinkler(x, y, 0.82);
    const shorter = Math.min(words.lengthOf(x), words.lengthOf(y));
    if (likeness >= 0.93 || (shorter >= 3 && words.edits(x, y, 1) <= 1)) {
      this.rarities[1] = Math.min(this.#familyRarity[left] as number, this.#familyRarity[right] as number);
      return similarFamily;
    }
    if (data[a + familyCount] !== data[b + familyCount] && this.#isPart(left, right)) return partOfFamily;
    if (shorter === 1) return words.firstCode(x) === words.firstCode(y) ? -1 : differentFamily;
    return likeness >= 0.82 ? looseFamily : differentFamily;
  }

  /** Whether the words of the shorter family name are among those of the longer one. */
  #isPart(left: number, right: number): boolean {
    const a = (this.#names[left] as NameWords).family;
    const b = (this.#names[right] as NameWords).family;
    const [few, many, id] = a.length < b.length ? [a, b, left] : [b, a, right];
    if (!few.every((word) => this.#words.lengthOf(word) > 2 && many.includes(word))) return false;
    this.rarities[1] = this.#familyRarity[id] as number;
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
      this.rarities[0] = (this.#givenRarity[left] as number) + (this.#familyRarity[left] as number);
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
