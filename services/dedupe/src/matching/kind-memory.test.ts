import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  createKindMemory,
  type KindChange,
  type KindLoan,
  type KindMark,
  type KindMemory,
  type KindWatch,
} from './kind-memory.ts';

/** A kind as it is stored: by number, what stands in its pages and the versions of its records; and the changes as far as they are known. */
interface Stored {
  readonly pages: ReadonlyMap<number, number>;
  readonly records: ReadonlyMap<number, Version>;
  readonly mark: KindMark;
  readonly changes: readonly KindChange[];
}

/** A version that was not committed comes again with another content. */
interface Version {
  readonly version: number;
  readonly content: number;
}

const numbers = 6;
const changesKept = 4;
const pageOf = (content: number): Buffer => Buffer.from([content]);

interface Process {
  readonly memory: KindMemory;
  /** What it is reading without the lock, and the state it sees. */
  reading: { readonly watch: KindWatch; readonly seen: Stored } | undefined;
  /** Records that it keeps by number, as a shelf does. */
  readonly kept: Map<number, Version>;
  /** Of transactions that failed or ended: what is left of one that failed goes on for a while. */
  readonly ended: KindLoan[];
  /** Of the transaction that ended last, if it was committed: nothing of it is left. */
  readonly committed: KindLoan[];
}

const number = fc.nat(numbers - 1);
/** Room for every page, or for some. */
const blocksMax = fc.constantFrom(3, 1_000);
const some = fc.array(number, { maxLength: 3 });
const step = fc.record({
  process: fc.nat(1),
  what: fc.constantFrom('change', 'change', 'change', 'change', 'read', 'take', 'late'),
  ends: fc.constantFrom('committed', 'committed', 'failed', 'failed before it left a mark'),
  reads: fc.array(number, { maxLength: 4 }),
  changes: fc.array(some, { minLength: 0, maxLength: 2 }),
  /** Somebody changes everything without telling what. */
  isUntold: fc.nat(15).map((value) => value === 0),
});

test('what is remembered in a loan is what is stored, whoever changes the kind, whether it is committed, and whatever is read without the lock', () => {
  const remembered = { own: 0, afterOthers: 0 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), blocksMax, (steps, blocks) => {
      let stored: Stored = { pages: new Map(), records: new Map(), mark: { no: 0, mark: 'first' }, changes: [] };
      let next = 0;
      let lastProcess = 0;
      let end: () => void = () => undefined;
      const processes = [0, 1].map(
        (): Process => ({
          memory: createKindMemory(blocks),
          reading: undefined,
          kept: new Map(),
          ended: [],
          committed: [],
        }),
      );
      for (const { process: which, what, ends, reads, changes, isUntold } of steps) {
        const process = processes[which] as Process;
        if (what === 'read') {
          process.reading?.watch.end();
          process.reading = { watch: process.memory.watch(), seen: stored };
          // There was no room for them any more.
          for (const at of reads) process.kept.delete(at);
        } else if (what === 'take') {
          for (const at of reads) {
            if (process.reading === undefined) continue;
            const { watch, seen } = process.reading;
            watch.keepPage(at, pageOf(seen.pages.get(at) ?? 0));
            const record = seen.records.get(at);
            if (record === undefined) continue;
            if ((process.kept.get(at)?.version ?? 0) < record.version) process.kept.set(at, record);
            watch.keepVersion(at, record.version);
          }
        } else if (what === 'late') {
          for (const loan of process.ended)
            for (const at of reads) {
              loan.changePage(at, pageOf(251));
              loan.keepPage(at, pageOf(252));
              loan.changeVersion(at, 1, () => process.kept.delete(at));
            }
        } else {
          end();
          const after = process.memory.unknownAfter(stored.mark);
          const told = after === undefined ? [] : stored.changes.filter(({ no }) => no > after);
          const loan = process.memory.lend(stored.mark, told);
          process.ended.push(...process.committed.splice(0));
          const pages = new Map(stored.pages);
          const records = new Map(stored.records);
          for (const at of reads) {
            const page = loan.page(at);
            if (page === undefined) loan.keepPage(at, pageOf(pages.get(at) ?? 0));
            else expect(page).toEqual(pageOf(pages.get(at) ?? 0));
            const kept = process.kept.get(at);
            const record = records.get(at);
            if (kept !== undefined && loan.isCurrent(at, kept.version)) {
              remembered[lastProcess === which ? 'own' : 'afterOthers'] += 1;
              expect(kept).toEqual(record);
            } else if (record !== undefined) {
              // What is kept in the version that is stored is not put there again.
              if (kept?.version !== record.version) process.kept.set(at, record);
              loan.keepVersion(at, record.version);
              expect(process.kept.get(at)).toEqual(record);
            }
          }
          let { mark } = stored;
          const left: KindChange[] = [];
          for (const part of changes) {
            for (const at of part) {
              next += 1;
              pages.set(at, next % 250);
              const record = { version: (records.get(at)?.version ?? 0) + 1, content: next };
              records.set(at, record);
              if (isUntold) continue;
              loan.changePage(at, pageOf(next % 250));
              process.kept.set(at, record);
              loan.changeVersion(at, record.version, () => process.kept.delete(at));
            }
            if (isUntold) mark = { no: mark.no + 1, mark: `untold ${next}` };
            else if (ends !== 'failed before it left a mark') {
              const change = loan.leave();
              mark = change;
              left.push(change);
            }
          }
          // Its end comes with the next change: until then whoever reads without the lock sees what was there before.
          end = () => {
            if (ends !== 'committed') {
              process.ended.push(loan);
              return;
            }
            stored = { pages, records, mark, changes: [...stored.changes, ...left].slice(-changesKept) };
            process.committed.push(loan);
          };
          lastProcess = which;
        }
      }
    }),
    { numRuns: 1_000 },
  );
  expect(remembered.own).toBeGreaterThan(300);
  expect(remembered.afterOthers).toBeGreaterThan(300);
});
