/** A write that reached a CRM, by whom and with what outcome. */
export interface WriteLogEntry {
  readonly time: Date;
  readonly action: 'create' | 'update' | 'delete' | 'undelete' | 'merge' | 'associate' | 'dissociate';
  readonly object: string;
  readonly recordId: string;
  /** Names of the fields written. */
  readonly fields: readonly string[];
  /** `api` for a client of the API, `user` for a change made through the simulator's own controls. */
  readonly by: 'api' | 'user';
}

export interface WriteLog {
  add(entry: WriteLogEntry): void;
  /** Newest last; the oldest are dropped past the capacity. */
  entries(): readonly WriteLogEntry[];
  /** Writes since the start, dropped ones included. */
  count(): number;
  clear(): void;
}

export function createWriteLog(capacity = 10_000): WriteLog {
  let entries: WriteLogEntry[] = [];
  let count = 0;
  return {
    add(entry) {
      count += 1;
      entries.push(entry);
      if (entries.length > capacity * 2) entries = entries.slice(-capacity);
    },
    entries: () => entries.slice(-capacity),
    count: () => count,
    clear() {
      entries = [];
      count = 0;
    },
  };
}
