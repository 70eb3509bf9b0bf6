import type { FieldChanges, WritableField } from '../crm/crm-writer.ts';
import { type Fields, type FieldValue, isDecimal, isList, isTimestamp, sameValue } from '../schema/field-value.ts';

/** When a record was made is the CRM's to say, even where its API seems to take it. */
export const timesOfCreation: ReadonlySet<string> = new Set(['createdate', 'hs_createdate', 'CreatedDate']);

type Held = FieldValue | null | undefined;

/** A number without the zeros that say nothing: `1.50` is `1.5`. */
function plainNumber(decimal: string): string {
  const [whole = '0', fraction = ''] = decimal
    .replace(/^-?0+(?=\d)/, (zeros) => (zeros.startsWith('-') ? '-' : ''))
    .split('.');
  const rest = fraction.replace(/0+$/, '');
  return rest === '' ? (whole === '-0' ? '0' : whole) : `${whole}.${rest}`;
}

const isBlank = (value: Held): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (typeof value === 'object' && isList(value) && value.length === 0);

/**
 * Whether two values mean the same to a CRM: trailing zeros of a number, blanks around a text, the case of an e-mail
 * address and the order of a multi-select do not count. A blank in any form is a blank.
 */
export function meansTheSame(left: Held, right: Held): boolean {
  if (isBlank(left) || isBlank(right)) return isBlank(left) && isBlank(right);
  const one = left as FieldValue;
  const other = right as FieldValue;
  if (sameValue(one, other)) return true;
  if (typeof one === 'string' && typeof other === 'string') {
    const [a, b] = [one.trim().replace(/\r\n/g, '\n'), other.trim().replace(/\r\n/g, '\n')];
    return a === b || (a.includes('@') && a.toLowerCase() === b.toLowerCase());
  }
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  if (isList(one) || isList(other)) {
    if (!isList(one) || !isList(other) || one.length !== other.length) return false;
    const sorted = (list: readonly FieldValue[]) => list.map((item) => JSON.stringify(item)).sort();
    return sorted(one).join() === sorted(other).join();
  }
  if (isDecimal(one) && isDecimal(other)) return plainNumber(one.decimal) === plainNumber(other.decimal);
  return isTimestamp(one) && isTimestamp(other) && Date.parse(one.timestamp) === Date.parse(other.timestamp);
}

/** Names of the wanted fields that a record does not hold. */
export const unmetFields = (wanted: FieldChanges, held: Fields): string[] =>
  Object.keys(wanted).filter((name) => !meansTheSame(wanted[name], held[name]));

/** The wanted fields that a record does not hold, with their values. */
export const missingChanges = (wanted: FieldChanges, held: Fields): FieldChanges =>
  Object.fromEntries(unmetFields(wanted, held).map((name) => [name, wanted[name] ?? null]));

/** Names of the fields in which two images of a record differ, among those that somebody can write. Sorted. */
export function differingFields(before: Fields, now: Fields, writable: ReadonlyMap<string, WritableField>): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names]
    .filter(
      (name) =>
        writable.get(name)?.updateable === true && !timesOfCreation.has(name) && !meansTheSame(before[name], now[name]),
    )
    .sort();
}

/** What a three-way patch comes to. */
export interface BackPatch {
  /** What takes the change back. */
  readonly changes: FieldChanges;
  /** Fields that others changed afterwards; they stay as they are. Sorted. */
  readonly kept: readonly string[];
}

/** Fields whose text is a list that others may add to: what the change added is taken out, what others added stays. */
const listFields = new Set(['hs_additional_domains', 'hs_additional_emails']);

const entries = (value: Held): string[] =>
  typeof value === 'string'
    ? value
        .split(';')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '')
    : typeof value === 'object' && value !== null && isList(value)
      ? value.map(String)
      : [];

/** Takes out of a list what a change put in, and puts back what it took out. */
function listBack(before: Held, after: Held, now: Held): FieldValue | null {
  const lower = (value: Held) => new Set(entries(value).map((entry) => entry.toLowerCase()));
  const [had, got, has] = [lower(before), lower(after), lower(now)];
  const kept = entries(now).filter((entry) => had.has(entry.toLowerCase()) || !got.has(entry.toLowerCase()));
  const returned = entries(before).filter((entry) => !got.has(entry.toLowerCase()) && !has.has(entry.toLowerCase()));
  const list = [...kept, ...returned];
  if (list.length === 0) return null;
  const isListed = [before, after, now].some((value) => typeof value === 'object' && value !== null && isList(value));
  return isListed ? list : list.join(';');
}

/**
 * Takes a change back field by field: where a record still holds what the change left, it gets back what it held
 * before; where others have changed it since, it stays. Fields that nobody can write are left out.
 */
export function backPatch(
  images: { readonly before: Fields; readonly after: Fields; readonly now: Fields },
  writable: ReadonlyMap<string, WritableField>,
): BackPatch {
  const { before, after, now } = images;
  const changes: Record<string, FieldValue | null> = {};
  const kept: string[] = [];
  for (const name of differingFields(before, after, writable)) {
    if (meansTheSame(now[name], before[name])) continue;
    if (listFields.has(name)) changes[name] = listBack(before[name], after[name], now[name]);
    else if (meansTheSame(now[name], after[name])) changes[name] = before[name] ?? null;
    else kept.push(name);
  }
  return { changes, kept };
}
