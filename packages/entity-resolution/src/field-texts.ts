import type { FieldValue } from './schema.ts';

/** Of a longer list the rest is not read, so that no record can be arbitrarily dear. */
const mostTexts = 256;
const none: readonly string[] = [];

/**
 * The texts of one field, in their order and with the blanks between them, since lists of address parts belong together by position. What
 * is no text is left out; a column may be called like a part of every object.
 */
export function textsOf(fields: Readonly<Record<string, FieldValue>>, name: string): readonly string[] {
  const value = fields[name];
  if (value === undefined || value === null || value === '' || !Object.hasOwn(fields, name)) return none;
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) return none;
  const texts: readonly unknown[] = value.length > mostTexts ? value.slice(0, mostTexts) : value;
  return texts.every((text) => typeof text === 'string') ? texts : texts.filter((text) => typeof text === 'string');
}
