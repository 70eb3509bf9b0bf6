import type { Matcher, RecordShelf } from '@kempt/entity-resolution';

/** A shelf in use: until it is given back nothing that was put on it is lost. */
export interface BorrowedShelf {
  readonly shelf: RecordShelf;
  giveBack(): void;
}

/**
 * Keeps the records that were looked at lately ready for comparison: candidates come again and again, and what the library prepares of
 * a record is the dearest part of a comparison.
 */
export interface RecordShelves {
  /** The shelf of the kind of a tenant that a matcher is for. */
  borrow(tenantId: string, matcher: Matcher): BorrowedShelf;
  /** Rows that stand on all shelves. */
  rows(): number;
}

interface Kept {
  readonly shelf: RecordShelf;
  borrowers: number;
}

/** While nobody works on them all shelves together keep at most so many times `recordsMax` rows. */
const rowsPerRecord = 2;

/**
 * @param recordsMax about so many records of one kind of a tenant are kept; where several kinds and tenants are too much together,
 * the shelf that was not asked for longest goes first
 */
export function createRecordShelves(recordsMax: number): RecordShelves {
  const shelves = new Map<string, Kept>();

  const rowsOfAll = (): number => [...shelves.values()].reduce((sum, { shelf }) => sum + shelf.rows, 0);

  function dropOthers(): void {
    let rows = rowsOfAll();
    for (const [name, { shelf, borrowers }] of shelves) {
      if (rows <= rowsPerRecord * recordsMax) return;
      if (borrowers > 0) continue;
      shelves.delete(name);
      rows -= shelf.rows;
    }
  }

  return {
    rows: rowsOfAll,
    borrow(tenantId, matcher) {
      const name = `${tenantId}\n${matcher.model.version}`;
      const kept = shelves.get(name) ?? { shelf: matcher.shelf(recordsMax), borrowers: 0 };
      shelves.delete(name);
      shelves.set(name, kept);
      if (kept.borrowers === 0) kept.shelf.begin();
      kept.borrowers += 1;
      dropOthers();
      return {
        shelf: kept.shelf,
        giveBack() {
          kept.borrowers -= 1;
        },
      };
    },
  };
}
