import type { ArrayHolder } from '../array-holder.ts';
import { dayNumber } from '../date.ts';
import type { Rarities, SpaceRarity } from '../frequencies.ts';
import { hashText } from '../hash.ts';
import { phoneDigits, phoneExtension } from '../phone.ts';
import type { WordPool } from '../word-pool.ts';
import { PackedRows, Prices } from './packed-rows.ts';
import { PooledTable } from './pooled-table.ts';
import type { TableParts } from './value-table.ts';

/** What tables over single codes have in common: each value is one word, the first column of its row, with one rarity. */
export abstract class CodeTable extends PooledTable {
  readonly spaces: readonly string[];
  protected readonly words: WordPool;
  protected readonly packed: PackedRows;
  readonly #prices: Prices;
  #rarity: SpaceRarity;

  constructor(space: string, parts: TableParts, width = 1) {
    super(parts);
    const { words, rarities, expected } = parts;
    this.#prices = new Prices(1, expected);
    this.spaces = [space];
    this.words = words;
    this.packed = new PackedRows(width, expected);
    this.#rarity = rarities.in(space);
  }

  get holders(): readonly ArrayHolder[] {
    return [this.packed, this.#prices];
  }

  protected override enter(id: number, value: string): void {
    this.packed.push(this.pack(value));
    if (this.isPriced) this.#price(id);
    else this.#prices.at(id);
  }

  eachTerm(id: number, tell: (space: number, hash: number) => void): void {
    tell(0, this.words.hashOf(this.codeOf(id)));
  }

  compare(left: number, right: number): void {
    this.rarities[0] = 0;
    if (this.codeOf(left) === this.codeOf(right)) {
      this.levels[0] = 0;
      this.rarities[0] = this.#prices.data[left] as number;
    } else {
      this.levels[0] = this.unequal(left, right);
    }
  }

  reprice(rarities: Rarities): void {
    this.isPriced = true;
    this.#rarity = rarities.in(this.spaces[0] as string);
    for (let id = 0; id < this.packed.rows; id += 1) this.#price(id);
  }

  #price(id: number): void {
    const at = this.#prices.at(id);
    this.#prices.data[at] = this.#rarity(this.words.hashOf(this.codeOf(id)));
  }

  /** The value as a word. */
  codeOf(id: number): number {
    return this.packed.data[id * this.packed.width] as number;
  }

  /** A value as integers, its word first. */
  protected pack(value: string): number[] {
    return [this.words.intern(value)];
  }

  /** The level of two values of different codes. */
  protected abstract unequal(left: number, right: number): number;
}

/** Further columns of a packed phone number: its last seven digits, and a hash of all but the last three; -1 where it is too short. */
const phoneEnding = 1;
const phoneExchange = 2;
const phoneExtensionAt = 4;
const phoneWidth = 5;

export class PhoneTable extends CodeTable {
  constructor(space: string, parts: TableParts) {
    super(space, parts, phoneWidth);
  }

  protected override pack(value: string): number[] {
    const digits = phoneDigits(value);
    const code = this.words.intern(digits);
    const extension = phoneExtension(value);
    if (digits.length < 7) return [code, -1, -1, -1, extension];
    const exchange = hashText(digits.slice(0, -3));
    return [code, endingOf(digits), (exchange % 0x1_0000_0000) | 0, Math.floor(exchange / 0x1_0000_0000), extension];
  }

  /** Two extensions of one number are two telephones of one house. */
  override compare(left: number, right: number): void {
    super.compare(left, right);
    if ((this.levels[0] as number) > 1) return;
    const { data } = this.packed;
    const x = data[left * phoneWidth + phoneExtensionAt] as number;
    const y = data[right * phoneWidth + phoneExtensionAt] as number;
    if (x < 0 || y < 0 || x === y) return;
    this.levels[0] = 3;
    this.rarities[0] = 0;
  }

  protected unequal(left: number, right: number): number {
    const { words } = this;
    const { data } = this.packed;
    const a = left * phoneWidth;
    const b = right * phoneWidth;
    const x = data[a] as number;
    const y = data[b] as number;
    const same = words.lengthOf(x) === words.lengthOf(y);
    const ending = data[a + phoneEnding] as number;
    if (ending >= 0 && ending === data[b + phoneEnding] && (same || this.#contains(x, y))) {
      this.rarities[0] = same ? 15 : 17;
      return 1;
    }
    if (words.edits(x, y, 1) <= 1) return 2;
    return ending >= 0 &&
      data[a + phoneExchange] === data[b + phoneExchange] &&
      data[a + phoneExchange + 1] === data[b + phoneExchange + 1]
      ? 3
      : 4;
  }

  #contains(a: number, b: number): boolean {
    const x = this.words.textOf(a);
    const y = this.words.textOf(b);
    return x.endsWith(y) || y.endsWith(x);
  }
}

/** The last seven digits as a number; what is no digit makes a number that digits do not. */
function endingOf(digits: string): number {
  const ending = digits.slice(-7);
  const value = Number(ending);
  return Number.isInteger(value) && value >= 0 && /^\d+$/.test(ending) ? value : 10_000_000 + (hashText(ending) % 1e9);
}

/** Further columns of a packed date: year, month and day as words, and the number of its day. */
const year = 1;
const month = 2;
const day = 3;
const dayCount = 4;
const dateWidth = 8;
const noDay = -1;

export class DateTable extends CodeTable {
  readonly #unknown: number;

  constructor(space: string, parts: TableParts) {
    super(space, parts, dateWidth);
    this.#unknown = parts.words.intern('00');
  }

  protected override pack(value: string): number[] {
    const { words } = this;
    const number = dayNumber(value);
    return [
      words.intern(value),
      words.intern(value.slice(0, 4)),
      words.intern(value.slice(4, 6)),
      words.intern(value.slice(6, 8)),
      Number.isFinite(number) ? number : noDay,
    ];
  }

  protected unequal(left: number, right: number): number {
    const { data } = this.packed;
    const a = left * dateWidth;
    const b = right * dateWidth;
    const unknown = this.#unknown;
    const sameYear = data[a + year] === data[b + year];
    const monthA = data[a + month] as number;
    const dayA = data[a + day] as number;
    const monthB = data[b + month] as number;
    const dayB = data[b + day] as number;
    if (sameYear && monthA === dayB && dayA === monthB) return 1;
    if (monthA === unknown || monthB === unknown) return sameYear ? -1 : this.#apart(a, b);
    if (dayA === unknown || dayB === unknown) return sameYear && monthA === monthB ? 3 : this.#apart(a, b);
    if (this.words.edits(data[a] as number, data[b] as number, 1) <= 1) return 2;
    const same = Number(sameYear) + Number(monthA === monthB) + Number(dayA === dayB);
    if (same >= 2) return 3;
    return this.words.edits(data[a] as number, data[b] as number, 2) <= 2 ? 4 : this.#apart(a, b);
  }

  #apart(a: number, b: number): number {
    const { data } = this.packed;
    const x = data[a + dayCount] as number;
    const y = data[b + dayCount] as number;
    return x !== noDay && y !== noDay && Math.abs(x - y) <= 366 ? 5 : 6;
  }
}

export class IdentifierTable extends CodeTable {
  protected unequal(left: number, right: number): number {
    const a = this.codeOf(left);
    const b = this.codeOf(right);
    const shorter = Math.min(this.words.lengthOf(a), this.words.lengthOf(b));
    return shorter >= 5 && this.words.edits(a, b, 1) <= 1 ? 1 : 2;
  }
}

/** A further column of a packed domain: its first label as a word, -1 where that is too short to tell. */
const label = 1;

export class DomainTable extends CodeTable {
  constructor(space: string, parts: TableParts) {
    super(space, parts, 2);
  }

  protected override pack(value: string): number[] {
    const dot = value.indexOf('.');
    return [this.words.intern(value), dot > 3 ? this.words.intern(value.slice(0, dot)) : -1];
  }

  protected unequal(left: number, right: number): number {
    const { data } = this.packed;
    const name = data[left * 2 + label] as number;
    if (name >= 0 && name === data[right * 2 + label]) {
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
