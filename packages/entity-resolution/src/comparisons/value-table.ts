import type { Rarities } from '../frequencies.ts';

/**
 * The distinct values of one slot, prepared for comparison. `compare` writes one level per comparison of the slot into `levels` (-1 where
 * the values say nothing) and the rarity in bits of what they share into `rarities` (0 where nothing is shared).
 */
export interface ValueTable {
  readonly levels: Int8Array;
  readonly rarities: Float64Array;
  readonly size: number;
  intern(value: string): number;
  /** Takes over new frequencies for every value interned so far. */
  reprice(rarities: Rarities): void;
  compare(left: number, right: number): void;
  /** The rarity spaces that a normalised value counts in, with the text it counts as. */
  terms(value: string): readonly (readonly [space: string, term: string])[];
}
