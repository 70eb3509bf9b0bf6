import type { InputRecord } from '@kempt/entity-resolution';
import type { ComparableFields } from './entity-schema.ts';
import type { MatchRecord } from './match-record-store.ts';

/** The library's view of a stored record: its source is the account and object it came from. */
export function inputRecord(record: Pick<MatchRecord, 'ref' | 'fields'>): InputRecord {
  return { id: record.ref, source: record.ref.slice(0, record.ref.lastIndexOf(':')), fields: record.fields };
}

/** A record that can be scored. */
export interface NumberedRecord {
  readonly recordNo: number;
  readonly ref: string;
  readonly version: number;
  readonly fields: ComparableFields;
}
