import type { Rarities } from '../frequencies.ts';
import { nicknameGroupsOf, type PersonName, readName } from '../person-name.ts';
import type { WordPool } from '../word-pool.ts';
import type { ValueTable } from './value-table.ts';

interface PreparedName {
  readonly given: Int32Array;
  readonly family: Int32Array;
  readonly givenWhole: number;
  readonly familyWhole: number;
  readonly nicknames: readonly number[];
  givenRarity: number;
  familyRarity: number;
  /** Bits that the whole name is worth at most: given and family names go together by language, so their bits do not simply add up. */
  mostRarity: number;
  readonly generation: number;
}

/** Person names: level of the given name first, of the family name second. */
export class NameTable implements ValueTable {
  readonly levels = new Int8Array(2);
  readonly rarities = new Float64Array(2);
  readonly #names: PreparedName[] = [];
  readonly #ids = new Map<string, number>();
  readonly #words: WordPool;
  #rarities: Rarities;

  constructor(words: WordPool, rarities: Rarities) {
    this.#words = words;
    this.#rarities = rarities;
  }

  get size(): number {
    return this.#names.length;
  }

  intern(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const name = readName(value);
    const words = this.#words;
    const id = this.#names.length;
    this.#names.push({
      given: Int32Array.from(name.given, (word) => words.intern(word)),
      family: Int32Array.from(name.family, (word) => words.intern(word)),
      givenWhole: name.given.length === 0 ? -1 : words.intern(name.given.join('')),
      familyWhole: name.family.length === 0 ? -1 : words.intern(name.family.join('')),
      nicknames: name.given[0] === undefined ? [] : nicknameGroupsOf(name.given[0]),
      givenRarity: name.given[0] === undefined ? 0 : this.#rarities.of('given', name.given[0]),
      familyRarity: name.family.length === 0 ? 0 : this.#rarities.of('family', name.family.join('')),
      mostRarity: this.#rarities.of('fullName', fullTerm(name)),
      generation: name.generation,
    });
    this.#ids.set(value, id);
    return id;
  }

  reprice(rarities: Rarities): void {
    this.#rarities = rarities;
    for (const [value, id] of this.#ids) {
      const name = readName(value);
      const prepared = this.#names[id] as PreparedName;
      prepared.givenRarity = name.given[0] === undefined ? 0 : rarities.of('given', name.given[0]);
      prepared.familyRarity = name.family.length === 0 ? 0 : rarities.of('family', name.family.join(''));
      prepared.mostRarity = rarities.of('fullName', fullTerm(name));
    }
  }

  /** Generation of an interned name: 0 unknown, 1 senior, 2 junior, 3 third. */
  generation(id: number): number {
    return (this.#names[id] as PreparedName).generation;
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
    const a = this.#names[left] as PreparedName;
    const b = this.#names[right] as PreparedName;
    this.rarities[0] = 0;
    this.rarities[1] = 0;
    this.levels[0] = this.#given(a, b);
    this.levels[1] = this.#family(a, b);
    if (
      ((this.levels[0] as number) >= 4 || this.levels[0] === -1) &&
      ((this.levels[1] as number) >= 3 || this.levels[1] === -1)
    )
      this.#swapped(a, b);
    const total = (this.rarities[0] as number) + (this.rarities[1] as number);
    const most = Math.max(a.mostRarity, b.mostRarity);
    if (total > most) {
      this.rarities[0] = ((this.rarities[0] as number) * most) / total;
      this.rarities[1] = ((this.rarities[1] as number) * most) / total;
    }
  }

  #given(a: PreparedName, b: PreparedName): number {
    if (a.givenWhole < 0 || b.givenWhole < 0) return -1;
    const words = this.#words;
    const x = a.given[0] as number;
    const y = b.given[0] as number;
    if (x === y) {
      if (words.lengthOf(x) === 1) return this.#middleAgrees(a, b) ? 4 : 6;
      if (!this.#middleAgrees(a, b)) return 5;
      this.rarities[0] = a.givenRarity;
      return 0;
    }
    if (a.givenWhole === b.givenWhole) {
      this.rarities[0] = Math.max(a.givenRarity, b.givenRarity);
      return 0;
    }
    if (a.nicknames.length > 0 && b.nicknames.length > 0) {
      for (const group of a.nicknames) {
        if (b.nicknames.includes(group)) {
          this.rarities[0] = Math.min(a.givenRarity, b.givenRarity);
          return 1;
        }
      }
    }
    const lx = words.lengthOf(x);
    const ly = words.lengthOf(y);
    if (lx === 1 || ly === 1) return words.firstCode(x) === words.firstCode(y) ? 4 : 6;
    const likeness = words.jaroWinkler(x, y, 0.78);
    if (likeness >= 0.92 || (Math.min(lx, ly) >= 3 && words.edits(x, y, 1) <= 1)) {
      this.rarities[0] = Math.min(a.givenRarity, b.givenRarity);
      return 2;
    }
    if ((b.given.length > 1 && b.given.indexOf(x) > 0) || (a.given.length > 1 && a.given.indexOf(y) > 0)) return 4;
    return likeness >= 0.78 ? 5 : 6;
  }

  /** Further given names must not contradict each other: an initial agrees with a name that starts with it. */
  #middleAgrees(a: PreparedName, b: PreparedName): boolean {
    if (a.given.length < 2 || b.given.length < 2) return true;
    const x = a.given[1] as number;
    const y = b.given[1] as number;
    if (x === y) return true;
    const words = this.#words;
    if (words.lengthOf(x) === 1 || words.lengthOf(y) === 1) return words.firstCode(x) === words.firstCode(y);
    return words.jaroWinkler(x, y, 0.85) >= 0.85;
  }

  #family(a: PreparedName, b: PreparedName): number {
    if (a.familyWhole < 0 || b.familyWhole < 0) return -1;
    const words = this.#words;
    const x = a.familyWhole;
    const y = b.familyWhole;
    if (x === y) {
      this.rarities[1] = a.familyRarity;
      return 0;
    }
    const likeness = words.jaroWinkler(x, y, 0.82);
    const shorter = Math.min(words.lengthOf(x), words.lengthOf(y));
    if (likeness >= 0.93 || (shorter >= 3 && words.edits(x, y, 1) <= 1)) {
      this.rarities[1] = Math.min(a.familyRarity, b.familyRarity);
      return 1;
    }
    if (a.family.length !== b.family.length) {
      const [few, many] = a.family.length < b.family.length ? [a.family, b.family] : [b.family, a.family];
      if (few.every((word) => words.lengthOf(word) > 2 && many.includes(word))) {
        this.rarities[1] = a.family.length < b.family.length ? a.familyRarity : b.familyRarity;
        return 3;
      }
    }
    if (shorter === 1) return words.firstCode(x) === words.firstCode(y) ? -1 : 5;
    return likeness >= 0.82 ? 4 : 5;
  }

  #swapped(a: PreparedName, b: PreparedName): void {
    const words = this.#words;
    const alike = (x: number, y: number, least: number): boolean =>
      x >= 0 &&
      y >= 0 &&
      (x === y ||
        (words.lengthOf(x) > 2 &&
          words.lengthOf(y) > 2 &&
          (words.jaroWinkler(x, y, least) >= least || words.edits(x, y, 1) <= 1)));
    const exact = a.givenWhole === b.familyWhole || a.familyWhole === b.givenWhole;
    const crossed = alike(a.givenWhole, b.familyWhole, exact ? 0.85 : 0.93);
    const back = alike(a.familyWhole, b.givenWhole, exact ? 0.85 : 0.93);
    if (crossed && back) {
      this.levels[0] = 3;
      this.levels[1] = 2;
      this.rarities[0] = a.givenRarity;
      this.rarities[1] = a.familyRarity;
    } else if (
      (crossed && (a.familyWhole < 0 || b.givenWhole < 0)) ||
      (back && (a.givenWhole < 0 || b.familyWhole < 0))
    ) {
      this.levels[1] = 2;
    }
  }
}

function fullTerm(name: PersonName): string {
  return `${name.given[0] ?? ''} ${name.family.join('')}`;
}
