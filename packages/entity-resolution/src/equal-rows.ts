import { nothingKnown } from './frequencies.ts';
import { hashText } from './hash.ts';
import { RecordStore } from './record-store.ts';
import type { RecordTable } from './record-table.ts';

/** A table with no repetitions. */
export interface DistinctRows {
  readonly table: RecordTable;
  /** By row of the distinct table the first row of the whole one that it stands for; ascending. */
  readonly firsts: Int32Array;
  /** By row of the whole table the row of the distinct one that stands for it. */
  readonly standsFor: Int32Array;
}

/** So many equal rows fill a block by themselves, so that nothing else would be found by its key. */
const manyEqual = 25;

const found = new WeakMap<RecordTable, DistinctRows | null>();

/**
 * Organisations are written down over and over in the same words, in lists of patents or invoices for instance. Rows of one source that are
 * equal in everything are then worked on once: they are one organisation, however often it occurs, and must not make its name look common or
 * its blocks too large to look into. Null where no row is repeated often, and for tables of persons, who share names with others.
 */
export function distinctRows(table: RecordTable): DistinctRows | null {
  let distinct = found.get(table);
  if (distinct === undefined) {
    distinct = findDistinct(table);
    found.set(table, distinct);
  }
  return distinct;
}

function findDistinct(table: RecordTable): DistinctRows | null {
  const { plan, store, ids, sources } = table;
  const names = plan.slots.findIndex(({ kind }) => kind === 'organisation');
  if (names < 0 || plan.slots.some(({ kind }) => kind === 'personName')) return null;
  const rows = ids.length;
  const standsFor = new Int32Array(rows);
  const firsts: number[] = [];
  const counts: number[] = [];
  const known = new Map<number, number>();
  let most = 0;
  for (let row = 0; row < rows; row += 1) {
    const hash = store.isFilled(row, names) ? hashText(contentOf(table, row)) : -1 - row;
    let place = known.get(hash);
    if (place === undefined || (hash >= 0 && contentOf(table, row) !== contentOf(table, firsts[place] as number))) {
      place = firsts.push(row) - 1;
      counts.push(0);
      known.set(hash, place);
    }
    const count = (counts[place] as number) + 1;
    counts[place] = count;
    most = Math.max(most, count);
    standsFor[row] = place;
  }
  if (most < manyEqual) return null;
  const own = new RecordStore(plan, nothingKnown, firsts.length);
  for (const row of firsts) own.add(store.valuesOf(row), sources[row] as string);
  own.seal();
  return {
    table: {
      ...table,
      ids: firsts.map((row) => ids[row] as string),
      sources: firsts.map((row) => sources[row] as string),
      arrivals: Int32Array.from(firsts.keys()),
      store: own,
      blocks: null,
    },
    firsts: Int32Array.from(firsts),
    standsFor,
  };
}

function contentOf({ store, sources }: RecordTable, row: number): string {
  return JSON.stringify([sources[row], store.valuesOf(row)]);
}
