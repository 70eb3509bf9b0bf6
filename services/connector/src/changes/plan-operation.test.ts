import { describe, expect, test } from '@jest/globals';
import type { FreshRecord, RecordLink, WritableField } from '../crm/crm-writer.ts';
import type { Fields } from '../schema/field-value.ts';
import type { MergeOperation, Operation } from './operation.ts';
import { changeSincePlan, type OperationFacts, ownSurvivors, planOperation } from './plan-operation.ts';

const ref = (recordId: string) => ({ account: 'sf:1', object: 'Contact', recordId });
const record = (recordId: string, fields: Fields, more: Partial<FreshRecord> = {}): FreshRecord => ({
  recordId,
  requestedId: recordId,
  modifiedAtMs: 1,
  modifiedBy: '',
  deleted: false,
  mergedInto: null,
  mergedFrom: [],
  fields,
  ...more,
});
const writable = (name: string, updateable = true): WritableField => ({
  name,
  kind: 'text',
  type: 'string',
  updateable,
  createable: updateable,
  nillable: name !== 'LastName',
  maxLength: 10,
  choices: name === 'Rating' ? ['Hot', 'Cold'] : null,
});
const facts = (
  records: readonly FreshRecord[],
  links: Readonly<Record<string, readonly RecordLink[]>> = {},
  merge: 'full' | 'new-id' = 'full',
): OperationFacts => ({
  records: new Map(records.map((one) => [one.requestedId, one])),
  links: new Map(Object.entries(links)),
  writable: new Map(
    [writable('Phone'), writable('LastName'), writable('Rating'), writable('AccountId'), writable('Stamp', false)].map(
      (field) => [field.name, field],
    ),
  ),
  associationTypes: [],
  undo: { merge, undelete: merge === 'full', recycleBinDays: merge === 'full' ? 15 : null, indexLagMs: 0 },
});
const update = (fields: Extract<Operation, { kind: 'update' }>['fields']): Operation => ({
  kind: 'update',
  record: ref('a'),
  fields,
});
const merge: MergeOperation = { kind: 'merge', master: ref('a'), losers: [ref('b')], fields: {} };
const task = (recordId: string, isFixed?: true): RecordLink => ({
  kind: 'reference',
  object: 'Task',
  recordId,
  field: 'WhoId',
  ...(isFixed === undefined ? {} : { isFixed }),
});
const planned = (request: Operation, given: OperationFacts) => planOperation({ index: 0, request }, given);

describe('a plan', () => {
  test('writes only what the record does not hold', () => {
    const row = planned(update({ Phone: '1', Rating: 'Hot' }), facts([record('a', { Phone: ' 1 ' })]));
    expect(row).toMatchObject({ status: 'planned', plan: { writes: { Rating: 'Hot' }, calls: 3 } });
    const nothing = planned(update({ Phone: '1' }), facts([record('a', { Phone: '1' })]));
    expect(nothing.plan).toMatchObject({
      writes: {},
      calls: 1,
      risks: [expect.stringContaining('nothing is written')],
    });
  });

  test.each<[string, Operation, readonly FreshRecord[], string]>([
    ['is gone', update({ Phone: '1' }), [], 'does not exist'],
    ['is deleted', update({ Phone: '1' }), [record('a', {}, { deleted: true })], 'is deleted'],
    [
      'was merged away',
      update({ Phone: '1' }),
      [record('a', {}, { deleted: true, mergedInto: 'z' })],
      'merged into sf:1:Contact:z',
    ],
    [
      'lives under another id',
      update({ Phone: '1' }),
      [record('z', {}, { requestedId: 'a' })],
      'merged into sf:1:Contact:z',
    ],
    ['has no such field', update({ Nope: '1' }), [record('a', {})], 'no field Nope'],
    ['has a field that the CRM keeps', update({ Stamp: '1' }), [record('a', {})], 'Stamp cannot be written'],
    ['takes less text', update({ Phone: '12345678901' }), [record('a', {})], '10 characters, not 11'],
    ['has no such choice', update({ Rating: 'Warm' }), [record('a', {})], 'no choice "Warm"'],
    ['needs the field', update({ LastName: null }), [record('a', {})], 'LastName cannot be blank'],
  ])('of a record that %s is refused by name', (_, request, records, said) => {
    expect(planned(request, facts(records))).toMatchObject({
      status: 'refused',
      reason: expect.stringContaining(said),
    });
  });

  test('of a merge says what moves, and how far back the way goes', () => {
    const records = [record('a', { Phone: '1' }), record('b', { Phone: '2', LastName: 'Lee' })];
    const full = planned(merge, facts(records, { a: [], b: [task('t1')] })).plan;
    expect(full?.undo).toMatchObject({ grade: 'full', withinDays: 15 });
    expect(full?.risks).toEqual(['1 child record moves to the survivor.', expect.stringContaining('LastName, Phone')]);
    const partial = planned(merge, facts(records, { a: [], b: [task('t1', true)] })).plan;
    expect(partial?.undo).toMatchObject({ grade: 'partial' });
    expect(partial?.undo.losses.join()).toContain('1 record of Task can only be moved by a merge');
    const renewed = planned(merge, facts(records, { a: [], b: [] }, 'new-id')).plan;
    expect(renewed?.undo).toMatchObject({ grade: 'new-id' });
    expect(renewed?.undo.withinDays).toBeUndefined();
  });

  test('has other inputs when anything that it was made from is other', () => {
    const base = facts([record('a', { Phone: '1' }), record('b', {})], { a: [], b: [task('t1')] });
    const hash = (request: Operation, given: OperationFacts) => planned(request, given).inputsHash;
    const hashes = [
      hash(merge, base),
      hash({ ...merge, fields: { Phone: '2' } }, base),
      hash(merge, facts([record('a', { Phone: '2' }), record('b', {})], { a: [], b: [task('t1')] })),
      hash(
        merge,
        facts([record('a', { Phone: '1' }, { modifiedAtMs: 2 }), record('b', {})], { a: [], b: [task('t1')] }),
      ),
      hash(merge, facts([record('a', { Phone: '1' }), record('b', {})], { a: [], b: [] })),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hash(merge, facts([record('a', { Phone: '1' }), record('b', {})], { a: [], b: [task('t1')] }))).toBe(
      hashes[0],
    );
  });
});

describe('what changed since the plan', () => {
  const before = facts([record('a', { Phone: '1', AccountId: 'x' }), record('b', {})], { a: [], b: [task('t1')] });
  const row = planned(merge, before);
  const change = (now: OperationFacts, aliases: Readonly<Record<string, string>> = {}) =>
    row.plan === null
      ? 'refused'
      : changeSincePlan(merge, row.plan, { ...now, survivors: ownSurvivors(new Map(Object.entries(aliases))) });

  test('is nothing when nothing did, or only what the CRM itself writes', () => {
    expect(change(before)).toBeNull();
    const touched = record('a', { Phone: '1', AccountId: 'x', Stamp: 'new' }, { modifiedAtMs: 9 });
    expect(change(facts([touched, record('b', {})], { a: [], b: [task('t1')] }))).toBeNull();
  });

  test('is told by record and field', () => {
    const edited = record('a', { Phone: '2', AccountId: 'x' });
    const now = facts([edited, record('b', {}, { deleted: true })], { a: [], b: [] });
    expect(change(now)).toBe(
      'Changed since the plan: sf:1:Contact:a changed in Phone; sf:1:Contact:b was deleted; sf:1:Contact:b has 0 more and 1 fewer links. Plan it again.',
    );
  });

  test('does not count what an earlier merge of the same change set moved', () => {
    const now = facts([record('a', { Phone: '1', AccountId: 'y' }), record('b', {})], { a: [], b: [task('t1')] });
    expect(change(now)).toContain('changed in AccountId');
    expect(change(now, { 'sf:1:Account:x': 'y' })).toBeNull();
  });
});
