import { readAddress } from '../address.ts';
import type { ArrayHolder } from '../array-holder.ts';
import type { Rarities, SpaceRarity } from '../frequencies.ts';
import { hashText } from '../hash.ts';
import type { WordPool } from '../word-pool.ts';
import { bloomOf, isAmong, PackedLists, PackedRows, Prices } from './packed-rows.ts';
import { PooledTable } from './pooled-table.ts';
import type { TableParts } from './value-table.ts';

/** Columns of a packed address: interned parts, -1 where unknown, the words of the street as a set of bits, and where their list begins. */
const house = 0;
const streetWhole = 1;
const postcode = 2;
const city = 3;
const region = 4;
const country = 5;
const streetBloom = 6;
const streetList = 7;
const width = 8;

/** How two parts of an address agree. */
const same = 0;
const near = 1;
const different = 2;
const unknown = 3;

/** Places in `spaces` and in the rarities of an address. */
const premisesSpace = 0;
const streetSpace = 1;
const postcodeSpace = 2;
const citySpace = 3;

export class AddressTable extends PooledTable {
  readonly spaces = ['premises', 'street', 'postcode', 'city'];
  readonly #packed: PackedRows;
  /** Words of the street, one list an address. */
  readonly #streetWords: PackedLists;
  readonly #prices: Prices;
  /** Hashes of premises and street, which are no words by themselves. */
  readonly #hashes: Prices;
  readonly #words: WordPool;
  #rarity: readonly SpaceRarity[] = [];

  constructor(parts: TableParts) {
    super(parts);
    const { words, rarities, expected } = parts;
    this.#packed = new PackedRows(width, expected);
    this.#streetWords = new PackedLists(expected * 4);
    this.#prices = new Prices(4, expected);
    this.#hashes = new Prices(2, expected);
    this.#words = words;
    this.#take(rarities);
  }

  get holders(): readonly ArrayHolder[] {
    return [this.#packed, this.#streetWords, this.#prices];
  }

  protected override enter(id: number, value: string): void {
    const address = readAddress(value);
    const words = this.#words;
    const word = (text: string): number => (text === '' ? -1 : words.intern(text));
    const street = address.street.join(' ');
    const streetWords = address.street.map(word);
    this.#packed.push([
      word(address.house),
      word(address.street.join('')),
      word(address.postcode),
      word(address.city),
      word(address.region),
      word(address.country),
      bloomOf(streetWords),
      this.#streetWords.push([streetWords.length, ...streetWords]),
    ]);
    const at = this.#hashes.at(id);
    this.#hashes.data[at + premisesSpace] = street === '' ? -1 : hashText(premisesTerm(address.house, street));
    this.#hashes.data[at + streetSpace] = street === '' ? -1 : hashText(street);
    if (this.isPriced) this.#price(id);
    else this.#prices.at(id);
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
    const at = this.#prices.at(id);
    const { data } = this.#prices;
    data.fill(0, at, at + 4);
    this.eachTerm(id, (space, hash) => {
      data[at + space] = (this.#rarity[space] as SpaceRarity)(hash);
    });
  }

  /** House number, postal code and city as words, -1 where unknown. */
  houseOf(id: number): number {
    return this.#packed.data[id * width + house] as number;
  }

  postcodeOf(id: number): number {
    return this.#packed.data[id * width + postcode] as number;
  }

  cityOf(id: number): number {
    return this.#packed.data[id * width + city] as number;
  }

  /** The longest word of the street, of several the first in the alphabet; -1 where there is no street. */
  longestStreetWord(id: number): number {
    const lists = this.#streetWords.data;
    const list = this.#packed.data[id * width + streetList] as number;
    const words = this.#words;
    let best = -1;
    for (let at = list + 1; at <= list + (lists[list] as number); at += 1) {
      const word = lists[at] as number;
      if (best < 0) {
        best = word;
        continue;
      }
      const longer = words.sizeOf(word) - words.sizeOf(best);
      if (longer > 0 || (longer === 0 && word !== best && words.textOf(word) < words.textOf(best))) best = word;
    }
    return best;
  }

  eachTerm(id: number, tell: (space: number, hash: number) => void): void {
    const street = this.#hashes.data[id * 2 + streetSpace] as number;
    const code = this.#packed.data[id * width + postcode] as number;
    const town = this.#packed.data[id * width + city] as number;
    if (street >= 0) {
      tell(premisesSpace, this.#hashes.data[id * 2 + premisesSpace] as number);
      tell(streetSpace, street);
    }
    if (code >= 0) tell(postcodeSpace, this.#words.hashOf(code));
    if (town >= 0) tell(citySpace, this.#words.hashOf(town));
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
    const premisesA = this.#prices.data[left * 4 + premisesSpace] as number;
    const premisesB = this.#prices.data[right * 4 + premisesSpace] as number;
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
      this.rarities[0] = Math.min(
        this.#prices.data[left * 4 + streetSpace] as number,
        this.#prices.data[right * 4 + streetSpace] as number,
      );
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
      this.rarities[0] = this.#prices.data[left * 4 + postcodeSpace] as number;
      return 5;
    }
    if (cities === same) {
      this.rarities[0] = this.#prices.data[left * 4 + citySpace] as number;
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
      const lists = this.#streetWords.data;
      const x = data[left * width + streetList] as number;
      const y = data[right * width + streetList] as number;
      const leftIsShorter = (lists[x] as number) <= (lists[y] as number);
      const few = leftIsShorter ? x : y;
      const many = leftIsShorter ? y : x;
      for (let at = few + 1; at <= few + (lists[few] as number); at += 1) {
        const word = lists[at] as number;
        const length = words.lengthOf(word);
        letters += length;
        if (isAmong(lists, many, word)) shared += length;
      }
      if (shared === letters && letters >= 3) return same;
    }
    if (words.jaroWinkler(a, b, 0.9) >= 0.9) return near;
    return letters >= 5 && shared / letters >= 0.6 ? near : different;
  }
}

function premisesTerm(number: string, street: string): string {
  return `${number} ${street}`;
}
