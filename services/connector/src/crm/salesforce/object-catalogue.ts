import type { FieldSchema } from '../../schema/object-schema.ts';
import { CrmError } from '../crm-error.ts';
import type { WritableField } from '../crm-writer.ts';
import { type ChildField, describeObject, type Reference, references, writableFields } from './described-object.ts';
import { readableFields } from './field-types.ts';

/** What the writer knows of an object that it writes to. */
export interface CataloguedObject {
  /** Sorted by name. */
  readonly fields: readonly FieldSchema[];
  readonly writable: ReadonlyMap<string, WritableField>;
  readonly children: readonly ChildField[];
}

/** Descriptions of objects of the last hour, so that not every write asks for one. */
export interface ObjectCatalogue {
  object(name: string, signal: AbortSignal): Promise<CataloguedObject>;
  /** The fields of an object that name other records and can be searched by, by name. All that is kept of a child. */
  references(name: string, signal: AbortSignal): Promise<ReadonlyMap<string, Reference>>;
  /** Names of the objects that can be queried. */
  queryable(signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Describes an object afresh at the next use. */
  forget(name: string): void;
}

const maxAgeMs = 3_600_000;

export function createObjectCatalogue(options: {
  readonly get: (path: string, signal: AbortSignal) => Promise<unknown>;
  readonly now: () => number;
}): ObjectCatalogue {
  const known = new Map<string, { readonly value: unknown; readonly atMs: number }>();

  async function remembered<T>(key: string, find: () => Promise<T>): Promise<T> {
    const entry = known.get(key);
    if (entry !== undefined && options.now() - entry.atMs < maxAgeMs) return entry.value as T;
    const value = await find();
    known.set(key, { value, atMs: options.now() });
    return value;
  }

  return {
    object: (name, signal) =>
      remembered(`object ${name}`, async () => {
        const { fields, children } = await describeObject(options.get, name, signal);
        return { fields: readableFields(fields), writable: writableFields(fields), children };
      }),
    references: (name, signal) =>
      remembered(`references ${name}`, async () =>
        references((await describeObject(options.get, name, signal)).fields),
      ),
    queryable: (signal) =>
      remembered('queryable', async () => {
        const answer = (await options.get('/sobjects', signal)) as { sobjects?: unknown } | null;
        if (!Array.isArray(answer?.sobjects)) {
          throw new CrmError({
            kind: 'malformed',
            code: 'malformed-objects',
            message: 'Salesforce listed its objects without objects.',
          });
        }
        const listed = answer.sobjects as { name?: unknown; queryable?: unknown }[];
        return new Set(
          listed.flatMap(({ name, queryable }) => (typeof name === 'string' && queryable === true ? [name] : [])),
        );
      }),
    forget(name) {
      known.delete(`object ${name}`);
      known.delete(`references ${name}`);
    },
  };
}
