import { readAddress } from '../address.ts';
import type { Rarities } from '../frequencies.ts';
import type { WordPool } from '../word-pool.ts';
import type { ValueTable } from './value-table.ts';

interface PreparedAddress {
  readonly house: number;
  readonly street: Int32Array;
  readonly streetWhole: number;
  readonly postcode: number;
  readonly city: number;
  readonly region: number;
  readonly country: number;
  premisesRarity: number;
  streetRarity: number;
  postcodeRarity: number;
  cityRarity: number;
}

type Agreement = 'same' | 'near' | 'different' | 'unknown';

export class AddressTable implements ValueTable {
  readonly levels = new Int8Array(1);
  readonly rarities = new Float64Array(1);
  readonly #addresses: PreparedAddress[] = [];
  readonly #ids = new Map<string, number>();
  readonly #words: WordPool;
  #rarities: Rarities;

  constructor(words: WordPool, rarities: Rarities) {
    this.#words = words;
    this.#rarities = rarities;
  }

  get size(): number {
    return this.#addresses.length;
  }

  intern(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const address = readAddress(value);
    const words = this.#words;
    const word = (text: string): number => (text === '' ? -1 : words.intern(text));
    const street = address.street.join(' ');
    const id = this.#addresses.length;
    this.#addresses.push({
      house: word(address.house),
      street: Int32Array.from(address.street, word),
      streetWhole: word(street.replaceAll(' ', '')),
      postcode: word(address.postcode),
      city: word(address.city),
      region: word(address.region),
      country: word(address.country),
      premisesRarity: 0,
      streetRarity: 0,
      postcodeRarity: 0,
      cityRarity: 0,
    });
    this.#price(value, id);
    this.#ids.set(value, id);
    return id;
  }

  reprice(rarities: Rarities): void {
    this.#rarities = rarities;
    for (const [value, id] of this.#ids) this.#price(value, id);
  }

  #price(value: string, id: number): void {
    const prepared = this.#addresses[id] as PreparedAddress;
    for (const [space, term] of this.terms(value)) {
      const rarity = this.#rarities.of(space, term);
      if (space === 'premises') prepared.premisesRarity = rarity;
      else if (space === 'street') prepared.streetRarity = rarity;
      else if (space === 'postcode') prepared.postcodeRarity = rarity;
      else prepared.cityRarity = rarity;
    }
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
    const a = this.#addresses[left] as PreparedAddress;
    const b = this.#addresses[right] as PreparedAddress;
    this.rarities[0] = 0;
    this.levels[0] = this.#level(a, b);
  }

  #level(a: PreparedAddress, b: PreparedAddress): number {
    const postcode = this.#codes(a.postcode, b.postcode);
    const city = this.#cities(a, b);
    const samePlace = postcode === 'same' || city === 'same' || (postcode !== 'different' && city !== 'different');
    const street = this.#streets(a, b);
    const house: Agreement =
      a.house < 0 || b.house < 0
        ? 'unknown'
        : a.house === b.house
          ? 'same'
          : this.#words.edits(a.house, b.house, 1) <= 1 && this.#words.lengthOf(a.house) > 1
            ? 'near'
            : 'different';
    if (street === 'same' || street === 'near') {
      const exact = street === 'same' && house === 'same';
      const rarity = Math.min(a.premisesRarity, b.premisesRarity);
      if (exact || (street === 'near' && house === 'same')) {
        this.rarities[0] = exact ? Math.max(a.premisesRarity, b.premisesRarity) : rarity;
        return samePlace ? (exact ? 0 : 1) : exact ? 2 : this.#place(a, b, postcode, city);
      }
      if (house === 'unknown' && street === 'same' && samePlace) {
        this.rarities[0] = Math.min(a.streetRarity, b.streetRarity);
        return a.house < 0 && b.house < 0 ? 1 : 3;
      }
      if (house === 'near' && street === 'same' && samePlace) {
        this.rarities[0] = Math.min(a.streetRarity, b.streetRarity);
        return 1;
      }
      if (street === 'same' && samePlace) return 3;
    }
    return this.#place(a, b, postcode, city);
  }

  #place(a: PreparedAddress, b: PreparedAddress, postcode: Agreement, city: Agreement): number {
    this.rarities[0] = 0;
    if (postcode === 'same') {
      this.rarities[0] = a.postcodeRarity;
      return 4;
    }
    if (city === 'same') {
      this.rarities[0] = a.cityRarity;
      return 5;
    }
    if (city === 'near' || postcode === 'near') return 6;
    if (a.region >= 0 && b.region >= 0 && a.region === b.region) return 7;
    if (postcode === 'unknown' && city === 'unknown') {
      if (a.region >= 0 && b.region >= 0) return 8;
      if (a.streetWhole >= 0 && b.streetWhole >= 0) return 8;
      if (a.country >= 0 && b.country >= 0) return a.country === b.country ? -1 : 8;
      return -1;
    }
    return 8;
  }

  #codes(a: number, b: number): Agreement {
    if (a < 0 || b < 0) return 'unknown';
    if (a === b) return 'same';
    return this.#words.edits(a, b, 1) <= 1 ? 'near' : 'different';
  }

  #cities(a: PreparedAddress, b: PreparedAddress): Agreement {
    if (a.city < 0 || b.city < 0) return 'unknown';
    if (a.city === b.city) return 'same';
    const words = this.#words;
    if (words.jaroWinkler(a.city, b.city, 0.9) >= 0.9) return 'near';
    const length = Math.min(words.lengthOf(a.city), words.lengthOf(b.city));
    return length >= 4 && words.edits(a.city, b.city, 2) <= (length >= 6 ? 2 : 1) ? 'near' : 'different';
  }

  #streets(a: PreparedAddress, b: PreparedAddress): Agreement {
    if (a.streetWhole < 0 || b.streetWhole < 0) return 'unknown';
    if (a.streetWhole === b.streetWhole) return 'same';
    const words = this.#words;
    const few = a.street.length <= b.street.length ? a.street : b.street;
    const many = few === a.street ? b.street : a.street;
    let shared = 0;
    let letters = 0;
    for (const word of few) {
      const length = words.lengthOf(word);
      letters += length;
      if (many.includes(word)) shared += length;
    }
    if (letters > 0 && shared === letters && letters >= 3) return 'same';
    if (words.jaroWinkler(a.streetWhole, b.streetWhole, 0.9) >= 0.9) return 'near';
    return letters > 0 && shared / letters >= 0.6 && letters >= 5 ? 'near' : 'different';
  }
}

function premisesTerm(house: string, street: string): string {
  return `${house} ${street}`;
}
