import { nothingKnown, type Rarities, type SpaceRarity } from '../frequencies.ts';
import { kmBetween, type Position, readPosition } from '../position.ts';
import { TextPool } from '../text-pool.ts';
import { type ArrayHolder, Prices } from './packed-rows.ts';
import type { TableParts, ValueTable } from './value-table.ts';

/** Kilometres up to which each level holds, in the order of the levels. */
const reach = [0.025, 0.15, 1.5, 15] as const;

/** Positions on the globe, compared by the way between them. A position that many have, such as the middle of a town, says less. */
export class PositionTable implements ValueTable {
  readonly levels: Int8Array;
  readonly rarities: Float64Array;
  readonly spaces: readonly string[];
  readonly #values: TextPool;
  /** Latitude, longitude and rarity. */
  readonly #places: Prices;
  #rarity: SpaceRarity;

  /** Before any frequency is known, prices are left for the first ones that come. */
  #isPriced: boolean;

  constructor(space: string, { rarities, expected, found }: TableParts) {
    this.#values = new TextPool(expected);
    this.#places = new Prices(3, expected);
    this.levels = found.levels;
    this.rarities = found.rarities;
    this.spaces = [space];
    this.#rarity = rarities.in(space);
    this.#isPriced = rarities !== nothingKnown;
  }

  get holders(): readonly ArrayHolder[] {
    return [this.#places];
  }

  get size(): number {
    return this.#values.size;
  }

  seal(): void {
    this.#values.seal();
  }

  textOf(id: number): string {
    return this.#values.textOf(id);
  }

  intern(value: string): number {
    const before = this.#values.size;
    const id = this.#values.intern(value);
    if (id >= before) this.#enter(id, value);
    return id;
  }

  internCodes(codes: Uint8Array, from: number, to: number): number {
    const before = this.#values.size;
    const id = this.#values.internCodes(codes, from, to);
    if (id >= before) this.#enter(id, this.#values.textOf(id));
    return id;
  }

  #enter(id: number, value: string): void {
    const { latitude, longitude } = readPosition(value);
    const at = this.#places.at(id);
    this.#places.data[at] = latitude;
    this.#places.data[at + 1] = longitude;
    if (this.#isPriced) this.#price(id);
  }

  reprice(rarities: Rarities): void {
    this.#isPriced = true;
    this.#rarity = rarities.in(this.spaces[0] as string);
    for (let id = 0; id < this.#values.size; id += 1) this.#price(id);
  }

  #price(id: number): void {
    this.#places.data[id * 3 + 2] = this.#rarity(this.#values.hashOf(id));
  }

  compare(left: number, right: number): void {
    if (left === right) {
      this.levels[0] = 0;
      this.rarities[0] = this.#places.data[left * 3 + 2] as number;
      return;
    }
    const km = kmBetween(this.#positionOf(left), this.#positionOf(right));
    const level = reach.findIndex((most) => km <= most);
    this.levels[0] = level < 0 ? reach.length : level;
    this.rarities[0] = 0;
  }

  #positionOf(id: number): Position {
    return { latitude: this.#places.data[id * 3] as number, longitude: this.#places.data[id * 3 + 1] as number };
  }

  eachTerm(id: number, tell: (space: number, hash: number) => void): void {
    tell(0, this.#values.hashOf(id));
  }
}
