import type { InputRecord } from '@kempt/entity-resolution';
import { type ComparableFields, ownIdColumn } from './entity-schema.ts';
import type { MatchRecord } from './match-record-store.ts';

/**
 * The library's view of a stored record: its source is the account and object it came from. A record of Salesforce has its own id in it, by
 * which others name it.
 */
export function inputRecord({ ref, fields }: Pick<MatchRecord, 'ref' | 'fields'>): InputRecord {
  const end = ref.lastIndexOf(':');
  return {
    id: ref,
    source: ref.slice(0, end),
    fields: ref.startsWith('sf:') ? { ...fields, [ownIdColumn]: ref.slice(end + 1) } : fields,
  };
}

/** A record that can be scored. */
export interface NumberedRecord {
  readonly recordNo: number;
  readonly ref: string;
  readonly version: number;
  readonly fields: ComparableFields;
}
