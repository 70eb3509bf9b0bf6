import { AddressTable } from './comparisons/address-table.ts';
import { CategoryTable, DateTable, DomainTable, IdentifierTable, PhoneTable } from './comparisons/code-tables.ts';
import { EmailTable } from './comparisons/email-table.ts';
import { NameTable } from './comparisons/name-table.ts';
import { PositionTable } from './comparisons/position-table.ts';
import { FreeTextTable, OrganisationTable } from './comparisons/token-tables.ts';
import type { ValueTable } from './comparisons/value-table.ts';
import { filledMask } from './filled-patterns.ts';
import type { Rarities } from './frequencies.ts';
import type { Plan, Slot } from './plan.ts';
import { WordPool } from './word-pool.ts';

const noValue = -1;

/** The prepared values of one slot. `rarities` is what the model knows of frequencies. */
export function createValueTable(slot: Slot, plan: Plan, words: WordPool, rarities: Rarities): ValueTable {
  switch (slot.kind) {
    case 'personName':
      return new NameTable(words, rarities);
    case 'organisation':
      return new OrganisationTable(words, rarities);
    case 'email':
      return new EmailTable(
        words,
        rarities,
        plan.slots.some(({ kind }) => kind === 'personName'),
      );
    case 'phone':
      return new PhoneTable('phone', words, rarities);
    case 'address':
      return new AddressTable(words, rarities);
    case 'position':
      return new PositionTable(`position:${slot.name}`, rarities);
    case 'date':
      return new DateTable(`date:${slot.name}`, words, rarities);
    case 'identifier':
      return new IdentifierTable(`identifier:${slot.name}`, words, rarities);
    case 'domain':
      return new DomainTable('domain', words, rarities);
    case 'category':
      return new CategoryTable(`category:${slot.name}`, words, rarities);
    case 'freeText':
      return new FreeTextTable(slot.name, words, rarities);
  }
}

/**
 * Records as rows of interned values. Comparing two rows fills `levels` and `rarities`, one entry a comparison; both are overwritten by the
 * next call.
 */
export class RecordStore {
  readonly levels: Int8Array;
  readonly rarities: Float64Array;
  readonly #plan: Plan;
  readonly #tables: readonly ValueTable[];
  readonly #names: NameTable | null;
  /** Row by row, one cell a slot: a value id, -1 for none, or -2 - index into #lists. */
  #cells: Int32Array;
  readonly #width: number;
  readonly #twoFeatures: Uint8Array;
  readonly #lists: Int32Array[] = [];
  readonly #firstFeature: readonly number[];
  readonly #bestLevels = new Int8Array(2);
  readonly #bestRarities = new Float64Array(2);
  #generations = new Int8Array(1024);
  #sources = new Int16Array(1024);
  #masks = new Int16Array(1024);
  readonly #sourceIds = new Map<string, number>();
  #rows = 0;

  constructor(plan: Plan, rarities: Rarities, expectedRows = 1024) {
    const words = new WordPool();
    this.#plan = plan;
    this.#tables = plan.slots.map((slot) => createValueTable(slot, plan, words, rarities));
    this.#names = (this.#tables.find((table) => table instanceof NameTable) as NameTable | undefined) ?? null;
    this.#width = plan.slots.length;
    this.#cells = new Int32Array(Math.max(16, expectedRows) * this.#width);
    this.#twoFeatures = Uint8Array.from(this.#tables, (table) => (table.levels.length === 2 ? 1 : 0));
    this.#generations = new Int8Array(Math.max(16, expectedRows));
    this.#sources = new Int16Array(Math.max(16, expectedRows));
    this.#masks = new Int16Array(Math.max(16, expectedRows));
    this.#firstFeature = plan.slots.map((_, slot) => plan.features.findIndex((feature) => feature.slot === slot));
    this.levels = new Int8Array(plan.features.length);
    this.rarities = new Float64Array(plan.features.length);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Distinct values held, over all slots: what bounds the memory of a long-lived store. */
  get values(): number {
    return this.#tables.reduce((sum, table) => sum + table.size, 0);
  }

  /** The number of a source in this store; pairs of different sources have different numbers. */
  sourceId(source: string): number {
    let id = this.#sourceIds.get(source);
    if (id === undefined) {
      id = Math.min(this.#sourceIds.size, 32_000);
      this.#sourceIds.set(source, id);
    }
    return id;
  }

  sourceOf(row: number): number {
    return this.#sources[row] as number;
  }

  /** Bit set of the slots that the row fills. */
  maskOf(row: number): number {
    return this.#masks[row] as number;
  }

  isFilled(row: number, slot: number): boolean {
    return this.#cells[row * this.#width + slot] !== noValue;
  }

  add(values: readonly (readonly string[])[], source: string): number {
    const row = this.#rows;
    this.#rows += 1;
    if (row >= this.#generations.length) {
      this.#generations = widen(this.#generations, new Int8Array(row * 2));
      this.#sources = widen(this.#sources, new Int16Array(row * 2));
      this.#masks = widen(this.#masks, new Int16Array(row * 2));
      this.#cells = widen(this.#cells, new Int32Array(row * 2 * this.#width));
    }
    this.#sources[row] = this.sourceId(source);
    this.#masks[row] = filledMask(values);
    for (let slot = 0; slot < this.#tables.length; slot += 1) {
      const table = this.#tables[slot] as ValueTable;
      const found = values[slot] ?? [];
      const cell = row * this.#width + slot;
      if (found.length === 0) {
        this.#cells[cell] = noValue;
      } else if (found.length === 1) {
        this.#cells[cell] = table.intern(found[0] as string);
      } else {
        this.#cells[cell] = -2 - this.#lists.length;
        this.#lists.push(Int32Array.from(found, (value) => table.intern(value)));
      }
      if (table === this.#names && found.length > 0) {
        for (const value of found) {
          const generation = this.#names.generation(table.intern(value));
          if (generation > 0) this.#generations[row] = generation;
        }
      }
    }
    return row;
  }

  /** Compares two rows; of several values of a slot the pair that agrees best counts. */
  compare(left: number, right: number): void {
    const cells = this.#cells;
    const width = this.#width;
    const { levels, rarities } = this;
    let a = left * width;
    let b = right * width;
    let feature = 0;
    for (let slot = 0; slot < width; slot += 1) {
      const x = cells[a] as number;
      const y = cells[b] as number;
      a += 1;
      b += 1;
      const two = this.#twoFeatures[slot] === 1;
      if (x === noValue || y === noValue) {
        levels[feature] = -1;
        rarities[feature] = 0;
        if (two) {
          levels[feature + 1] = -1;
          rarities[feature + 1] = 0;
        }
      } else {
        let foundLevels = this.#bestLevels;
        let foundRarities = this.#bestRarities;
        if (x >= 0 && y >= 0) {
          const table = this.#tables[slot] as ValueTable;
          table.compare(x, y);
          foundLevels = table.levels as Int8Array<ArrayBuffer>;
          foundRarities = table.rarities as Float64Array<ArrayBuffer>;
        } else {
          this.#compareLists(slot, x, y);
        }
        levels[feature] = foundLevels[0] as number;
        rarities[feature] = foundRarities[0] as number;
        if (two) {
          levels[feature + 1] = foundLevels[1] as number;
          rarities[feature + 1] = foundRarities[1] as number;
        }
      }
      feature += two ? 2 : 1;
    }
  }

  /** Takes over new frequencies for all values held. */
  reprice(rarities: Rarities): void {
    for (const table of this.#tables) table.reprice(rarities);
  }

  /** True when the rows can never be one entity: other generation of a family, or other value of a verified identifier. Call after compare. */
  conflict(left: number, right: number): boolean {
    const a = this.#generations[left] as number;
    const b = this.#generations[right] as number;
    if (a !== 0 && b !== 0 && a !== b) return true;
    for (let slot = 0; slot < this.#plan.slots.length; slot += 1) {
      const { verified, kind } = this.#plan.slots[slot] as Slot;
      if (verified && kind === 'identifier' && this.levels[this.#firstFeature[slot] as number] === 2) return true;
    }
    return false;
  }

  #compareLists(slot: number, a: number, b: number): void {
    const table = this.#tables[slot] as ValueTable;
    const width = table.levels.length;
    const lefts = a < -1 ? (this.#lists[-2 - a] as Int32Array) : null;
    const rights = b < -1 ? (this.#lists[-2 - b] as Int32Array) : null;
    let best = Number.POSITIVE_INFINITY;
    let bestRarity = -1;
    for (let x = 0; x < (lefts?.length ?? 1); x += 1) {
      const leftValue = lefts === null ? a : (lefts[x] as number);
      for (let y = 0; y < (rights?.length ?? 1); y += 1) {
        const rightValue = rights === null ? b : (rights[y] as number);
        table.compare(leftValue, rightValue);
        let rank = 0;
        let rarity = 0;
        for (let offset = 0; offset < width; offset += 1) {
          const level = table.levels[offset] as number;
          rank += level < 0 ? 2.5 : level;
          rarity += table.rarities[offset] as number;
        }
        if (rank < best || (rank === best && rarity > bestRarity)) {
          best = rank;
          bestRarity = rarity;
          for (let offset = 0; offset < width; offset += 1) {
            this.#bestLevels[offset] = table.levels[offset] as number;
            this.#bestRarities[offset] = table.rarities[offset] as number;
          }
        }
      }
    }
  }
}

function widen<T extends Int8Array | Int16Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
