import type { CanonicalRecord } from '@kempt/contracts';
import type { StandardisedValues } from '../cleanup/standardisation.ts';
import { type Entity, entities } from './rule.ts';

/** Values of canonical fields, `address.city` for the fields of an address. Blank ones are absent. */
export type CanonicalValues = Readonly<Record<string, string | boolean | readonly string[]>>;

/** What rules look at. Plain JSON, so that a record can be judged again without reading it again. */
export interface RecordFacts {
  readonly entity: Entity;
  readonly values: CanonicalValues;
  /** By standard. */
  readonly standards: Readonly<Record<string, StandardisedValues>>;
}

/** The entity that rules know, and its values; undefined for records that no rule speaks of. */
export function canonicalValues(
  canonical: CanonicalRecord | undefined,
): { readonly entity: Entity; readonly values: CanonicalValues } | undefined {
  const kind = canonical?.kind;
  const entity = entities.find((name) => name === kind?.case);
  if (kind?.value === undefined || entity === undefined) return undefined;
  const values: Record<string, string | boolean | readonly string[]> = {};
  for (const [name, value] of Object.entries(kind.value)) collect(values, name, value);
  return { entity, values };
}

function collect(values: Record<string, string | boolean | readonly string[]>, name: string, value: unknown): void {
  if (name.startsWith('$')) return;
  if (typeof value === 'string') {
    if (value.trim() !== '') values[name] = value;
  } else if (typeof value === 'boolean') {
    values[name] = value;
  } else if (Array.isArray(value)) {
    const texts = value.filter((one): one is string => typeof one === 'string' && one.trim() !== '');
    if (texts.length > 0) values[name] = texts;
  } else if (typeof value === 'object' && value !== null) {
    if ('recordId' in value) values[name] = String(value.recordId);
    else for (const [part, inner] of Object.entries(value)) collect(values, `${name}.${part}`, inner);
  }
}
