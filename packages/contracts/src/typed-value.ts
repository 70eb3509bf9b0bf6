import { create } from '@bufbuild/protobuf';
import { NullValue, timestampFromDate, timestampMs } from '@bufbuild/protobuf/wkt';
import { type Value, ValueListSchema, ValueSchema } from './gen/kempt/types/v1/value_pb.ts';

/** A number as text, so that no digit is lost: "12", "-0.50". */
export interface Decimal {
  readonly decimal: string;
}

/** A field value as code handles it. Instants have the precision of a `Date`, one millisecond. */
export type PlainValue = string | Decimal | boolean | Date | Uint8Array | readonly PlainValue[] | null;

/** A value that has no place in an event. */
export class InvalidValueError extends Error {
  override readonly name = 'InvalidValueError';
  readonly code = 'invalid-value';
  readonly retriable = false;
}

const decimalPattern = /^-?[0-9]+(?:\.[0-9]+)?$/;
const earliestMs = new Date('0001-01-01T00:00:00Z').getTime();
const latestMs = new Date('9999-12-31T23:59:59.999Z').getTime();

/** True for what a `Decimal` may hold: digits, at most one point between them, an optional minus. */
export function isDecimal(text: string): boolean {
  return decimalPattern.test(text);
}

/** Makes the message of a plain value. Throws `InvalidValueError` for a malformed decimal or date. */
export function fromPlainValue(plain: PlainValue): Value {
  return create(ValueSchema, { kind: kindOf(plain) });
}

function kindOf(plain: PlainValue): Value['kind'] {
  if (plain === null) return { case: 'null', value: NullValue.NULL_VALUE };
  if (typeof plain === 'string') return { case: 'string', value: plain };
  if (typeof plain === 'boolean') return { case: 'boolean', value: plain };
  if (plain instanceof Uint8Array) return { case: 'bytes', value: plain };
  if (plain instanceof Date) {
    const ms = plain.getTime();
    // The comparison is false for an invalid date as well.
    if (!(ms >= earliestMs && ms <= latestMs)) throw new InvalidValueError('A date must lie in the years 1 to 9999');
    return { case: 'timestamp', value: timestampFromDate(plain) };
  }
  if (isList(plain)) return { case: 'list', value: create(ValueListSchema, { values: plain.map(fromPlainValue) }) };
  if (!isDecimal(plain.decimal))
    throw new InvalidValueError('A decimal must be digits with at most one point, such as "-0.50"');
  return { case: 'decimal', value: plain.decimal };
}

function isList(plain: Decimal | readonly PlainValue[]): plain is readonly PlainValue[] {
  return Array.isArray(plain);
}

/** Reads the message of a value. One that carries nothing, as a newer release might send, is read as blank. */
export function toPlainValue(value: Value): PlainValue {
  switch (value.kind.case) {
    case 'string':
    case 'boolean':
    case 'bytes':
      return value.kind.value;
    case 'decimal':
      return { decimal: value.kind.value };
    case 'timestamp':
      return new Date(timestampMs(value.kind.value));
    case 'list':
      return value.kind.value.values.map(toPlainValue);
    case 'null':
    case undefined:
      return null;
  }
}
