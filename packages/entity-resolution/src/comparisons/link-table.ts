import type { ArrayHolder } from '../array-holder.ts';
import { hashText } from '../hash.ts';
import { idOfLink, isOwnId } from '../links.ts';
import type { TextPool } from '../text-pool.ts';
import { PackedRows } from './packed-rows.ts';
import { PooledTable } from './pooled-table.ts';

/** A packed link: the halves of a hash of 53 bits of its id, and whether it is the record's own. */
const width = 3;
const half = 2 ** 32;

/**
 * Ids that records have, and ids that they name. Nothing of it is compared by levels, and no value is rare or common. Since most records of a
 * system have an id and few have a link, an id is kept once only.
 */
export class LinkTable extends PooledTable {
  readonly spaces: readonly string[] = [];
  readonly #packed = new PackedRows(width);

  get holders(): readonly ArrayHolder[] {
    return [this.#packed, ...this.values.holders];
  }

  protected override enter(_id: number, value: string): void {
    const hash = hashText(idOfLink(value));
    this.#packed.push([(hash % half) | 0, Math.floor(hash / half), isOwnId(value) ? 1 : 0]);
  }

  /** The values with their marks of one character. */
  get texts(): TextPool {
    return this.values;
  }

  /** Whether one of the two is an id that a record has, and the other the same id as another record names it. */
  links(left: number, right: number): boolean {
    const { data } = this.#packed;
    const a = left * width;
    const b = right * width;
    return data[a + 2] !== data[b + 2] && data[a] === data[b] && data[a + 1] === data[b + 1];
  }

  reprice(): void {}

  compare(): void {}

  eachTerm(): void {}
}
