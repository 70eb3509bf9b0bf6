import type { KeptWrite } from '../records/write-log.ts';
import type { HubSpotStore } from './hubspot-store.ts';
import type { HubSpotRecord, PropertyValue } from './property-definition.ts';

/** A record after a change, that it was merged away, a link made or taken away, or what the write log says of a change. */
export type HubSpotJournalEntry =
  | {
      readonly put: string;
      readonly id: string;
      readonly createdAt: number;
      readonly at: number;
      readonly archivedAt: number | null;
      readonly values: Readonly<Record<string, string>>;
    }
  | { readonly remove: string; readonly id: string; readonly survivor: string }
  | { readonly link: string; readonly id: string; readonly to: string; readonly toId: string; readonly typeId: number }
  | {
      readonly unlink: string;
      readonly id: string;
      readonly to: string;
      readonly toId: string;
      readonly typeId: number | null;
    }
  | { readonly write: KeptWrite }
  | { readonly clockOffsetMs: number };

/** Brings a journalled change back. */
export function replayHubSpotChange(store: HubSpotStore, entry: HubSpotJournalEntry): void {
  if ('clockOffsetMs' in entry || 'write' in entry) return;
  if ('link' in entry) {
    store.associations.add(entry.link, entry.id, { to: entry.to, toId: entry.toId, typeId: entry.typeId });
    return;
  }
  if ('unlink' in entry) {
    store.associations.remove(entry.unlink, entry.id, {
      to: entry.to,
      toId: entry.toId,
      ...(entry.typeId === null ? {} : { typeId: entry.typeId }),
    });
    return;
  }
  if ('remove' in entry) {
    const object = store.object(entry.remove);
    const record = store.table(object).get(entry.id);
    if (record !== undefined) {
      store.unindex(object, record);
      store.associations.clear(object.name, record.id);
      store.table(object).remove(record);
    }
    store.alias(object, entry.id, entry.survivor);
    return;
  }
  const object = store.object(entry.put);
  const table = store.table(object);
  const values = new Array<PropertyValue>(object.slotCount).fill(null);
  for (const property of object.properties)
    if (property.slot >= 0) values[property.slot] = entry.values[property.name] ?? null;
  const existing = table.get(entry.id);
  if (existing !== undefined) {
    store.unindex(object, existing);
    table.update(existing, (record) => {
      record.modifiedAt = entry.at;
      record.archivedAt = entry.archivedAt;
      record.values.splice(0, record.values.length, ...values);
    });
    store.index(object, existing);
    return;
  }
  const record: HubSpotRecord = {
    id: entry.id,
    createdAt: entry.createdAt,
    modifiedAt: entry.at,
    archivedAt: entry.archivedAt,
    values,
  };
  table.insert(record);
  store.index(object, record);
}
