import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRecordTable, type TableRecord } from './record-table.ts';

const byCode = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);

type Step = { readonly kind: 'insert' | 'touch' | 'remove' | 'look'; readonly id: number; readonly at: number };

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('insert', 'touch', 'remove', 'look'),
    id: fc.integer({ min: 0, max: 30 }),
    at: fc.integer({ min: 0, max: 12 }),
  }),
  { maxLength: 120 },
);

describe('record table', () => {
  test('both orders hold every record in its place after any sequence of changes', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const table = createRecordTable<TableRecord>(byCode);
        const model = new Map<string, number>();
        for (const { kind, id, at } of sequence) {
          const key = String(id).padStart(3, '0');
          const stored = table.get(key);
          if (kind === 'insert' && stored === undefined) {
            table.insert({ id: key, modifiedAt: at });
            model.set(key, at);
          } else if (kind === 'touch' && stored !== undefined) {
            table.update(stored, (record) => {
              record.modifiedAt = at;
            });
            model.set(key, at);
          } else if (kind === 'remove' && stored !== undefined) {
            table.remove(stored);
            model.delete(key);
          } else if (kind === 'look') {
            table.inModifiedOrder();
          }
        }
        const ids = [...model.keys()].sort(byCode);
        expect(table.inIdOrder().map((record) => record.id)).toEqual(ids);
        const byStamp = [...model].sort(([a, x], [b, y]) => x - y || byCode(a, b)).map(([id]) => id);
        expect(table.inModifiedOrder().map((record) => record.id)).toEqual(byStamp);
        for (let at = 0; at <= 13; at++) {
          expect(table.modifiedPosition(at)).toBe([...model.values()].filter((stamp) => stamp < at).length);
        }
        for (const id of ids) {
          expect(table.idPosition(id, true)).toBe(table.idPosition(id, false) + 1);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('a change that throws leaves the record where it was', () => {
    const table = createRecordTable<TableRecord>(byCode);
    for (const [id, modifiedAt] of [
      ['a', 1],
      ['b', 2],
    ] as const)
      table.insert({ id, modifiedAt });
    table.inModifiedOrder();
    const record = table.get('a') as TableRecord;
    expect(() =>
      table.update(record, () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(table.inModifiedOrder().map((each) => each.id)).toEqual(['a', 'b']);
  });

  test('an id can be stored once only', () => {
    const table = createRecordTable<TableRecord>(byCode);
    table.insert({ id: 'a', modifiedAt: 1 });
    expect(() => table.insert({ id: 'a', modifiedAt: 2 })).toThrow('already stored');
  });
});
