import { CrmError } from '../crm-error.ts';
import type { WritableField } from '../crm-writer.ts';
import { type DescribedField, kindOfField } from './field-types.ts';

/** What Salesforce says of an object, as far as it is used here. */
export interface DescribedObject {
  readonly queryable: boolean;
  /** By name, as described. */
  readonly fields: readonly DescribedField[];
  readonly children: readonly ChildField[];
}

/** A field of another object, or of the same one, that names records of this object. */
export interface ChildField {
  readonly object: string;
  readonly field: string;
}

interface DescribeAnswer {
  readonly queryable?: unknown;
  readonly fields?: unknown;
  readonly childRelationships?: unknown;
}

interface DescribedChild {
  readonly childSObject?: unknown;
  readonly field?: unknown;
  readonly deprecatedAndHidden?: unknown;
}

/** Describes an object. Kind `not-found` names it when the org has none, or the user may not see it. */
export async function describeObject(
  get: (path: string, signal: AbortSignal) => Promise<unknown>,
  object: string,
  signal: AbortSignal,
): Promise<DescribedObject> {
  if (!/^[A-Za-z]\w*$/.test(object)) throw unknownObject(object);
  let answer: DescribeAnswer | null;
  try {
    answer = (await get(`/sobjects/${object}/describe`, signal)) as DescribeAnswer | null;
  } catch (error) {
    if (error instanceof CrmError && error.kind === 'not-found') throw unknownObject(object, error);
    throw error;
  }
  const fields = answer?.fields;
  const isList =
    Array.isArray(fields) &&
    fields.every((field) => typeof field?.name === 'string' && typeof field?.type === 'string');
  if (!isList) {
    throw new CrmError({
      kind: 'malformed',
      code: 'malformed-describe',
      message: `Salesforce described ${object} without fields.`,
    });
  }
  const children = Array.isArray(answer?.childRelationships) ? (answer.childRelationships as DescribedChild[]) : [];
  return {
    queryable: answer?.queryable !== false,
    fields: fields as readonly DescribedField[],
    children: children.flatMap((child) =>
      typeof child.childSObject === 'string' && typeof child.field === 'string' && child.deprecatedAndHidden !== true
        ? [{ object: child.childSObject, field: child.field }]
        : [],
    ),
  };
}

const unknownObject = (object: string, cause?: unknown): CrmError =>
  new CrmError({
    kind: 'not-found',
    code: 'unknown-object',
    message: `The org has no object ${object}, or the user may not read it. Check its API name and the permissions of the user.`,
    pointer: '/objects',
    cause,
  });

/** A field that names a record. */
export interface Reference {
  /** It is filled in when the record is created, and never changes by hand. */
  readonly isFixed: boolean;
}

/** The fields that name records and that people fill in, as far as records can be searched by them. */
export function references(described: readonly DescribedField[]): ReadonlyMap<string, Reference> {
  return new Map(
    described
      .filter(({ type, filterable }) => type === 'reference' && filterable !== false)
      .filter(({ updateable, createable }) => updateable === true || createable === true)
      .map(({ name, updateable }) => [name, { isFixed: updateable !== true }]),
  );
}

/** What may be written to each field that is read, by its name. */
export function writableFields(described: readonly DescribedField[]): ReadonlyMap<string, WritableField> {
  const found = new Map<string, WritableField>();
  for (const field of described) {
    const kind = kindOfField(field);
    if (kind === null) continue;
    found.set(field.name, {
      name: field.name,
      kind,
      type: field.type,
      updateable: field.updateable === true,
      createable: field.createable === true,
      // A check box is never blank: clearing it unticks it.
      nillable: field.nillable === true && kind !== 'boolean',
      maxLength: typeof field.length === 'number' && field.length > 0 ? field.length : null,
      choices: field.restrictedPicklist === true ? choicesOf(field.picklistValues) : null,
    });
  }
  return found;
}

function choicesOf(values: unknown): readonly string[] {
  const entries = Array.isArray(values) ? (values as { value?: unknown; active?: unknown }[]) : [];
  return entries.flatMap(({ value, active }) => (typeof value === 'string' && active !== false ? [value] : []));
}
