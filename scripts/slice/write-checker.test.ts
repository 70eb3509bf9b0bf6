import { describe, expect, test } from '@jest/globals';
import { checkWrites, type FinishedOperation, type LoggedWrite } from './write-checker.ts';

const account = 'sf:00D1';
const update = (status: string): FinishedOperation => ({
  changeSet: 'c1',
  kind: 'update',
  status,
  record: `${account}:Contact:1`,
  field: 'Title',
  value: 'unique',
});
const written = (before: string, after: string): LoggedWrite => ({
  account,
  action: 'update',
  object: 'Contact',
  recordId: '1',
  fields: ['Title'],
  before: { Title: before },
  after: { Title: after },
});

describe('writes of change sets', () => {
  test('are sound when each is in the log once', () => {
    expect(checkWrites([update('applied')], [written('a', 'unique')])).toMatchObject({ missing: [], extra: [] });
    expect(checkWrites([update('refused')], [])).toMatchObject({ missing: [], extra: [] });
    expect(checkWrites([update('undone')], [written('a', 'unique'), written('unique', 'a')])).toMatchObject({
      missing: [],
      extra: [],
    });
  });

  test('that the log lacks are missing', () => {
    expect(checkWrites([update('applied')], []).missing).toHaveLength(1);
  });

  test('that are in the log twice, or though they were refused, are extra', () => {
    expect(checkWrites([update('applied')], [written('a', 'unique'), written('b', 'unique')]).extra).toHaveLength(1);
    expect(checkWrites([update('refused')], [written('a', 'unique')]).extra).toHaveLength(1);
    const twice = [written('a', 'unique'), written('unique', 'a'), written('unique', 'a')];
    expect(checkWrites([update('undone')], twice).extra).toHaveLength(1);
  });

  test('merges are one each, and records are created by undoing only', () => {
    const merge: FinishedOperation = {
      changeSet: 'c2',
      kind: 'merge',
      status: 'undone',
      master: 'hs:1:contacts:10',
      loser: 'hs:1:contacts:11',
      recreated: { 'hs:1:contacts:11': 'hs:1:contacts:13' },
    };
    const of = (action: string, recordId: string, fields: readonly string[] = []): LoggedWrite => ({
      account: 'hs:1',
      action,
      object: 'contacts',
      recordId,
      fields,
      before: null,
      after: null,
    });
    const merged = of('merge', '12', ['10', '11']);
    expect(checkWrites([merge], [merged, of('create', '13')])).toMatchObject({ missing: [], extra: [] });
    expect(checkWrites([merge], [merged, merged, of('create', '13')]).extra).toHaveLength(1);
    expect(checkWrites([merge], [merged, of('create', '13'), of('create', '14')]).extra).toHaveLength(1);
    expect(checkWrites([merge], [of('create', '13')]).missing).toHaveLength(1);
  });
});
