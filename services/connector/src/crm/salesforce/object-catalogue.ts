import type { FieldSchema } from '../../schema/object-schema.ts';
import type { WritableField } from '../crm-writer.ts';
import { type ChildField, type DescribedObject, describeObject, writableFields } from './described-object.ts';
import { readableFields } from './field-types.ts';

/** What the writer knows of an object. */
export interface CataloguedObject {
  /** Sorted by name. */
  readonly fields: readonly FieldSchema[];
  readonly writable: ReadonlyMap<string, WritableField>;
  readonly children: readonly ChildField[];
  readonly queryable: boolean;
}

/** Descriptions of objects, so that not every write asks for one. */
export interface ObjectCatalogue {
  /** The object as it was described within the last ten minutes. */
  object(name: string, signal: AbortSignal): Promise<CataloguedObject>;
  /** Names of the objects that can be queried. */
  queryable(signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Describes everything afresh at the next use. */
  forget(): void;
}

const maxAgeMs = 600_000;

interface Known<T> {
  readonly value: T;
  readonly atMs: number;
}

export function createObjectCatalogue(options: {
  readonly get: (path: string, signal: AbortSignal) => Promise<unknown>;
  readonly now: () => number;
}): ObjectCatalogue {
  const objects = new Map<string, Known<CataloguedObject>>();
  let names: Known<ReadonlySet<string>> | undefined;
  const isFresh = (known: Known<unknown>): boolean => options.now() - known.atMs < maxAgeMs;

  const catalogued = (described: DescribedObject): CataloguedObject => ({
    fields: readableFields(described.fields),
    writable: writableFields(described.fields),
    children: described.children,
    queryable: described.queryable,
  });

  return {
    async object(name, signal) {
      const known = objects.get(name);
      if (known !== undefined && isFresh(known)) return known.value;
      const value = catalogued(await describeObject(options.get, name, signal));
      objects.set(name, { value, atMs: options.now() });
      return value;
    },
    async queryable(signal) {
      if (names !== undefined && isFresh(names)) return names.value;
      const answer = (await options.get('/sobjects', signal)) as { sobjects?: unknown } | null;
      const listed = Array.isArray(answer?.sobjects)
        ? (answer.sobjects as { name?: unknown; queryable?: unknown }[])
        : [];
      const value = new Set(
        listed.flatMap(({ name, queryable }) => (typeof name === 'string' && queryable === true ? [name] : [])),
      );
      names = { value, atMs: options.now() };
      return value;
    },
    forget() {
      objects.clear();
      names = undefined;
    },
  };
}
