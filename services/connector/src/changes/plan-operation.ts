import { formatRecordRef, type RecordRefFields } from '@kempt/contracts';
import type {
  AssociationLink,
  AssociationType,
  FreshRecord,
  RecordLink,
  UndoAbilities,
  WritableField,
} from '../crm/crm-writer.ts';
import type { Fields } from '../schema/field-value.ts';
import { differingFields, missingChanges } from './field-comparison.ts';
import {
  type AssociationOperation,
  type MergeOperation,
  mainRecord,
  type Operation,
  type OperationPlan,
  type RecordImage,
  recordsOf,
  type UndoGrade,
} from './operation.ts';
import { checkOperation } from './operation-check.ts';
import type { PlannedRow } from './operation-store.ts';
import { hashOf } from './value-hash.ts';

/** What was read for an operation. */
export interface OperationFacts {
  /** Records by the id that they were asked for by. */
  readonly records: ReadonlyMap<string, FreshRecord>;
  /** Links by record id, for merges; those of `from` for associations. */
  readonly links: ReadonlyMap<string, readonly RecordLink[]>;
  readonly writable: ReadonlyMap<string, WritableField>;
  /** Kinds of associations between the two objects, for associations. */
  readonly associationTypes: readonly AssociationType[];
  readonly undo: UndoAbilities;
}

/** Something that keeps an operation from being planned. */
export class PlanRefusal extends Error {}

export const imageOf = (record: FreshRecord, object: string): RecordImage => ({
  object,
  recordId: record.recordId,
  modifiedAtMs: record.modifiedAtMs,
  deleted: record.deleted,
  mergedInto: record.mergedInto,
  fields: record.fields,
});

/** Names a link among those of one record, so that the same link of two records has the same name. */
export const linkName = (link: RecordLink): string =>
  link.kind === 'reference'
    ? `${link.object}:${link.recordId}:${link.field}`
    : `${link.toObject}:${link.toId}:${link.category}:${link.typeId}`;

/** Throws PlanRefusal unless a record is there as itself. */
export function assertAlive(record: FreshRecord | undefined, ref: RecordRefFields): FreshRecord {
  const name = formatRecordRef(ref);
  if (record === undefined) throw new PlanRefusal(`${name} does not exist, or the connection may not see it.`);
  const survivor = record.mergedInto ?? (record.recordId === ref.recordId ? null : record.recordId);
  if (survivor !== null)
    throw new PlanRefusal(`${name} was merged into ${formatRecordRef({ ...ref, recordId: survivor })}.`);
  if (record.deleted) throw new PlanRefusal(`${name} is deleted.`);
  return record;
}

/** The association that an operation is about, seen from its `from` record. */
export function associationOf(
  operation: AssociationOperation,
  facts: Pick<OperationFacts, 'associationTypes' | 'links'>,
): AssociationLink {
  const { from, to, label } = operation;
  const wanted = facts.associationTypes.filter((type) => (type.label ?? undefined) === label);
  const type = wanted[0];
  if (type === undefined) {
    const known = facts.associationTypes.map((one) => (one.label === null ? 'without label' : `"${one.label}"`));
    throw new PlanRefusal(
      `${from.object} and ${to.object} have no association ${label === undefined ? 'without label' : `"${label}"`}` +
        `${known.length === 0 ? '.' : `; there are: ${known.join(', ')}.`}`,
    );
  }
  return {
    kind: 'association',
    fromObject: from.object,
    fromId: from.recordId,
    toObject: to.object,
    toId: to.recordId,
    ...type,
  };
}

function isTied(link: AssociationLink, facts: OperationFacts): boolean {
  const name = linkName(link);
  return (facts.links.get(link.fromId) ?? []).some((one) => linkName(one) === name);
}

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** Links of the losers that the master does not have: those that the merge moves. */
export function movingLinks(operation: MergeOperation, links: OperationFacts['links']): RecordLink[] {
  const own = new Set((links.get(operation.master.recordId) ?? []).map(linkName));
  return operation.losers.flatMap((loser) =>
    (links.get(loser.recordId) ?? []).filter((link) => !own.has(linkName(link))),
  );
}

function mergeUndo(operation: MergeOperation, facts: OperationFacts): UndoGrade {
  const { undo } = facts;
  const losers = operation.losers.map(formatRecordRef).join(', ');
  const moving = movingLinks(operation, facts.links);
  const losses: string[] = [];
  let grade = undo.merge;
  if (grade === 'new-id') {
    losses.push(
      `${formatRecordRef(operation.master)} and ${losers} live on under a new id after the merge.`,
      `After an undo ${losers} ${operation.losers.length === 1 ? 'is a new record' : 'are new records'} with a new id; the survivor keeps the part of the master.`,
      'History, activities that are no associations, list memberships and form submissions stay with the survivor.',
      'When it was created, and what the CRM computes itself, is not restored.',
    );
    const names = uncreatable(operation, facts);
    if (names.length > 0) losses.push(`Fields that only the CRM writes are not restored: ${names.join(', ')}.`);
  } else {
    losses.push('What the CRM computes itself, such as roll-ups and times of modification, is not restored.');
    const fixed = moving.filter((link) => link.kind === 'reference' && link.isFixed === true);
    if (fixed.length > 0) {
      grade = 'partial';
      const objects = [...new Set(fixed.map((link) => (link.kind === 'reference' ? link.object : '')))].sort();
      losses.push(
        `${plural(fixed.length, 'record')} of ${objects.join(', ')} can only be moved by a merge: they stay with the master.`,
      );
    }
    losses.push('Records of which both had one, such as the same campaign, come together in one and do not come back.');
  }
  const days = undo.recycleBinDays;
  return grade === 'new-id' || days === null ? { grade, losses } : { grade, losses, withinDays: days };
}

/** Fields of the losers that hold something and cannot be given to a new record. */
function uncreatable(operation: MergeOperation, facts: OperationFacts): string[] {
  const names = new Set<string>();
  for (const { recordId } of operation.losers) {
    for (const name of Object.keys(facts.records.get(recordId)?.fields ?? {})) {
      if (facts.writable.get(name)?.createable === false) names.add(name);
    }
  }
  return [...names].sort();
}

function planMerge(operation: MergeOperation, facts: OperationFacts): OperationPlan {
  const [master, ...losers] = recordsOf(operation).map((ref) => assertAlive(facts.records.get(ref.recordId), ref));
  if (master === undefined) throw new PlanRefusal('The merge has no master.');
  const object = operation.master.object;
  const writes = missingChanges(operation.fields, master.fields);
  const moving = movingLinks(operation, facts.links);
  const risks: string[] = [];
  if (moving.length > 0) {
    const children = moving.filter((link) => link.kind === 'reference').length;
    const parts = [
      ...(children > 0 ? [plural(children, 'child record')] : []),
      ...(moving.length > children ? [plural(moving.length - children, 'association')] : []),
    ];
    risks.push(`${parts.join(' and ')} ${moving.length === 1 ? 'moves' : 'move'} to the survivor.`);
  }
  const differing = new Set(losers.flatMap((loser) => differingFields(master.fields, loser.fields, facts.writable)));
  const lost = [...differing].filter(
    (name) => losers.some((loser) => name in loser.fields) && !(name in operation.fields),
  );
  if (lost.length > 0) risks.push(`Values of the losers that the survivor does not get: ${lost.sort().join(', ')}.`);
  const chunk = facts.undo.merge === 'new-id' ? 1 : 2;
  return {
    before: [master, ...losers].map((record) => imageOf(record, object)),
    writes,
    links: Object.fromEntries(recordsOf(operation).map(({ recordId }) => [recordId, facts.links.get(recordId) ?? []])),
    risks,
    calls: 2 + 2 * Math.ceil(losers.length / chunk) + recordsOf(operation).length + (moving.length > 0 ? 2 : 0),
    undo: mergeUndo(operation, facts),
  };
}

function planChecked(operation: Operation, facts: OperationFacts): OperationPlan {
  const object = mainRecord(operation).object;
  switch (operation.kind) {
    case 'update': {
      const record = assertAlive(facts.records.get(operation.record.recordId), operation.record);
      const writes = missingChanges(operation.fields, record.fields);
      const names = Object.keys(writes);
      const blanked = names.filter((name) => writes[name] === null);
      const risks: string[] = [];
      if (names.length === 0) risks.push('The record holds these values already; nothing is written.');
      if (blanked.length > 0) risks.push(`Becomes blank: ${blanked.join(', ')}.`);
      return {
        before: [imageOf(record, object)],
        writes,
        links: {},
        risks,
        calls: names.length === 0 ? 1 : 3,
        undo: { grade: 'full', losses: ['When and by whom it was changed last is not restored.'] },
      };
    }
    case 'merge':
      return planMerge(operation, facts);
    case 'undelete': {
      const ref = operation.record;
      const record = facts.records.get(ref.recordId);
      if (!facts.undo.undelete)
        throw new PlanRefusal(`The CRM of ${formatRecordRef(ref)} cannot bring back a deleted record.`);
      if (record === undefined)
        throw new PlanRefusal(`${formatRecordRef(ref)} does not exist, or left the recycle bin.`);
      return {
        before: [imageOf(record, object)],
        writes: {},
        links: {},
        risks: record.deleted ? [] : ['The record is not deleted; nothing is written.'],
        calls: record.deleted ? 3 : 1,
        undo: { grade: 'partial', losses: ['Kempt deletes no records: once it is back, the record stays.'] },
      };
    }
    case 'associate':
    case 'dissociate': {
      const from = assertAlive(facts.records.get(operation.from.recordId), operation.from);
      const link = associationOf(operation, facts);
      const isDone = isTied(link, facts) === (operation.kind === 'associate');
      return {
        before: [imageOf(from, object)],
        writes: {},
        links: { [operation.from.recordId]: [link] },
        risks: isDone ? ['The records stand to each other like this already; nothing is written.'] : [],
        calls: isDone ? 2 : 4,
        undo: { grade: 'full', losses: [] },
      };
    }
  }
}

/** What a plan of an operation was made from. Any change in it makes another plan. */
const inputsOf = (request: Operation, facts: OperationFacts) => ({
  request,
  records: recordsOf(request).map(({ object, recordId }) => {
    const record = facts.records.get(recordId);
    return record === undefined ? null : imageOf(record, object);
  }),
  links: Object.fromEntries([...facts.links].map(([id, links]) => [id, links.map(linkName).sort()])),
});

/** Plans one operation from what was read for it. */
export function planOperation(
  stored: { readonly index: number; readonly request: Operation },
  facts: OperationFacts,
): PlannedRow {
  const { index, request } = stored;
  const inputsHash = hashOf(inputsOf(request, facts));
  try {
    const checked = checkOperation(request, facts.writable);
    if (checked.problems.length > 0) {
      throw new PlanRefusal(checked.problems.map(({ detail }) => detail).join(' '));
    }
    return { index, status: 'planned', plan: planChecked(checked.operation, facts), inputsHash, reason: '' };
  } catch (error) {
    if (!(error instanceof PlanRefusal)) throw error;
    return { index, status: 'refused', plan: null, inputsHash, reason: error.message };
  }
}

/** What the change set itself did to ids so far: survivors by `object:id`, and in Salesforce by id alone. */
export type OwnSurvivors = ReadonlyMap<string, string>;

/** The survivors of a change set from its aliases, `account:object:id` to id. Ids of Salesforce are unique in the org. */
export function ownSurvivors(aliases: ReadonlyMap<string, string>): OwnSurvivors {
  const survivors = new Map<string, string>();
  for (const [ref, survivor] of aliases) {
    const [system, , object = '', id = ''] = ref.split(':');
    survivors.set(`${object}:${id}`, survivor);
    if (system === 'sf') survivors.set(id, survivor);
  }
  return survivors;
}

const associations = 'associations.';

/** A record's fields with the ids that this change set merged away replaced by those of their survivors. */
function afterOwnMerges(fields: Fields, survivors: OwnSurvivors): Fields {
  if (survivors.size === 0) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (typeof value === 'string') return [name, survivors.get(value) ?? value];
      if (!name.startsWith(associations) || !Array.isArray(value)) return [name, value];
      const object = name.slice(associations.length);
      return [name, value.map((id) => survivors.get(`${object}:${String(id)}`) ?? id)];
    }),
  );
}

/**
 * Why an operation may not go on as planned: a record or its links changed since the plan. Null when nothing changed.
 * What this change set itself did meanwhile does not count.
 */
export function changeSincePlan(
  operation: Operation,
  plan: OperationPlan,
  now: Pick<OperationFacts, 'records' | 'links' | 'writable'> & { readonly survivors: OwnSurvivors },
): string | null {
  const changes: string[] = [];
  for (const before of plan.before) {
    const ref = { ...mainRecord(operation), object: before.object, recordId: before.recordId };
    const name = formatRecordRef(ref);
    const record = now.records.get(before.recordId);
    if (record === undefined) changes.push(`${name} does not exist any more`);
    else if (record.mergedInto !== before.mergedInto || record.recordId !== before.recordId) {
      changes.push(`${name} was merged into ${record.mergedInto ?? record.recordId}`);
    } else if (record.deleted !== before.deleted)
      changes.push(`${name} was ${record.deleted ? 'deleted' : 'brought back'}`);
    else {
      const fields = differingFields(afterOwnMerges(before.fields, now.survivors), record.fields, now.writable);
      if (fields.length > 0) changes.push(`${name} changed in ${fields.join(', ')}`);
    }
    if (operation.kind !== 'merge') continue;
    const planned = new Set(
      (plan.links[before.recordId] ?? []).map((link) => linkName(movedLink(link, now.survivors))),
    );
    const found = new Set((now.links.get(before.recordId) ?? []).map(linkName));
    const more = [...found].filter((link) => !planned.has(link)).length;
    const fewer = [...planned].filter((link) => !found.has(link)).length;
    if (more + fewer > 0) changes.push(`${name} has ${more} more and ${fewer} fewer links`);
  }
  return changes.length === 0 ? null : `Changed since the plan: ${changes.join('; ')}. Plan it again.`;
}

/** A link whose other end this change set merged away, as it is now. */
function movedLink(link: RecordLink, survivors: OwnSurvivors): RecordLink {
  return link.kind === 'reference'
    ? { ...link, recordId: survivors.get(`${link.object}:${link.recordId}`) ?? link.recordId }
    : { ...link, toId: survivors.get(`${link.toObject}:${link.toId}`) ?? link.toId };
}
