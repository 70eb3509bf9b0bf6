import { describe, expect, test } from '@jest/globals';
import type { AuditRecord } from '../crm/audit-reader.ts';
import { changedRows, vanishedIds, vanishedRows } from './audit-change.ts';
import type { AuditRow, KnownRecord } from './audit-store.ts';

const app = (auditId: string, useCount = 1): AuditRecord => ({
  kind: 'app',
  auditId,
  content: { name: auditId, appKind: 'oauth-app', userIds: [], useCount, lastUsedAtMs: null, createdAtMs: null },
});

const knownOf = (rows: readonly AuditRow[]): Map<string, KnownRecord> =>
  new Map(rows.map(({ record, ...row }) => [record.auditId, { auditId: record.auditId, ...row }]));

describe('audit records', () => {
  test('are told when they are new, and then only when they differ, each time with the next version', () => {
    const first = changedRows([app('b'), app('a')], new Map());
    expect(first.map(({ record, version }) => [record.auditId, version])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(changedRows([app('a'), app('b')], knownOf(first))).toEqual([]);
    expect(changedRows([app('a'), app('b', 2)], knownOf(first))).toMatchObject([{ record: app('b', 2), version: 2 }]);
  });

  test('that vanished are removed once with what they held, and come back with the next version', () => {
    const known = knownOf(changedRows([app('a'), app('b')], new Map()));
    expect(vanishedIds([app('a')], known)).toEqual(['b']);
    const removed = vanishedRows([app('b')], known);
    expect(removed).toMatchObject([{ record: app('b'), version: 2, removed: true }]);
    const after = new Map([...known, ...knownOf(removed)]);
    expect(vanishedIds([app('a')], after)).toEqual([]);
    expect(changedRows([app('b')], after)).toMatchObject([{ version: 3, removed: false }]);
  });

  test('that are listed twice count once, as listed last', () => {
    expect(changedRows([app('a', 1), app('a', 2)], new Map())).toMatchObject([{ record: app('a', 2), version: 1 }]);
  });
});
