import { createHash } from 'node:crypto';
import type { FieldKind } from './field-value.ts';

/** A field that Kempt reads. */
export interface FieldSchema {
  readonly name: string;
  readonly kind: FieldKind;
  /** The CRM's own word for the type. */
  readonly vendorType: string;
}

/** What Kempt reads of one object: the readable fields, sorted by name. */
export interface ObjectSchema {
  readonly object: string;
  readonly fields: readonly FieldSchema[];
}

/** Orders names by their UTF-16 code units, the same on every machine. */
export const byName = (left: { readonly name: string }, right: { readonly name: string }): number =>
  left.name < right.name ? -1 : left.name > right.name ? 1 : 0;

/**
 * Names what a mirror was read with: the fields, their kinds, and how they are projected. When it differs from the one
 * an object was last read with, the object has to be read again from the beginning.
 */
export function readFingerprint(schema: ObjectSchema, projection: unknown): string {
  const fields = schema.fields.map((field) => `${field.name}:${field.kind}`).join(',');
  return createHash('sha256')
    .update(fields)
    .update('\n')
    .update(JSON.stringify(projection) ?? '')
    .digest('hex')
    .slice(0, 32);
}
