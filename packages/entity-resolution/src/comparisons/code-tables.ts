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
  #rarityOf: Rarities;
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
    const code = this.words.intern(term);
    this.#codes.push(code);
    this.added(code, term);
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

  reprice(rarities: Rarities): void {
    this.#rarityOf = rarities;
    this.#codes.forEach((code, id) => {
      this.#rarity[id] = rarities.of(this.#space, this.words.texts[code] as string);
    });
  }

  /** Called once for every new code. */
  protected added(_code: number, _term: string): void {}

  protected term(value: string): string {
    return value;
  }

  protected abstract unequal(a: number, b: number): number;
}

export class PhoneTable extends CodeTable {
  /** By word: its last seven digits, and all but the last three; -1 where it is too short. */
  readonly #endings: number[] = [];
  readonly #exchanges: number[] = [];

  protected override term(value: string): string {
    return phoneDigits(value);
  }

  protected override added(code: number, term: string): void {
    this.#endings[code] = term.length < 7 ? -1 : this.words.intern(term.slice(-7));
    this.#exchanges[code] = term.length < 7 ? -1 : this.words.intern(`${term.slice(0, -3)}...`);
  }

  protected unequal(a: number, b: number): number {
    const { words } = this;
    const same = words.lengthOf(a) === words.lengthOf(b);
    const ending = this.#endings[a] as number;
    if (ending >= 0 && ending === this.#endings[b] && (same || this.#contains(a, b))) {
      this.rarities[0] = same ? 15 : 17;
      return 1;
    }
    if (words.edits(a, b, 1) <= 1) return 2;
    const exchange = this.#exchanges[a] as number;
    return exchange >= 0 && exchange === this.#exchanges[b] ? 3 : 4;
  }

  #contains(a: number, b: number): boolean {
    const x = this.words.texts[a] as string;
    const y = this.words.texts[b] as string;
    return x.endsWith(y) || y.endsWith(x);
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
