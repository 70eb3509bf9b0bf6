import { readAddress } from '../address.ts';
import type { Rarities } from '../frequencies.ts';
import type { WordPool } from '../word-pool.ts';
import { bloomOf, PackedRows } from './packed-rows.ts';
import type { ValueTable } from './value-table.ts';

/** Columns of a packed address: interned parts, -1 where unknown, and the words of the street as a set of bits. */
const house = 0;
const streetWhole = 1;
const postcode = 2;
const city = 3;
const region = 4;
const country = 5;
const streetBloom = 6;
const streetCount = 7;
const width = 8;

/** How two parts of an address agree. */
const same = 0;
const near = 1;
const different = 2;
const unknown = 3;

export class AddressTable implements ValueTable {
  readonly levels = new Int8Array(1);
  readonly rarities = new Float64Array(1);
  readonly #packed = new PackedRows(width);
  readonly #streetWords: Int32Array[] = [];
  /** Rarities of premises, street, postal code and city, four an address. */
  readonly #priced: number[] = [];
  readonly #ids = new Map<string, number>();
  readonly #words: WordPool;
  #rarities: Rarities;

  constructor(words: WordPool, rarities: Rarities) {
    this.#words = words;
    this.#rarities = rarities;
  }

  get size(): number {
    return this.#packed.rows;
  }

  intern(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const address = readAddress(value);
    const words = this.#words;
    const word = (text: string): number => (text === '' ? -1 : words.intern(text));
    const street = address.street.join(' ');
    const streetWords = Int32Array.from(address.street, word);
    const id = this.#packed.push([
      word(address.house),
      word(street.replaceAll(' ', '')),
      word(address.postcode),
      word(address.city),
      word(address.region),
      word(address.country),
      bloomOf(streetWords),
      streetWords.length,
    ]);
    this.#streetWords.push(streetWords);
    this.#price(value, id);
    this.#ids.set(value, id);
    return id;
  }

  reprice(rarities: Rarities): void {
    this.#rarities = rarities;
    for (const [value, id] of this.#ids) this.#price(value, id);
  }

  #price(value: string, id: number): void {
    for (let at = 0; at < 4; at += 1) this.#priced[id * 4 + at] = 0;
    for (const [space, term] of this.terms(value))
      this.#priced[id * 4 + spaces.indexOf(space)] = this.#rarities.of(space, term);
  }

  terms(value: string): (readonly [string, string])[] {
    const address = readAddress(value);
    const street = address.street.join(' ');
    const found: (readonly [string, string])[] = [];
    if (street !== '') found.push(['premises', premisesTerm(address.house, street)], ['street', street]);
    if (address.postcode !== '') found.push(['postcode', address.postcode]);
    if (address.city !== '') found.push(['city', address.city]);
    return found;
  }

  compare(left: number, right: number): void {
    this.rarities[0] = 0;
    this.levels[0] = this.#level(left, right);
  }

  #level(left: number, right: number): number {
    const { data } = this.#packed;
    const a = left * width;
    const b = right * width;
    const postcodes = this.#codes(data[a + postcode] as number, data[b + postcode] as number);
    const cities = this.#cities(data[a + city] as number, data[b + city] as number);
    const streets = this.#streets(left, right);
    if (streets === same || streets === near) {
      const samePlace = postcodes === same || cities === same || (postcodes !== different && cities !== different);
      const level = this.#premises(left, right, { streets, samePlace });
      if (level >= 0) return level;
    }
    return this.#place(left, right, { postcodes, cities });
  }

  /** The level of two addresses in streets that agree; -1 where only the place counts. */
  #premises(left: number, right: number, agreement: { readonly streets: number; readonly samePlace: boolean }): number {
    const { data } = this.#packed;
    const houseA = data[left * width + house] as number;
    const houseB = data[right * width + house] as number;
    const { streets, samePlace } = agreement;
    const houses = this.#codes(houseA, houseB);
    const premisesA = this.#priced[left * 4] as number;
    const premisesB = this.#priced[right * 4] as number;
    if (streets === same && houses === same) {
      this.rarities[0] = Math.max(premisesA, premisesB);
      return samePlace ? 0 : 3;
    }
    if (!samePlace) return -1;
    if (houses === same) {
      this.rarities[0] = Math.min(premisesA, premisesB);
      return 1;
    }
    if (streets !== same) return -1;
    if (houses === unknown || (houses === near && this.#words.lengthOf(houseA) > 1)) {
      this.rarities[0] = Math.min(this.#priced[left * 4 + 1] as number, this.#priced[right * 4 + 1] as number);
      return houses === near ? 2 : houseA < 0 && houseB < 0 ? 1 : 4;
    }
    return 4;
  }

  #place(left: number, right: number, agreement: { readonly postcodes: number; readonly cities: number }): number {
    const { data } = this.#packed;
    const a = left * width;
    const b = right * width;
    const { postcodes, cities } = agreement;
    if (postcodes === same) {
      this.rarities[0] = this.#priced[left * 4 + 2] as number;
      return 5;
    }
    if (cities === same) {
      this.rarities[0] = this.#priced[left * 4 + 3] as number;
      return 6;
    }
    if (cities === near || postcodes === near) return 7;
    const both = (part: number): boolean => (data[a + part] as number) >= 0 && (data[b + part] as number) >= 0;
    if (both(region) && data[a + region] === data[b + region]) return 8;
    if (postcodes !== unknown || cities !== unknown || both(region) || both(streetWhole)) return 9;
    return both(country) && data[a + country] !== data[b + country] ? 9 : -1;
  }

  #codes(a: number, b: number): number {
    if (a < 0 || b < 0) return unknown;
    if (a === b) return same;
    return this.#words.edits(a, b, 1) <= 1 ? near : different;
  }

  #cities(a: number, b: number): number {
    if (a < 0 || b < 0) return unknown;
    if (a === b) return same;
    const words = this.#words;
    if (words.jaroWinkler(a, b, 0.9) >= 0.9) return near;
    const length = Math.min(words.lengthOf(a), words.lengthOf(b));
    return length >= 4 && words.edits(a, b, length >= 6 ? 2 : 1) <= (length >= 6 ? 2 : 1) ? near : different;
  }

  #streets(left: number, right: number): number {
    const { data } = this.#packed;
    const a = data[left * width + streetWhole] as number;
    const b = data[right * width + streetWhole] as number;
    if (a < 0 || b < 0) return unknown;
    if (a === b) return same;
    const words = this.#words;
    let shared = 0;
    let letters = 0;
    if (((data[left * width + streetBloom] as number) & (data[right * width + streetBloom] as number)) !== 0) {
      const leftIsShorter =
        (data[left * width + streetCount] as number) <= (data[right * width + streetCount] as number);
      const few = this.#streetWords[leftIsShorter ? left : right] as Int32Array;
      const many = this.#streetWords[leftIsShorter ? right : left] as Int32Array;
      for (const word of few) {
        const length = words.lengthOf(word);
        letters += length;
        if (many.includes(word)) shared += length;
      }
      if (shared === letters && letters >= 3) return same;
    }
    if (words.jaroWinkler(a, b, 0.9) >= 0.9) return near;
    return letters >= 5 && shared / letters >= 0.6 ? near : different;
  }
}

const spaces: readonly string[] = ['premises', 'street', 'postcode', 'city'];

function premisesTerm(number: string, street: string): string {
  return `${number} ${street}`;
}
