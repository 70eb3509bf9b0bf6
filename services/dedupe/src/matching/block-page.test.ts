import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  changedPage,
  entriesOf,
  type KeyEntry,
  packHashes,
  pageOf,
  pagesOf,
  pageToSplit,
  pageWith,
  recordsWith,
  splitPage,
  unpackHashes,
} from './block-page.ts';

const hash = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.maxSafeInteger().map((value) => Math.abs(value) % 2 ** 48),
);
const entry: fc.Arbitrary<KeyEntry> = fc.record({ hash, record: fc.integer({ min: 0, max: 2 ** 31 - 1 }) });
const sorted = (entries: readonly KeyEntry[]) => entries.map(({ hash, record }) => `${hash} ${record}`).toSorted();

test('a page gives back what was put into it', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      expect(entriesOf(pageWith(entries))).toEqual(entries);
      for (const { hash, record } of entries) expect(recordsWith(pageWith(entries), hash)).toContain(record);
    }),
  );
  fc.assert(fc.property(fc.array(hash), (hashes) => expect(unpackHashes(packHashes(hashes))).toEqual(hashes)));
});

test('taking away and adding leaves exactly what should be there, each once', () => {
  fc.assert(
    fc.property(fc.array(entry), fc.array(entry), fc.array(fc.nat()), (held, added, picks) => {
      const removed = held.length === 0 ? [] : picks.map((pick) => held[pick % held.length] as KeyEntry);
      const page = changedPage(pageWith(held), {
        removed,
        added: [...added, ...added.slice(0, 1)].slice(0, added.length),
      });
      const gone = new Set(sorted(removed));
      const wanted = new Set([...sorted(held).filter((name) => !gone.has(name)), ...sorted(added)]);
      expect(new Set(sorted(entriesOf(page)))).toEqual(wanted);
    }),
  );
});

test('a table that grows a page at a time finds every entry at every size', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), fc.integer({ min: 1, max: 70 }), (entries, size) => {
      const pages = new Map<number, Buffer>([[0, pageWith(entries)]]);
      for (let count = 1; count < size; count += 1) {
        const { stays, moves } = splitPage(pages.get(pageToSplit(count)) as Buffer, count);
        pages.set(pageToSplit(count), stays);
        pages.set(count, moves);
      }
      for (const { hash, record } of entries) {
        expect(recordsWith(pages.get(pageOf(hash, size)) as Buffer, hash)).toContain(record);
      }
      const laidOut = [
        ...pagesOf(
          Float64Array.from(entries, ({ hash }) => hash),
          Int32Array.from(entries, ({ record }) => record),
          size,
        ),
      ];
      expect(laidOut.map(({ page }) => page)).toEqual(Array.from({ length: size }, (_, page) => page));
      for (const { page, entries: bytes } of laidOut) {
        expect(sorted(entriesOf(bytes))).toEqual(sorted(entriesOf(pages.get(page) as Buffer)));
      }
    }),
  );
});
