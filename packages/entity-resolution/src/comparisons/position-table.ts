import type { Rarities } from '../frequencies.ts';
import { kmBetween, type Position, readPosition } from '../position.ts';
import type { ValueTable } from './value-table.ts';

/** Kilometres up to which each level holds, in the order of the levels. */
const reach = [0.025, 0.15, 1.5, 15] as const;

/** Positions on the globe, compared by the way between them. A position that many have, such as the middle of a town, says less. */
export class PositionTable implements ValueTable {
  readonly levels = new Int8Array(1);
  readonly rarities = new Float64Array(1);
  readonly #space: string;
  #rarityOf: Rarities;
  readonly #ids = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #positions: Position[] = [];
  readonly #rarity: number[] = [];

  constructor(space: string, rarities: Rarities) {
    this.#space = space;
    this.#rarityOf = rarities;
  }

  get size(): number {
    return this.#texts.length;
  }

  intern(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const id = this.#texts.length;
    this.#texts.push(value);
    this.#positions.push(readPosition(value));
    this.#rarity.push(this.#rarityOf.of(this.#space, value));
    this.#ids.set(value, id);
    return id;
  }

  reprice(rarities: Rarities): void {
    this.#rarityOf = rarities;
    this.#texts.forEach((text, id) => {
      this.#rarity[id] = rarities.of(this.#space, text);
    });
  }

  compare(left: number, right: number): void {
    if (left === right) {
      this.levels[0] = 0;
      this.rarities[0] = this.#rarity[left] as number;
      return;
    }
    const km = kmBetween(this.#positions[left] as Position, this.#positions[right] as Position);
    const level = reach.findIndex((most) => km <= most);
    this.levels[0] = level < 0 ? reach.length : level;
    this.rarities[0] = 0;
  }

  terms(value: string): readonly (readonly [string, string])[] {
    return [[this.#space, value]];
  }
}
