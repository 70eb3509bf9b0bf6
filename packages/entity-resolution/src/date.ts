import { cleanText } from './text.ts';

export type DateOrder = 'dayFirst' | 'monthFirst';

const monthNames: ReadonlyMap<string, number> = new Map(
  'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ').map((name, index) => [name, index + 1] as const),
);

const placeholderDates: ReadonlySet<string> = new Set([
  '19000101',
  '19700101',
  '00010101',
  '11111111',
  '99991231',
  '18991230',
  '18991231',
  '20000000',
]);

/** Where people put dots between the numbers of a date they write the day first. */
const dotted = /^\s*\d{1,2}\. ?\d{1,2}\. ?\d{2,4}/;

/**
 * A date in normal form: eight digits `yyyymmdd`, where day or month are `00` when the text does not hold them. Impossible days and months
 * are kept as written, since a typing error still tells two people apart. Null for text without a year and for placeholder dates.
 */
export function parseDate(raw: string, order: DateOrder): string | null {
  const text = cleanText(raw).replace(/[t ]\d{1,2}:\d{2}.*$/, '');
  const compact = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (compact !== null) return keep(compact[1] as string, compact[2] as string, compact[3] as string);
  const parts = text.split(/[^a-z0-9]+/).filter((part) => part !== '');
  if (parts.length === 0 || parts.length > 5) return null;
  const named = parts.findIndex((part) => monthNames.has(part.slice(0, 3)) && /^[a-z]+$/.test(part));
  if (named >= 0) {
    const month = String(monthNames.get((parts[named] as string).slice(0, 3)));
    const numbers = parts
      .filter((_, index) => index !== named)
      .map((part) => part.replace(/(st|nd|rd|th)$/, ''))
      .filter((part) => /^\d+$/.test(part));
    const year = numbers.find((part) => part.length === 4) ?? numbers.at(-1);
    if (year === undefined) return null;
    const day = numbers.find((part) => part !== year && part.length <= 2) ?? '0';
    return keep(fullYear(year), month, day);
  }
  if (!parts.every((part) => /^\d+$/.test(part))) return null;
  const [first = '', second = '0', third = '0'] = parts;
  if (parts.length > 3 || parts.slice(1, -1).some((part) => part.length > 2)) return null;
  if (parts.length === 1) return first.length === 4 ? keep(first, '0', '0') : null;
  if (first.length === 4) return third.length > 2 ? null : keep(first, second, third);
  if (parts.length === 2) return second.length === 4 ? keep(second, first, '0') : null;
  if (third.length !== 4 && third.length !== 2) return null;
  const dayFirst = Number(first) > 12 ? true : Number(second) > 12 ? false : dotted.test(text) || order === 'dayFirst';
  return dayFirst ? keep(fullYear(third), second, first) : keep(fullYear(third), first, second);
}

function fullYear(year: string): string {
  if (year.length === 4) return year;
  const value = Number(year);
  return String(value + (value > 30 ? 1900 : 2000));
}

function keep(year: string, month: string, day: string): string | null {
  const text = year + month.padStart(2, '0').slice(-2) + day.padStart(2, '0').slice(-2);
  if (text.length !== 8 || placeholderDates.has(text) || year === '0000') return null;
  return text;
}

/** Reads the order of ambiguous dates off the ones that are not ambiguous; month first when nothing tells. Dots tell for themselves only. */
export function guessDateOrder(values: Iterable<string>): DateOrder {
  let dayFirst = 0;
  let monthFirst = 0;
  for (const value of values) {
    const match = /^\s*(\d{1,2})[^0-9a-z](\d{1,2})[^0-9a-z]\d{2,4}/i.exec(value);
    if (match === null || dotted.test(value)) continue;
    if (Number(match[1]) > 12) dayFirst += 1;
    else if (Number(match[2]) > 12) monthFirst += 1;
  }
  return dayFirst > monthFirst ? 'dayFirst' : 'monthFirst';
}

/** Days since 1 March 0000 of the normal form, with missing parts taken as the middle. */
export function dayNumber(normal: string): number {
  const year = Number(normal.slice(0, 4));
  const month = Number(normal.slice(4, 6)) || 6;
  const day = Number(normal.slice(6, 8)) || 15;
  return Math.round(year * 365.2425 + month * 30.44 + day);
}
