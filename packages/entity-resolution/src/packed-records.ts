import type { NormalRecord } from './normal-record.ts';

/** Normal records as threads hand them to each other: the characters of all values one after the other, one byte each. */
export interface PackedRecords {
  readonly ids: readonly string[];
  /** The sources that there are, and by record which it has. */
  readonly sources: readonly string[];
  readonly sourceOf: Uint16Array;
  /** Record by record, how many values each slot has. */
  readonly counts: Uint8Array;
  /** How many characters each value has. */
  readonly lengths: Uint16Array;
  readonly codes: Uint8Array;
}

/** Packs records one after the other, so that none has to be kept. */
export class RecordPacker {
  readonly #slots: number;
  #codes = new Uint8Array(1 << 16);
  #lengths = new Uint16Array(1 << 12);
  #counts = new Uint8Array(1 << 12);
  #sourceOf = new Uint16Array(1 << 10);
  #ids: string[] = [];
  #sources: string[] = [];
  #values = 0;
  #used = 0;
  #isPlain = true;

  constructor(slots: number) {
    this.#slots = slots;
  }

  add({ id, source, values }: NormalRecord): void {
    const row = this.#ids.length;
    const slots = this.#slots;
    if (row === this.#sourceOf.length) this.#sourceOf = doubled(this.#sourceOf, new Uint16Array(row * 2));
    if ((row + 1) * slots > this.#counts.length)
      this.#counts = doubled(this.#counts, new Uint8Array((row + 1) * slots * 2));
    this.#ids.push(id);
    this.#sourceOf[row] = this.#placeOf(source);
    for (let slot = 0; slot < slots; slot += 1) {
      const texts = values[slot] as readonly string[];
      this.#counts[row * slots + slot] = texts.length;
      for (const text of texts) this.#put(text);
    }
  }

  #placeOf(source: string): number {
    const last = this.#sources.length - 1;
    if (this.#sources[last] === source) return last;
    const known = this.#sources.indexOf(source);
    return known < 0 ? this.#sources.push(source) - 1 : known;
  }

  #put(text: string): void {
    const { length } = text;
    if (length > longestPacked) this.#isPlain = false;
    if (!this.#isPlain) return;
    if (this.#values === this.#lengths.length)
      this.#lengths = doubled(this.#lengths, new Uint16Array(this.#values * 2));
    this.#lengths[this.#values] = length;
    this.#values += 1;
    const from = this.#used;
    while (from + length > this.#codes.length)
      this.#codes = doubled(this.#codes, new Uint8Array(this.#codes.length * 2));
    const codes = this.#codes;
    let all = 0;
    for (let at = 0; at < length; at += 1) {
      const code = text.charCodeAt(at);
      codes[from + at] = code;
      all |= code;
    }
    if (all > 0xff) this.#isPlain = false;
    this.#used = from + length;
  }

  /** What was added since the last time; null where a value has a character that is no byte, or is longer than values are. */
  take(): PackedRecords | null {
    const rows = this.#ids.length;
    const packed: PackedRecords | null = this.#isPlain
      ? {
          ids: this.#ids,
          sources: this.#sources,
          sourceOf: this.#sourceOf.slice(0, rows),
          counts: this.#counts.slice(0, rows * this.#slots),
          lengths: this.#lengths.slice(0, this.#values),
          codes: this.#codes.slice(0, this.#used),
        }
      : null;
    this.#ids = [];
    this.#sources = [];
    this.#values = 0;
    this.#used = 0;
    this.#isPlain = true;
    return packed;
  }
}

const longestPacked = 0xffff;

function doubled<T extends Uint8Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
