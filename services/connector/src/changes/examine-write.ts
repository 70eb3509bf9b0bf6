import type { CrmWriter, FreshRecord, RecordLink } from '../crm/crm-writer.ts';
import { meansTheSame, unmetFields } from './field-comparison.ts';
import type { CreateWrite, MergeWrite, TieWrite, UntieWrite, UpdateWrite, Write, WriteResult } from './journal.ts';
import { linkName } from './plan-operation.ts';

/** A record that was read back, with its object. */
export interface ReadBack {
  readonly object: string;
  readonly record: FreshRecord;
}

/** What the CRM shows of a write. */
export interface Finding {
  /** `otherwise`: neither what the write leaves nor what was there before it. */
  readonly state: 'as-intended' | 'as-before' | 'otherwise';
  /** Why it is otherwise, for people. */
  readonly reason: string;
  readonly result: WriteResult | null;
  readonly readBack: readonly ReadBack[];
}

export interface ExamineOptions {
  /** When the CRM was first asked, by our clock. */
  readonly sentAtMs: number;
  /** Records that are known to be something else than what a `create` made. */
  readonly otherIds: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

const finding = (state: Finding['state'], rest: Partial<Omit<Finding, 'state'>> = {}): Finding => ({
  state,
  reason: '',
  result: null,
  readBack: [],
  ...rest,
});

async function readOne(
  writer: CrmWriter,
  place: { readonly object: string; readonly recordId: string },
  signal: AbortSignal,
): Promise<FreshRecord | undefined> {
  const records = await writer.read(place.object, [place.recordId], signal);
  return records.find(({ requestedId }) => requestedId === place.recordId);
}

async function examineUpdate(write: UpdateWrite, writer: CrmWriter, signal: AbortSignal): Promise<Finding> {
  const record = await readOne(writer, write, signal);
  if (record === undefined) return finding('otherwise', { reason: `${write.recordId} does not exist any more.` });
  const readBack = [{ object: write.object, record }];
  if (record.recordId !== write.recordId || record.mergedInto !== null) {
    const survivor = record.mergedInto ?? record.recordId;
    return finding('otherwise', { readBack, reason: `${write.recordId} was merged into ${survivor} meanwhile.` });
  }
  if (record.deleted) return finding('otherwise', { readBack, reason: `${write.recordId} was deleted meanwhile.` });
  const result = { recordId: record.recordId, after: record.fields };
  const unmet = unmetFields(write.fields, record.fields);
  if (unmet.length === 0) return finding('as-intended', { readBack, result });
  if (unmetFields(write.before, record.fields).length === 0) return finding('as-before', { readBack, result });
  const reason = `${write.recordId} holds something else in ${unmet.join(', ')}.`;
  return finding('otherwise', { readBack, result, reason });
}

/** Id under which a record that was asked for lives now. */
const livesAs = (record: FreshRecord): string => record.mergedInto ?? record.recordId;

async function examineMerge(write: MergeWrite, writer: CrmWriter, signal: AbortSignal): Promise<Finding> {
  const { object, masterId, loserIds } = write;
  const records = await writer.read(object, [masterId, ...loserIds], signal);
  const readBack = records.map((record) => ({ object, record }));
  const byId = new Map(records.map((record) => [record.requestedId, record]));
  const master = byId.get(masterId);
  if (master === undefined || (master.deleted && master.mergedInto === null)) {
    return finding('otherwise', { readBack, reason: `The master ${masterId} was deleted meanwhile.` });
  }
  const survivorId = livesAs(master);
  const places = loserIds.map((id) => {
    const loser = byId.get(id);
    if (loser === undefined) return 'gone';
    if (livesAs(loser) === survivorId) return 'merged';
    return livesAs(loser) === id && !loser.deleted ? 'itself' : 'elsewhere';
  });
  if (places.every((place) => place === 'itself') && survivorId === masterId) return finding('as-before', { readBack });
  if (places.every((place) => place === 'merged')) {
    const survivor =
      records.find(({ recordId }) => recordId === survivorId) ??
      (await readOne(writer, { object, recordId: survivorId }, signal));
    if (survivor === undefined)
      return finding('otherwise', { readBack, reason: `The survivor ${survivorId} cannot be read.` });
    return finding('as-intended', {
      readBack: [...readBack, { object, record: survivor }],
      result: { recordId: survivorId, after: survivor.fields },
    });
  }
  const odd = loserIds.filter((_, at) => places[at] !== 'merged');
  return finding('otherwise', {
    readBack,
    reason: `${odd.join(', ')} was deleted or merged into another record meanwhile.`,
  });
}

async function examineTie(write: TieWrite, writer: CrmWriter, signal: AbortSignal): Promise<Finding> {
  const { link, holder } = write;
  if (link.kind === 'association') {
    const links = await writer.links(holder.object, holder.recordId, signal);
    return finding(links.some((one) => linkName(one) === linkName(link)) ? 'as-intended' : 'as-before');
  }
  const child = await readOne(writer, link, signal);
  if (child === undefined || child.deleted) {
    return finding('otherwise', { reason: `${link.object} ${link.recordId} was deleted meanwhile.` });
  }
  const readBack = [{ object: link.object, record: child }];
  const held = child.fields[link.field];
  if (held === holder.recordId) return finding('as-intended', { readBack });
  if (meansTheSame(held, write.from)) return finding('as-before', { readBack });
  return finding('otherwise', {
    readBack,
    reason: `${link.object} ${link.recordId} names another record in ${link.field}.`,
  });
}

async function examineUntie({ link }: UntieWrite, writer: CrmWriter, signal: AbortSignal): Promise<Finding> {
  if (link.kind === 'association') {
    const links = await writer.links(link.fromObject, link.fromId, signal);
    return finding(links.some((one) => linkName(one) === linkName(link)) ? 'as-before' : 'as-intended');
  }
  const child = await readOne(writer, link, signal);
  const readBack = child === undefined ? [] : [{ object: link.object, record: child }];
  return finding(child?.fields[link.field] === undefined ? 'as-intended' : 'as-before', { readBack });
}

/** How far the clock of a CRM may be from ours. */
const clockDifferenceMs = 120_000;

/**
 * Looks for the record that a `create` without an answer may have made: one that was created since it was sent and holds
 * everything that was sent. Ask only after the time in which the CRM may be late to show it.
 */
async function examineCreate(write: CreateWrite, writer: CrmWriter, options: ExamineOptions): Promise<Finding> {
  const since = options.sentAtMs - clockDifferenceMs;
  const records = await writer.createdSince(write.object, since, options.signal);
  const made = records.find(
    (record) =>
      !record.deleted &&
      !options.otherIds.has(record.recordId) &&
      unmetFields(write.fields, record.fields).length === 0,
  );
  if (made === undefined) return finding('as-before');
  return finding('as-intended', {
    readBack: [{ object: write.object, record: made }],
    result: { recordId: made.recordId, after: made.fields },
  });
}

/** Finds out from the CRM whether a write happened. */
export async function examineWrite(write: Write, writer: CrmWriter, options: ExamineOptions): Promise<Finding> {
  const { signal } = options;
  switch (write.kind) {
    case 'update':
      return await examineUpdate(write, writer, signal);
    case 'merge':
      return await examineMerge(write, writer, signal);
    case 'undelete': {
      const record = await readOne(writer, write, signal);
      if (record === undefined) return finding('otherwise', { reason: `${write.recordId} left the recycle bin.` });
      const readBack = [{ object: write.object, record }];
      const result = { recordId: record.recordId, after: record.fields };
      return finding(record.deleted ? 'as-before' : 'as-intended', { readBack, result });
    }
    case 'create':
      return await examineCreate(write, writer, options);
    case 'tie':
      return await examineTie(write, writer, signal);
    case 'untie':
      return await examineUntie(write, writer, signal);
  }
}

/** Reads back what a write left, after the CRM said that it was carried out. */
export async function readBackWrite(
  write: Write,
  writer: CrmWriter,
  options: ExamineOptions & { readonly createdId: string | null },
): Promise<Finding> {
  if (write.kind !== 'create') return await examineWrite(write, writer, options);
  const record = await readOne(writer, { object: write.object, recordId: options.createdId ?? '' }, options.signal);
  if (record === undefined) {
    return finding('otherwise', { reason: `The new record ${options.createdId} cannot be read.` });
  }
  return finding('as-intended', {
    readBack: [{ object: write.object, record }],
    result: { recordId: record.recordId, after: record.fields },
  });
}

/** Asks the CRM to carry out a write; gives the id of a record that was made. */
export async function sendWrite(
  write: Write,
  writer: CrmWriter,
  options: { readonly putsBack: boolean; readonly signal: AbortSignal },
): Promise<string | null> {
  const { signal, putsBack } = options;
  switch (write.kind) {
    case 'update':
      await writer.update(write.object, write.recordId, write.fields, signal, { putsBack });
      return null;
    case 'merge': {
      const { masterId, loserIds, fields } = write;
      await writer.merge(write.object, { masterId, loserIds, fields }, signal);
      return null;
    }
    case 'undelete':
      await writer.undelete(write.object, write.recordId, signal);
      return null;
    case 'create':
      return await writer.create(write.object, write.fields, write.links, signal);
    case 'tie':
      await writer.setLink(write.link, write.holder, signal, { putsBack });
      return null;
    case 'untie':
      await writer.removeLink(write.link, signal);
      return null;
  }
}

/** Name of a link for people. */
export const describeLink = (link: RecordLink): string =>
  link.kind === 'reference'
    ? `${link.object} ${link.recordId} (${link.field})`
    : `${link.toObject} ${link.toId}${link.label === null ? '' : ` (${link.label})`}`;
