/** The least a stored record must tell about itself. */
export interface TableRecord {
  readonly id: string;
  /** Modification stamp in milliseconds since the epoch. */
  modifiedAt: number;
}

/** Records of one object, kept in order of id and, lazily, in order of (modification stamp, id). */
export interface RecordTable<R extends TableRecord> {
  readonly size: number;
  get(id: string): R | undefined;
  /** Adds a record whose id is new, or throws. */
  insert(record: R): void;
  /** Runs `change` on a stored record; its modification stamp may change, its id may not. */
  update(record: R, change: (record: R) => void): void;
  /** Takes a record out for good. */
  remove(record: R): void;
  /** Every record in order of id. Not to be changed by the caller. */
  inIdOrder(): readonly R[];
  /** Every record in order of (modification stamp, id). Not to be changed by the caller. */
  inModifiedOrder(): readonly R[];
  /** Position of the first record in id order whose id is >= `id`, or > `id` when `after` is true. */
  idPosition(id: string, after: boolean): number;
  /** Position of the first record in modified order whose stamp is >= `modifiedAt`. */
  modifiedPosition(modifiedAt: number): number;
}

function lowerBound<R>(list: readonly R[], isBefore: (record: R) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(list[middle] as R)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `compareIds` orders ids: by character code for Salesforce, by number for HubSpot. */
export function createRecordTable<R extends TableRecord>(
  compareIds: (left: string, right: string) => number,
): RecordTable<R> {
  const byId = new Map<string, R>();
  const idOrder: R[] = [];
  let idOrderIsSorted = true;
  let modifiedOrder: R[] | null = null;

  const byModified = (left: R, right: R): number => left.modifiedAt - right.modifiedAt || compareIds(left.id, right.id);

  const sortedIds = (): R[] => {
    if (!idOrderIsSorted) {
      idOrder.sort((left, right) => compareIds(left.id, right.id));
      idOrderIsSorted = true;
    }
    return idOrder;
  };
  const sortedModified = (): R[] => {
    modifiedOrder ??= sortedIds().slice().sort(byModified);
    return modifiedOrder;
  };
  const positionInModified = (record: R): number =>
    lowerBound(sortedModified(), (other) => byModified(other, record) < 0);

  return {
    get size() {
      return byId.size;
    },
    get: (id) => byId.get(id),
    insert(record) {
      if (byId.has(record.id)) throw new Error(`A record with id ${record.id} is already stored.`);
      byId.set(record.id, record);
      const last = idOrder.at(-1);
      if (last !== undefined && compareIds(last.id, record.id) > 0) idOrderIsSorted = false;
      idOrder.push(record);
      if (modifiedOrder !== null) modifiedOrder.splice(positionInModified(record), 0, record);
    },
    update(record, change) {
      if (modifiedOrder === null) {
        change(record);
        return;
      }
      modifiedOrder.splice(positionInModified(record), 1);
      try {
        change(record);
      } finally {
        modifiedOrder.splice(positionInModified(record), 0, record);
      }
    },
    remove(record) {
      if (modifiedOrder !== null) modifiedOrder.splice(positionInModified(record), 1);
      byId.delete(record.id);
      const list = sortedIds();
      list.splice(
        lowerBound(list, (other) => compareIds(other.id, record.id) < 0),
        1,
      );
    },
    inIdOrder: sortedIds,
    inModifiedOrder: sortedModified,
    idPosition: (id, after) =>
      lowerBound(sortedIds(), (other) => {
        const order = compareIds(other.id, id);
        return after ? order <= 0 : order < 0;
      }),
    modifiedPosition: (modifiedAt) => lowerBound(sortedModified(), (other) => other.modifiedAt < modifiedAt),
  };
}
