import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type PlainFieldValue, type SurvivorRecord, type SurvivorshipPolicy, survive } from './survivorship.ts';

type Plain = SurvivorRecord<PlainFieldValue>;

const record = (id: string, fields: Plain['fields'], more: Partial<Plain> = {}): Plain => ({
  id,
  source: 'crm',
  modifiedMs: 0,
  fields,
  ...more,
});
const of = (policy: SurvivorshipPolicy['fields'][string], records: readonly Plain[], sources: readonly string[] = []) =>
  survive(records, { fields: { f: policy }, sources }).f;

describe('each rule', () => {
  test('filled takes the first value there is', () => {
    expect(of('filled', [record('a', {}, { modifiedMs: 9 }), record('b', { f: 'x' })])).toMatchObject({
      value: 'x',
      from: ['b'],
    });
  });

  test('most-recent takes the value that was modified last, never a blank', () => {
    const records = [
      record('a', { f: 'old' }, { modifiedMs: 1 }),
      record('b', { f: 'new' }, { modifiedMs: 2 }),
      record('c', {}, { modifiedMs: 3 }),
    ];
    expect(of('most-recent', records)).toEqual({
      value: 'new',
      from: ['b'],
      rule: 'most-recent',
      others: [{ value: 'old', from: ['a'] }],
    });
  });

  test('source takes the source that is trusted most', () => {
    const records = [
      record('a', { f: 'shop' }, { source: 'shop', modifiedMs: 9 }),
      record('b', { f: 'erp' }, { source: 'erp' }),
    ];
    expect(of('source', records, ['erp', 'shop'])?.value).toBe('erp');
    expect(of('source', records, ['shop'])?.value).toBe('shop');
  });

  test('most-frequent counts sources, not records', () => {
    const records = ['a', 'b', 'c'].map((id) => record(id, { f: 'loud' }, { modifiedMs: 5 }));
    records.push(record('d', { f: 'True ' }, { source: 'erp' }), record('e', { f: 'true' }, { source: 'shop' }));
    expect(of('most-frequent', records)).toMatchObject({
      from: ['d', 'e'],
      others: [{ value: 'loud', from: ['a', 'b', 'c'] }],
    });
  });

  test('verified takes what was verified, and leaves the choice open where nothing was', () => {
    const records = [record('a', { f: 'x' }, { modifiedMs: 9 }), record('b', { f: 'y' }, { verified: ['f'] })];
    expect(of('verified', records)?.value).toBe('y');
    expect(of(['verified', 'longest'], [record('a', { f: 'x' }), record('b', { f: 'yy' })])).toMatchObject({
      value: 'yy',
      rule: 'longest',
    });
  });

  test('longest takes the longest text', () => {
    expect(of('longest', [record('a', { f: 7 }), record('b', { f: 'ab' }), record('c', { f: ' a   ' })])?.value).toBe(
      'ab',
    );
    expect(of('longest', [record('a', { f: 7 })])).toBeUndefined();
  });

  test('union has every value once, with those who contributed', () => {
    const records = [
      record('a', { f: ['x', 'y'] }, { modifiedMs: 3 }),
      record('b', { f: ['Y'] }, { modifiedMs: 2 }),
      record('c', { f: 'z' }),
    ];
    expect(of('union', records)).toMatchObject({ value: ['x', 'y', 'z'], from: ['a', 'c'], rule: 'union' });
  });

  test('strictest says yes as soon as one does, and nothing otherwise', () => {
    const records = [record('a', { f: false }, { modifiedMs: 9 }), record('b', { f: true })];
    expect(of('strictest', records)).toMatchObject({
      value: true,
      from: ['b'],
      others: [{ value: false, from: ['a'] }],
    });
    expect(of('strictest', [record('a', { f: false })])).toBeUndefined();
  });

  test('rules decide in turn among what those before them left open', () => {
    const records = [
      record('a', { f: 'erp old' }, { source: 'erp', modifiedMs: 1 }),
      record('b', { f: 'erp new' }, { source: 'erp', modifiedMs: 2 }),
      record('c', { f: 'shop' }, { source: 'shop', modifiedMs: 3 }),
    ];
    expect(of(['source', 'most-recent'], records, ['erp'])).toMatchObject({ value: 'erp new', rule: 'most-recent' });
  });

  test('a value that a person fixed is never overwritten', () => {
    const records = [
      record('a', { f: 'fixed' }, { pinned: ['f'] }),
      record('b', { f: 'new' }, { modifiedMs: 9, verified: ['f'] }),
    ];
    for (const policy of ['most-recent', 'verified', 'union', 'longest'] as const)
      expect(of(policy, records)).toMatchObject({ value: 'fixed', rule: 'pinned' });
  });

  test('an address is never put together of two records', () => {
    const records = [
      record('a', { street: 'High Street 1', city: 'York' }),
      record('b', { city: 'Leeds', zip: 'LS1' }, { modifiedMs: 5 }),
      record('c', { street: 'Low Road 2', city: 'Bath', zip: 'BA1' }),
    ];
    const survivor = survive(records, { fields: {}, groups: [['street', 'city', 'zip']] });
    expect(Object.fromEntries(Object.entries(survivor).map(([field, { value }]) => [field, value]))).toEqual({
      street: 'Low Road 2',
      city: 'Bath',
      zip: 'BA1',
    });
    expect(Object.keys(survive(records.slice(0, 1), { fields: {}, groups: [['street', 'city', 'zip']] }))).toEqual([
      'city',
      'street',
    ]);
  });
});

const plain: fc.Arbitrary<PlainFieldValue> = fc.oneof(
  fc.constantFrom('x', 'yy', 'zzz', 'X'),
  fc.boolean(),
  fc.integer(),
  fc.array(fc.constantFrom('p', 'q')),
);
const names = ['a', 'b', 'c', '__proto__', 'street', 'city'];
const recordSets: fc.Arbitrary<Plain[]> = fc.uniqueArray(
  fc.record({
    id: fc.nat({ max: 30 }).map(String),
    source: fc.constantFrom('crm', 'erp', 'shop'),
    modifiedMs: fc.nat({ max: 3 }),
    fields: fc.dictionary(fc.constantFrom(...names), plain),
    verified: fc.subarray(names),
    pinned: fc.subarray(names, { maxLength: 1 }),
  }),
  { minLength: 1, maxLength: 6, selector: ({ id }) => id },
);
const rules = fc.constantFrom(
  'filled',
  'verified',
  'source',
  'most-recent',
  'most-frequent',
  'longest',
  'union',
  'strictest',
) as fc.Arbitrary<SurvivorshipPolicy['fields'][string]>;

test('the survivor depends on the records only; every value has its origin, and nothing that somebody has goes unmentioned', () => {
  fc.assert(
    fc.property(
      recordSets,
      rules,
      fc.array(rules as fc.Arbitrary<'filled'>, { minLength: 1, maxLength: 3 }),
      (records, a, b) => {
        const policy: SurvivorshipPolicy = {
          fields: { a, b },
          otherwise: 'filled',
          sources: ['erp'],
          groups: [['street', 'city']],
        };
        const survivor = survive(records, policy);
        expect(survive(records.toReversed(), policy)).toEqual(survivor);
        for (const [field, { value, from, rule, others }] of Object.entries(survivor)) {
          const holders = records.filter(({ fields }) => Object.hasOwn(fields, field));
          const origin = records.find(({ id }) => id === from[0]) as Plain;
          if (rule !== 'union') expect(origin.fields[field]).toEqual(value);
          if (holders.some(({ pinned }) => pinned?.includes(field))) expect(rule).toBe('pinned');
          const mentioned = new Set([...from, ...others.flatMap((other) => other.from)]);
          if (rule !== 'union') expect(mentioned).toEqual(new Set(holders.map(({ id }) => id)));
        }
        const addressFrom = new Set(
          ['street', 'city'].flatMap((field) => (survivor[field]?.rule === 'filled' ? [survivor[field]?.from[0]] : [])),
        );
        expect(addressFrom.size).toBeLessThanOrEqual(1);
      },
    ),
    { seed: 1, numRuns: 400 },
  );
});
