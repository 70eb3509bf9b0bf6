import { idOfLink, isOwnId } from '../links.ts';
import { type ArrayHolder, PackedRows } from './packed-rows.ts';
import { PooledTable } from './pooled-table.ts';
import type { TableParts } from './value-table.ts';

/** A packed link: its id as a word, and whether it is the record's own. */
const width = 2;

/** Ids that records have, and ids that they name. Nothing of it is compared by levels, and no value is rare or common. */
export class LinkTable extends PooledTable {
  readonly spaces: readonly string[] = [];
  readonly #words: TableParts['words'];
  readonly #packed: PackedRows;

  constructor(parts: TableParts) {
    super(parts);
    this.#words = parts.words;
    this.#packed = new PackedRows(width, parts.expected);
  }

  get holders(): readonly ArrayHolder[] {
    return [this.#packed];
  }

  protected override enter(_id: number, value: string): void {
    this.#packed.push([this.#words.intern(idOfLink(value)), isOwnId(value) ? 1 : 0]);
  }

  /** The id as a word. */
  codeOf(id: number): number {
    return this.#packed.data[id * width] as number;
  }

  /** Whether one of the two is an id that a record has, and the other the same id as another record names it. */
  links(left: number, right: number): boolean {
    const { data } = this.#packed;
    return data[left * width + 1] !== data[right * width + 1] && data[left * width] === data[right * width];
  }

  reprice(): void {}

  compare(): void {}

  eachTerm(): void {}
}
