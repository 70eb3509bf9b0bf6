/**
 * A value of a CRM field, in a form that survives JSON unchanged. Numbers are decimal text, so that no digit is lost;
 * points in time are ISO 8601 in UTC with milliseconds; calendar dates and times of day are plain text.
 */
export type FieldValue = string | boolean | DecimalValue | TimestampValue | readonly FieldValue[];

export interface DecimalValue {
  readonly decimal: string;
}

export interface TimestampValue {
  readonly timestamp: string;
}

/** The fields of one record that are not blank, in the order of their names. A blank field is absent. */
export type Fields = Readonly<Record<string, FieldValue>>;

/** What a field holds, whatever the CRM calls its type. */
export type FieldKind = 'text' | 'decimal' | 'boolean' | 'date' | 'timestamp' | 'list';

export const isDecimal = (value: FieldValue): value is DecimalValue => typeof value === 'object' && 'decimal' in value;

export const isTimestamp = (value: FieldValue): value is TimestampValue =>
  typeof value === 'object' && 'timestamp' in value;

export const isList = (value: FieldValue): value is readonly FieldValue[] => Array.isArray(value);

/** The value as text for people and for canonical fields; a list is joined with semicolons. */
export function textOf(value: FieldValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (isList(value)) return value.map(textOf).join(';');
  return isDecimal(value) ? value.decimal : value.timestamp;
}

/** The value as plain JSON for people: a decimal is text without its wrapping, a timestamp is ISO 8601. */
export function plainOf(value: FieldValue): string | boolean | readonly unknown[] {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (isList(value)) return value.map(plainOf);
  return isDecimal(value) ? value.decimal : value.timestamp;
}

/** Whether two values are the same in every part. */
export function sameValue(left: FieldValue | undefined, right: FieldValue | undefined): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (isList(left)) {
    return (
      isList(right) && left.length === right.length && left.every((value, index) => sameValue(value, right[index]))
    );
  }
  if (isList(right)) return false;
  if (isDecimal(left)) return isDecimal(right) && left.decimal === right.decimal;
  return !isDecimal(right) && left.timestamp === right.timestamp;
}

/** Names of the fields that differ between two versions of a record, sorted. */
export function changedFieldNames(before: Fields, after: Fields): string[] {
  const names: string[] = [];
  for (const name in after) if (!sameValue(before[name], after[name])) names.push(name);
  for (const name in before) if (!(name in after)) names.push(name);
  return names.sort();
}
