import { createRecordTable, type RecordTable } from '../records/record-table.ts';
import { type AssociationStore, createAssociationStore } from './association-store.ts';
import { validationError } from './hubspot-error.ts';
import type { HubSpotObject, HubSpotRecord, PropertyValue, StoredProperty } from './property-definition.ts';

export interface HubSpotOwner {
  readonly id: string;
  readonly userId: number;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly isArchived: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One past value of a property. */
export interface PropertyVersion {
  readonly value: string;
  readonly timestamp: number;
  readonly sourceType: string;
  readonly sourceId: string | null;
  readonly updatedByUserId: number | null;
}

/** The records of a portal, in tables by object, with nothing of the API around them. */
export interface HubSpotStore {
  readonly objects: readonly HubSpotObject[];
  readonly associations: AssociationStore;
  readonly owners: HubSpotOwner[];
  /** An object by plural or singular name or by type id, or throws as the API does. */
  object(nameOrTypeId: string): HubSpotObject;
  table(object: HubSpotObject): RecordTable<HubSpotRecord>;
  /** A record by id; the id of a merged record finds the survivor. */
  resolve(object: HubSpotObject, id: string): HubSpotRecord | undefined;
  /** Notes that a merged id now stands for another record. */
  alias(object: HubSpotObject, fromId: string, toId: string): void;
  /** A record by the value of a unique property, without regard to case. */
  findUnique(object: HubSpotObject, property: StoredProperty, value: string): HubSpotRecord | undefined;
  /** The contact that an address belongs to, as its first one or as a further one. */
  findByEmail(email: string): HubSpotRecord | undefined;
  /** Any property, those worked out from associations included. */
  read(object: HubSpotObject, record: HubSpotRecord, property: StoredProperty): PropertyValue;
  /** Keeps the index of unique values in step; call it around every change of values. */
  index(object: HubSpotObject, record: HubSpotRecord): void;
  unindex(object: HubSpotObject, record: HubSpotRecord): void;
  nextId(): string;
  /** Past values of a property, newest first, the present one included. */
  history(object: HubSpotObject, record: HubSpotRecord, property: StoredProperty): readonly PropertyVersion[];
  addHistory(object: HubSpotObject, record: HubSpotRecord, property: StoredProperty, version: PropertyVersion): void;
  /** Gives the survivor of a merge the past values of both records. */
  mergeHistories(
    object: HubSpotObject,
    records: { readonly primary: HubSpotRecord; readonly other: HubSpotRecord; readonly survivor: HubSpotRecord },
  ): void;
}

/** Ids sort as numbers: the longer one is larger. */
export function compareNumericIds(left: string, right: string): number {
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}

export function createHubSpotStore(objects: readonly HubSpotObject[]): HubSpotStore {
  const byName = new Map<string, HubSpotObject>();
  for (const object of objects) {
    for (const name of [object.name, object.singular, object.typeId]) byName.set(name, object);
  }
  const tables = new Map(objects.map((object) => [object.name, createRecordTable<HubSpotRecord>(compareNumericIds)]));
  const aliases = new Map<string, string>();
  const uniqueIndex = new Map<string, Map<string, HubSpotRecord>>();
  const histories = new Map<string, PropertyVersion[]>();
  const associations = createAssociationStore();
  let lastId = 0;

  const table = (object: HubSpotObject): RecordTable<HubSpotRecord> =>
    tables.get(object.name) as RecordTable<HubSpotRecord>;
  const uniques = (object: HubSpotObject, property: StoredProperty): Map<string, HubSpotRecord> => {
    const key = `${object.name}.${property.name}`;
    let index = uniqueIndex.get(key);
    if (index === undefined) {
      index = new Map();
      for (const record of table(object).inIdOrder()) {
        const value = record.values[property.slot];
        if (value != null && value !== '' && record.archivedAt === null) index.set(value.toLowerCase(), record);
      }
      uniqueIndex.set(key, index);
    }
    return index;
  };
  const eachUnique = (
    object: HubSpotObject,
    use: (index: Map<string, HubSpotRecord>, property: StoredProperty) => void,
  ): void => {
    for (const property of object.properties) if (property.hasUniqueValue) use(uniques(object, property), property);
  };
  let furtherEmails: Map<string, HubSpotRecord> | null = null;
  const contacts = byName.get('contacts');
  const emailProperty = contacts?.property('email');
  const furtherProperty = contacts?.property('hs_additional_emails');
  const eachFurtherEmail = (object: HubSpotObject, record: HubSpotRecord, use: (email: string) => void): void => {
    const text = object === contacts && furtherProperty !== undefined ? record.values[furtherProperty.slot] : null;
    if (text == null || text === '') return;
    for (const email of text.toLowerCase().split(';')) use(email.trim());
  };
  const furtherEmailIndex = (): Map<string, HubSpotRecord> => {
    if (furtherEmails === null) {
      const index = new Map<string, HubSpotRecord>();
      for (const record of contacts === undefined ? [] : table(contacts).inIdOrder()) {
        if (record.archivedAt === null)
          eachFurtherEmail(contacts as HubSpotObject, record, (email) => index.set(email, record));
      }
      furtherEmails = index;
    }
    return furtherEmails;
  };
  const historyKey = (object: HubSpotObject, record: HubSpotRecord, property: StoredProperty) =>
    `${object.name}/${record.id}/${property.name}`;

  const store: HubSpotStore = {
    objects,
    associations,
    owners: [],
    object(name) {
      const object = byName.get(name.toLowerCase());
      if (object === undefined) throw validationError(`Unable to infer object type from: ${name}`);
      return object;
    },
    table,
    resolve(object, id) {
      let current = id;
      for (let next = aliases.get(`${object.name}/${current}`); next !== undefined; ) {
        current = next;
        next = aliases.get(`${object.name}/${current}`);
      }
      return table(object).get(current);
    },
    alias: (object, fromId, toId) => void aliases.set(`${object.name}/${fromId}`, toId),
    findUnique: (object, property, value) => uniques(object, property).get(value.toLowerCase()),
    findByEmail(email) {
      const key = email.toLowerCase();
      const first =
        contacts === undefined || emailProperty === undefined ? undefined : uniques(contacts, emailProperty);
      return first?.get(key) ?? furtherEmailIndex().get(key);
    },
    read(object, record, property) {
      if (property.name === 'associatedcompanyid') return associations.firstOf(object.name, record.id, 1);
      if (property.name === 'num_associated_contacts') {
        return String(new Set(associations.links(object.name, record.id, 'contacts').map((link) => link.toId)).size);
      }
      return object.read(record, property);
    },
    index(object, record) {
      if (record.archivedAt !== null) return;
      eachUnique(object, (index, property) => {
        const value = record.values[property.slot];
        if (value != null && value !== '') index.set(value.toLowerCase(), record);
      });
      eachFurtherEmail(object, record, (email) => furtherEmails?.set(email, record));
    },
    unindex(object, record) {
      eachFurtherEmail(object, record, (email) => {
        if (furtherEmails?.get(email) === record) furtherEmails.delete(email);
      });
      eachUnique(object, (index, property) => {
        const value = record.values[property.slot];
        if (value != null && index.get(value.toLowerCase()) === record) index.delete(value.toLowerCase());
      });
    },
    nextId() {
      if (lastId === 0) {
        for (const each of tables.values()) lastId = Math.max(lastId, Number(each.inIdOrder().at(-1)?.id ?? 0));
      }
      lastId = Math.max(lastId, 100) + 1;
      return String(lastId);
    },
    history(object, record, property) {
      const kept = histories.get(historyKey(object, record, property));
      if (kept !== undefined) return kept;
      const value = store.read(object, record, property);
      if (value === null) return [];
      return [{ value, timestamp: record.createdAt, sourceType: 'IMPORT', sourceId: null, updatedByUserId: null }];
    },
    addHistory(object, record, property, version) {
      const key = historyKey(object, record, property);
      const kept = histories.get(key) ?? [...store.history(object, record, property)];
      histories.set(key, [version, ...kept].slice(0, 20));
    },
    mergeHistories(object, { primary, other, survivor }) {
      for (const property of object.properties) {
        if (property.slot < 0) continue;
        const [first, second] = [primary, other].map((record) => store.history(object, record, property));
        if (first === undefined || second === undefined || first.length + second.length === 0) continue;
        const known = new Set(first.map((version) => version.timestamp));
        const all = [...first, ...second.filter((version) => !known.has(version.timestamp))];
        all.sort((left, right) => right.timestamp - left.timestamp);
        const value = survivor.values[property.slot] ?? '';
        const isNewest = all[0]?.value === value;
        const merged: PropertyVersion = {
          value,
          timestamp: survivor.modifiedAt,
          sourceType: 'MERGE_OBJECTS',
          sourceId: null,
          updatedByUserId: null,
        };
        histories.set(historyKey(object, survivor, property), (isNewest ? all : [merged, ...all]).slice(0, 20));
      }
    },
  };
  return store;
}
