import type { FieldSchema } from '../../schema/object-schema.ts';
import type { WritableField } from '../crm-writer.ts';
import type { HubSpotApi } from './api.ts';
import { discoverProperties } from './property-discovery.ts';
import { readableProperties, writableProperties } from './property-types.ts';

/** What the writer knows of an object. */
export interface CataloguedObject {
  /** Properties and associations, sorted by name. */
  readonly fields: readonly FieldSchema[];
  readonly writable: ReadonlyMap<string, WritableField>;
}

/** Descriptions of objects, so that not every write asks for one. */
export interface ObjectCatalogue {
  /** The object as it was described within the last hour. */
  object(name: string, signal: AbortSignal): Promise<CataloguedObject>;
  /** Describes an object afresh at the next use. */
  forget(name: string): void;
}

const maxAgeMs = 3_600_000;

export function createObjectCatalogue(options: {
  readonly api: Pick<HubSpotApi, 'send'>;
  readonly now: () => number;
}): ObjectCatalogue {
  const objects = new Map<string, { readonly object: CataloguedObject; readonly atMs: number }>();
  return {
    async object(name, signal) {
      const known = objects.get(name);
      if (known !== undefined && options.now() - known.atMs < maxAgeMs) return known.object;
      const described = await discoverProperties(options.api, name, signal);
      const object = { fields: readableProperties(name, described), writable: writableProperties(described) };
      objects.set(name, { object, atMs: options.now() });
      return object;
    },
    forget: (name) => void objects.delete(name),
  };
}
