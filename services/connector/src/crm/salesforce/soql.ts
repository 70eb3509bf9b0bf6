import type { StampPlace } from '../change-window.ts';

/** A point in time as SOQL writes it. Salesforce stamps have whole seconds; others keep their milliseconds. */
export function instantLiteral(ms: number): string {
  const iso = new Date(ms).toISOString();
  return iso.endsWith('.000Z') ? `${iso.slice(0, 19)}Z` : iso;
}

/** A text as SOQL writes it. */
export const textLiteral = (text: string): string => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;

/** Records after an id, in the order of ids. */
export const afterId = (id: string): string => (id === '' ? '' : `Id > ${textLiteral(id)}`);

export const upToId = (id: string): string => `Id <= ${textLiteral(id)}`;

/** Records after a place, in the order of (SystemModstamp, Id). An empty id lets in every record of the stamp. */
export function afterPlace({ stampMs, id }: StampPlace): string {
  const stamp = instantLiteral(stampMs);
  if (id === '') return `SystemModstamp >= ${stamp}`;
  return `(SystemModstamp > ${stamp} OR (SystemModstamp = ${stamp} AND Id > ${textLiteral(id)}))`;
}

export function upToPlace({ stampMs, id }: StampPlace): string {
  const stamp = instantLiteral(stampMs);
  return `(SystemModstamp < ${stamp} OR (SystemModstamp = ${stamp} AND Id <= ${textLiteral(id)}))`;
}

/** Records with one of these ids. */
export const withIds = (ids: readonly string[]): string => `Id IN (${ids.map(textLiteral).join(',')})`;

export interface PageQuery {
  readonly object: string;
  readonly fields: readonly string[];
  /** Conditions that must all hold; empty ones are left out. */
  readonly where: readonly string[];
  readonly orderBy: 'Id' | 'SystemModstamp, Id' | 'SystemModstamp DESC' | 'CreatedDate, Id';
  readonly limit: number;
}

export function pageQuery(query: PageQuery): string {
  const where = query.where.filter((condition) => condition !== '').join(' AND ');
  return (
    `SELECT ${query.fields.join(',')} FROM ${query.object}` +
    (where === '' ? '' : ` WHERE ${where}`) +
    ` ORDER BY ${query.orderBy} LIMIT ${query.limit}`
  );
}

/**
 * Splits fields so that each part fits a request address of `maxCharacters`. Every part has the key fields, so that the
 * parts of one record can be put together.
 */
export function fieldParts(
  fields: readonly string[],
  options: { readonly keys: readonly string[]; readonly maxCharacters: number },
): string[][] {
  const others = fields.filter((field) => !options.keys.includes(field));
  const keyLength = options.keys.join(',').length;
  const parts: string[][] = [];
  let part: string[] = [];
  let length = keyLength;
  for (const field of others) {
    if (part.length > 0 && length + field.length + 1 > options.maxCharacters) {
      parts.push([...options.keys, ...part]);
      part = [];
      length = keyLength;
    }
    part.push(field);
    length += field.length + 1;
  }
  parts.push([...options.keys, ...part]);
  return parts;
}
