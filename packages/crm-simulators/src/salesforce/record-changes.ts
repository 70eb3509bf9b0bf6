import type { SimulatorClock } from '../clock.ts';
import type { Journal } from '../records/journal.ts';
import type { RelatedChange, WriteLog, WriteLogEntry, WriteLogInput } from '../records/write-log.ts';
import { createChangeTransactions } from './change-transaction.ts';
import type { DuplicateRules } from './duplicate-rules.ts';
import type { FieldValue, SalesforceObject, SalesforceRecord, StoredField } from './object-definition.ts';
import { normaliseRecordId } from './record-id.ts';
import { checkHierarchy, checkUnique, parseFields } from './record-input.ts';
import type { SalesforceJournalEntry } from './record-journal.ts';
import type { RowFaults } from './row-faults.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';

/** Who makes a change. */
export interface ChangeAuthor {
  readonly userId: string;
  readonly by: WriteLogEntry['by'];
  /** The connected app, or the client the call named. */
  readonly application?: string | null;
  /** Records that look like others are saved all the same. */
  readonly allowsDuplicates?: boolean;
}

export interface MergeOptions {
  readonly author?: ChangeAuthor;
  /** Values the winner gets; its other fields stay as they are. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Changes records as the service would: stamps, recycle bin, merges, cascades. Throws what the API would answer. */
export interface SalesforceRecordChanges {
  create(object: string, fields: Readonly<Record<string, unknown>>, author?: ChangeAuthor): string;
  update(object: string, id: string, fields: Readonly<Record<string, unknown>>, author?: ChangeAuthor): void;
  /** Moves the record, and the children that go with it, to the recycle bin. */
  delete(object: string, id: string, author?: ChangeAuthor): void;
  /**
   * Takes a record out of the recycle bin, with the children that went there along with it. A merged record comes back
   * alone: its former children stay with the winner.
   */
  undelete(object: string, id: string, author?: ChangeAuthor): void;
  /** Merges one or two losers into the winner, whose id stays. Returns the ids of the children that moved. */
  merge(object: string, winnerId: string, loserIds: readonly string[], options?: MergeOptions): readonly string[];
  /** Takes a record out of the recycle bin for good; throws when it is not there. */
  emptyFromRecycleBin(object: string, id: string, author?: ChangeAuthor): void;
  /** Removes a record for good, wherever it is. */
  purge(object: string, id: string): void;
  /** Runs several changes as one: when `work` throws, none of them has happened. */
  atomically<T>(work: () => T): T;
  /** A record's stored and worked-out fields; undefined when there is none. */
  read(object: string, id: string): Readonly<Record<string, FieldValue>> | undefined;
}

export interface RecordChangesOptions {
  readonly store: SalesforceStore;
  readonly clock: SimulatorClock;
  readonly journal: Journal<SalesforceJournalEntry>;
  readonly writeLog: WriteLog;
  readonly rowFaults: RowFaults;
  readonly duplicateRules: DuplicateRules;
  readonly defaultUserId: string;
}

/** How long deleted records can be brought back. */
const recycleBinMs = 15 * 86_400_000;

/** Records that join two others: the same pair exists once, so a merge drops the second one. */
const junctions: Readonly<Record<string, readonly [string, string]>> = {
  OpportunityContactRole: ['OpportunityId', 'ContactId'],
};

interface Child {
  readonly object: SalesforceObject;
  readonly field: StoredField;
  readonly record: SalesforceRecord;
}

export function createRecordChanges(options: RecordChangesOptions): SalesforceRecordChanges {
  const { store, clock, journal, writeLog, rowFaults, duplicateRules } = options;
  const defaultAuthor: ChangeAuthor = { userId: options.defaultUserId, by: 'user' };
  const stamp = () => Math.floor(clock.now() / 1000) * 1000;
  const { atomically, current: transaction } = createChangeTransactions({ journal, writeLog });

  const needObject = (name: string): SalesforceObject => {
    const object = store.object(name);
    if (object === undefined) throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
    return object;
  };
  const needRecord = (object: SalesforceObject, id: string, allowDeleted = false): SalesforceRecord => {
    const normal = normaliseRecordId(id);
    if (normal === null) throw new SalesforceError(400, 'MALFORMED_ID', `malformed id ${id}`, ['Id']);
    const record = store.table(object).get(normal);
    if (record === undefined) {
      throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
    }
    if (!allowDeleted && store.isDeleted(object, record)) {
      throw new SalesforceError(404, 'ENTITY_IS_DELETED', 'entity is deleted');
    }
    return record;
  };
  /** Refuses writes that the client's user may not make, and those that a fault hits. */
  const admit = (
    action: 'create' | 'update' | 'delete' | 'undelete' | 'merge',
    { object, ids }: { object: SalesforceObject; ids: readonly string[] },
    author: ChangeAuthor,
  ): void => {
    if (author.by !== 'api') return;
    if (store.permissions.isWritable(object.name, ids)) rowFaults.check(action, object.name, ids);
    else {
      throw new SalesforceError(403, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id');
    }
  };
  const snapshot = (object: SalesforceObject, record: SalesforceRecord): Record<string, FieldValue> => {
    const values: Record<string, FieldValue> = {};
    for (const field of object.fields) {
      if (field.slot >= 0 && record.values[field.slot] != null)
        values[field.name] = record.values[field.slot] as FieldValue;
    }
    return values;
  };
  const put = (object: SalesforceObject, record: SalesforceRecord): void => {
    const entry = { put: object.name, id: record.id, at: record.modifiedAt, values: snapshot(object, record) };
    transaction().journal.push(entry);
  };
  const touch = (
    object: SalesforceObject,
    record: SalesforceRecord,
    author: ChangeAuthor,
    change: (record: SalesforceRecord) => void,
  ): void => {
    const before = { modifiedAt: record.modifiedAt, values: [...record.values] };
    transaction().undo.push(() =>
      store.table(object).update(record, (stored) => {
        stored.modifiedAt = before.modifiedAt;
        stored.values.splice(0, stored.values.length, ...before.values);
      }),
    );
    store.table(object).update(record, (stored) => {
      change(stored);
      const now = stamp();
      stored.modifiedAt = now;
      // The entries of a history have no such fields.
      if (object.field('LastModifiedDate') === undefined) return;
      store.set(object, stored, 'LastModifiedDate', now);
      store.set(object, stored, 'LastModifiedById', author.userId);
    });
    put(object, record);
  };
  const valuesOf = (object: SalesforceObject, record: SalesforceRecord, fields: Iterable<StoredField>) =>
    Object.fromEntries([...fields].map((field) => [field.name, object.read(record, field)]));
  const log = (
    action: WriteLogEntry['action'],
    { object, id, ...rest }: { object: SalesforceObject; id: string } & Partial<Omit<WriteLogInput, 'object'>>,
    author: ChangeAuthor,
  ) =>
    transaction().writes.push({
      time: new Date(clock.now()),
      action,
      recordId: id,
      fields: [],
      by: author.by,
      userId: author.userId,
      application: author.application ?? null,
      before: null,
      after: null,
      related: [],
      ...rest,
      object: object.name,
    });

  const childrenOf = (parent: SalesforceObject, id: string, deleted = false): Child[] => {
    const found: Child[] = [];
    for (const object of store.allObjects()) {
      for (const field of object.fields) {
        if (field.slot < 0 || field.name === 'MasterRecordId' || !field.reference?.objects.includes(parent.name))
          continue;
        for (const record of store.table(object).inIdOrder()) {
          if (record.values[field.slot] === id && store.isDeleted(object, record) === deleted)
            found.push({ object, field, record });
        }
      }
    }
    return found;
  };

  const setDeleted = (
    object: SalesforceObject,
    record: SalesforceRecord,
    author: ChangeAuthor,
    isDeleted: boolean,
  ): RelatedChange => {
    touch(object, record, author, (stored) => store.set(object, stored, 'IsDeleted', isDeleted));
    return {
      object: object.name,
      recordId: record.id,
      before: { IsDeleted: !isDeleted },
      after: { IsDeleted: isDeleted },
    };
  };

  /** The times that follow from a status. */
  const setStatusTimes = (object: SalesforceObject, stored: SalesforceRecord, parsed: Map<StoredField, FieldValue>) => {
    const status = object.name === 'Case' ? object.field('Status') : undefined;
    if (status === undefined || !parsed.has(status)) return;
    store.set(object, stored, 'ClosedDate', parsed.get(status) === 'Closed' ? stamp() : null);
  };

  /** Moves a child of a merged record to the winner, or drops it where the winner has the same one. */
  const moveChild = (
    child: Child,
    { winner, author }: { winner: SalesforceRecord; author: ChangeAuthor },
  ): RelatedChange => {
    const { object, field, record } = child;
    const pair = junctions[object.name];
    const isTwice =
      pair !== undefined &&
      store
        .table(object)
        .inIdOrder()
        .some(
          (other) =>
            other !== record &&
            !store.isDeleted(object, other) &&
            pair.every((name) => {
              const wanted = name === field.name ? winner.id : object.readByName(record, name);
              return object.readByName(other, name) === wanted;
            }),
        );
    if (isTwice) return setDeleted(object, record, author, true);
    const before = object.read(record, field);
    const after = record === winner ? null : winner.id;
    touch(object, record, author, (stored) => {
      stored.values[field.slot] = after;
    });
    return {
      object: object.name,
      recordId: record.id,
      before: { [field.name]: before },
      after: { [field.name]: after },
    };
  };

  /** Notes a changed stage in the field history. */
  const noteStage = (
    object: SalesforceObject,
    id: string,
    values: { from: FieldValue; to: FieldValue },
    author: ChangeAuthor,
  ) => {
    const history = store.object('OpportunityFieldHistory');
    if (object.name !== 'Opportunity' || history === undefined || values.from === values.to) return;
    const now = stamp();
    const entry: SalesforceRecord = {
      id: store.nextId(history),
      modifiedAt: now,
      values: new Array<FieldValue>(history.slotCount).fill(null),
    };
    const fields: Readonly<Record<string, FieldValue>> = {
      IsDeleted: false,
      OpportunityId: id,
      Field: values.from === null ? 'created' : 'StageName',
      OldValue: values.from,
      NewValue: values.from === null ? null : values.to,
      CreatedDate: now,
      CreatedById: author.userId,
    };
    for (const [name, value] of Object.entries(fields)) store.set(history, entry, name, value);
    store.table(history).insert(entry);
    transaction().undo.push(() => store.table(history).remove(entry));
    put(history, entry);
  };

  const changes: SalesforceRecordChanges = {
    atomically,

    create: (objectName, fields, author = defaultAuthor) =>
      atomically(() => {
        const object = needObject(objectName);
        if (!object.createable) {
          throw new SalesforceError(
            400,
            'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
            `entity type cannot be inserted: ${object.label}`,
          );
        }
        admit('create', { object, ids: [] }, author);
        const parsed = parseFields({ store, object }, fields, 'create');
        checkUnique({ store, object }, parsed, []);
        const now = stamp();
        const record: SalesforceRecord = {
          id: store.nextId(object),
          modifiedAt: now,
          values: new Array<FieldValue>(object.slotCount).fill(null),
        };
        for (const field of object.fields) {
          if (field.slot >= 0 && field.defaultValue !== null) record.values[field.slot] = field.defaultValue;
        }
        for (const [field, value] of parsed) record.values[field.slot] = value;
        const setDefault = (name: string, value: FieldValue) => {
          const field = object.field(name);
          if (field !== undefined && field.slot >= 0 && record.values[field.slot] == null)
            record.values[field.slot] = value;
        };
        setDefault('OwnerId', author.userId);
        setDefault('CreatedDate', now);
        setDefault('CreatedById', author.userId);
        setDefault('LastModifiedDate', now);
        setDefault('LastModifiedById', author.userId);
        if (object.name === 'Case') setDefault('CaseNumber', String(store.table(object).size + 1001).padStart(8, '0'));
        setStatusTimes(object, record, parsed);
        if (author.allowsDuplicates !== true && author.by === 'api') {
          duplicateRules.check(
            object,
            record,
            [...parsed.keys()].map((field) => field.name),
          );
        }
        store.table(object).insert(record);
        transaction().undo.push(() => store.table(object).remove(record));
        put(object, record);
        if (object.name === 'Opportunity') {
          noteStage(object, record.id, { from: null, to: object.readByName(record, 'StageName') }, author);
        }
        const names = [...parsed.keys()].map((field) => field.name);
        log('create', { object, id: record.id, fields: names, after: valuesOf(object, record, parsed.keys()) }, author);
        return record.id;
      }),

    update: (objectName, id, fields, author = defaultAuthor) =>
      atomically(() => {
        const object = needObject(objectName);
        const record = needRecord(object, id);
        admit('update', { object, ids: [record.id] }, author);
        const parsed = parseFields({ store, object }, fields, 'update');
        checkUnique({ store, object }, parsed, [record.id]);
        const before = valuesOf(object, record, parsed.keys());
        touch(object, record, author, (stored) => {
          for (const [field, value] of parsed) stored.values[field.slot] = value;
          setStatusTimes(object, stored, parsed);
        });
        checkHierarchy({ store, object }, record);
        if (before.StageName !== undefined) {
          noteStage(object, record.id, { from: before.StageName, to: object.readByName(record, 'StageName') }, author);
        }
        const names = [...parsed.keys()].map((field) => field.name);
        if (author.allowsDuplicates !== true && author.by === 'api') duplicateRules.check(object, record, names);
        const after = valuesOf(object, record, parsed.keys());
        log('update', { object, id: record.id, fields: names, before, after }, author);
      }),

    delete: (objectName, id, author = defaultAuthor) =>
      atomically(() => {
        const object = needObject(objectName);
        const record = needRecord(object, id);
        if (!object.deletable) {
          throw new SalesforceError(
            400,
            'INSUFFICIENT_ACCESS_OR_READONLY',
            `entity type cannot be deleted: ${object.label}`,
          );
        }
        admit('delete', { object, ids: [record.id] }, author);
        const before = snapshot(object, record);
        const related = childrenOf(object, record.id)
          .filter((child) => child.field.reference?.cascadeDelete === true)
          .map((child) => setDeleted(child.object, child.record, author, true));
        setDeleted(object, record, author, true);
        log('delete', { object, id: record.id, before, related }, author);
      }),

    undelete: (objectName, id, author = defaultAuthor) =>
      atomically(() => {
        const object = needObject(objectName);
        const record = needRecord(object, id, true);
        const deletedAt = record.modifiedAt;
        if (!store.isDeleted(object, record) || deletedAt < clock.now() - recycleBinMs) {
          throw new SalesforceError(400, 'UNDELETE_FAILED', 'Entity is not in the recycle bin');
        }
        admit('undelete', { object, ids: [record.id] }, author);
        const hasMaster = object.field('MasterRecordId') !== undefined;
        const masterId = hasMaster ? object.readByName(record, 'MasterRecordId') : null;
        const related = childrenOf(object, record.id, true)
          .filter(
            ({ field, record: child }) => field.reference?.cascadeDelete === true && child.modifiedAt === deletedAt,
          )
          .map((child) => setDeleted(child.object, child.record, author, false));
        touch(object, record, author, (stored) => {
          store.set(object, stored, 'IsDeleted', false);
          if (hasMaster) store.set(object, stored, 'MasterRecordId', null);
        });
        const marks = (isDeleted: boolean, master: FieldValue) => ({
          IsDeleted: isDeleted,
          ...(hasMaster ? { MasterRecordId: master } : {}),
        });
        log(
          'undelete',
          { object, id: record.id, before: marks(true, masterId), after: marks(false, null), related },
          author,
        );
      }),

    merge: (objectName, winnerId, loserIds, { author = defaultAuthor, fields = {} } = {}) =>
      atomically(() => {
        const object = needObject(objectName);
        if (!object.mergeable) {
          throw new SalesforceError(400, 'INVALID_TYPE_FOR_OPERATION', 'entity type does not support merge');
        }
        if (loserIds.length < 1 || loserIds.length > 2) {
          throw new SalesforceError(400, 'INVALID_NUMBER_OF_RECORDS', 'a merge takes one or two records to merge');
        }
        const winner = needRecord(object, winnerId);
        const losers = loserIds.map((id) => needRecord(object, id));
        if (losers.includes(winner) || new Set(losers).size < losers.length) {
          throw new SalesforceError(400, 'MERGE_FAILED', 'a record cannot be merged with itself');
        }
        const ids = losers.map((loser) => loser.id);
        admit('merge', { object, ids: [winner.id, ...ids] }, author);
        const parsed = parseFields({ store, object }, fields, 'update');
        checkUnique({ store, object }, parsed, [winner.id, ...ids]);
        const before = valuesOf(object, winner, parsed.keys());
        const related: RelatedChange[] = [];
        const moved = new Set<string>();
        for (const loser of losers) {
          for (const child of childrenOf(object, loser.id)) {
            if (losers.includes(child.record)) continue;
            const change = moveChild(child, { winner, author });
            related.push(change);
            if (change.after.IsDeleted !== true) moved.add(child.record.id);
          }
        }
        for (const loser of losers) {
          touch(object, loser, author, (stored) => {
            store.set(object, stored, 'IsDeleted', true);
            store.set(object, stored, 'MasterRecordId', winner.id);
          });
          related.push({
            object: object.name,
            recordId: loser.id,
            before: { IsDeleted: false, MasterRecordId: null },
            after: { IsDeleted: true, MasterRecordId: winner.id },
          });
        }
        touch(object, winner, author, (stored) => {
          for (const [field, value] of parsed) stored.values[field.slot] = value;
        });
        checkHierarchy({ store, object }, winner);
        const after = valuesOf(object, winner, parsed.keys());
        log('merge', { object, id: winner.id, fields: ids, before, after, related }, author);
        return [...moved];
      }),

    emptyFromRecycleBin: (objectName, id, author = defaultAuthor) =>
      atomically(() => {
        const object = needObject(objectName);
        const record = needRecord(object, id, true);
        if (!store.isDeleted(object, record)) {
          throw new SalesforceError(400, 'DELETE_FAILED', 'Entity is not in the recycle bin');
        }
        changes.purge(object.name, record.id);
        log('purge', { object, id: record.id, before: snapshot(object, record) }, author);
      }),

    purge: (objectName, id) =>
      atomically(() => {
        const object = needObject(objectName);
        const record = needRecord(object, id, true);
        store.table(object).remove(record);
        transaction().undo.push(() => store.table(object).insert(record));
        transaction().journal.push({ purge: object.name, id: record.id });
      }),

    read(objectName, id) {
      const object = store.object(objectName);
      const normal = normaliseRecordId(id);
      const record = object === undefined || normal === null ? undefined : store.table(object).get(normal);
      if (object === undefined || record === undefined) return undefined;
      return Object.fromEntries(
        object.fields
          .filter((field) => field.addressPrefix === null)
          .map((field) => [field.name, object.read(record, field)]),
      );
    },
  };
  return changes;
}
