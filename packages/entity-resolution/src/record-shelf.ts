import type { Rarities } from './frequencies.ts';
import { type MatchModel, probabilityOf } from './model.ts';
import type { NormalRecord } from './normal-record.ts';
import { PairScorer } from './pair-scorer.ts';
import type { Plan } from './plan.ts';
import { RecordStore } from './record-store.ts';
import { widened } from './text-pool.ts';

/** What two records on a shelf have to do with each other; nothing where their weight is below what was asked for, or they are in conflict. */
export interface ShelfMatch {
  /** Match weight in bits. */
  readonly weight: number;
  readonly probability: number;
}

/**
 * Records that are kept ready for comparison in flat arrays, by numbers from 0 that the caller gives them: about a kilobyte each, which no
 * garbage collector looks at. There are two parts: when `recordsMax` rows stand in the newer one it becomes the older one, of which rows are
 * taken over as they are asked for, and which is dropped when the newer one is half full. Room is made by `begin` only.
 */
export interface RecordShelf {
  /** Makes room where there is need. Between two calls nothing that was put is lost. */
  begin(): void;
  /** The version of the record that is kept; 0 when none is. Versions are whole numbers from 1 to 2^31 - 1. */
  versionOf(number: number): number;
  /** The id of a record that is kept. */
  idOf(number: number): string;
  put(number: number, version: number, normal: NormalRecord): void;
  /** Forgets a record. */
  drop(number: number): void;
  /** Compares two records that are kept. */
  match(left: number, right: number, floor: number): ShelfMatch | null;
  /** Compares a record that is not to be kept with some that are. */
  matchesOf(normal: NormalRecord, numbers: readonly number[], floor: number): (ShelfMatch | null)[];
  /** Rows that stand on the shelf, those of earlier versions among them. */
  readonly rows: number;
}

export function createRecordShelf(
  model: MatchModel,
  { plan, rarities, recordsMax }: { readonly plan: Plan; readonly rarities: Rarities; readonly recordsMax: number },
): RecordShelf {
  return new Shelf(() => new Part(model, plan, rarities), recordsMax);
}

/** Rows, and the ids of their records one behind the other. */
class Part {
  readonly store: RecordStore;
  readonly scorer: PairScorer;
  #idCodes = new Uint16Array(1 << 12);
  #idEnds = new Int32Array(1 << 8);

  constructor(model: MatchModel, plan: Plan, rarities: Rarities) {
    this.store = new RecordStore(plan, rarities);
    this.scorer = new PairScorer(model, this.store);
  }

  add(id: string, values: NormalRecord['values'], source: string): number {
    const row = this.store.add(values, source);
    if (row + 1 >= this.#idEnds.length) this.#idEnds = widened(this.#idEnds, row + 2);
    const from = this.#idEnds[row] as number;
    const to = from + id.length;
    if (to > this.#idCodes.length) this.#idCodes = widened(this.#idCodes, to);
    for (let at = 0; at < id.length; at += 1) this.#idCodes[from + at] = id.charCodeAt(at);
    this.#idEnds[row + 1] = to;
    return row;
  }

  idOf(row: number): string {
    const codes = this.#idCodes.subarray(this.#idEnds[row], this.#idEnds[row + 1]);
    return String.fromCharCode.apply(null, codes as unknown as number[]);
  }

  /** The rows are weighed in the order of their ids, as everywhere else. */
  match(left: number, right: number, floor: number): ShelfMatch | null {
    const { scorer } = this;
    const weight = this.#follows(left, right) ? scorer.weigh(right, left, floor) : scorer.weigh(left, right, floor);
    if (scorer.conflict || weight < floor) return null;
    return { weight, probability: probabilityOf(weight) };
  }

  #follows(left: number, right: number): boolean {
    const [ends, codes] = [this.#idEnds, this.#idCodes];
    let a = ends[left] as number;
    let b = ends[right] as number;
    const [aEnd, bEnd] = [ends[left + 1] as number, ends[right + 1] as number];
    while (a < aEnd && b < bEnd) {
      const difference = (codes[a] as number) - (codes[b] as number);
      if (difference !== 0) return difference > 0;
      a += 1;
      b += 1;
    }
    return aEnd - a > bEnd - b;
  }
}

class Shelf implements RecordShelf {
  readonly #makePart: () => Part;
  readonly #recordsMax: number;
  #newer: Part;
  #older: Part | null = null;
  /** By number: 1 + row of the newer part, or -1 - row of the older one; 0 where there is none. */
  #places = new Int32Array(1 << 10);
  #versions = new Int32Array(1 << 10);

  constructor(makePart: () => Part, recordsMax: number) {
    this.#makePart = makePart;
    this.#recordsMax = recordsMax;
    this.#newer = makePart();
  }

  get rows(): number {
    return this.#newer.store.rows + (this.#older?.store.rows ?? 0);
  }

  begin(): void {
    const { rows, values } = this.#newer.store;
    const places = this.#places;
    if (this.#older !== null && rows * 2 >= this.#recordsMax) {
      this.#older = null;
      for (let at = 0; at < places.length; at += 1) if ((places[at] as number) < 0) places[at] = 0;
    }
    if (rows < this.#recordsMax && values < valuesPerRecord * this.#recordsMax) return;
    this.#older = this.#newer;
    this.#newer = this.#makePart();
    for (let at = 0; at < places.length; at += 1) places[at] = -Math.max(0, places[at] as number);
  }

  versionOf(number: number): number {
    return number < this.#places.length && this.#places[number] !== 0 ? (this.#versions[number] as number) : 0;
  }

  idOf(number: number): string {
    return this.#newer.idOf(this.#rowOf(number));
  }

  put(number: number, version: number, normal: NormalRecord): void {
    if (number >= this.#places.length) {
      this.#places = widened(this.#places, number + 1);
      this.#versions = widened(this.#versions, number + 1);
    }
    this.#places[number] = 1 + this.#newer.add(normal.id, normal.values, normal.source);
    this.#versions[number] = version;
  }

  drop(number: number): void {
    if (number < this.#places.length) this.#places[number] = 0;
  }

  match(left: number, right: number, floor: number): ShelfMatch | null {
    return this.#newer.match(this.#rowOf(left), this.#rowOf(right), floor);
  }

  matchesOf(normal: NormalRecord, numbers: readonly number[], floor: number): (ShelfMatch | null)[] {
    const row = this.#newer.add(normal.id, normal.values, normal.source);
    return numbers.map((number) => this.#newer.match(row, this.#rowOf(number), floor));
  }

  #rowOf(number: number): number {
    const place = this.#places[number] as number;
    if (place > 0) return place - 1;
    const before = -1 - place;
    const older = this.#older;
    if (place === 0 || older === null) throw new RangeError(`record ${number} is not on the shelf`);
    const row = this.#newer.add(older.idOf(before), older.store.valuesOf(before), older.store.sourceNameOf(before));
    this.#places[number] = row + 1;
    return row;
  }
}

/** Records that have more different values than this on average make the shelf full sooner. */
const valuesPerRecord = 4;
