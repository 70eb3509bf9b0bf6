/** Values of the written fields; for a whole record, of every field that has one. */
export type WrittenValues = Readonly<Record<string, string | number | boolean | null>>;

/** Another record that changed along with the one that was written: a child that moved, a record that was swallowed. */
export interface RelatedChange {
  readonly object: string;
  readonly recordId: string;
  readonly before: WrittenValues;
  readonly after: WrittenValues;
}

/** A write that reached a CRM, by whom and with what outcome. */
export interface WriteLogEntry {
  /** Place in the log, from 1 on. Numbers are never used again. */
  readonly sequence: number;
  readonly time: Date;
  readonly action: 'create' | 'update' | 'delete' | 'undelete' | 'merge' | 'associate' | 'dissociate' | 'purge';
  readonly object: string;
  readonly recordId: string;
  /** Names of the fields written; the merged records of a merge; `object/id` of an associated record. */
  readonly fields: readonly string[];
  /** `api` for a client of the API, `user` for a change made through the simulator's own controls. */
  readonly by: 'api' | 'user';
  /** The user of the CRM who made the change; null where the CRM does not say. */
  readonly userId: string | null;
  /** The app that made the change; null for a change made by hand. */
  readonly application: string | null;
  /** The written fields as they were; null for a record that was not there. */
  readonly before: WrittenValues | null;
  /** The written fields as they became; null for a record that is gone. */
  readonly after: WrittenValues | null;
  readonly related: readonly RelatedChange[];
}

export type WriteLogInput = Omit<WriteLogEntry, 'sequence'>;

/** An entry as a journal keeps it. */
export type KeptWrite = Omit<WriteLogInput, 'time'> & { readonly time: string };

/** Which entries are wanted; every condition must hold. */
export interface WriteLogFilter {
  /** Only entries behind this place. */
  readonly after?: number;
  readonly object?: string;
  readonly recordId?: string;
  readonly action?: string;
  readonly by?: string;
  readonly limit?: number;
}

/** How often one record was written by one kind of operation. */
export interface WriteCount {
  readonly object: string;
  readonly recordId: string;
  readonly action: WriteLogEntry['action'];
  readonly by: WriteLogEntry['by'];
  readonly count: number;
  /** Places of the writes in the log, oldest first. */
  readonly sequences: readonly number[];
}

export interface WriteLog {
  add(entry: WriteLogInput): void;
  /** Newest last; the oldest are dropped past the capacity. */
  entries(filter?: WriteLogFilter): readonly WriteLogEntry[];
  /** Writes by record and operation, in order of the first write of each. */
  counts(filter?: WriteLogFilter): readonly WriteCount[];
  /** Writes since the start, dropped ones included. */
  count(): number;
  /** Forgets the entries; places go on. */
  clear(): void;
}

function isWanted(entry: WriteLogEntry, filter: WriteLogFilter): boolean {
  return (
    entry.sequence > (filter.after ?? 0) &&
    (filter.object === undefined || entry.object === filter.object) &&
    (filter.recordId === undefined || entry.recordId === filter.recordId) &&
    (filter.action === undefined || entry.action === filter.action) &&
    (filter.by === undefined || entry.by === filter.by)
  );
}

export function createWriteLog(capacity = 50_000): WriteLog {
  let entries: WriteLogEntry[] = [];
  let count = 0;
  let sequence = 0;
  const wanted = (filter: WriteLogFilter): WriteLogEntry[] => {
    const found = entries.slice(-capacity).filter((entry) => isWanted(entry, filter));
    return filter.limit === undefined ? found : found.slice(0, filter.limit);
  };
  return {
    add(entry) {
      count += 1;
      sequence += 1;
      entries.push({ sequence, ...entry });
      if (entries.length > capacity * 2) entries = entries.slice(-capacity);
    },
    entries: (filter = {}) => wanted(filter),
    counts(filter = {}) {
      const groups = Map.groupBy(wanted(filter), (entry) =>
        [entry.object, entry.recordId, entry.action, entry.by].join('/'),
      );
      return [...groups.values()].map((group) => {
        const { object, recordId, action, by } = group[0] as WriteLogEntry;
        return { object, recordId, action, by, count: group.length, sequences: group.map((each) => each.sequence) };
      });
    },
    count: () => count,
    clear() {
      entries = [];
      count = 0;
    },
  };
}
