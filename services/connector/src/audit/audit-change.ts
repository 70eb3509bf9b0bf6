import { createHash } from 'node:crypto';
import type { AuditRecord } from '../crm/audit-reader.ts';
import type { AuditRow, KnownRecord } from './audit-store.ts';

/** Contents are made in one place each, so that their keys always come in one order. */
const contentHash = (record: AuditRecord): string =>
  createHash('sha256').update(JSON.stringify(record.content)).digest('hex');

const occurredAtMs = (record: AuditRecord): number | null =>
  record.kind === 'login' || record.kind === 'setup-change' ? record.content.atMs : null;

/** The last of several readings of one audit record counts. */
const unique = (records: readonly AuditRecord[]): AuditRecord[] => [
  ...new Map(records.map((record) => [record.auditId, record])).values(),
];

/** What differs from what is known: new, changed and returned records, in the order of the ids. */
export function changedRows(records: readonly AuditRecord[], known: ReadonlyMap<string, KnownRecord>): AuditRow[] {
  return unique(records)
    .flatMap((record): AuditRow[] => {
      const before = known.get(record.auditId);
      const hash = contentHash(record);
      if (before !== undefined && !before.removed && before.contentHash === hash) return [];
      const version = (before?.version ?? 0) + 1;
      return [{ record, version, removed: false, contentHash: hash, occurredAtMs: occurredAtMs(record) }];
    })
    .sort((left, right) => (left.record.auditId < right.record.auditId ? -1 : 1));
}

/** Ids that are known and not listed any more. */
export function vanishedIds(records: readonly AuditRecord[], known: ReadonlyMap<string, KnownRecord>): string[] {
  const listed = new Set(records.map((record) => record.auditId));
  return [...known.values()].filter((one) => !one.removed && !listed.has(one.auditId)).map((one) => one.auditId);
}

/** Rows of records that vanished, with what they held last. */
export const vanishedRows = (contents: readonly AuditRecord[], known: ReadonlyMap<string, KnownRecord>): AuditRow[] =>
  contents.map((record) => ({
    record,
    version: (known.get(record.auditId)?.version ?? 0) + 1,
    removed: true,
    contentHash: known.get(record.auditId)?.contentHash ?? '',
    occurredAtMs: occurredAtMs(record),
  }));
