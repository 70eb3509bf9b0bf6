import type { CrmRecord, ObjectReader, SkippedRecord } from '../crm/crm-client.ts';
import type { WaitingNotice } from './webhook-notice-store.ts';

/** What the records of notices are like now. */
export interface NoticedRecords {
  readonly records: readonly CrmRecord[];
  readonly skipped: readonly SkippedRecord[];
}

/** A record that the CRM does not show any more, not even among its deleted ones. */
const goneRecord = (notice: WaitingNotice): CrmRecord => ({
  recordId: notice.recordId,
  modifiedAtMs: notice.lastAt.getTime(),
  modifiedBy: '',
  deleted: true,
  mergedInto: null,
  mergedFrom: [],
  fields: {},
});

/**
 * Reads the records of notices afresh. Those that are not there are looked for among the deleted ones; those that are not
 * there either count as deleted when the CRM said so, and are left to the next reading of changes when it did not.
 */
export async function readNoticed(
  reader: Pick<ObjectReader, 'readByIds' | 'readDeletedByIds'>,
  notices: readonly WaitingNotice[],
  signal: AbortSignal,
): Promise<NoticedRecords> {
  if (reader.readByIds === undefined) return { records: [], skipped: [] };
  const byId = new Map(notices.map((notice) => [notice.recordId, notice]));
  const living = await reader.readByIds([...byId.keys()], signal);
  const seen = new Set([...living.records, ...living.skipped].map((one) => one.recordId));
  const missing = [...byId.keys()].filter((id) => !seen.has(id));
  const deleted =
    missing.length === 0 || reader.readDeletedByIds === undefined
      ? { records: [], skipped: [] }
      : await reader.readDeletedByIds(missing, signal);
  for (const { recordId } of [...deleted.records, ...deleted.skipped]) seen.add(recordId);
  const gone = notices.filter((notice) => notice.deleted && !seen.has(notice.recordId)).map(goneRecord);
  const survivors = living.records.map((record) => ({
    ...record,
    mergedFrom: [...new Set([...record.mergedFrom, ...(byId.get(record.recordId)?.mergedFrom ?? [])])],
  }));
  return { records: [...survivors, ...deleted.records, ...gone], skipped: [...living.skipped, ...deleted.skipped] };
}
