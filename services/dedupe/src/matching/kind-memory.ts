import { randomUUID } from 'node:crypto';
import { createPageShelf } from './page-shelf.ts';

/** What a change leaves with the lock of its kind. */
export interface KindMark {
  /** Counts the changes of the kind. Of one that was not committed the next has the same number. */
  readonly no: number;
  /** Nobody else leaves the same. */
  readonly mark: string;
}

/** What was changed, by number. */
export interface KindChange extends KindMark {
  readonly pages: readonly number[];
  readonly records: readonly number[];
}

/**
 * What this process remembers of the key table and the records of one kind of a tenant, and when that is what is stored. Whoever changes them
 * does so under the lock of the kind, and leaves a mark there in the same transaction, and which pages and records he changed. So whoever takes
 * the lock and finds the mark that he left last knows that nobody else changed anything since, and that his own change was committed; where
 * he finds the one that he found before, it was not. Where it is another's, he forgets what was changed since.
 */
export interface KindMemory {
  /** The number after which changes have to be told to `lend` that this process may not know; nothing when there are none. */
  unknownAfter(found: KindMark): number | undefined;
  /**
   * Begins a transaction that just took the lock and found the mark there. What was lent before is at an end.
   * @param changes those after `unknownAfter`, in their order; when some are missing everything is forgotten
   */
  lend(found: KindMark, changes: readonly KindChange[]): KindLoan;
  /**
   * Watches what changes while it is read without the lock. What is read is remembered only if it still can be, which is when it did not
   * change in the meantime.
   */
  watch(): KindWatch;
  /** Gives the memory back that it takes, and so forgets everything. */
  release(): void;
  /** How often everything was forgotten. */
  readonly losses: number;
  /** Blocks of pages that are kept. */
  readonly blocks: number;
}

/** What is remembered, in one transaction that holds the lock of the kind. After the end of the loan it neither tells nor takes in anything. */
export interface KindLoan {
  page(page: number): Buffer | undefined;
  /** Takes in a page that was read. */
  keepPage(page: number, bytes: Buffer): void;
  /** Takes in a page that this transaction changes. */
  changePage(page: number, bytes: Buffer): void;
  /** Whether a record is stored in this version. */
  isCurrent(record: number, version: number): boolean;
  /** Takes in the version that was read. */
  keepVersion(record: number, version: number): void;
  /**
   * Takes in the version that this transaction makes of a record, 0 when it is deleted.
   * @param undo is called if it turns out that the transaction was not committed, or when nobody can say
   */
  changeVersion(record: number, version: number, undo: () => void): void;
  /** What this transaction changed up to now, to be stored with its mark. It has to be called after everything that is changed. */
  leave(): KindChange;
  /** Forgets everything, after something was changed that it is not told of. */
  forget(): void;
}

export interface KindWatch {
  keepPage(page: number, bytes: Buffer): void;
  keepVersion(record: number, version: number): void;
  end(): void;
}

/** @param blocksMax of 80 bytes that pages may take */
export function createKindMemory(blocksMax: number): KindMemory {
  const pages = createPageShelf(blocksMax);
  /** By number of the record the version that is stored; 0 when that is not known. */
  let versions = new Int32Array(1 << 10);
  let loans = 0;
  let losses = 0;
  /** The mark that the last loan found and the one it left. */
  let marks: { readonly found: KindMark; readonly left: KindMark } | undefined;
  const changedPages = new Set<number>();
  const changedRecords = new Map<number, () => void>();
  const watches = new Set<{ readonly pages: Set<number>; readonly records: Set<number>; valid: boolean }>();

  function setVersion(record: number, version: number): void {
    if (record >= versions.length) {
      const wider = new Int32Array(Math.max(record + 1, versions.length * 2));
      wider.set(versions);
      versions = wider;
    }
    versions[record] = version;
  }

  /** What the last loan changed is not what is stored. */
  function takeBack(): void {
    for (const page of changedPages) pages.drop(page);
    for (const [record, undo] of changedRecords) {
      setVersion(record, 0);
      undo();
    }
  }

  function forget(): void {
    losses += 1;
    pages.clear();
    versions.fill(0);
    for (const watch of watches) watch.valid = false;
  }

  function forgetPart(change: KindChange): void {
    for (const page of change.pages) pages.drop(page);
    for (const record of change.records) setVersion(record, 0);
    for (const watch of watches) {
      for (const page of change.pages) watch.pages.add(page);
      for (const record of change.records) watch.records.add(record);
    }
  }

  function catchUp(found: KindMark, changes: readonly KindChange[]): void {
    if (marks === undefined) return forget();
    const { found: before, left } = marks;
    const hasLeft = left.mark !== before.mark;
    if (hasLeft && found.mark === left.mark) return;
    const own = hasLeft ? changes.findIndex(({ mark }) => mark === left.mark) : -1;
    if (own === -1) takeBack();
    if (found.mark === before.mark) return;
    // What is known of changes is forgotten the oldest first.
    const isWhole = changes.length === found.no - before.no && changes.at(-1)?.mark === found.mark;
    if (!isWhole) return forget();
    for (const change of changes.slice(own + 1)) forgetPart(change);
  }

  return {
    get blocks() {
      return pages.blocks;
    },
    get losses() {
      return losses;
    },
    release() {
      versions = new Int32Array(1 << 10);
      forget();
    },
    unknownAfter(found) {
      if (marks === undefined || found.mark === marks.left.mark || found.mark === marks.found.mark) return undefined;
      return marks.found.no;
    },
    lend(found, changes) {
      catchUp(found, changes);
      changedPages.clear();
      changedRecords.clear();
      marks = { found, left: found };
      loans += 1;
      const loan = loans;
      const isOver = () => loan !== loans;
      return {
        page: (page) => (isOver() ? undefined : pages.get(page)),
        keepPage(page, bytes) {
          if (!isOver()) pages.put(page, bytes);
        },
        changePage(page, bytes) {
          if (isOver()) return;
          changedPages.add(page);
          for (const watch of watches) watch.pages.add(page);
          pages.put(page, bytes);
        },
        isCurrent: (record, version) => !isOver() && version > 0 && versions[record] === version,
        keepVersion(record, version) {
          if (!isOver()) setVersion(record, version);
        },
        changeVersion(record, version, undo) {
          if (isOver()) return;
          changedRecords.set(record, undo);
          for (const watch of watches) watch.records.add(record);
          setVersion(record, version);
        },
        leave() {
          if (isOver() || marks === undefined) throw new Error('another transaction has the kind by now');
          const left = { no: marks.left.no + 1, mark: randomUUID() };
          marks = { found, left };
          return { ...left, pages: [...changedPages], records: [...changedRecords.keys()] };
        },
        forget() {
          if (!isOver()) forget();
        },
      };
    },
    watch() {
      // What the last loan changed may not be committed yet, or never will be: a reader without the lock may see it as it was before.
      const seen = {
        pages: new Set(changedPages),
        records: new Set(changedRecords.keys()),
        valid: marks !== undefined,
      };
      watches.add(seen);
      return {
        keepPage(page, bytes) {
          if (seen.valid && !seen.pages.has(page) && !pages.has(page)) pages.put(page, bytes);
        },
        keepVersion(record, version) {
          if (seen.valid && !seen.records.has(record)) setVersion(record, version);
        },
        end() {
          watches.delete(seen);
        },
      };
    },
  };
}
