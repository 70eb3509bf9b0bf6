import type { PlainValue } from '@kempt/contracts';

/** A vendor field whose value can be written in the standard way. */
export interface StandardFix {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** What a standard says about one record. */
export interface StandardisedValues {
  /** Values that the standard applies to. */
  readonly values: number;
  /** Those that are written differently, and can be rewritten without losing anything. */
  readonly fixes: readonly StandardFix[];
}

/** One way of writing values of some vendor fields. */
export interface Standardisation {
  readonly id: string;
  readonly description: string;
  /** Vendor fields of an object that it applies to; none for other objects. */
  fieldsOf(account: string, object: string): readonly string[];
  /** The value in the standard way, or null when it cannot be read without guessing. */
  standardise(value: string, country: string | undefined): string | null;
}

export interface RecordToStandardise {
  readonly account: string;
  readonly object: string;
  /** Vendor fields. */
  readonly fields: Readonly<Record<string, PlainValue>>;
  /** ISO 3166 code of the country of the record's address, if known. */
  readonly country: string | undefined;
}

/** Looks at a record by one standard. A value that is blank, or cannot be read, is not counted. */
export function standardised(standard: Standardisation, record: RecordToStandardise): StandardisedValues {
  let values = 0;
  const fixes: StandardFix[] = [];
  for (const field of standard.fieldsOf(record.account, record.object)) {
    const before = record.fields[field];
    if (typeof before !== 'string' || before.trim() === '') continue;
    const after = standard.standardise(before, record.country);
    if (after === null) continue;
    values += 1;
    if (after !== before) fixes.push({ field, before, after });
  }
  return { values, fixes };
}
