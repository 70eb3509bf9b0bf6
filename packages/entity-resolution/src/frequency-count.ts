import type { NameTable } from './comparisons/name-table.ts';
import type { FrequencyTable, FrequencyTables } from './frequencies.ts';
import { KeyIds } from './key-ids.ts';
import { soundKey } from './person-name.ts';
import type { Plan } from './plan.ts';
import type { RecordStore } from './record-store.ts';
import { widened } from './text-pool.ts';

/** Spaces whose values identify: without clusters, a value counts once per distinct name that uses it, not once per record. */
const identifying = /^(email|mailbox|phone|identifier)/;

/** Counts are whole numbers of this part of an entity, so that their sums do not depend on the order of the rows. */
const unit = 2 ** 20;

/** The terms of the distinct values of a slot: those of value v are `spaces[at]`, `terms[at]` for at in `starts[v] .. starts[v + 1]`. */
interface SlotTerms {
  readonly starts: Int32Array;
  readonly spaces: Uint8Array;
  readonly terms: Int32Array;
}

/** What one kind of term is counted in. */
interface Space {
  readonly name: string;
  readonly ids: KeyIds;
}

/** Counts how often values occur in a store; the terms of each distinct value are worked out once. */
export class FrequencyCount {
  readonly #plan: Plan;
  readonly #store: RecordStore;
  readonly #spaces: Space[] = [];
  readonly #slots: readonly SlotTerms[];
  /** By space: the hashes of its terms. */
  readonly #hashes: readonly Float64Array[];

  constructor(plan: Plan, store: RecordStore) {
    this.#plan = plan;
    this.#store = store;
    this.#slots = plan.slots.map((_, slot) => this.#termsOf(slot));
    this.#hashes = this.#spaces.map(({ ids }) => ids.hashes());
    for (const { ids } of this.#spaces) ids.giveBack();
  }

  #termsOf(slot: number): SlotTerms {
    const table = this.#store.tableOf(slot);
    const { size } = table;
    const starts = new Int32Array(size + 1);
    const places = table.spaces.map((name) => {
      const known = this.#spaces.findIndex((space) => space.name === name);
      return known < 0 ? this.#spaces.push({ name, ids: new KeyIds(size) }) - 1 : known;
    });
    let spaces = new Uint8Array(size * table.spaces.length);
    let terms = new Int32Array(size * table.spaces.length);
    let used = 0;
    const tell = (space: number, hash: number): void => {
      if (used === terms.length) {
        spaces = widened(spaces, used + 1);
        terms = widened(terms, used + 1);
      }
      const place = places[space] as number;
      spaces[used] = place;
      terms[used] = (this.#spaces[place] as Space).ids.idOf(hash);
      used += 1;
    };
    for (let value = 0; value < size; value += 1) {
      table.eachTerm(value, tell);
      starts[value + 1] = used;
    }
    return { starts, spaces, terms };
  }

  /** Every record counts as one, but where values identify every name that uses one counts once. */
  byRecord(): FrequencyTables {
    const signatures = this.#signatures();
    const pairs = this.#spaces.map(({ name }) => (identifying.test(name) ? new KeyIds(this.#store.rows) : null));
    const tables = this.#count(
      () => unit,
      (space, term, row) => {
        const seen = pairs[space];
        if (seen === null || seen === undefined) return true;
        const before = seen.size;
        return seen.idOf(term * 4_194_304 + (signatures[row] as number)) === before;
      },
    );
    for (const seen of pairs) seen?.giveBack();
    return tables;
  }

  /**
   * Every cluster counts as one entity, so that a value does not look common because its holder stands here many times. `parts` says for each
   * row which part of an entity it is.
   */
  byEntity(parts: Float64Array): FrequencyTables {
    return this.#count(
      (row) => Math.round((parts[row] as number) * unit),
      () => true,
    );
  }

  #count(
    weightOf: (row: number) => number,
    counts: (space: number, term: number, row: number) => boolean,
  ): FrequencyTables {
    const store = this.#store;
    const totals = new Float64Array(this.#spaces.length);
    const sums = this.#hashes.map((hashes) => new Float64Array(hashes.length));
    const add = (space: number, term: number, weight: number): void => {
      const list = sums[space] as Float64Array;
      list[term] = (list[term] as number) + weight;
    };
    const inRow: number[] = [];
    for (let row = 0; row < store.rows; row += 1) {
      const weight = weightOf(row);
      for (let slot = 0; slot < this.#slots.length; slot += 1) {
        const only = store.onlyValue(row, slot);
        if (only === -1) continue;
        const { starts, spaces, terms } = this.#slots[slot] as SlotTerms;
        if (only >= 0) {
          for (let at = starts[only] as number; at < (starts[only + 1] as number); at += 1) {
            const space = spaces[at] as number;
            const term = terms[at] as number;
            if (!counts(space, term, row)) continue;
            totals[space] = (totals[space] as number) + weight;
            add(space, term, weight);
          }
          continue;
        }
        // Of several values in one slot those that count as the same text count once.
        inRow.length = 0;
        let seen = 0;
        store.eachValue(row, slot, (value) => {
          for (let at = starts[value] as number; at < (starts[value + 1] as number); at += 1) {
            const space = spaces[at] as number;
            const term = terms[at] as number;
            const pair = term * 256 + space;
            if (inRow.includes(pair)) continue;
            inRow.push(pair);
            if (!counts(space, term, row)) continue;
            add(space, term, weight);
            if (identifying.test((this.#spaces[space] as Space).name) || (seen & (1 << space)) === 0)
              totals[space] = (totals[space] as number) + weight;
            seen |= 1 << space;
          }
        });
      }
    }
    return this.#tables(totals, sums);
  }

  /** Values counted at most twice are left out, as they weigh like unseen ones; numbers are rounded so that equal data gives equal tables. */
  #tables(totals: Float64Array, sums: readonly Float64Array[]): FrequencyTables {
    const order = this.#spaces
      .map((_, space) => space)
      .sort((left, right) => (this.#nameOf(left) < this.#nameOf(right) ? -1 : 1));
    return Object.fromEntries(
      order
        .filter((space) => (totals[space] as number) > 0)
        .map((space): [string, FrequencyTable] => {
          const hashes = this.#hashes[space] as Float64Array;
          const list = sums[space] as Float64Array;
          const kept: [number, number][] = [];
          for (let term = 0; term < list.length; term += 1) {
            const count = (list[term] as number) / unit;
            if (count > 2) kept.push([hashes[term] as number, Math.round(count * 8) / 8]);
          }
          kept.sort(([left], [right]) => left - right);
          return [this.#nameOf(space), { total: Math.round((totals[space] as number) / unit), counts: kept.flat() }];
        }),
    );
  }

  #nameOf(space: number): string {
    return (this.#spaces[space] as Space).name;
  }

  /** A number for the rough name of each row's entity: records with different ones are hardly of one entity. */
  #signatures(): Int32Array {
    const numbers = new Map<string, number>();
    const nameSlot = this.#plan.slots.findIndex((slot) => slot.kind === 'personName');
    const organisationSlot = this.#plan.slots.findIndex((slot) => slot.kind === 'organisation');
    const numberOf = (signature: string): number => {
      let number = numbers.get(signature);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(signature, number);
      }
      return number;
    };
    const nobody = numberOf('');
    const bySlot = [nameSlot, organisationSlot].map((slot) =>
      slot < 0
        ? null
        : slot === nameSlot
          ? this.#nameSignatures(slot, numberOf)
          : Int32Array.from({ length: this.#store.tableOf(slot).size }, (_, value) =>
              numberOf(this.#store.tableOf(slot).textOf(value).split(' ')[0] ?? ''),
            ),
    );
    return Int32Array.from({ length: this.#store.rows }, (_, row) => {
      for (const [at, slot] of [nameSlot, organisationSlot].entries()) {
        if (slot < 0) continue;
        let first = -1;
        this.#store.eachValue(row, slot, (value) => {
          if (first < 0) first = value;
        });
        if (first >= 0) return bySlot[at]?.[first] as number;
      }
      return nobody;
    });
  }

  /** Initial of the given name and sound of the family name, each pair of them worked out once. */
  #nameSignatures(slot: number, numberOf: (signature: string) => number): Int32Array {
    const table = this.#store.tableOf(slot) as NameTable;
    const { words } = this.#store;
    const sounds = new Map<number, string>();
    const known = new Map<number, number>();
    return Int32Array.from({ length: table.size }, (_, value) => {
      const given = table.firstGiven(value);
      const family = table.wholeFamily(value);
      const initial = given < 0 ? 0 : words.firstCode(given);
      const place = (family + 1) * 256 + initial;
      let number = known.get(place);
      if (number !== undefined) return number;
      let sound = sounds.get(family);
      if (sound === undefined) {
        sound = soundKey(family < 0 ? '' : words.textOf(family));
        sounds.set(family, sound);
      }
      number = numberOf(`${initial === 0 ? '' : String.fromCharCode(initial)}${sound}`);
      known.set(place, number);
      return number;
    });
  }
}
