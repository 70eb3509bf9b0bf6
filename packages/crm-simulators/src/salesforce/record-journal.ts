import type { KeptWrite } from '../records/write-log.ts';
import type { FieldValue, SalesforceRecord } from './object-definition.ts';
import type { SalesforceStore } from './salesforce-store.ts';

/** The whole of a record after a change, that it was emptied from the recycle bin, or what the write log says of it. */
export type SalesforceJournalEntry =
  | {
      readonly put: string;
      readonly id: string;
      readonly at: number;
      readonly values: Readonly<Record<string, FieldValue>>;
    }
  | { readonly purge: string; readonly id: string }
  | { readonly write: KeptWrite }
  | { readonly clockOffsetMs: number };

/** Brings a journalled change back. */
export function replayChange(store: SalesforceStore, entry: SalesforceJournalEntry): void {
  if ('clockOffsetMs' in entry || 'write' in entry) return;
  const object = store.object('put' in entry ? entry.put : entry.purge);
  if (object === undefined) return;
  const table = store.table(object);
  const existing = table.get(entry.id);
  if ('purge' in entry) {
    if (existing !== undefined) table.remove(existing);
    return;
  }
  const fill = (record: SalesforceRecord) => {
    for (const field of object.fields)
      if (field.slot >= 0) record.values[field.slot] = entry.values[field.name] ?? null;
    record.modifiedAt = entry.at;
  };
  if (existing !== undefined) {
    table.update(existing, fill);
    return;
  }
  const record: SalesforceRecord = {
    id: entry.id,
    modifiedAt: entry.at,
    values: new Array<FieldValue>(object.slotCount).fill(null),
  };
  fill(record);
  table.insert(record);
}
