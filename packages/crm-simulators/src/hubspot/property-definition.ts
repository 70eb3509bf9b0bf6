import type { TableRecord } from '../records/record-table.ts';

/** HubSpot shows every property value as text, or null. Datetimes are ISO text with milliseconds, dates `YYYY-MM-DD`. */
export type PropertyValue = string | null;

/** A stored record; `modifiedAt` is its last-modified property. Values missing at the end are null. */
export interface HubSpotRecord extends TableRecord {
  readonly createdAt: number;
  /** When the record was archived; null while it is live. */
  archivedAt: number | null;
  readonly values: PropertyValue[];
}

export type PropertyType = 'string' | 'number' | 'date' | 'datetime' | 'enumeration' | 'bool' | 'phone_number';

export interface PropertyDefinition {
  readonly name: string;
  readonly label: string;
  readonly type: PropertyType;
  readonly fieldType: string;
  readonly groupName: string;
  readonly options: readonly string[];
  readonly hasUniqueValue: boolean;
  /** The value cannot be written. */
  readonly readOnly: boolean;
  readonly calculated: boolean;
  readonly hidden: boolean;
  readonly hubspotDefined: boolean;
  /** Seldom filled in: kept behind the other values, so that records without it are shorter. */
  readonly isRare: boolean;
}

export interface HubSpotObjectDefinition {
  /** Plural name, as in `/crm/v3/objects/contacts`. */
  readonly name: string;
  readonly singular: string;
  /** `0-1` and the like. */
  readonly typeId: string;
  readonly createdProperty: 'createdate' | 'hs_createdate';
  readonly modifiedProperty: 'lastmodifieddate' | 'hs_lastmodifieddate';
  /** Properties shown when none are asked for, besides the three system ones. */
  readonly defaultProperties: readonly string[];
  /** The scope a client needs, without `.read` or `.write`. */
  readonly scope: string;
  /** The API reads the records and refuses to write them. */
  readonly isReadOnly?: boolean;
  readonly mergeable: boolean;
  readonly properties: readonly PropertyDefinition[];
}

export interface StoredProperty extends PropertyDefinition {
  /** Position in `HubSpotRecord.values`; -1 for a value that is worked out. */
  readonly slot: number;
}

export interface HubSpotObject extends Omit<HubSpotObjectDefinition, 'properties'> {
  readonly properties: readonly StoredProperty[];
  readonly slotCount: number;
  property(name: string): StoredProperty | undefined;
  /** The value of a stored or system property; associations are not looked at. */
  read(record: HubSpotRecord, property: StoredProperty): PropertyValue;
}

const workedOut: ReadonlySet<string> = new Set([
  'hs_object_id',
  'createdate',
  'hs_createdate',
  'lastmodifieddate',
  'hs_lastmodifieddate',
  'associatedcompanyid',
  'num_associated_contacts',
]);

export function compileHubSpotObject(definition: HubSpotObjectDefinition): HubSpotObject {
  const stored = definition.properties.filter((property) => !workedOut.has(property.name));
  const inSlots = [...stored.filter((property) => !property.isRare), ...stored.filter((property) => property.isRare)];
  const slots = new Map(inSlots.map((property, slot) => [property.name, slot]));
  const slotCount = inSlots.length;
  const properties: StoredProperty[] = definition.properties.map((property) => ({
    ...property,
    slot: slots.get(property.name) ?? -1,
  }));
  const byName = new Map(properties.map((property) => [property.name, property]));
  return {
    ...definition,
    properties,
    slotCount,
    property: (name) => byName.get(name),
    read(record, property) {
      if (property.slot >= 0) return record.values[property.slot] ?? null;
      if (property.name === 'hs_object_id') return record.id;
      if (property.name === definition.createdProperty) return new Date(record.createdAt).toISOString();
      if (property.name === definition.modifiedProperty) return new Date(record.modifiedAt).toISOString();
      return null;
    },
  };
}
