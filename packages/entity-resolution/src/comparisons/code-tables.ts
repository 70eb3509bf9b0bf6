import { dayNumber } from '../date.ts';
import type { Rarities } from '../frequencies.ts';
import { phoneDigits } from '../phone.ts';
import type { WordPool } from '../word-pool.ts';
import type { ValueTable } from './value-table.ts';

/** What tables over single codes have in common: each value is one word with one rarity. */
abstract class CodeTable implements ValueTable {
  readonly levels = new Int8Array(1);
  readonly rarities = new Float64Array(1);
  protected readonly words: WordPool;
  readonly #space: string;
  readonly #rarityOf: Rarities;
  readonly #ids = new Map<string, number>();
  readonly #codes: number[] = [];
  readonly #rarity: number[] = [];

  constructor(space: string, words: WordPool, rarities: Rarities) {
    this.#space = space;
    this.words = words;
    this.#rarityOf = rarities;
  }

  get size(): number {
    return this.#codes.length;
  }

  intern(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const id = this.#codes.length;
    const term = this.term(value);
    this.#codes.push(this.words.intern(term));
    this.#rarity.push(this.#rarityOf.of(this.#space, term));
    this.#ids.set(value, id);
    return id;
  }

  terms(value: string): (readonly [string, string])[] {
    return [[this.#space, this.term(value)]];
  }

  compare(left: number, right: number): void {
    const a = this.#codes[left] as number;
    const b = this.#codes[right] as number;
    this.rarities[0] = 0;
    if (a === b) {
      this.levels[0] = 0;
      this.rarities[0] = this.#rarity[left] as number;
    } else {
      this.levels[0] = this.unequal(a, b);
    }
  }

  protected share(left: number): void {
    this.rarities[0] = this.#rarity[left] as number;
  }

  protected term(value: string): string {
    return value;
  }

  protected abstract unequal(a: number, b: number): number;
}

export class PhoneTable extends CodeTable {
  protected override term(value: string): string {
    return phoneDigits(value);
  }

  protected unequal(a: number, b: number): number {
    const x = this.words.texts[a] as string;
    const y = this.words.texts[b] as string;
    const shorter = Math.min(x.length, y.length);
    if (x.length !== y.length && shorter >= 7 && (x.endsWith(y) || y.endsWith(x))) {
      this.rarities[0] = 17;
      return 1;
    }
    if (x.length === y.length && shorter >= 7) {
      if (x.slice(-7) === y.slice(-7)) {
        this.rarities[0] = 15;
        return 1;
      }
      if (this.words.edits(a, b, 1) <= 1) return 2;
      return x.slice(0, -3) === y.slice(0, -3) ? 3 : 4;
    }
    return this.words.edits(a, b, 1) <= 1 ? 2 : 4;
  }
}

export class DateTable extends CodeTable {
  protected unequal(a: number, b: number): number {
    const x = this.words.texts[a] as string;
    const y = this.words.texts[b] as string;
    const year = x.slice(0, 4) === y.slice(0, 4);
    const month = x.slice(4, 6);
    const day = x.slice(6, 8);
    const otherMonth = y.slice(4, 6);
    const otherDay = y.slice(6, 8);
    if (year && month === otherDay && day === otherMonth) return 1;
    if (month === '00' || otherMonth === '00') return year ? -1 : this.#apart(x, y);
    if (day === '00' || otherDay === '00') return year && month === otherMonth ? 3 : this.#apart(x, y);
    if (this.words.edits(a, b, 1) <= 1) return 2;
    const same = Number(year) + Number(month === otherMonth) + Number(day === otherDay);
    return same >= 2 ? 3 : this.#apart(x, y);
  }

  #apart(x: string, y: string): number {
    return Math.abs(dayNumber(x) - dayNumber(y)) <= 366 ? 4 : 5;
  }
}

export class IdentifierTable extends CodeTable {
  protected unequal(a: number, b: number): number {
    const shorter = Math.min(this.words.lengthOf(a), this.words.lengthOf(b));
    return shorter >= 5 && this.words.edits(a, b, 1) <= 1 ? 1 : 2;
  }
}

export class DomainTable extends CodeTable {
  protected unequal(a: number, b: number): number {
    const x = this.words.texts[a] as string;
    const y = this.words.texts[b] as string;
    const dot = x.indexOf('.');
    if (dot > 3 && x.slice(0, dot) === y.slice(0, y.indexOf('.'))) {
      this.rarities[0] = 10;
      return 1;
    }
    return 2;
  }
}

export class CategoryTable extends CodeTable {
  protected unequal(): number {
    return 1;
  }
}

export class LegalFormTable extends CodeTable {
  protected unequal(): number {
    return 1;
  }
}
