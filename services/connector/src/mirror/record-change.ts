import type { CrmRecord } from '../crm/crm-client.ts';

/** What the mirror knows of a record before a change, without its fields. */
export interface MirrorEntry {
  readonly recordId: string;
  readonly version: number;
  readonly modifiedAtMs: number;
  readonly contentHash: string;
  readonly projectionHash: string;
  readonly deleted: boolean;
  readonly mergedInto: string | null;
}

/** A record as it was read, with its hashes. */
export interface HashedRecord extends CrmRecord {
  readonly contentHash: string;
  /** Of the canonical projection, which also changes when the field map does. */
  readonly projectionHash: string;
}

export type ChangeKind = 'created' | 'updated' | 'deleted' | 'restored' | 'merged';

export interface RecordChange {
  readonly recordId: string;
  readonly kind: ChangeKind;
  readonly version: number;
  readonly modifiedAtMs: number;
}

/**
 * What a reading means for the mirror: null when it tells nothing new or is older than what the mirror has.
 *
 * The modification stamp never goes back. A record that comes back from the recycle bin may do so with an older stamp
 * than its deletion; since records are read from the CRM itself and never from an index that lags, that is believed.
 */
export function decideChange(before: MirrorEntry | undefined, read: HashedRecord): RecordChange | null {
  const { recordId } = read;
  if (before === undefined) {
    const kind = read.mergedInto !== null ? 'merged' : read.deleted ? 'deleted' : 'created';
    return { recordId, kind, version: 1, modifiedAtMs: read.modifiedAtMs };
  }
  const version = before.version + 1;
  const modifiedAtMs = Math.max(before.modifiedAtMs, read.modifiedAtMs);
  if (read.deleted) {
    if (read.modifiedAtMs < before.modifiedAtMs && !before.deleted) return null;
    if (read.mergedInto !== null && read.mergedInto !== before.mergedInto) {
      return { recordId, kind: 'merged', version, modifiedAtMs };
    }
    return before.deleted ? null : { recordId, kind: 'deleted', version, modifiedAtMs };
  }
  if (before.deleted) return { recordId, kind: 'restored', version, modifiedAtMs };
  if (read.modifiedAtMs < before.modifiedAtMs) return null;
  const same = read.contentHash === before.contentHash && read.projectionHash === before.projectionHash;
  return same ? null : { recordId, kind: 'updated', version, modifiedAtMs };
}

/**
 * Records that a survivor says were merged into it, as readings of their own. One that is known to be merged already
 * keeps what is known: in a chain of merges each link points at the next.
 */
export function absorbedRecords(survivor: CrmRecord, known: ReadonlyMap<string, MirrorEntry>): CrmRecord[] {
  return survivor.mergedFrom
    .filter((recordId) => recordId !== survivor.recordId && known.get(recordId)?.mergedInto == null)
    .map((recordId) => ({
      recordId,
      modifiedAtMs: Math.max(survivor.modifiedAtMs, known.get(recordId)?.modifiedAtMs ?? 0),
      modifiedBy: survivor.modifiedBy,
      deleted: true,
      mergedInto: survivor.recordId,
      mergedFrom: [],
      fields: {},
    }));
}

/** One reading of each record: the newest, and of equal ones the last. In the order of the ids, which is lock order. */
export function newestReadings<R extends CrmRecord>(records: readonly R[]): R[] {
  const newest = new Map<string, R>();
  for (const record of records) {
    const other = newest.get(record.recordId);
    if (other === undefined || other.modifiedAtMs <= record.modifiedAtMs) newest.set(record.recordId, record);
  }
  return [...newest.values()].sort((left, right) =>
    left.recordId < right.recordId ? -1 : left.recordId > right.recordId ? 1 : 0,
  );
}
