import { decimalText } from './decimal-text.ts';
import type { FieldKind, FieldValue } from './field-value.ts';

/** A value that no field of a CRM may hold, such as an object where a text is due. */
export class UnexpectedValueError extends Error {
  readonly code = 'unexpected-value';
  readonly field: string;

  constructor(field: string, found: string) {
    super(`The field ${field} holds ${found}, which is not a value of a field.`);
    this.name = 'UnexpectedValueError';
    this.field = field;
  }
}

const isoTimestamp = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})$/;
const epochMilliseconds = /^-?\d{10,15}$/;
const calendarDate = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Milliseconds since 1970 of a point in time as the CRMs write it: ISO 8601 with `Z`, `+0000` or `+00:00`, or
 * milliseconds since 1970 as text. Undefined when the text is neither.
 */
export function parseInstant(text: string): number | undefined {
  if (text.length === 28 && text.endsWith('.000+0000')) {
    const parsed = Date.parse(`${text.slice(0, 19)}Z`);
    return Number.isNaN(parsed) ? undefined : parsed;
  }
  if (epochMilliseconds.test(text)) return Number(text);
  const parts = isoTimestamp.exec(text);
  if (parts === null) return undefined;
  const zone = parts[8] ?? 'Z';
  const colonZone = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const parsed = Date.parse(text.slice(0, text.length - zone.length) + colonZone);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** Text that any store takes: without NUL characters and halves of surrogate pairs, which CRMs let through at times. */
const storable = (text: string): string =>
  text.isWellFormed() && !text.includes('\0') ? text : text.toWellFormed().replaceAll('\0', '');

/**
 * A value that arrived as text, by the kind of its field. Text that does not fit the kind stays text: the mirror keeps
 * what the CRM holds, right or wrong. Undefined for a blank.
 */
export function convertText(kind: FieldKind, raw: string): FieldValue | undefined {
  const text = storable(raw);
  if (text === '') return undefined;
  switch (kind) {
    case 'text':
      return text;
    case 'decimal': {
      const decimal = decimalText(text);
      return decimal === undefined ? text : { decimal };
    }
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'timestamp': {
      const instant = parseInstant(text);
      return instant === undefined ? text : { timestamp: new Date(instant).toISOString() };
    }
    case 'date': {
      if (calendarDate.test(text)) return text;
      const instant = parseInstant(text);
      return instant === undefined ? text : new Date(instant).toISOString().slice(0, 10);
    }
    case 'list': {
      const items = text.split(';').filter((item) => item !== '');
      return items.length === 0 ? undefined : items;
    }
  }
}

/**
 * A value that arrived as JSON, by the kind of its field. Undefined for a blank. A bigint-like number that JSON cannot
 * hold must come as text. Throws UnexpectedValueError for objects, which no field holds.
 */
export function convertJson(
  field: { readonly name: string; readonly kind: FieldKind },
  raw: unknown,
): FieldValue | undefined {
  if (raw === null || raw === undefined) return undefined;
  if (typeof raw === 'string') return convertText(field.kind, raw);
  if (typeof raw === 'boolean') return raw;
  if (typeof raw === 'number') {
    const decimal = decimalText(String(raw));
    if (decimal === undefined) throw new UnexpectedValueError(field.name, String(raw));
    return field.kind === 'text' ? decimal : { decimal };
  }
  throw new UnexpectedValueError(field.name, Array.isArray(raw) ? 'a list' : `a value of type ${typeof raw}`);
}
