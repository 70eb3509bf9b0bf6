import type { SimulatorClock } from '../clock.ts';
import { jsonText } from '../json-text.ts';
import type { Journal } from '../records/journal.ts';
import type { WriteLog, WriteLogEntry } from '../records/write-log.ts';
import type { FieldValue, SalesforceObject, SalesforceRecord, StoredField } from './object-definition.ts';
import { normaliseRecordId } from './record-id.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';

/** The whole of a record after a change, or that it was emptied from the recycle bin. */
export type SalesforceJournalEntry =
  | {
      readonly put: string;
      readonly id: string;
      readonly at: number;
      readonly values: Readonly<Record<string, FieldValue>>;
    }
  | { readonly purge: string; readonly id: string }
  | { readonly clockOffsetMs: number };

/** Who makes a change. */
export interface ChangeAuthor {
  readonly userId: string;
  readonly by: WriteLogEntry['by'];
}

/** Changes records as the service would: stamps, recycle bin, merges, cascades. Throws what the API would answer. */
export interface SalesforceRecordChanges {
  create(object: string, fields: Readonly<Record<string, unknown>>, author?: ChangeAuthor): string;
  update(object: string, id: string, fields: Readonly<Record<string, unknown>>, author?: ChangeAuthor): void;
  /** Moves the record, and the children that go with it, to the recycle bin. */
  delete(object: string, id: string, author?: ChangeAuthor): void;
  undelete(object: string, id: string, author?: ChangeAuthor): void;
  /** Merges one or two losers into the winner, whose id stays. Returns the ids of the children that moved. */
  merge(object: string, winnerId: string, loserIds: readonly string[], author?: ChangeAuthor): readonly string[];
  /** Empties a record from the recycle bin: it is gone for good. */
  purge(object: string, id: string): void;
  /** A record's stored and worked-out fields; undefined when there is none. */
  read(object: string, id: string): Readonly<Record<string, FieldValue>> | undefined;
}

export interface RecordChangesOptions {
  readonly store: SalesforceStore;
  readonly clock: SimulatorClock;
  readonly journal: Journal<SalesforceJournalEntry>;
  readonly writeLog: WriteLog;
  readonly defaultUserId: string;
}

const emailPattern = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function checkText(field: StoredField, value: string): void {
  const limit = field.length;
  if (limit > 0 && value.length > limit) {
    throw new SalesforceError(
      400,
      'STRING_TOO_LONG',
      `${field.label}: data value too large: ${value.slice(0, 50)} (max length=${limit})`,
      [field.name],
    );
  }
  if (field.type === 'email' && value !== '' && !emailPattern.test(value)) {
    throw new SalesforceError(400, 'INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${value}`, [
      field.name,
    ]);
  }
  if (field.restrictedPicklist && value !== '' && !field.picklist.includes(value)) {
    throw new SalesforceError(
      400,
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.label}: bad value for restricted picklist field: ${value}`,
      [field.name],
    );
  }
}

function parserError(field: StoredField, value: unknown): SalesforceError {
  return new SalesforceError(
    400,
    'JSON_PARSER_ERROR',
    `Cannot deserialize instance of ${field.type} from ${typeof value} value ${JSON.stringify(value)}`,
  );
}

/** A value of the API as it is stored, or throws. */
export function parseFieldValue(store: SalesforceStore, field: StoredField, value: unknown): FieldValue {
  if (value === null || value === undefined || value === '') {
    if (field.type === 'boolean') return false;
    return null;
  }
  switch (field.type) {
    case 'boolean':
      if (typeof value !== 'boolean' && value !== 'true' && value !== 'false') throw parserError(field, value);
      return value === true || value === 'true';
    case 'int':
    case 'double':
    case 'currency':
    case 'percent': {
      const number = typeof value === 'number' ? value : Number(value);
      if (Number.isNaN(number)) throw parserError(field, value);
      return number;
    }
    case 'datetime': {
      const ms =
        typeof value === 'number' ? value : Date.parse(jsonText(value).replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
      if (Number.isNaN(ms)) throw parserError(field, value);
      return Math.floor(ms / 1000) * 1000;
    }
    case 'date': {
      const text = jsonText(value).slice(0, 10);
      if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) throw parserError(field, value);
      return text;
    }
    case 'id':
    case 'reference': {
      const id = normaliseRecordId(jsonText(value));
      if (id === null) {
        throw new SalesforceError(
          400,
          'MALFORMED_ID',
          `${field.label}: id value of incorrect type: ${jsonText(value)}`,
          [field.name],
        );
      }
      const target = store.find(id);
      const isAllowed = target === undefined || (field.reference?.objects.includes(target.object.name) ?? true);
      if (target === undefined || !isAllowed) {
        throw new SalesforceError(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [field.name]);
      }
      return id;
    }
    default: {
      if (typeof value === 'object') throw parserError(field, value);
      const text = jsonText(value);
      checkText(field, text);
      return text;
    }
  }
}

export function createRecordChanges(options: RecordChangesOptions): SalesforceRecordChanges {
  const { store, clock, journal, writeLog } = options;
  const defaultAuthor: ChangeAuthor = { userId: options.defaultUserId, by: 'user' };
  const stamp = () => Math.floor(clock.now() / 1000) * 1000;

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
  const put = (object: SalesforceObject, record: SalesforceRecord): void => {
    const values: Record<string, FieldValue> = {};
    for (const field of object.fields) {
      if (field.slot >= 0 && record.values[field.slot] != null)
        values[field.name] = record.values[field.slot] as FieldValue;
    }
    journal.append({ put: object.name, id: record.id, at: record.modifiedAt, values });
  };
  const touch = (
    object: SalesforceObject,
    record: SalesforceRecord,
    author: ChangeAuthor,
    change: (record: SalesforceRecord) => void,
  ): void => {
    store.table(object).update(record, (stored) => {
      change(stored);
      const now = stamp();
      stored.modifiedAt = now;
      store.set(object, stored, 'LastModifiedDate', now);
      store.set(object, stored, 'LastModifiedById', author.userId);
    });
    put(object, record);
  };
  const log = (
    action: WriteLogEntry['action'],
    { object, id, fields }: { object: SalesforceObject; id: string; fields?: readonly string[] },
    author: ChangeAuthor,
  ) =>
    writeLog.add({
      time: new Date(clock.now()),
      action,
      object: object.name,
      recordId: id,
      fields: fields ?? [],
      by: author.by,
    });

  const parseFields = (
    object: SalesforceObject,
    fields: Readonly<Record<string, unknown>>,
    mode: 'create' | 'update',
  ): Map<StoredField, FieldValue> => {
    const parsed = new Map<StoredField, FieldValue>();
    for (const [name, value] of Object.entries(fields)) {
      if (name === 'attributes' || name.toLowerCase() === 'id') continue;
      const field = store.field(object, name);
      if (field === undefined) {
        throw new SalesforceError(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`);
      }
      if (!(mode === 'create' ? field.createable : field.updateable)) {
        throw new SalesforceError(
          400,
          'INVALID_FIELD_FOR_INSERT_UPDATE',
          `Unable to create/update fields: ${field.name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
          [field.name],
        );
      }
      parsed.set(field, parseFieldValue(store, field, value));
    }
    const missing = object.fields.filter((field) => {
      if (field.nillable || field.defaultedOnCreate || !field.createable || field.type === 'boolean') return false;
      return mode === 'create' ? (parsed.get(field) ?? null) === null : parsed.has(field) && parsed.get(field) === null;
    });
    if (missing.length > 0) {
      const names = missing.map((field) => field.name);
      throw new SalesforceError(
        400,
        'REQUIRED_FIELD_MISSING',
        `Required fields are missing: [${names.join(', ')}]`,
        names,
      );
    }
    return parsed;
  };

  const checkUnique = (object: SalesforceObject, parsed: Map<StoredField, FieldValue>, ownId: string | null): void => {
    for (const [field, value] of parsed) {
      if (!field.unique || value === null) continue;
      for (const record of store.table(object).inIdOrder()) {
        if (record.id === ownId || store.isDeleted(object, record) || record.values[field.slot] !== value) continue;
        throw new SalesforceError(
          400,
          'DUPLICATE_VALUE',
          `duplicate value found: ${field.name} duplicates value on record with id: ${record.id.slice(0, 15)}`,
        );
      }
    }
  };

  const childrenOf = (parent: SalesforceObject, id: string) => {
    const found: { object: SalesforceObject; field: StoredField; record: SalesforceRecord }[] = [];
    for (const object of store.allObjects()) {
      for (const field of object.fields) {
        if (field.slot < 0 || field.name === 'MasterRecordId' || !field.reference?.objects.includes(parent.name))
          continue;
        for (const record of store.table(object).inIdOrder()) {
          if (record.values[field.slot] === id && !store.isDeleted(object, record))
            found.push({ object, field, record });
        }
      }
    }
    return found;
  };

  const markDeleted = (object: SalesforceObject, record: SalesforceRecord, author: ChangeAuthor): void =>
    touch(object, record, author, (stored) => store.set(object, stored, 'IsDeleted', true));

  return {
    create(objectName, fields, author = defaultAuthor) {
      const object = needObject(objectName);
      if (!object.createable) {
        throw new SalesforceError(
          400,
          'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
          `entity type cannot be inserted: ${object.label}`,
        );
      }
      const parsed = parseFields(object, fields, 'create');
      checkUnique(object, parsed, null);
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
      store.table(object).insert(record);
      put(object, record);
      log('create', { object, id: record.id, fields: [...parsed.keys()].map((field) => field.name) }, author);
      return record.id;
    },

    update(objectName, id, fields, author = defaultAuthor) {
      const object = needObject(objectName);
      const record = needRecord(object, id);
      const parsed = parseFields(object, fields, 'update');
      checkUnique(object, parsed, record.id);
      touch(object, record, author, (stored) => {
        for (const [field, value] of parsed) stored.values[field.slot] = value;
      });
      log('update', { object, id: record.id, fields: [...parsed.keys()].map((field) => field.name) }, author);
    },

    delete(objectName, id, author = defaultAuthor) {
      const object = needObject(objectName);
      const record = needRecord(object, id);
      if (!object.deletable) {
        throw new SalesforceError(
          400,
          'INSUFFICIENT_ACCESS_OR_READONLY',
          `entity type cannot be deleted: ${object.label}`,
        );
      }
      for (const child of childrenOf(object, record.id)) {
        if (child.field.reference?.cascadeDelete === true) markDeleted(child.object, child.record, author);
      }
      markDeleted(object, record, author);
      log('delete', { object, id: record.id }, author);
    },

    undelete(objectName, id, author = defaultAuthor) {
      const object = needObject(objectName);
      const record = needRecord(object, id, true);
      if (!store.isDeleted(object, record)) {
        throw new SalesforceError(400, 'UNDELETE_FAILED', 'Entity is not in the recycle bin');
      }
      touch(object, record, author, (stored) => {
        store.set(object, stored, 'IsDeleted', false);
        if (object.field('MasterRecordId') !== undefined) store.set(object, stored, 'MasterRecordId', null);
      });
      log('undelete', { object, id: record.id }, author);
    },

    merge(objectName, winnerId, loserIds, author = defaultAuthor) {
      const object = needObject(objectName);
      if (!object.mergeable) {
        throw new SalesforceError(400, 'INVALID_TYPE_FOR_OPERATION', 'entity type does not support merge');
      }
      if (loserIds.length < 1 || loserIds.length > 2) {
        throw new SalesforceError(400, 'INVALID_NUMBER_OF_RECORDS', 'a merge takes one or two records to merge');
      }
      const winner = needRecord(object, winnerId);
      const losers = loserIds.map((id) => needRecord(object, id));
      if (losers.includes(winner))
        throw new SalesforceError(400, 'MERGE_FAILED', 'a record cannot be merged with itself');
      const moved: string[] = [];
      for (const loser of losers) {
        for (const child of childrenOf(object, loser.id)) {
          const value = child.record === winner ? null : winner.id;
          touch(child.object, child.record, author, (stored) => {
            stored.values[child.field.slot] = value;
          });
          moved.push(child.record.id);
        }
        touch(object, loser, author, (stored) => {
          store.set(object, stored, 'IsDeleted', true);
          store.set(object, stored, 'MasterRecordId', winner.id);
        });
      }
      touch(object, winner, author, () => {});
      log('merge', { object, id: winner.id, fields: losers.map((loser) => loser.id) }, author);
      return moved;
    },

    purge(objectName, id) {
      const object = needObject(objectName);
      const record = needRecord(object, id, true);
      store.table(object).remove(record);
      journal.append({ purge: object.name, id: record.id });
    },

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
}

/** Brings a journalled change back. */
export function replayChange(store: SalesforceStore, entry: SalesforceJournalEntry): void {
  if ('clockOffsetMs' in entry) return;
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
