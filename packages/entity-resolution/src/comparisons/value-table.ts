import type { ArrayHolder } from '../array-holder.ts';
import type { Rarities } from '../frequencies.ts';
import type { WordPool } from '../word-pool.ts';

/**
 * The distinct values of one slot, prepared for comparison. `compare` writes one level per comparison of the slot into `levels` (-1 where
 * the values say nothing) and the rarity in bits of what they share into `rarities` (0 where nothing is shared).
 */
export interface ValueTable {
  readonly levels: Int8Array;
  readonly rarities: Float64Array;
  readonly size: number;
  /** The arrays that `compare` and the writing of keys read, in an order that is the same for every table of the kind. */
  readonly holders: readonly ArrayHolder[];
  /** The rarity spaces that values count in. */
  readonly spaces: readonly string[];
  intern(value: string): number;
  /** The same for a value of which each character is one byte. */
  internCodes(codes: Uint8Array, from: number, to: number): number;
  /** No further value comes. */
  seal(): void;
  /** The value by its number, as it was given. */
  textOf(id: number): string;
  /** Takes over new frequencies for every value interned so far. */
  reprice(rarities: Rarities): void;
  compare(left: number, right: number): void;
  /** Tells the rarity spaces that a value counts in, by their places in `spaces`, and the hashes of the texts that it counts as. */
  eachTerm(id: number, tell: (space: number, hash: number) => void): void;
}

/** What the table of a slot works with. */
export interface TableParts {
  readonly words: WordPool;
  /** What the model knows of frequencies. */
  readonly rarities: Rarities;
  /** How many values there may be; more are no harm. */
  readonly expected: number;
  /** Where comparisons write what they find. */
  readonly found: { readonly levels: Int8Array; readonly rarities: Float64Array };
}
