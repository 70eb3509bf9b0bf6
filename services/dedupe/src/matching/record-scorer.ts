import type { InputRecord, Matcher, NormalRecord } from '@kempt/entity-resolution';
import type { MatchRecord } from './match-record-store.ts';

/** The library's view of a stored record: its source is the account and object it came from. */
export function inputRecord(record: MatchRecord): InputRecord {
  return { id: record.ref, source: record.ref.slice(0, record.ref.lastIndexOf(':')), fields: record.fields };
}

/**
 * Keeps the normal forms of records that were looked at lately, since the same few candidates come again and again.
 * Bounded: the least recently used go first.
 */
export function createNormalCache(entriesMax = 20_000): {
  get(tenantId: string, matcher: Matcher, record: MatchRecord): NormalRecord;
} {
  const entries = new Map<string, NormalRecord>();
  return {
    get(tenantId, matcher, record) {
      const key = `${tenantId}\n${matcher.model.version}\n${record.ref}\n${record.version}`;
      const known = entries.get(key);
      if (known !== undefined) {
        entries.delete(key);
        entries.set(key, known);
        return known;
      }
      const normal = matcher.normalise(inputRecord(record));
      entries.set(key, normal);
      if (entries.size > entriesMax) {
        const oldest = entries.keys().next().value;
        if (oldest !== undefined) entries.delete(oldest);
      }
      return normal;
    },
  };
}

export type NormalCache = ReturnType<typeof createNormalCache>;
