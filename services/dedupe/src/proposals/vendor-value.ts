import { create, timestampDate, timestampFromDate, type Value, ValueListSchema, ValueSchema } from '@kempt/contracts';
import { foldText, type ValueReading } from '@kempt/entity-resolution';

/**
 * A value of a vendor field in a form that survives JSON unchanged: numbers are decimal text, points in time ISO 8601
 * in UTC, bytes base64.
 */
export type VendorValue =
  | string
  | boolean
  | { readonly decimal: string }
  | { readonly timestamp: string }
  | { readonly base64: string }
  | readonly VendorValue[];

/** Vendor fields that are not blank, by name. */
export type VendorFields = Readonly<Record<string, VendorValue>>;

/** A record with the fields that its CRM keeps of it. */
export interface VendorRecord {
  /** account:object:recordId */
  readonly ref: string;
  readonly modifiedMs: number;
  readonly fields: VendorFields;
}

/** The fields of an event that are not blank: null, empty text and empty lists are. */
export function vendorFields(values: Readonly<Record<string, Value>>): VendorFields {
  const fields: Record<string, VendorValue> = {};
  for (const name in values) {
    const value = vendorValue(values[name] as Value);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

function vendorValue(message: Value): VendorValue | undefined {
  const { kind } = message;
  switch (kind.case) {
    case 'string':
      return kind.value === '' ? undefined : kind.value;
    case 'boolean':
      return kind.value;
    case 'decimal':
      return { decimal: kind.value };
    case 'timestamp':
      return { timestamp: timestampDate(kind.value).toISOString() };
    case 'bytes':
      return kind.value.length === 0 ? undefined : { base64: Buffer.from(kind.value).toString('base64') };
    case 'list': {
      const items = kind.value.values.map(vendorValue).filter((item) => item !== undefined);
      return items.length === 0 ? undefined : items;
    }
    case 'null':
    case undefined:
      return undefined;
  }
}

/** The message of a value, for events. */
export function valueMessage(value: VendorValue): Value {
  return create(ValueSchema, { kind: kindOf(value) });
}

function kindOf(value: VendorValue): Value['kind'] {
  if (typeof value === 'string') return { case: 'string', value };
  if (typeof value === 'boolean') return { case: 'boolean', value };
  if (isList(value)) return { case: 'list', value: create(ValueListSchema, { values: value.map(valueMessage) }) };
  if ('decimal' in value) return { case: 'decimal', value: value.decimal };
  if ('timestamp' in value) return { case: 'timestamp', value: timestampFromDate(new Date(value.timestamp)) };
  return { case: 'bytes', value: Buffer.from(value.base64, 'base64') };
}

export function isList(value: VendorValue): value is readonly VendorValue[] {
  return Array.isArray(value);
}

/** The value as people write it: a decimal and a timestamp are text, a list stays a list. */
export function plainOf(value: VendorValue): string | boolean | readonly unknown[] {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (isList(value)) return value.map(plainOf);
  if ('decimal' in value) return value.decimal;
  return 'timestamp' in value ? value.timestamp : value.base64;
}

/** How the rules of survivorship read values. Items of lists are told apart to the letter. */
export const vendorReading: ValueReading<VendorValue> = {
  keyOf: (value) => JSON.stringify(value),
  lengthOf: (value) => (typeof value === 'string' ? value.trim().length : undefined),
  itemsOf: (value) => (isList(value) ? value : [value]),
  listOf: (items) => items,
  isYes: (value) => value === true,
};

/** Whether two values say the same; text is compared without regard to case and to space around it. */
export function saysTheSame(left: VendorValue | undefined, right: VendorValue | undefined): boolean {
  if (typeof left === 'string' && typeof right === 'string') return foldText(left) === foldText(right);
  return JSON.stringify(left) === JSON.stringify(right);
}
