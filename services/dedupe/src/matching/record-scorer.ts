import type { InputRecord, Matcher, NormalRecord } from '@kempt/entity-resolution';
import type { ComparableFields } from './entity-schema.ts';
import type { MatchRecord } from './match-record-store.ts';

/** The library's view of a stored record: its source is the account and object it came from. */
export function inputRecord(record: Pick<MatchRecord, 'ref' | 'fields'>): InputRecord {
  return { id: record.ref, source: record.ref.slice(0, record.ref.lastIndexOf(':')), fields: record.fields };
}

/** A record that can be scored. */
export interface NumberedRecord {
  readonly recordNo: number;
  readonly ref: string;
  readonly version: number;
  readonly fields: ComparableFields;
}

/** The normal forms of one kind of one tenant, by number of the record. */
export interface NormalForms {
  /** The form that is kept, and the version that it is of. */
  kept(recordNo: number): { readonly version: number; readonly normal: NormalRecord } | undefined;
  of(record: NumberedRecord): NormalRecord;
}

interface Entry {
  readonly version: number;
  readonly normal: NormalRecord;
  usedLately: boolean;
}

interface KeptForms {
  readonly entries: Map<number, Entry>;
  /** Where the last look ended. A new one at the first entry would pass by all that were ever deleted before it. */
  hand: IterableIterator<[number, Entry]> | null;
}

/** Moves on to the next entry, and drops it unless it was used since the last look; tells whether it did. */
function dropNext(kept: KeptForms): boolean {
  kept.hand ??= kept.entries.entries();
  const { value, done } = kept.hand.next();
  if (done === true) {
    kept.hand = null;
    return false;
  }
  const [recordNo, entry] = value;
  kept.entries.delete(recordNo);
  if (!entry.usedLately) return true;
  entry.usedLately = false;
  kept.entries.set(recordNo, entry);
  return false;
}

/**
 * Keeps the normal forms of records that were looked at lately: candidates come again and again, and a form with what the
 * library prepares of it is the dearest part of a comparison. Bounded: when it is full, forms of the tenant and kind that was
 * not asked for longest go first, and of these the ones that were not used since the last look.
 */
export function createNormalCache(entriesMax: number): { formsOf(tenantId: string, matcher: Matcher): NormalForms } {
  const kinds = new Map<string, KeptForms>();
  let size = 0;

  function evict(): void {
    for (const [name, kept] of kinds) {
      while (size > entriesMax && kept.entries.size > 0) if (dropNext(kept)) size -= 1;
      if (size <= entriesMax) return;
      kinds.delete(name);
    }
  }

  return {
    formsOf(tenantId, matcher) {
      const name = `${tenantId}\n${matcher.model.version}`;
      const kept = kinds.get(name) ?? { entries: new Map<number, Entry>(), hand: null };
      kinds.delete(name);
      kinds.set(name, kept);
      const { entries } = kept;
      return {
        kept(recordNo) {
          const entry = entries.get(recordNo);
          if (entry !== undefined) entry.usedLately = true;
          return entry;
        },
        of(record) {
          const known = entries.get(record.recordNo);
          if (known?.version === record.version) {
            known.usedLately = true;
            return known.normal;
          }
          const normal = matcher.normalise(inputRecord(record));
          entries.set(record.recordNo, { version: record.version, normal, usedLately: false });
          if (known === undefined) size += 1;
          if (size > entriesMax) evict();
          return normal;
        },
      };
    },
  };
}

export type NormalCache = ReturnType<typeof createNormalCache>;
