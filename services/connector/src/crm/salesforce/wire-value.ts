import { type FieldValue, isDecimal, isList, isTimestamp, textOf } from '../../schema/field-value.ts';
import type { FieldChanges } from '../crm-writer.ts';

/** JSON whose numbers keep every digit that they were given. */
const rawNumber = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** A value as the REST API takes it. */
export function jsonValue(value: FieldValue | null): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  // Several choices of one field stand between semicolons.
  if (isList(value)) return textOf(value);
  return isDecimal(value) ? rawNumber(value.decimal) : value.timestamp;
}

/** Fields as the REST API takes them. */
export const jsonFields = (fields: FieldChanges): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, jsonValue(value)]));

/** Fields as the SOAP API takes them: text, or null for a blank. */
export const textFields = (fields: FieldChanges): ReadonlyMap<string, string | null> =>
  new Map(Object.entries(fields).map(([name, value]) => [name, value === null ? null : soapText(value)]));

const soapText = (value: FieldValue): string =>
  typeof value === 'object' && !isList(value) && isTimestamp(value) ? value.timestamp : textOf(value);
