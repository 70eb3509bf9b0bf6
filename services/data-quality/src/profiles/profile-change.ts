/** What one record adds to the counts of its object. */
export interface CountedRecord {
  readonly recordId: string;
  readonly version: number;
  readonly deleted: boolean;
  /** Ids of filled fields; empty when deleted. */
  readonly filled: readonly number[];
}

/** By how much counts change. */
export interface ProfileChange {
  readonly records: number;
  readonly deletedRecords: number;
  /** By field id; without those that stay the same. */
  readonly filledRecords: ReadonlyMap<number, number>;
}

/**
 * Compares records as they are now with what they had added before. Each record occurs at most once on either side, and
 * the counts come out the same in whatever steps a record got from one state to the other.
 */
export function profileChange(before: readonly CountedRecord[], now: readonly CountedRecord[]): ProfileChange {
  const filledRecords = new Map<number, number>();
  let records = 0;
  let deletedRecords = 0;
  const count = (record: CountedRecord, sign: 1 | -1): void => {
    if (record.deleted) deletedRecords += sign;
    else records += sign;
    for (const field of record.filled) {
      const sum = (filledRecords.get(field) ?? 0) + sign;
      if (sum === 0) filledRecords.delete(field);
      else filledRecords.set(field, sum);
    }
  };
  for (const record of before) count(record, -1);
  for (const record of now) count(record, 1);
  return { records, deletedRecords, filledRecords };
}
