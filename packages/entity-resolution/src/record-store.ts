import { type ArrayHolder, holderOf } from './array-holder.ts';
import { AddressTable } from './comparisons/address-table.ts';
import { CategoryTable, DateTable, DomainTable, IdentifierTable, PhoneTable } from './comparisons/code-tables.ts';
import { EmailTable } from './comparisons/email-table.ts';
import { LinkTable } from './comparisons/link-table.ts';
import { NameTable } from './comparisons/name-table.ts';
import { PositionTable } from './comparisons/position-table.ts';
import { FreeTextTable, OrganisationTable } from './comparisons/token-tables.ts';
import type { TableParts, ValueTable } from './comparisons/value-table.ts';
import { filledMask, maskBelow, maskOfSlot } from './filled-patterns.ts';
import { nothingKnown, type Rarities } from './frequencies.ts';
import { linkSlots } from './links.ts';
import type { PackedRecords } from './packed-records.ts';
import type { Plan, Slot } from './plan.ts';
import { giveBack } from './text-pool.ts';
import { WordPool } from './word-pool.ts';

const noValue = -1;
/** About how many different words each row brings. */
const wordsPerRow = 4;
const nothing: readonly string[] = [];

function createValueTable(slot: Slot, plan: Plan, parts: TableParts): ValueTable {
  switch (slot.kind) {
    case 'personName':
      return new NameTable(parts);
    case 'organisation':
      return new OrganisationTable(parts);
    case 'email':
      return new EmailTable(
        parts,
        plan.slots.some(({ kind }) => kind === 'personName'),
      );
    case 'phone':
      return new PhoneTable('phone', parts);
    case 'address':
      return new AddressTable(parts);
    case 'position':
      return new PositionTable(`position:${slot.name}`, parts);
    case 'date':
      return new DateTable(`date:${slot.name}`, parts);
    case 'identifier':
      return new IdentifierTable(`identifier:${slot.name}`, parts);
    case 'domain':
      return new DomainTable('domain', parts);
    case 'category':
      return new CategoryTable(`category:${slot.name}`, parts);
    case 'freeText':
      return new FreeTextTable(slot.name, parts);
    case 'link':
      return new LinkTable(parts);
  }
}

/** A store as threads share it: the arrays that comparisons and the writing of keys read, and the sources by their numbers. */
export interface SharedStore {
  readonly plan: Plan;
  readonly arrays: readonly ArrayHolder['data'][];
  readonly rows: number;
  readonly sources: readonly string[];
}

/**
 * Records as rows of interned values. Comparing two rows fills `levels` and `rarities`, one entry a comparison; both are overwritten by the
 * next call.
 */
export class RecordStore {
  readonly levels: Int8Array;
  readonly rarities: Float64Array;
  readonly #plan: Plan;
  readonly #words: WordPool;
  readonly #tables: readonly ValueTable[];
  readonly #names: NameTable | null;
  /** Row by row, one cell a slot: a value id, -1 for none, or -2 - place in #lists. */
  #cells: Int32Array;
  readonly #width: number;
  readonly #twoFeatures: Uint8Array;
  /** Slots that are compared lead, those of links follow. */
  readonly #compared: number;
  readonly #comparedMask: number;
  /** Several values of one cell: their number, then their ids. */
  #lists = new Int32Array(1 << 10);
  #listed = 0;
  readonly #firstFeature: readonly number[];
  #generations = new Int8Array(1024);
  #sources = new Int16Array(1024);
  #masks = new Int16Array(1024);
  readonly #sourceIds = new Map<string, number>();
  readonly #sourceNames: string[] = [];
  #rows = 0;

  constructor(plan: Plan, rarities: Rarities, expectedRows = 1024) {
    const words = new WordPool(expectedRows * wordsPerRow);
    this.#words = words;
    this.#plan = plan;
    this.levels = new Int8Array(plan.features.length);
    this.rarities = new Float64Array(plan.features.length);
    this.#firstFeature = plan.slots.map((_, slot) => plan.features.findIndex((feature) => feature.slot === slot));
    this.#tables = plan.slots.map((each, slot) => {
      const from = Math.max(0, this.#firstFeature[slot] as number);
      const to = from + plan.features.filter((feature) => feature.slot === slot).length;
      // Tables write what they find straight into its place.
      const found = { levels: this.levels.subarray(from, to), rarities: this.rarities.subarray(from, to) };
      return createValueTable(each, plan, { words, rarities, expected: expectedRows, found });
    });
    this.#names = (this.#tables.find((table) => table instanceof NameTable) as NameTable | undefined) ?? null;
    this.#width = plan.slots.length;
    this.#cells = new Int32Array(Math.max(16, expectedRows) * this.#width);
    this.#compared = plan.slots.length - linkSlots(plan).length;
    this.#comparedMask = maskBelow(this.#compared);
    this.#twoFeatures = Uint8Array.from(this.#tables, (table) => (table.levels.length === 2 ? 1 : 0));
    this.#generations = new Int8Array(Math.max(16, expectedRows));
    this.#sources = new Int16Array(Math.max(16, expectedRows));
    this.#masks = new Int16Array(Math.max(16, expectedRows));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Frees the memory that only adding rows takes: none can be added any more. */
  seal(): void {
    this.#words.seal();
    for (const table of this.#tables) table.seal();
  }

  /**
   * Moves everything that comparing and writing keys read into memory that threads share, and answers it for `attached`; null where a value is kept as a string,
   * which threads cannot see.
   */
  share(): SharedStore | null {
    if (this.#words.hasForeign) return null;
    const arrays = this.#holders().map((holder) => {
      const from = holder.data;
      const { used } = holder;
      if (from.buffer instanceof SharedArrayBuffer) return from;
      const to = new (from.constructor as new (memory: SharedArrayBuffer) => ArrayHolder['data'])(
        new SharedArrayBuffer(used * from.BYTES_PER_ELEMENT),
      );
      to.set(from.subarray(0, used));
      holder.data = to;
      giveBack(from);
      return to;
    });
    return { plan: this.#plan, arrays, rows: this.#rows, sources: [...this.#sourceIds.keys()] };
  }

  /** A store of another thread, which nothing can be added to. */
  static attached({ plan, arrays, rows, sources }: SharedStore): RecordStore {
    const store = new RecordStore(plan, nothingKnown, 0);
    store.#holders().forEach((holder, at) => {
      holder.data = arrays[at] as ArrayHolder['data'];
    });
    store.#rows = rows;
    for (const source of sources) store.sourceId(source);
    return store;
  }

  #holders(): readonly ArrayHolder[] {
    return [
      ...this.#words.holders,
      ...this.#tables.flatMap((table) => table.holders),
      holderOf(
        () => ({ data: this.#cells, used: this.#rows * this.#width }),
        (data) => {
          this.#cells = data;
        },
      ),
      holderOf(
        () => ({ data: this.#lists, used: this.#listed }),
        (data) => {
          this.#lists = data;
        },
      ),
      holderOf(
        () => ({ data: this.#generations, used: this.#rows }),
        (data) => {
          this.#generations = data;
        },
      ),
      holderOf(
        () => ({ data: this.#sources, used: this.#rows }),
        (data) => {
          this.#sources = data;
        },
      ),
      holderOf(
        () => ({ data: this.#masks, used: this.#rows }),
        (data) => {
          this.#masks = data;
        },
      ),
    ];
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** The words that all values are made of. */
  get words(): WordPool {
    return this.#words;
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
      this.#sourceNames[id] ??= source;
    }
    return id;
  }

  sourceOf(row: number): number {
    return this.#sources[row] as number;
  }

  sourceNameOf(row: number): string {
    return this.#sourceNames[this.#sources[row] as number] as string;
  }

  /** Bit set of the slots that the row fills. */
  maskOf(row: number): number {
    return this.#masks[row] as number;
  }

  isFilled(row: number, slot: number): boolean {
    return this.#cells[row * this.#width + slot] !== noValue;
  }

  add(values: readonly (readonly string[])[], source: string): number {
    const row = this.#begin(source);
    this.#masks[row] = filledMask(values) & this.#comparedMask;
    for (let slot = 0; slot < this.#tables.length; slot += 1) {
      const found = values[slot] ?? [];
      const cell = row * this.#width + slot;
      if (found.length === 0) {
        this.#cells[cell] = noValue;
      } else if (found.length === 1) {
        this.#cells[cell] = this.#intern(slot, found[0] as string);
      } else {
        this.#cells[cell] = -2 - this.#list(slot, found);
      }
    }
    this.#readGeneration(row);
    return row;
  }

  /** The same for many rows that a RecordPacker has packed. */
  addPacked({ sources, sourceOf, counts, lengths, codes }: PackedRecords): void {
    const width = this.#width;
    let value = 0;
    let from = 0;
    for (let record = 0; record < sourceOf.length; record += 1) {
      const row = this.#begin(sources[sourceOf[record] as number] as string);
      let mask = 0;
      for (let slot = 0; slot < width; slot += 1) {
        const table = this.#tables[slot] as ValueTable;
        const count = counts[record * width + slot] as number;
        const cell = row * width + slot;
        if (count === 0) {
          this.#cells[cell] = noValue;
          continue;
        }
        mask |= maskOfSlot(slot);
        if (count > 1) this.#cells[cell] = -2 - this.#beginList(count);
        for (let at = 0; at < count; at += 1) {
          const to = from + (lengths[value] as number);
          value += 1;
          const id = table.internCodes(codes, from, to);
          from = to;
          if (count === 1) this.#cells[cell] = id;
          else this.#lists[this.#listed - count + at] = id;
        }
      }
      this.#masks[row] = mask & this.#comparedMask;
      this.#readGeneration(row);
    }
  }

  /** Room for one more row. */
  #begin(source: string): number {
    const row = this.#rows;
    this.#rows += 1;
    if (row >= this.#generations.length) {
      this.#generations = widen(this.#generations, new Int8Array(row * 2));
      this.#sources = widen(this.#sources, new Int16Array(row * 2));
      this.#masks = widen(this.#masks, new Int16Array(row * 2));
      this.#cells = widen(this.#cells, new Int32Array(row * 2 * this.#width));
    }
    this.#sources[row] = this.sourceId(source);
    return row;
  }

  #readGeneration(row: number): void {
    const names = this.#names;
    if (names === null) return;
    this.eachValue(row, this.#tables.indexOf(names), (id) => {
      const generation = names.generation(id);
      if (generation > 0) this.#generations[row] = generation;
    });
  }

  #list(slot: number, values: readonly string[]): number {
    const place = this.#beginList(values.length);
    for (let at = 0; at < values.length; at += 1)
      this.#lists[place + 1 + at] = this.#intern(slot, values[at] as string);
    return place;
  }

  /** Room for a list of values; answers where it begins. */
  #beginList(count: number): number {
    const place = this.#listed;
    if (place + count + 1 > this.#lists.length)
      this.#lists = widen(this.#lists, new Int32Array(Math.max(place + count + 1, this.#lists.length * 2)));
    this.#lists[place] = count;
    this.#listed = place + 1 + count;
    return place;
  }

  #intern(slot: number, value: string): number {
    return (this.#tables[slot] as ValueTable).intern(value);
  }

  get slots(): number {
    return this.#tables.length;
  }

  tableOf(slot: number): ValueTable {
    return this.#tables[slot] as ValueTable;
  }

  /** The only value of a row in a slot by id, -1 where it has none, -2 where it has several. */
  onlyValue(row: number, slot: number): number {
    return Math.max(-2, this.#cells[row * this.#width + slot] as number);
  }

  /** How many values a row has in a slot. */
  countOf(row: number, slot: number): number {
    const cell = this.#cells[row * this.#width + slot] as number;
    return cell >= 0 ? 1 : cell === noValue ? 0 : (this.#lists[-2 - cell] as number);
  }

  /** One of them by its place. */
  valueAt(row: number, slot: number, at: number): number {
    const cell = this.#cells[row * this.#width + slot] as number;
    return cell >= 0 ? cell : (this.#lists[-1 - cell + at] as number);
  }

  eachValue(row: number, slot: number, visit: (id: number) => void): void {
    const cell = this.#cells[row * this.#width + slot] as number;
    if (cell >= 0) visit(cell);
    else if (cell < noValue) for (const id of this.#several(cell)) visit(id);
  }

  /** The values of a row in normal form, by slot. */
  valuesOf(row: number): (readonly string[])[] {
    const values: (readonly string[])[] = [];
    for (let slot = 0; slot < this.#width; slot += 1) {
      const cell = this.#cells[row * this.#width + slot] as number;
      const table = this.#tables[slot] as ValueTable;
      if (cell === noValue) values.push(nothing);
      else if (cell >= 0) values.push([table.textOf(cell)]);
      else values.push(Array.from(this.#several(cell), (id) => table.textOf(id)));
    }
    return values;
  }

  #several(cell: number): Int32Array {
    const place = -2 - cell;
    return this.#lists.subarray(place + 1, place + 1 + (this.#lists[place] as number));
  }

  /** Puts the rows in another order: row r becomes what row `order[r]` was. */
  arrange(order: Int32Array): void {
    const width = this.#width;
    const cells = new Int32Array(order.length * width);
    const generations = new Int8Array(order.length);
    const sources = new Int16Array(order.length);
    const masks = new Int16Array(order.length);
    order.forEach((from, to) => {
      cells.set(this.#cells.subarray(from * width, (from + 1) * width), to * width);
      generations[to] = this.#generations[from] as number;
      sources[to] = this.#sources[from] as number;
      masks[to] = this.#masks[from] as number;
    });
    this.#cells = cells;
    this.#generations = generations;
    this.#sources = sources;
    this.#masks = masks;
  }

  /** Compares two rows; of several values of a slot the pair that agrees best counts. */
  compare(left: number, right: number): void {
    const cells = this.#cells;
    const width = this.#width;
    const { levels, rarities } = this;
    let a = left * width;
    let b = right * width;
    let feature = 0;
    for (let slot = 0; slot < this.#compared; slot += 1) {
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
      } else if (x >= 0 && y >= 0) {
        (this.#tables[slot] as ValueTable).compare(x, y);
      } else {
        this.#compareLists(slot, x, y);
      }
      feature += two ? 2 : 1;
    }
  }

  /** Whether the record of one of the rows names that of the other, by the slots of links. */
  linked(left: number, right: number): boolean {
    for (let slot = this.#compared; slot < this.#width; slot += 1) if (this.linkedIn(slot, left, right)) return true;
    return false;
  }

  /** The same by one of these slots. */
  linkedIn(slot: number, left: number, right: number): boolean {
    const table = this.#tables[slot] as LinkTable;
    for (let x = this.countOf(left, slot) - 1; x >= 0; x -= 1)
      for (let y = this.countOf(right, slot) - 1; y >= 0; y -= 1)
        if (table.links(this.valueAt(left, slot, x), this.valueAt(right, slot, y))) return true;
    return false;
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
    const { levels, rarities } = table;
    const width = levels.length;
    const lists = this.#lists;
    const firstLeft = -1 - a;
    const firstRight = -1 - b;
    const lefts = a < -1 ? (lists[-2 - a] as number) : 0;
    const rights = b < -1 ? (lists[-2 - b] as number) : 0;
    let best = Number.POSITIVE_INFINITY;
    let bestRarity = -1;
    let level = -1;
    let rarity = 0;
    let secondLevel = -1;
    let secondRarity = 0;
    for (let x = 0; x < Math.max(1, lefts); x += 1) {
      const leftValue = lefts === 0 ? a : (lists[firstLeft + x] as number);
      for (let y = 0; y < Math.max(1, rights); y += 1) {
        const rightValue = rights === 0 ? b : (lists[firstRight + y] as number);
        table.compare(leftValue, rightValue);
        const first = levels[0] as number;
        let rank = first < 0 ? 2.5 : first;
        let bits = rarities[0] as number;
        if (width === 2) {
          const second = levels[1] as number;
          rank += second < 0 ? 2.5 : second;
          bits += rarities[1] as number;
        }
        if (rank > best || (rank === best && bits <= bestRarity)) continue;
        best = rank;
        bestRarity = bits;
        level = first;
        rarity = rarities[0] as number;
        if (width === 2) {
          secondLevel = levels[1] as number;
          secondRarity = rarities[1] as number;
        }
      }
    }
    levels[0] = level;
    rarities[0] = rarity;
    if (width === 2) {
      levels[1] = secondLevel;
      rarities[1] = secondRarity;
    }
  }
}

function widen<T extends Int8Array | Int16Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
