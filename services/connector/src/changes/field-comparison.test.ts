import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { WritableField } from '../crm/crm-writer.ts';
import type { Fields, FieldValue } from '../schema/field-value.ts';
import { backPatch, differingFields, meansTheSame } from './field-comparison.ts';

const field = (name: string, updateable = true): [string, WritableField] => [
  name,
  {
    name,
    kind: 'text',
    type: 'string',
    updateable,
    createable: updateable,
    nillable: true,
    maxLength: null,
    choices: null,
  },
];

describe('two values mean the same to a CRM', () => {
  test.each<[string, FieldValue | null | undefined, FieldValue | null | undefined, boolean]>([
    ['however a blank is written', null, undefined, true],
    ['with zeros that say nothing', { decimal: '1.50' }, { decimal: '1.5' }, true],
    ['as another number not', { decimal: '1.5' }, { decimal: '15' }, false],
    ['with blanks around them', ' Lee', 'Lee ', true],
    ['as an address in capitals', 'Lee@Acme.example', 'lee@acme.example', true],
    ['as another text not', 'Lee', 'lee', false],
    ['as a multi-select in another order', ['a', 'b'], ['b', 'a'], true],
    ['as a multi-select with more not', ['a', 'b'], ['a'], false],
    ['as one moment', { timestamp: '2026-01-01T00:00:00.000Z' }, { timestamp: '2026-01-01T00:00:00Z' }, true],
    ['as blank and filled not', 'a', null, false],
    ['as true and false not', true, false, false],
  ])('%s', (_, left, right, same) => {
    expect([meansTheSame(left, right), meansTheSame(right, left)]).toEqual([same, same]);
  });
});

describe('a three-way patch', () => {
  const names = ['a', 'b', 'c', 'fixed'];
  const writable = new Map([field('a'), field('b'), field('c'), field('fixed', false)]);
  const fields = fc
    .record(
      Object.fromEntries(names.map((name) => [name, fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined })])),
    )
    .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Fields);

  test('takes back exactly what the change did and nobody changed since', () => {
    fc.assert(
      fc.property(fields, fields, fields, (before, after, now) => {
        const { changes, kept } = backPatch({ before, after, now }, writable);
        for (const name of names) {
          const isOurs = name !== 'fixed' && before[name] !== after[name];
          if (isOurs && now[name] === after[name]) expect(changes[name]).toBe(before[name] ?? null);
          else expect(name in changes).toBe(false);
          expect(kept.includes(name)).toBe(isOurs && now[name] !== after[name] && now[name] !== before[name]);
        }
      }),
    );
  });

  test('of nothing that happened since brings back every field that can be written', () => {
    fc.assert(
      fc.property(fields, fields, (before, after) => {
        const { changes } = backPatch({ before, after, now: after }, writable);
        const restored: Record<string, FieldValue | null> = { ...after, ...changes };
        expect(differingFields(before, restored as Fields, writable)).toEqual([]);
      }),
    );
  });

  test('takes out of a list of addresses only what the change put in', () => {
    const list = new Map([field('hs_additional_emails')]);
    const images = {
      before: { hs_additional_emails: 'old@a.example' },
      after: { hs_additional_emails: 'old@a.example;loser@a.example' },
      now: { hs_additional_emails: 'old@a.example;loser@a.example;new@a.example' },
    };
    expect(backPatch(images, list).changes).toEqual({ hs_additional_emails: 'old@a.example;new@a.example' });
    const alone = {
      before: {},
      after: { hs_additional_emails: 'loser@a.example' },
      now: { hs_additional_emails: 'loser@a.example' },
    };
    expect(backPatch(alone, list).changes).toEqual({ hs_additional_emails: null });
  });
});
