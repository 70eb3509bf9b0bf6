import type { ArrayHolder } from '../array-holder.ts';
import { nothingKnown, type Rarities } from '../frequencies.ts';
import { TextPool } from '../text-pool.ts';
import type { TableParts, ValueTable } from './value-table.ts';

/** What tables have in common: a pool that keeps every value once, and is told of by `enter` when a value comes for the first time. */
export abstract class PooledTable implements ValueTable {
  readonly levels: Int8Array;
  readonly rarities: Float64Array;
  abstract readonly spaces: readonly string[];
  abstract readonly holders: readonly ArrayHolder[];
  protected readonly values: TextPool;
  /** Before any frequency is known, prices are left for the first ones that come. */
  protected isPriced: boolean;

  constructor({ rarities, expected, found }: TableParts) {
    this.values = new TextPool(expected);
    this.levels = found.levels;
    this.rarities = found.rarities;
    this.isPriced = rarities !== nothingKnown;
  }

  get size(): number {
    return this.values.size;
  }

  seal(): void {
    this.values.seal();
  }

  textOf(id: number): string {
    return this.values.textOf(id);
  }

  intern(value: string): number {
    const before = this.values.size;
    const id = this.values.intern(value);
    if (id >= before) this.enter(id, value);
    return id;
  }

  internCodes(codes: Uint8Array, from: number, to: number): number {
    const before = this.values.size;
    const id = this.values.internCodes(codes, from, to);
    if (id >= before) this.enter(id, this.values.textOf(id));
    return id;
  }

  /** Prepares a value that is new. */
  protected abstract enter(id: number, value: string): void;
  abstract reprice(rarities: Rarities): void;
  abstract compare(left: number, right: number): void;
  abstract eachTerm(id: number, tell: (space: number, hash: number) => void): void;
}
