import type { InputRecord, MatchModel, Origins } from '@kempt/entity-resolution';
import { type ComparableFields, ownIdColumn } from './entity-schema.ts';
import type { MatchRecord } from './match-record-store.ts';

/**
 * The library's view of a stored record: its source is the account and object it came from. A record of Salesforce has its own id in it, by
 * which others name it.
 */
export function inputRecord({ ref, fields }: Pick<MatchRecord, 'ref' | 'fields'>): InputRecord {
  const source = sourceOf(ref);
  return {
    id: ref,
    source,
    fields: ref.startsWith('sf:') ? { ...fields, [ownIdColumn]: ref.slice(source.length + 1) } : fields,
  };
}

/** The CRM that a record comes from. */
function sourceOf(ref: string): string {
  return ref.slice(0, ref.lastIndexOf(':'));
}

/** Where records come from, as clusterComponent asks for it. */
export function originsIn({ prior, sourcePriors }: MatchModel): Origins {
  return { prior, sourcePriors, sourceOf };
}

/** A record that can be scored. */
export interface NumberedRecord {
  readonly recordNo: number;
  readonly ref: string;
  readonly version: number;
  readonly fields: ComparableFields;
}
