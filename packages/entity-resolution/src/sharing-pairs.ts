import { KeyIds } from './key-ids.ts';
import type { Random } from './random.ts';
import type { RecordStore } from './record-store.ts';

/** Values that more than chance gives to two records. Parts of them, as given names and cities, are shared by too many. */
const telling = /^(fullName|email|phone|premises|organisation|identifier|date|position)/;

/** Which spaces of each slot hold values that tell, by number; -1 for the others. The domains of e-mail addresses are not among them. */
function tellingSpaces(store: RecordStore): { readonly numbers: readonly number[][]; readonly count: number } {
  const names: string[] = [];
  const numbers = Array.from({ length: store.slots }, (_, slot) => {
    const { spaces } = store.tableOf(slot);
    return spaces.map((space) => {
      if (!telling.test(space) && !(space === 'domain' && spaces.length === 1)) return -1;
      if (!names.includes(space)) names.push(space);
      return names.indexOf(space);
    });
  });
  return { numbers, count: names.length };
}

/** Rows that pairs are drawn among, at most. */
const mostRows = 20_000;

/**
 * A random part of the rows, and which of them have a value in common, be it so common that pairs are not compared for it. Colleagues are many,
 * but few among all pairs: drawn at random hardly any would come up, and each of these would stand for thousands.
 */
export class SharingRows {
  readonly rows: Int32Array;
  /** By place in `rows`: where its values start in `#keys`. */
  readonly #starts: Int32Array;
  /** Numbers of values, ascending for each row. */
  readonly #keys: Int32Array;
  readonly #keyCount: number;

  constructor(store: RecordStore, random: Random) {
    this.rows = drawRows(store.rows, random);
    this.#starts = new Int32Array(this.rows.length + 1);
    const { numbers, count } = tellingSpaces(store);
    const idsOf = Array.from({ length: count }, () => new KeyIds());
    const keys: number[] = [];
    const own: number[] = [];
    let keyCount = 0;
    this.rows.forEach((row, place) => {
      own.length = 0;
      numbers.forEach((spaces, slot) => {
        const table = store.tableOf(slot);
        store.eachValue(row, slot, (value) =>
          table.eachTerm(value, (at, hash) => {
            const space = spaces[at] as number;
            if (space < 0) return;
            const key = (idsOf[space] as KeyIds).idOf(hash) * count + space;
            if (!own.includes(key)) own.push(key);
            keyCount = Math.max(keyCount, key + 1);
          }),
        );
      });
      own.sort((left, right) => left - right);
      keys.push(...own);
      this.#starts[place + 1] = keys.length;
    });
    this.#keys = Int32Array.from(keys);
    this.#keyCount = keyCount;
  }

  /** The first value that two of the rows, given by their places, have in common; -1 where there is none. */
  firstShared(left: number, right: number): number {
    const keys = this.#keys;
    let x = this.#starts[left] as number;
    let y = this.#starts[right] as number;
    const endX = this.#starts[left + 1] as number;
    const endY = this.#starts[right + 1] as number;
    while (x < endX && y < endY) {
      const a = keys[x] as number;
      const b = keys[y] as number;
      if (a === b) return a;
      if (a < b) x += 1;
      else y += 1;
    }
    return -1;
  }

  /**
   * Tells about `most` pairs that share a value, by their places in `rows`; each at most once where all are told. Answers what part of all such
   * pairs of the rows was told.
   */
  eachPair(random: Random, most: number, tell: (left: number, right: number) => void): number {
    const starts = new Int32Array(this.#keyCount + 1);
    for (const key of this.#keys) starts[key + 1] = (starts[key + 1] as number) + 1;
    let all = 0;
    for (let key = 0; key < this.#keyCount; key += 1) {
      const size = starts[key + 1] as number;
      all += (size * (size - 1)) / 2;
      starts[key + 1] = size + (starts[key] as number);
    }
    const members = new Int32Array(this.#keys.length);
    const next = starts.slice();
    for (let place = 0; place < this.rows.length; place += 1) {
      for (let at = this.#starts[place] as number; at < (this.#starts[place + 1] as number); at += 1) {
        const key = this.#keys[at] as number;
        const to = next[key] as number;
        members[to] = place;
        next[key] = to + 1;
      }
    }
    const share = Math.min(1, most / Math.max(1, all));
    for (let key = 0; key < this.#keyCount; key += 1) {
      const from = starts[key] as number;
      const to = starts[key + 1] as number;
      const size = to - from;
      const offer = (x: number, y: number): void => {
        const left = members[x] as number;
        const right = members[y] as number;
        // A pair that shares several values belongs to the first of them.
        if (left !== right && this.firstShared(left, right) === key) tell(left, right);
      };
      if (share === 1) {
        for (let x = from; x < to; x += 1) for (let y = x + 1; y < to; y += 1) offer(x, y);
      } else {
        const wanted = Math.floor((share * size * (size - 1)) / 2 + random.next());
        for (let at = 0; at < wanted; at += 1) {
          const x = from + random.below(size);
          const y = from + random.below(size - 1);
          offer(x, y < x ? y : y + 1);
        }
      }
    }
    return share;
  }
}

/** Ascending rows, all of them where they are few. */
function drawRows(rows: number, random: Random): Int32Array {
  const all = Int32Array.from({ length: rows }, (_, row) => row);
  if (rows <= mostRows) return all;
  for (let at = 0; at < mostRows; at += 1) {
    const other = at + random.below(rows - at);
    const row = all[at] as number;
    all[at] = all[other] as number;
    all[other] = row;
  }
  return all.slice(0, mostRows).sort();
}
