import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CrmRecord } from '../crm/crm-client.ts';
import { absorbedRecords, decideChange, type HashedRecord, type MirrorEntry, newestReadings } from './record-change.ts';

const entry = (changes: Partial<MirrorEntry> = {}): MirrorEntry => ({
  recordId: 'r1',
  version: 3,
  modifiedAtMs: 100,
  contentHash: 'h1',
  projectionHash: 'p1',
  deleted: false,
  mergedInto: null,
  ...changes,
});

const read = (changes: Partial<HashedRecord> = {}): HashedRecord => ({
  recordId: 'r1',
  modifiedAtMs: 100,
  modifiedBy: '',
  deleted: false,
  mergedInto: null,
  mergedFrom: [],
  fields: {},
  contentHash: 'h1',
  projectionHash: 'p1',
  ...changes,
});

const kindOf = (before: MirrorEntry | undefined, reading: HashedRecord) => decideChange(before, reading)?.kind ?? null;

describe('what a reading means', () => {
  test.each([
    ['unknown and alive', undefined, read(), 'created'],
    ['unknown and deleted', undefined, read({ deleted: true }), 'deleted'],
    ['unknown and merged', undefined, read({ deleted: true, mergedInto: 'r2' }), 'merged'],
    ['the same again', entry(), read(), null],
    ['the same with a newer stamp and the same content', entry(), read({ modifiedAtMs: 200 }), null],
    ['other content', entry(), read({ modifiedAtMs: 200, contentHash: 'h2' }), 'updated'],
    ['other content under the same stamp', entry(), read({ contentHash: 'h2' }), 'updated'],
    ['other projection', entry(), read({ projectionHash: 'p2' }), 'updated'],
    ['older content', entry(), read({ modifiedAtMs: 99, contentHash: 'h0' }), null],
    ['a deletion', entry(), read({ modifiedAtMs: 200, deleted: true }), 'deleted'],
    ['an older deletion', entry(), read({ modifiedAtMs: 99, deleted: true }), null],
    ['a deletion again', entry({ deleted: true }), read({ deleted: true, contentHash: 'h2' }), null],
    ['a merge', entry(), read({ modifiedAtMs: 200, deleted: true, mergedInto: 'r2' }), 'merged'],
    ['a merge of one known as deleted', entry({ deleted: true }), read({ deleted: true, mergedInto: 'r2' }), 'merged'],
    ['a merge again', entry({ deleted: true, mergedInto: 'r2' }), read({ deleted: true, mergedInto: 'r2' }), null],
    ['back with a newer stamp', entry({ deleted: true }), read({ modifiedAtMs: 200 }), 'restored'],
    ['back with an older stamp', entry({ deleted: true }), read({ modifiedAtMs: 50 }), 'restored'],
    ['back after a merge', entry({ deleted: true, mergedInto: 'r2' }), read({ modifiedAtMs: 200 }), 'restored'],
  ])('%s', (_name, before, reading, kind) => {
    expect(kindOf(before, reading)).toBe(kind);
  });

  test('versions rise by one and stamps never go back', () => {
    expect(decideChange(undefined, read())).toMatchObject({ version: 1, modifiedAtMs: 100 });
    expect(decideChange(entry({ deleted: true }), read({ modifiedAtMs: 50 }))).toMatchObject({
      version: 4,
      modifiedAtMs: 100,
    });
  });

  test('reading any sequence twice in a row changes nothing the second time', () => {
    const readings = fc.array(
      fc.record({
        modifiedAtMs: fc.integer({ min: 0, max: 5 }),
        contentHash: fc.constantFrom('a', 'b'),
        state: fc.constantFrom('alive', 'deleted', 'merged'),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(readings, (sequence) => {
        let known: MirrorEntry | undefined;
        for (const { modifiedAtMs, contentHash, state } of sequence) {
          const reading = read({
            modifiedAtMs,
            contentHash,
            deleted: state !== 'alive',
            mergedInto: state === 'merged' ? 'r2' : null,
          });
          const change = decideChange(known, reading);
          if (change !== null) {
            expect(change.version).toBe((known?.version ?? 0) + 1);
            expect(change.modifiedAtMs).toBeGreaterThanOrEqual(known?.modifiedAtMs ?? 0);
            known = {
              ...entry(),
              version: change.version,
              modifiedAtMs: change.modifiedAtMs,
              contentHash: reading.deleted && known !== undefined ? known.contentHash : contentHash,
              deleted: reading.deleted,
              mergedInto: reading.mergedInto,
            };
          }
          if (change !== null) expect(decideChange(known, reading)).toBeNull();
        }
      }),
    );
  });
});

describe('merges told by the survivor', () => {
  const survivor: CrmRecord = { ...read(), recordId: 'c', mergedFrom: ['a', 'b', 'c'], modifiedAtMs: 50 };

  test('every record it swallowed is merged into it, known or not, itself excepted', () => {
    const known = new Map([['a', entry({ recordId: 'a', modifiedAtMs: 70 })]]);
    expect(
      absorbedRecords(survivor, known).map(({ recordId, mergedInto, modifiedAtMs }) => [
        recordId,
        mergedInto,
        modifiedAtMs,
      ]),
    ).toEqual([
      ['a', 'c', 70],
      ['b', 'c', 50],
    ]);
  });

  test('in a chain each link keeps pointing at the next', () => {
    const known = new Map([['a', entry({ recordId: 'a', deleted: true, mergedInto: 'b' })]]);
    expect(absorbedRecords(survivor, known).map(({ recordId }) => recordId)).toEqual(['b']);
  });
});

test('of several readings of a record the newest counts, of equal ones the last, in the order of ids', () => {
  const readings = [
    { ...read(), recordId: 'b', modifiedAtMs: 2 },
    { ...read(), recordId: 'a', modifiedAtMs: 1, modifiedBy: 'first' },
    { ...read(), recordId: 'b', modifiedAtMs: 1 },
    { ...read(), recordId: 'a', modifiedAtMs: 1, modifiedBy: 'second' },
  ];
  expect(
    newestReadings(readings).map(({ recordId, modifiedAtMs, modifiedBy }) => [recordId, modifiedAtMs, modifiedBy]),
  ).toEqual([
    ['a', 1, 'second'],
    ['b', 2, ''],
  ]);
});
