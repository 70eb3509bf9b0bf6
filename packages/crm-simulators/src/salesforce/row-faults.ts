import { SalesforceError } from './salesforce-error.ts';

/** An unhappy outcome of single records, whichever call writes them: a REST row, one of a collection, one of a SOAP call. */
export interface RowFault {
  /** A status code such as UNABLE_TO_LOCK_ROW. */
  readonly code: string;
  /** Absent for the text the service uses for the code. */
  readonly message?: string;
  /** Only records of this object. */
  readonly object?: string;
  /** Only this record, by 18-character id. */
  readonly recordId?: string;
  readonly action?: 'create' | 'update' | 'delete' | 'undelete' | 'merge';
  /** How many writes are hit. Default 1; `-1` for all. */
  readonly times?: number;
}

export interface RowFaults {
  inject(fault: RowFault): number;
  clear(): void;
  list(): readonly (RowFault & { readonly id: number; readonly hits: number; readonly remaining: number })[];
  /** Throws when a fault hits one of the records. */
  check(action: NonNullable<RowFault['action']>, object: string, recordIds: readonly string[]): void;
}

const messages: Readonly<Record<string, (recordIds: readonly string[]) => string>> = {
  UNABLE_TO_LOCK_ROW: (ids) =>
    `unable to obtain exclusive access to this record or ${Math.max(1, ids.length)} records: ${ids.join(',')}`,
  FIELD_CUSTOM_VALIDATION_EXCEPTION: () => 'A validation rule of the organisation refuses this value',
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: () => 'A trigger of the organisation failed',
  INSUFFICIENT_ACCESS_OR_READONLY: () => 'insufficient access rights on object id',
  ENTITY_IS_LOCKED: () => 'This record is locked. If you need to edit it, contact your admin.',
};

export function createRowFaults(): RowFaults {
  let entries: { id: number; fault: RowFault; hits: number; remaining: number }[] = [];
  let lastId = 0;
  return {
    inject(fault) {
      lastId += 1;
      const times = fault.times ?? 1;
      entries.push({ id: lastId, fault, hits: 0, remaining: times < 0 ? Number.POSITIVE_INFINITY : times });
      return lastId;
    },
    clear() {
      entries = [];
    },
    list: () => entries.map(({ id, fault, hits, remaining }) => ({ ...fault, id, hits, remaining })),
    check(action, object, recordIds) {
      for (const entry of entries) {
        const { fault } = entry;
        if (entry.remaining <= 0 || (fault.object !== undefined && fault.object !== object)) continue;
        if (fault.action !== undefined && fault.action !== action) continue;
        if (fault.recordId !== undefined && !recordIds.includes(fault.recordId)) continue;
        entry.remaining -= 1;
        entry.hits += 1;
        throw new SalesforceError(400, fault.code, fault.message ?? messages[fault.code]?.(recordIds) ?? fault.code);
      }
    },
  };
}
