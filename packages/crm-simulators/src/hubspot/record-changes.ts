import type { SimulatorClock } from '../clock.ts';
import type { Journal } from '../records/journal.ts';
import type { WriteLog, WriteLogEntry, WriteLogInput, WrittenValues } from '../records/write-log.ts';
import {
  associationType,
  associationTypesBetween,
  defaultAssociationType,
  primaryAssociationType,
} from './association-types.ts';
import { HubSpotError, notFound, validationError } from './hubspot-error.ts';
import type { HubSpotStore } from './hubspot-store.ts';
import type { HubSpotObject, HubSpotRecord, PropertyValue, StoredProperty } from './property-definition.ts';
import { invalidProperty, listOf, type PropertyInputs, parseProperty } from './property-input.ts';
import type { HubSpotJournalEntry } from './record-journal.ts';
import type { SearchIndex } from './search-index.ts';
import { dealStages, lifecycleStages, ticketStages } from './standard-objects.ts';

export interface HubSpotChangeAuthor {
  readonly by: WriteLogEntry['by'];
  /** What `hs_object_source` and the history say. */
  readonly source: 'CRM_UI' | 'INTEGRATION' | 'IMPORT';
  readonly sourceId: string | null;
  readonly userId?: string | null;
  /** The id of the app. */
  readonly application?: string | null;
}

/** Changes records as the service would. Throws what the API would answer. */
export interface HubSpotRecordChanges {
  /** Throws what writing these properties would throw; nothing is written. Without an id, those of a new record. */
  check(object: string, properties: PropertyInputs, id?: string): void;
  create(object: string, properties: PropertyInputs, author?: HubSpotChangeAuthor): string;
  update(object: string, id: string, properties: PropertyInputs, author?: HubSpotChangeAuthor): void;
  archive(object: string, id: string, author?: HubSpotChangeAuthor): void;
  restore(object: string, id: string, author?: HubSpotChangeAuthor): void;
  /** Merges two records into a third one with a new id, which is returned; the old ids keep finding it. */
  merge(object: string, primaryId: string, otherId: string, author?: HubSpotChangeAuthor): string;
  /** Links two records; without a type, by the plain one, and by the primary one when none is primary yet. */
  associate(
    object: string,
    id: string,
    to: { object: string; id: string; typeId?: number },
    author?: HubSpotChangeAuthor,
  ): void;
  dissociate(
    object: string,
    id: string,
    to: { object: string; id: string; typeId?: number },
    author?: HubSpotChangeAuthor,
  ): void;
  /** Every property of a record that has a value; undefined when there is no such record. */
  read(object: string, id: string): Readonly<Record<string, PropertyValue>> | undefined;
}

export interface HubSpotRecordChangesOptions {
  readonly store: HubSpotStore;
  readonly search: SearchIndex;
  readonly clock: SimulatorClock;
  readonly journal: Journal<HubSpotJournalEntry>;
  readonly writeLog: WriteLog;
}

/** How often a record can take part in merges. */
const maxMerges = 250;
/** How long archived records can be restored, by hand. */
const restorableMs = 90 * 86_400_000;

const user: HubSpotChangeAuthor = { by: 'user', source: 'CRM_UI', sourceId: 'userId:9001', userId: '9001' };

export function createHubSpotRecordChanges(options: HubSpotRecordChangesOptions): HubSpotRecordChanges {
  const { store, search, clock, journal, writeLog } = options;

  const needRecord = (object: HubSpotObject, id: string, archived = false): HubSpotRecord => {
    const record = store.resolve(object, id);
    if (record === undefined || (record.archivedAt !== null) !== archived) throw notFound();
    return record;
  };
  const put = (object: HubSpotObject, record: HubSpotRecord): void => {
    const values: Record<string, string> = {};
    for (const property of object.properties) {
      const value = property.slot < 0 ? null : record.values[property.slot];
      if (value != null) values[property.name] = value;
    }
    journal.append({
      put: object.name,
      id: record.id,
      createdAt: record.createdAt,
      at: record.modifiedAt,
      archivedAt: record.archivedAt,
      values,
    });
  };
  const change = (object: HubSpotObject, record: HubSpotRecord, edit: (record: HubSpotRecord) => void): void => {
    search.beforeChange(object, record, false);
    store.unindex(object, record);
    store.table(object).update(record, (stored) => {
      edit(stored);
      stored.modifiedAt = Math.max(clock.now(), stored.modifiedAt);
    });
    store.index(object, record);
    put(object, record);
  };
  const log = (
    action: WriteLogEntry['action'],
    { object, id, ...rest }: { object: HubSpotObject; id: string } & Partial<Omit<WriteLogInput, 'object'>>,
    author: HubSpotChangeAuthor,
  ): void => {
    const entry: WriteLogInput = {
      time: new Date(clock.now()),
      action,
      recordId: id,
      fields: [],
      by: author.by,
      userId: author.userId ?? null,
      application: author.application ?? null,
      before: null,
      after: null,
      related: [],
      ...rest,
      object: object.name,
    };
    writeLog.add(entry);
    journal.append({ write: { ...entry, time: entry.time.toISOString() } });
  };
  const valuesOf = (object: HubSpotObject, record: HubSpotRecord, properties: Iterable<StoredProperty>) =>
    Object.fromEntries([...properties].map((property) => [property.name, store.read(object, record, property)]));
  /** Every property with a value, and the links, of a record that is about to go. */
  const snapshot = (object: HubSpotObject, record: HubSpotRecord): WrittenValues => {
    const entries = Object.entries(valuesOf(object, record, object.properties)).filter(([, value]) => value !== null);
    const links = store.associations
      .all(object.name, record.id)
      .map((link) => `${link.to}/${link.toId}:${link.typeId}`);
    return { ...Object.fromEntries(entries), associations: links.sort().join(';') };
  };

  const parse = (object: HubSpotObject, inputs: PropertyInputs): Map<StoredProperty, PropertyValue> => {
    const parsed = new Map<StoredProperty, PropertyValue>();
    for (const [name, value] of Object.entries(inputs)) {
      const property = object.property(name);
      if (property === undefined) {
        throw invalidProperty(null, name, `Property "${name}" does not exist`, 'PROPERTY_DOESNT_EXIST');
      }
      if (property.readOnly || property.slot < 0) {
        // Dates of creation may be given on import; they are accepted and left alone.
        if (property.name === object.createdProperty) continue;
        throw invalidProperty(
          property,
          name,
          `"${name}" is a read only property; its value cannot be set.`,
          'READ_ONLY_VALUE',
        );
      }
      parsed.set(
        property,
        value === null || value === undefined || value === '' ? null : parseProperty(store, property, value),
      );
    }
    return parsed;
  };
  const checkUnique = (
    object: HubSpotObject,
    parsed: Map<StoredProperty, PropertyValue>,
    own: HubSpotRecord | null,
  ): void => {
    const check = (other: HubSpotRecord | undefined): void => {
      if (other === undefined || other === own) return;
      const what = object.singular.charAt(0).toUpperCase() + object.singular.slice(1);
      throw new HubSpotError(409, 'CONFLICT', `${what} already exists. Existing ID: ${other.id}`);
    };
    for (const [property, value] of parsed) {
      if (value === null) continue;
      if (property.hasUniqueValue) check(store.findUnique(object, property, value));
      // An address belongs to one contact, as its first or as a further one.
      const emails =
        property.name === 'email' ? [value] : property.name === 'hs_additional_emails' ? listOf(value) : [];
      for (const email of object.name === 'contacts' ? emails : []) check(store.findByEmail(email));
    }
  };
  /** Values that follow from others: the domain of an address, what a stage means, and when it was entered. */
  const follow = (object: HubSpotObject, record: HubSpotRecord, parsed: Map<StoredProperty, PropertyValue>): void => {
    for (const [property, value] of parsed) {
      if (object.name === 'contacts' && property.name === 'email') {
        set(object, record, 'hs_email_domain', value?.split('@')[1] ?? null);
        const further = object.property('hs_additional_emails');
        if (further === undefined) continue;
        const left = listOf(record.values[further.slot] ?? null).filter((email) => email !== value);
        set(object, record, 'hs_additional_emails', left.length === 0 ? null : left.join(';'));
      }
      const stage = dealStages.find((each) => property.name === 'dealstage' && each.id === value);
      if (object.name === 'deals' && stage !== undefined) {
        set(object, record, `hs_v2_date_entered_${stage.id}`, new Date(clock.now()).toISOString());
        set(object, record, 'hs_deal_stage_probability', stage.probability);
        set(object, record, 'hs_is_closed', String(stage.isClosed));
        set(object, record, 'hs_is_closed_won', String(stage.id === 'closedwon'));
      }
      if (object.name === 'tickets' && property.name === 'hs_pipeline_stage') {
        const isClosed = ticketStages.some((each) => each.id === value && each.isClosed);
        const now = clock.now();
        set(object, record, 'closed_date', isClosed ? new Date(now).toISOString() : null);
        set(object, record, 'time_to_close', isClosed ? String(now - record.createdAt) : null);
      }
    }
  };
  const noteHistory = (
    object: HubSpotObject,
    record: HubSpotRecord,
    { property, value, author }: { property: StoredProperty; value: PropertyValue; author: HubSpotChangeAuthor },
  ) =>
    store.addHistory(object, record, property, {
      value: value ?? '',
      timestamp: clock.now(),
      sourceType: author.source,
      sourceId: author.sourceId,
      updatedByUserId: null,
    });
  const set = (object: HubSpotObject, record: HubSpotRecord, name: string, value: PropertyValue): void => {
    const property = object.property(name);
    if (property !== undefined && property.slot >= 0) record.values[property.slot] = value;
  };
  const link = (object: HubSpotObject, id: string, target: { to: string; toId: string; typeId: number }): void => {
    store.associations.add(object.name, id, target);
    journal.append({ link: object.name, id, ...target });
  };

  const changes: HubSpotRecordChanges = {
    check(name, inputs, id) {
      const object = store.object(name);
      const record = id === undefined ? null : needRecord(object, id);
      checkUnique(object, parse(object, inputs), record);
    },

    create(name, inputs, author = user) {
      const object = store.object(name);
      const parsed = parse(object, inputs);
      checkUnique(object, parsed, null);
      const now = clock.now();
      const record: HubSpotRecord = {
        id: store.nextId(),
        createdAt: now,
        modifiedAt: now,
        archivedAt: null,
        values: new Array<PropertyValue>(object.slotCount).fill(null),
      };
      for (const [property, value] of parsed) record.values[property.slot] = value;
      follow(object, record, parsed);
      set(object, record, 'hs_object_source', author.source);
      set(object, record, 'hs_object_source_id', author.sourceId);
      set(object, record, 'hs_object_source_label', author.source);
      store.table(object).insert(record);
      store.index(object, record);
      search.beforeChange(object, record, true);
      put(object, record);
      const fields = [...parsed.keys()].map((property) => property.name);
      log('create', { object, id: record.id, fields, after: valuesOf(object, record, parsed.keys()) }, author);
      return record.id;
    },

    update(name, id, inputs, author = user) {
      const object = store.object(name);
      const record = needRecord(object, id);
      const parsed = parse(object, inputs);
      checkUnique(object, parsed, record);
      const before = valuesOf(object, record, parsed.keys());
      for (const [property, value] of parsed) noteHistory(object, record, { property, value, author });
      change(object, record, (stored) => {
        for (const [property, value] of parsed) stored.values[property.slot] = value;
        follow(object, stored, parsed);
      });
      const fields = [...parsed.keys()].map((property) => property.name);
      log('update', { object, id: record.id, fields, before, after: valuesOf(object, record, parsed.keys()) }, author);
    },

    archive(name, id, author = user) {
      const object = store.object(name);
      const record = needRecord(object, id);
      const before = snapshot(object, record);
      change(object, record, (stored) => {
        stored.archivedAt = clock.now();
      });
      log('delete', { object, id: record.id, before }, author);
    },

    restore(name, id, author = user) {
      const object = store.object(name);
      const record = needRecord(object, id, true);
      if ((record.archivedAt ?? 0) < clock.now() - restorableMs) {
        throw validationError(`${object.singular} ${record.id} was archived more than 90 days ago`);
      }
      const kept = new Map(
        object.properties.flatMap((each) => (each.slot < 0 ? [] : [[each, record.values[each.slot] ?? null]])),
      );
      checkUnique(object, kept, record);
      change(object, record, (stored) => {
        stored.archivedAt = null;
      });
      log('undelete', { object, id: record.id, after: snapshot(object, record) }, author);
    },

    merge(name, primaryId, otherId, author = user) {
      const object = store.object(name);
      if (!object.mergeable) throw validationError(`Objects of type ${object.name} cannot be merged`);
      const primary = needRecord(object, primaryId);
      const other = needRecord(object, otherId);
      if (primary === other) throw validationError('Cannot merge an object with itself');
      const read = (of: HubSpotRecord, property: string): PropertyValue => {
        const found = object.property(property);
        return found === undefined || found.slot < 0 ? null : (of.values[found.slot] ?? null);
      };
      // Every merge adds two ids to the list.
      const merges = [primary, other].reduce(
        (sum, each) => sum + listOf(read(each, 'hs_merged_object_ids')).length / 2,
        0,
      );
      if (merges >= maxMerges) {
        throw new HubSpotError(414, 'VALIDATION_ERROR', `Cannot have more than ${maxMerges} identities on a profile`);
      }
      const now = clock.now();
      const values = Array.from(
        { length: object.slotCount },
        (_, slot) => primary.values[slot] ?? other.values[slot] ?? null,
      );
      const record: HubSpotRecord = {
        id: store.nextId(),
        createdAt: Math.min(primary.createdAt, other.createdAt),
        modifiedAt: now,
        archivedAt: null,
        values,
      };
      const joined = (property: string, extra: readonly (string | null)[]): string | null => {
        const all = [read(primary, property), read(other, property), ...extra].flatMap(listOf);
        return all.length === 0 ? null : [...new Set(all)].join(';');
      };
      set(object, record, 'hs_merged_object_ids', joined('hs_merged_object_ids', [primary.id, other.id]));
      const stages: readonly string[] = lifecycleStages;
      const furthest = Math.max(...[primary, other].map((each) => stages.indexOf(read(each, 'lifecyclestage') ?? '')));
      if (furthest >= 0) set(object, record, 'lifecyclestage', stages[furthest] ?? null);
      if (object.name === 'contacts') {
        const email = read(record, 'email');
        const others = listOf(joined('hs_additional_emails', [read(other, 'email')])).filter((each) => each !== email);
        set(object, record, 'hs_additional_emails', others.length === 0 ? null : others.join(';'));
        set(object, record, 'hs_email_domain', email?.split('@')[1] ?? null);
        set(object, record, 'hs_calculated_merged_vids', `${other.id}:${now};${primary.id}:${now}`);
      }
      const related = [primary, other].map((merged) => ({
        object: object.name,
        recordId: merged.id,
        before: snapshot(object, merged),
        after: { mergedInto: record.id },
      }));
      const links = [primary, other].flatMap((from) => store.associations.all(object.name, from.id));
      store.mergeHistories(object, { primary, other, survivor: record });
      for (const merged of [primary, other]) {
        search.beforeChange(object, merged, false);
        store.unindex(object, merged);
        store.associations.clear(object.name, merged.id);
        store.table(object).remove(merged);
        merged.archivedAt = now;
        store.alias(object, merged.id, record.id);
      }
      store.table(object).insert(record);
      store.index(object, record);
      search.beforeChange(object, record, true);
      put(object, record);
      for (const merged of [primary, other])
        journal.append({ remove: object.name, id: merged.id, survivor: record.id });
      for (const each of links) {
        if (each.toId === primary.id || each.toId === other.id) continue;
        const isPrimary = associationType(each.typeId)?.label === 'Primary';
        if (isPrimary && store.associations.firstOf(object.name, record.id, each.typeId) !== null) continue;
        link(object, record.id, each);
      }
      log(
        'merge',
        { object, id: record.id, fields: [primary.id, other.id], after: snapshot(object, record), related },
        author,
      );
      return record.id;
    },

    associate(name, id, to, author = user) {
      const object = store.object(name);
      const target = store.object(to.object);
      const record = needRecord(object, id);
      const other = needRecord(target, to.id);
      const plain = defaultAssociationType(object.name, target.name);
      const primary = primaryAssociationType(object.name, target.name);
      const wanted =
        to.typeId ??
        (primary !== undefined && store.associations.firstOf(object.name, record.id, primary.typeId) === null
          ? primary.typeId
          : plain?.typeId);
      const known = associationTypesBetween(object.name, target.name).some((type) => type.typeId === wanted);
      if (wanted === undefined || !known) {
        throw validationError(`${String(wanted)} is not valid association type for the given from and to objects`);
      }
      if (primary?.typeId === wanted) {
        const before = store.associations.firstOf(object.name, record.id, wanted);
        if (before !== null && before !== other.id) {
          store.associations.remove(object.name, record.id, { to: target.name, toId: before, typeId: wanted });
          journal.append({ unlink: object.name, id: record.id, to: target.name, toId: before, typeId: wanted });
        }
      }
      link(object, record.id, { to: target.name, toId: other.id, typeId: wanted });
      // The service counts a change of associations as a change of the record itself.
      change(object, record, () => {});
      const related = [{ object: target.name, recordId: other.id, before: {}, after: { associationTypeId: wanted } }];
      log('associate', { object, id: record.id, fields: [`${target.name}/${other.id}`], related }, author);
    },

    dissociate(name, id, to, author = user) {
      const object = store.object(name);
      const target = store.object(to.object);
      const record = needRecord(object, id);
      const toId = store.resolve(target, to.id)?.id ?? to.id;
      const typeIds = store.associations
        .links(object.name, record.id, target.name)
        .filter((each) => each.toId === toId && (to.typeId === undefined || each.typeId === to.typeId))
        .map((each) => each.typeId);
      store.associations.remove(object.name, record.id, {
        to: target.name,
        toId,
        ...(to.typeId === undefined ? {} : { typeId: to.typeId }),
      });
      journal.append({ unlink: object.name, id: record.id, to: target.name, toId, typeId: to.typeId ?? null });
      change(object, record, () => {});
      const related = typeIds.map((typeId) => ({
        object: target.name,
        recordId: toId,
        before: { associationTypeId: typeId },
        after: {},
      }));
      log('dissociate', { object, id: record.id, fields: [`${target.name}/${toId}`], related }, author);
    },

    read(name, id) {
      const object = store.object(name);
      const record = store.resolve(object, id);
      if (record === undefined) return undefined;
      const entries = object.properties.map(
        (property) => [property.name, store.read(object, record, property)] as const,
      );
      return Object.fromEntries(entries.filter(([, value]) => value !== null));
    },
  };
  return changes;
}
