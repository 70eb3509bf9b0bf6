import type { FieldValue, SalesforceObject, SalesforceRecord, StoredField } from './object-definition.ts';

export type JsonValue = string | number | boolean | null | JsonObject | readonly JsonValue[];
export interface JsonObject {
  [key: string]: JsonValue;
}

/** `2026-01-01T00:00:00.000+0000`, the API's form of a point in time. */
export function formatDateTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}+0000`;
}

export function recordUrl(version: string, object: string, id: string): string {
  return `/services/data/${version}/sobjects/${object}/${id}`;
}

function formatAddress(object: SalesforceObject, record: SalesforceRecord, prefix: string): JsonObject | null {
  const part = (name: string): FieldValue => object.readByName(record, prefix + name);
  const parts: JsonObject = {
    city: part('City'),
    country: part('Country'),
    geocodeAccuracy: part('GeocodeAccuracy'),
    latitude: part('Latitude'),
    longitude: part('Longitude'),
    postalCode: part('PostalCode'),
    state: part('State'),
    street: part('Street'),
  };
  return Object.values(parts).every((value) => value === null) ? null : parts;
}

/** A field of a record as the API shows it. */
export function formatField(object: SalesforceObject, record: SalesforceRecord, field: StoredField): JsonValue {
  if (field.addressPrefix !== null) return formatAddress(object, record, field.addressPrefix);
  const value = object.read(record, field);
  if (field.type === 'datetime' && typeof value === 'number') return formatDateTime(value);
  return value === '' ? null : value;
}
