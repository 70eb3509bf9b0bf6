import { createColumnValues } from '../records/column-values.ts';
import type { HubSpotAuditLoad } from './hubspot-audit.ts';
import type { HubSpotOwner, HubSpotStore } from './hubspot-store.ts';
import type { HubSpotRecord, PropertyValue } from './property-definition.ts';

/** Records of one object in column form: `rows[i].values[j]` is the value of `properties[j]`. */
export interface HubSpotObjectLoad {
  readonly object: string;
  readonly properties: readonly string[];
  readonly rows: Iterable<HubSpotRow>;
  /**
   * Properties whose values are milliseconds before the reference time of the simulator, so that they stay recent. When
   * given, the times of the rows are relative too.
   */
  readonly relativeTimes?: readonly string[];
}

export interface HubSpotRow {
  readonly id?: string;
  readonly createdAt?: number;
  readonly modifiedAt?: number;
  readonly archivedAt?: number | null;
  readonly values: readonly PropertyValue[];
}

export interface HubSpotLinkLoad {
  readonly from: string;
  readonly to: string;
  readonly typeId: number;
  /** Pairs of ids. */
  readonly links: Iterable<readonly [string, string]>;
}

/** The records a simulator begins with. `name` tells loads apart, so that kept changes are not applied to another load. */
export interface HubSpotLoad {
  readonly name: string;
  readonly objects: readonly HubSpotObjectLoad[];
  readonly associations?: readonly HubSpotLinkLoad[];
  readonly owners?: readonly HubSpotOwner[];
  readonly audit?: HubSpotAuditLoad;
}

/** When nothing else is said, records were made at this time. */
const defaultTime = Date.UTC(2025, 0, 1);

/** A copy without the empty places at the end. */
function trimmed(values: readonly PropertyValue[]): PropertyValue[] {
  let length = values.length;
  while (length > 0 && values[length - 1] == null) length -= 1;
  return values.slice(0, length);
}

/** Rows with their relative times made absolute. */
function* absoluteRows(load: HubSpotObjectLoad, referenceMs: number): Generator<HubSpotRow> {
  if (load.relativeTimes === undefined) {
    yield* load.rows;
    return;
  }
  const columns = new Set(load.relativeTimes.map((name) => load.properties.indexOf(name)));
  for (const row of load.rows) {
    yield {
      ...row,
      ...(row.createdAt === undefined ? {} : { createdAt: referenceMs - row.createdAt }),
      ...(row.modifiedAt === undefined ? {} : { modifiedAt: referenceMs - row.modifiedAt }),
      values: row.values.map((value, column) =>
        columns.has(column) && value !== null ? new Date(referenceMs - Number(value)).toISOString() : value,
      ),
    };
  }
}

/** Adds the records of a load, or of a part of one. Relative times count back from `referenceMs`. */
export function applyHubSpotLoad(store: HubSpotStore, load: HubSpotLoad, referenceMs: number): void {
  store.owners.push(...(load.owners ?? []));
  for (const objectLoad of load.objects) {
    const object = store.object(objectLoad.object);
    const table = store.table(object);
    const slots = objectLoad.properties.map((name) => {
      const property = object.property(name);
      if (property === undefined || property.slot < 0) {
        throw new Error(`The load holds values of ${object.name}.${name}, which is not a stored property.`);
      }
      return property.slot;
    });
    const columns = objectLoad.properties.map(() => createColumnValues());
    for (const row of absoluteRows(objectLoad, referenceMs)) {
      const values = new Array<PropertyValue>(object.slotCount).fill(null);
      slots.forEach((slot, column) => {
        values[slot] = columns[column]?.(row.values[column]) ?? null;
      });
      const createdAt = row.createdAt ?? row.modifiedAt ?? defaultTime;
      const record: HubSpotRecord = {
        id: row.id ?? store.nextId(),
        createdAt,
        modifiedAt: row.modifiedAt ?? createdAt,
        archivedAt: row.archivedAt ?? null,
        values: trimmed(values),
      };
      table.insert(record);
    }
  }
  for (const { from, to, typeId, links } of load.associations ?? []) {
    for (const [fromId, toId] of links) store.associations.add(from, fromId, { to, toId, typeId });
  }
}
