import type { FieldValue } from '@kempt/entity-resolution';

export type Fields = Readonly<Record<string, FieldValue>>;

/**
 * One row of nested values as named texts: numbers and booleans in writing, dates as ISO dates, lists as lists, and the parts of an inner
 * object under names joined with a dot.
 */
export function fieldsOf(row: Readonly<Record<string, unknown>>): Fields {
  const found = new Map<string, string[]>();
  const lists = new Set<string>();
  const visit = (name: string, value: unknown): void => {
    if (Array.isArray(value)) {
      lists.add(name);
      if (value.length === 0) found.set(name, found.get(name) ?? []);
      for (const item of value) visit(name, item);
    } else if (isInner(value)) {
      for (const [part, inner] of Object.entries(value)) visit(`${name}.${part}`, inner);
    } else {
      const text = textOf(value);
      const texts = found.get(name) ?? [];
      if (text !== undefined) texts.push(text);
      found.set(name, texts);
    }
  };
  for (const [name, value] of Object.entries(row)) visit(name, value);
  return Object.fromEntries(
    [...found].map(([name, texts]): [string, FieldValue] => [
      name,
      texts.length > 1 || lists.has(name) ? texts : (texts[0] ?? null),
    ]),
  );
}

function isInner(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);
}

function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined || Number.isNaN(value)) return undefined;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return undefined;
    // A day without a time is a date.
    return value.toISOString().replace(/T00:00:00\.000Z$/, '');
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value : undefined;
}

/** The text of a value that must be one: an identifier or a name. Empty where there is none. */
export function singleText(value: FieldValue): string {
  return (typeof value === 'object' && value !== null ? value.join(' ') : (value ?? '')).trim();
}
