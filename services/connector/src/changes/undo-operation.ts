import { formatRecordRef } from '@kempt/contracts';
import type { AssociationLink, FieldChanges, RecordLink, ReferenceLink } from '../crm/crm-writer.ts';
import type { Fields } from '../schema/field-value.ts';
import type { OperationContext } from './apply-operation.ts';
import { describeLink } from './examine-write.ts';
import { backPatch, differingFields, missingChanges, timesOfCreation } from './field-comparison.ts';
import type { UpdateWrite, Write } from './journal.ts';
import {
  type AssociationOperation,
  type MergeOperation,
  mainRecord,
  type OperationResult,
  type RecordImage,
  type StoredOperation,
} from './operation.ts';
import { linkName } from './plan-operation.ts';
import { readByIds } from './planner.ts';

/** How taking an operation back ended. */
export interface UndoEnd {
  readonly status: 'undone' | 'undo-failed';
  readonly reason: string;
  readonly result: OperationResult;
}

/** An undo that cannot go on; what was taken back so far stays so. */
class UndoFailure extends Error {}

/** What one undo gathers on its way. */
interface Undoing extends OperationContext {
  readonly kept: string[];
  readonly recreated: Record<string, string>;
}

/**
 * Takes an operation back: what it changed and nobody changed since. Called again, after a crash or a failure, it takes
 * back what is left.
 */
export async function undoOperation(stored: StoredOperation, context: OperationContext): Promise<UndoEnd> {
  const undoing: Undoing = { ...context, kept: [], recreated: { ...stored.result?.recreated } };
  const result = resultBefore(stored);
  let reason = '';
  try {
    // What is found below must be what the writes so far have left, also the one that a crash left open.
    await undoing.writes.settleOpen();
    await undoByKind(stored, result, undoing);
  } catch (error) {
    if (!(error instanceof UndoFailure)) throw error;
    reason = error.message;
  }
  const { kept, recreated } = undoing;
  return {
    status: reason === '' ? 'undone' : 'undo-failed',
    reason,
    result: { ...result, kept, ...(Object.keys(recreated).length === 0 ? {} : { recreated }) },
  };
}

/** What the operation left; where that was never read, what it was meant to leave. */
function resultBefore(stored: StoredOperation): OperationResult {
  if (stored.result !== null) return stored.result;
  const before = stored.plan?.before[0]?.fields ?? {};
  const after: Record<string, Fields[string]> = { ...before };
  for (const [name, value] of Object.entries(stored.plan?.writes ?? {})) {
    if (value === null) delete after[name];
    else after[name] = value;
  }
  return { recordId: mainRecord(stored.request).recordId, after, appliedAt: new Date(0).toISOString() };
}

async function undoByKind(stored: StoredOperation, result: OperationResult, undoing: Undoing): Promise<void> {
  const { request, plan } = stored;
  const [main] = plan?.before ?? [];
  if (plan === null || main === undefined) throw new UndoFailure('What was there before is erased.');
  switch (request.kind) {
    case 'update':
      return await restoreFields(
        'update',
        { before: main.fields, after: result.after, recordId: main.recordId, object: main.object },
        undoing,
      );
    case 'merge':
      return undoing.account.writer.undo.merge === 'new-id'
        ? await undoMergeByNewRecords(request, { before: plan.before, links: plan.links, result }, undoing)
        : await undoMergeByUndelete(request, { before: plan.before, links: plan.links, result }, undoing);
    case 'undelete':
      throw new UndoFailure(`Kempt deletes no records: ${formatRecordRef(request.record)} stays.`);
    case 'associate':
    case 'dissociate':
      return await undoAssociation(request, plan.links[request.from.recordId]?.[0] as AssociationLink, undoing);
  }
}

async function run(step: string, write: Write, undoing: Undoing) {
  const end = await undoing.writes.run(step, write);
  if (end.outcome === 'failed') throw new UndoFailure(end.reason);
  return end.result;
}

interface ToRestore {
  readonly object: string;
  readonly recordId: string;
  readonly before: Fields;
  readonly after: Fields;
}

/** Gives a record back what it held before, field by field, where nobody has changed it since. */
async function restoreFields(step: string, place: ToRestore, undoing: Undoing): Promise<void> {
  const { writer } = undoing.account;
  const { object, recordId } = place;
  const record = (await readByIds(writer, { object, ids: [recordId] }, undoing.signal)).get(recordId);
  if (record === undefined || record.deleted) throw new UndoFailure(`${object} ${recordId} was deleted meanwhile.`);
  if (record.recordId !== recordId) {
    throw new UndoFailure(`${object} ${recordId} was merged into ${record.recordId} meanwhile. Take that back first.`);
  }
  const writable = await writer.writableFields(object, undoing.signal);
  const patch = backPatch({ before: place.before, after: place.after, now: record.fields }, writable);
  undoing.kept.push(...patch.kept.map((name) => `${object} ${recordId}: ${name} was changed afterwards and stays.`));
  await write(step, { object, recordId, changes: patch.changes, held: record.fields }, undoing);
}

async function write(
  step: string,
  place: { readonly object: string; readonly recordId: string; readonly changes: FieldChanges; readonly held: Fields },
  undoing: Undoing,
): Promise<void> {
  const { object, recordId, changes, held } = place;
  const names = Object.keys(changes);
  if (names.length === 0) return;
  const before = Object.fromEntries(names.map((name) => [name, held[name] ?? null]));
  const update: UpdateWrite = { kind: 'update', object, recordId, fields: changes, before };
  await run(step, update, undoing);
}

interface MergeFacts {
  readonly before: readonly RecordImage[];
  readonly links: Readonly<Record<string, readonly RecordLink[]>>;
  readonly result: OperationResult;
}

/** The losers leave the recycle bin, and get back their fields and links; the master gets back its fields. */
async function undoMergeByUndelete(operation: MergeOperation, facts: MergeFacts, undoing: Undoing): Promise<void> {
  const { writer } = undoing.account;
  const { object } = operation.master;
  const [before, ...losers] = facts.before;
  if (before === undefined) return;
  const survivorId = facts.result.recordId;
  const returned: RecordImage[] = [];
  for (const loser of losers) {
    const { recordId } = loser;
    const step = `undelete-${recordId}`;
    const now = (await readByIds(writer, { object, ids: [recordId] }, undoing.signal)).get(recordId);
    if (now === undefined) throw new UndoFailure(`${object} ${recordId} left the recycle bin; it cannot come back.`);
    if (!now.deleted) {
      if (await undoing.writes.isDone(step)) returned.push(loser);
      else undoing.kept.push(`${object} ${recordId} is there and stays as it is.`);
      continue;
    }
    if (now.mergedInto !== null && now.mergedInto !== survivorId) {
      throw new UndoFailure(`${object} ${recordId} is merged into ${now.mergedInto}, not by this change.`);
    }
    await run(step, { kind: 'undelete', object, recordId }, undoing);
    returned.push(loser);
  }
  // What the merge took from the survivor first: a unique value can only be given back once it is free.
  const master = { object, recordId: survivorId, before: before.fields, after: facts.result.after };
  await restoreFields('master', master, undoing);
  const writable = await writer.writableFields(object, undoing.signal);
  for (const loser of returned) {
    const now = (await readByIds(writer, { object, ids: [loser.recordId] }, undoing.signal)).get(loser.recordId);
    if (now === undefined) throw new UndoFailure(`${object} ${loser.recordId} cannot be read.`);
    const changes: Record<string, FieldChanges[string]> = {};
    for (const name of differingFields(now.fields, loser.fields, writable)) changes[name] = loser.fields[name] ?? null;
    await write(`loser-${loser.recordId}`, { object, recordId: loser.recordId, changes, held: now.fields }, undoing);
    await moveChildrenBack(loser, { links: facts.links[loser.recordId] ?? [], survivorId }, undoing);
  }
}

/** Children that name the survivor name the loser again; those that somebody moved on stay. */
async function moveChildrenBack(
  loser: RecordImage,
  moved: { readonly links: readonly RecordLink[]; readonly survivorId: string },
  undoing: Undoing,
): Promise<void> {
  const { writer } = undoing.account;
  const references = moved.links.filter(
    (link): link is ReferenceLink => link.kind === 'reference' && link.isFixed !== true,
  );
  const byObject = Map.groupBy(references, (link) => link.object);
  for (const [object, links] of byObject) {
    const children = await readByIds(writer, { object, ids: links.map(({ recordId }) => recordId) }, undoing.signal);
    for (const link of links) {
      const child = children.get(link.recordId);
      if (child === undefined || child.deleted) {
        undoing.kept.push(`${describeLink(link)} was deleted and stays so.`);
        continue;
      }
      const held = child.fields[link.field];
      if (held === loser.recordId) continue;
      if (held !== moved.survivorId) {
        undoing.kept.push(`${describeLink(link)} was moved elsewhere afterwards and stays.`);
        continue;
      }
      const holder = { object: loser.object, recordId: loser.recordId };
      await run(`tie-${linkName(link)}`, { kind: 'tie', link, holder, from: moved.survivorId }, undoing);
    }
  }
}

/**
 * The survivor takes the part of the master again, and the losers are made again under new ids. What the losers brought
 * to the survivor goes back to them.
 */
async function undoMergeByNewRecords(operation: MergeOperation, facts: MergeFacts, undoing: Undoing): Promise<void> {
  const { writer } = undoing.account;
  const { object } = operation.master;
  const [master, ...losers] = facts.before;
  if (master === undefined) return;
  const survivorId = facts.result.recordId;
  const isMerged = await readByIds(writer, { object, ids: losers.map(({ recordId }) => recordId) }, undoing.signal);
  const gone = losers.filter(({ recordId }) => {
    const now = isMerged.get(recordId);
    return now === undefined || now.recordId !== recordId || now.deleted;
  });
  // First the e-mail addresses of the losers leave the survivor: they can belong to one record only.
  await restoreFields(
    'master',
    { object, recordId: survivorId, before: master.fields, after: facts.result.after },
    undoing,
  );
  const links = await linksAsOfNow(facts, undoing);
  const own = new Set((links.before.get(master.recordId) ?? []).map(linkName));
  const writable = await writer.writableFields(object, undoing.signal);
  const held = new Set((await writer.links(object, survivorId, undoing.signal)).map(linkName));
  const untied = async (name: string): Promise<boolean> => {
    if (!links.after.has(name) || held.has(name)) return false;
    const ours = await Promise.all(losers.map(({ recordId }) => undoing.writes.isDone(`untie-${recordId}-${name}`)));
    return !ours.includes(true);
  };
  for (const loser of gone) {
    const brought = links.before.get(loser.recordId) ?? [];
    const returning: RecordLink[] = [];
    for (const link of brought) {
      // What the merge brought to the survivor and is gone was taken away by somebody, unless by this undo.
      if (await untied(linkName(link)))
        undoing.kept.push(`${describeLink(link)} was taken away afterwards and stays so.`);
      else returning.push(link);
    }
    const created = await run(
      `create-${loser.recordId}`,
      {
        kind: 'create',
        object,
        insteadOf: loser.recordId,
        fields: creatableFields(loser.fields, writable),
        links: returning,
      },
      undoing,
    );
    if (created === null) throw new UndoFailure(`${object} ${loser.recordId} was not made again.`);
    undoing.recreated[loser.recordId] = created.recordId;
    const lacking = Object.keys(missingChanges(creatableFields(loser.fields, writable), created.after)).sort();
    if (lacking.length > 0) {
      undoing.kept.push(`${object} ${created.recordId}: the CRM did not take ${lacking.join(', ')}.`);
    }
    await tieMissing(created.recordId, { object, links: returning }, undoing);
    for (const link of brought) {
      if (own.has(linkName(link)) || !held.has(linkName(link))) continue;
      const onSurvivor = { ...link, fromId: survivorId };
      await run(`untie-${loser.recordId}-${linkName(link)}`, { kind: 'untie', link: onSurvivor }, undoing);
    }
  }
}

/** Associations before and right after the merge, with the ids under which the other records live by now. */
async function linksAsOfNow(facts: MergeFacts, undoing: Undoing) {
  const known = new Map<string, string>();
  const idNow = async (object: string, id: string): Promise<string> => {
    const key = `${object}:${id}`;
    const living = known.get(key) ?? (await undoing.livesAs(object, id));
    known.set(key, living);
    return living;
  };
  const before = new Map<string, AssociationLink[]>();
  for (const [id, links] of Object.entries(facts.links)) {
    const moved: AssociationLink[] = [];
    for (const link of links) {
      if (link.kind === 'association') moved.push({ ...link, toId: await idNow(link.toObject, link.toId) });
    }
    before.set(id, moved);
  }
  const after = new Set<string>();
  for (const name of facts.result.links ?? []) {
    const [object = '', id = '', ...kind] = name.split(':');
    after.add([object, await idNow(object, id), ...kind].join(':'));
  }
  return { before, after };
}

/** Makes the associations that the CRM did not make with the record. */
async function tieMissing(
  recordId: string,
  made: { readonly object: string; readonly links: readonly RecordLink[] },
  undoing: Undoing,
): Promise<void> {
  if (made.links.length === 0) return;
  const { object } = made;
  const tied = new Set((await undoing.account.writer.links(object, recordId, undoing.signal)).map(linkName));
  for (const link of made.links) {
    if (tied.has(linkName(link))) continue;
    await run(
      `tie-${recordId}-${linkName(link)}`,
      { kind: 'tie', link, holder: { object, recordId }, from: null },
      undoing,
    );
  }
}

/** The fields of a record that can be given to a new one. */
function creatableFields(
  fields: Fields,
  writable: ReadonlyMap<string, { readonly createable: boolean }>,
): FieldChanges {
  return Object.fromEntries(
    Object.entries(fields).filter(([name]) => writable.get(name)?.createable === true && !timesOfCreation.has(name)),
  );
}

async function undoAssociation(
  operation: AssociationOperation,
  link: AssociationLink,
  undoing: Undoing,
): Promise<void> {
  const { writer } = undoing.account;
  const { from } = operation;
  const tied = new Set((await writer.links(from.object, from.recordId, undoing.signal)).map(linkName));
  const isTied = tied.has(linkName(link));
  if (operation.kind === 'associate') {
    if (isTied) await run('untie', { kind: 'untie', link }, undoing);
    else undoing.kept.push(`${describeLink(link)} was taken away afterwards and stays so.`);
  } else if (!isTied) {
    await run(
      'tie',
      { kind: 'tie', link, holder: { object: from.object, recordId: from.recordId }, from: null },
      undoing,
    );
  } else undoing.kept.push(`${describeLink(link)} was made again afterwards and stays.`);
}
