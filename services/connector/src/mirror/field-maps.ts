import type { System } from '../crm/crm-client.ts';
import { defaultFieldMaps } from './default-field-maps.ts';
import { type CompiledFieldMap, compileFieldMap, type FieldMap, InvalidFieldMapError } from './field-map.ts';

/** Changes to the default maps: system, object, and the rules that replace or join those of the default. */
export type FieldMapChanges = Readonly<
  Partial<
    Record<
      System,
      Readonly<Record<string, { readonly entity?: FieldMap['entity']; readonly fields: FieldMap['fields'] }>>
    >
  >
>;

export interface FieldMaps {
  /** The map of an object; null when it has none, so that its records have no canonical form. */
  of(system: System, object: string): CompiledFieldMap | null;
}

/** The default maps with the configured changes. Throws InvalidFieldMapError naming the object and field at fault. */
export function createFieldMaps(changes: FieldMapChanges = {}): FieldMaps {
  const compiled = new Map<string, CompiledFieldMap>();
  for (const system of ['salesforce', 'hubspot'] as const) {
    const maps: Record<string, FieldMap> = { ...defaultFieldMaps[system] };
    for (const [object, change] of Object.entries(changes[system] ?? {})) {
      const base = maps[object];
      const entity = change.entity ?? base?.entity;
      if (entity === undefined) {
        throw new InvalidFieldMapError(`fieldMaps.${system}.${object} has no default: say which "entity" it is.`);
      }
      maps[object] = { entity, fields: { ...(base?.entity === entity ? base.fields : {}), ...change.fields } };
    }
    for (const [object, map] of Object.entries(maps)) {
      try {
        compiled.set(`${system}:${object}`, compileFieldMap(map));
      } catch (error) {
        if (!(error instanceof InvalidFieldMapError)) throw error;
        throw new InvalidFieldMapError(`fieldMaps.${system}.${object}: ${error.message}`, { cause: error });
      }
    }
  }
  return { of: (system, object) => compiled.get(`${system}:${object}`) ?? null };
}
