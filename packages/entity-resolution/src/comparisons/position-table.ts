import type { ArrayHolder } from '../array-holder.ts';
import type { Rarities, SpaceRarity } from '../frequencies.ts';
import { kmBetween, type Position, readPosition } from '../position.ts';
import { Prices } from './packed-rows.ts';
import { PooledTable } from './pooled-table.ts';
import type { TableParts } from './value-table.ts';

/** Kilometres up to which each level holds, in the order of the levels. */
const reach = [0.025, 0.15, 1.5, 15] as const;

/** Positions on the globe, compared by the way between them. A position that many have, such as the middle of a town, says less. */
export class PositionTable extends PooledTable {
  readonly spaces: readonly string[];
  /** Latitude, longitude and rarity. */
  readonly #places: Prices;
  #rarity: SpaceRarity;

  constructor(space: string, parts: TableParts) {
    super(parts);
    const { rarities, expected } = parts;
    this.#places = new Prices(3, expected);
    this.spaces = [space];
    this.#rarity = rarities.in(space);
  }

  get holders(): readonly ArrayHolder[] {
    return [this.#places];
  }

  protected override enter(id: number, value: string): void {
    const { latitude, longitude } = readPosition(value);
    const at = this.#places.at(id);
    this.#places.data[at] = latitude;
    this.#places.data[at + 1] = longitude;
    if (this.isPriced) this.#price(id);
  }

  reprice(rarities: Rarities): void {
    this.isPriced = true;
    this.#rarity = rarities.in(this.spaces[0] as string);
    for (let id = 0; id < this.values.size; id += 1) this.#price(id);
  }

  #price(id: number): void {
    this.#places.data[id * 3 + 2] = this.#rarity(this.values.hashOf(id));
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
    tell(0, this.values.hashOf(id));
  }
}
