import { type KeyRule, type Matcher, type NormalRecord, type RecordShelf, weightOf } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import type { DecidingModel } from '../models/deciding-model.ts';
import { packHashes, unpackHashes } from './block-page.ts';
import { saveRecordKeys } from './block-page-store.ts';
import { createCandidates, createPairs, type Pairs } from './candidate-pairs.ts';
import type { ChangeLock } from './change-lock.ts';
import type { EntityKind } from './entity-kind.ts';
import { type CrossedKey, type KeyTable, openKeyTable } from './key-table.ts';
import type { KindLoan } from './kind-memory.ts';
import { deleteEdges, deletePairs, type Edge, edgesAmong, insertEdges } from './match-graph-store.ts';
import { type KeyedRecord, loadCandidates, loadKeyedRecords, loadNumberedRecords } from './match-record-store.ts';
import { inputRecord } from './record-scorer.ts';
import type { RecordShelves } from './record-shelves.ts';

/** What became of the edges around records that changed. */
export interface ScoredChange {
  readonly candidates: number;
  readonly removed: readonly Edge[];
  readonly added: readonly Edge[];
}

interface ScoreChangeOptions {
  readonly deciding: DecidingModel;
  readonly records: readonly KeyedRecord[];
  readonly table: KeyTable;
  /** What is remembered of the kind, for who took its lock to change records. */
  readonly loan: KindLoan | undefined;
  /** Something else to write, which the server does while records are prepared for comparison. */
  readonly alongside?: () => Promise<void>;
}

interface Change {
  readonly record: KeyedRecord;
  readonly recordNo: number;
  readonly hashes: readonly number[];
}

/**
 * Brings keys and edges of changed records up to date: afterwards there is an edge between two records exactly when the keys that
 * they share, those aside that are too common, make them candidates and their weight reaches the review floor, however the keys
 * came to be as common as they are. So a batch over the same records finds the same edges.
 */
export async function scoreChange(
  tx: Transaction,
  kind: EntityKind,
  options: ScoreChangeOptions & { readonly shelves: RecordShelves },
): Promise<ScoredChange> {
  const { shelf, giveBack } = options.shelves.borrow(tx.tenantId as string, options.deciding.matcher);
  try {
    return await scoreOnShelf(tx, kind, { ...options, shelf });
  } finally {
    giveBack();
  }
}

async function scoreOnShelf(
  tx: Transaction,
  kind: EntityKind,
  options: ScoreChangeOptions & { readonly shelf: RecordShelf },
): Promise<ScoredChange> {
  const { shelf, table, loan } = options;
  const { matcher, model } = options.deciding;
  const blockSizeMax = model.blocking.largestBlock;
  const alongside = underway(options.alongside?.());
  if (options.records.length === 0) {
    await alongside;
    return { candidates: 0, removed: [], added: [] };
  }
  await turn();
  const changes = options.records.flatMap((record) => changeOf(record, { matcher, shelf, table, loan }));
  await table.load(changes.flatMap(({ record, hashes }) => [...unpackHashes(record.keys), ...hashes]));
  const crossed = await table.change(
    changes.map(({ record, recordNo, hashes }) => ({
      record: recordNo,
      before: unpackHashes(record.keys),
      after: hashes,
    })),
    blockSizeMax,
  );

  const rule = matcher.keyRule;
  const pairs = createPairs();
  for (const { recordNo, hashes } of changes) {
    const candidates = createCandidates(rule);
    for (const hash of hashes) {
      const block = table.records(hash);
      if (block.length <= blockSizeMax) candidates.share(hash, block);
    }
    for (const other of candidates.all()) if (other !== recordNo) pairs.add(recordNo, other);
  }
  const changedNumbers = new Set(changes.map(({ recordNo }) => recordNo));
  const crossing: Crossing = { table, crossed, rule, changedNumbers, blockSizeMax };
  await addFounded(tx, kind, crossing, pairs);

  const living = new Set(changes.flatMap(({ record, recordNo }) => (record.fields === null ? [] : [recordNo])));
  await fillShelf(tx, kind, { matcher, shelf, loan, living, numbers: pairs.numbers() });
  // What does not depend on the scores is written while they are made.
  const refs = options.records.map(({ ref }) => ref);
  const removing = underway(deleteEdges(tx, refs));
  const saving = [
    underway(table.save()),
    underway(
      saveRecordKeys(
        tx,
        changes
          .map(({ record, recordNo, hashes }) => ({ record, ref: record.ref, recordNo, packed: packHashes(hashes) }))
          .filter(
            ({ record, packed }) => record.recordNo === null || record.keys === null || !record.keys.equals(packed),
          ),
      ),
    ),
  ];
  const added = await scorePairs(pairs.all(), { shelf, living, floor: weightOf(model.reviewFloor) });
  const removed = await removing;
  await Promise.all(saving);
  removed.push(...(await dropUnfounded(tx, kind, crossing)));
  await insertEdges(tx, kind, added);
  await alongside;
  return { candidates: pairs.size(), removed, added };
}

/**
 * Gives records the keys of another model, without looking at their pairs: whoever calls it resolves every record of the kind
 * afterwards. The caller holds the lock of the kind.
 */
export async function replaceKeys(
  tx: Transaction,
  kind: EntityKind,
  { matcher, refs, lock }: { readonly matcher: Matcher; readonly refs: readonly string[]; readonly lock: ChangeLock },
): Promise<void> {
  const table = await openKeyTable(tx, kind, lock);
  const changes = (await loadKeyedRecords(tx, refs)).flatMap((record) => {
    if (record.fields === null) return [];
    const normal = matcher.normalise(inputRecord({ ref: record.ref, fields: record.fields }));
    return [{ record, recordNo: record.recordNo ?? table.number(), hashes: keyHashes(matcher, normal) }];
  });
  await table.change(
    changes.map(({ record, recordNo, hashes }) => ({
      record: recordNo,
      before: unpackHashes(record.keys),
      after: hashes,
    })),
    Number.POSITIVE_INFINITY,
  );
  await table.save();
  await saveRecordKeys(
    tx,
    changes.map(({ record, recordNo, hashes }) => ({ ref: record.ref, recordNo, packed: packHashes(hashes) })),
  );
}

/** Nothing for a record that is gone and never had a number. */
function changeOf(
  record: KeyedRecord,
  {
    matcher,
    shelf,
    table,
    loan,
  }: Pick<ScoreChangeOptions, 'table' | 'loan'> & { readonly matcher: Matcher; readonly shelf: RecordShelf },
): Change[] {
  const { ref, version, fields } = record;
  if (fields === null) {
    if (record.recordNo === null) return [];
    loan?.changeVersion(record.recordNo, 0, () => undefined);
    return [{ record, recordNo: record.recordNo, hashes: [] }];
  }
  const recordNo = record.recordNo ?? table.number();
  const normal = matcher.normalise(inputRecord({ ref, fields }));
  shelf.put(recordNo, version, normal);
  loan?.changeVersion(recordNo, version, () => shelf.drop(recordNo));
  return [{ record, recordNo, hashes: keyHashes(matcher, normal) }];
}

/** Hashes of the blocking keys of a record as the key table holds them, sorted. */
export function keyHashes(matcher: Matcher, normal: NormalRecord): number[] {
  return matcher.blockHashes(normal).toSorted((left, right) => left - right);
}

/** The keys that crossed the largest size of a block, and what is needed to tell which pairs that makes or ends. */
interface Crossing {
  readonly table: KeyTable;
  readonly crossed: readonly CrossedKey[];
  readonly rule: KeyRule;
  readonly changedNumbers: ReadonlySet<number>;
  readonly blockSizeMax: number;
}

/** A key that became rare enough again makes pairs of its records, where a key like it is enough or they share another one. */
async function addFounded(tx: Transaction, kind: EntityKind, options: Crossing, pairs: Pairs): Promise<void> {
  const { table, rule, changedNumbers, blockSizeMax } = options;
  for (const { hash, usable, records } of options.crossed) {
    if (!usable) continue;
    // Pairs of the changed records are known already, and what is stored of their keys is what they had before.
    const others = records.filter((record) => !changedNumbers.has(record));
    const further = rule.isWeak(hash) ? await sharedAmong(tx, kind, others) : undefined;
    if (further !== undefined) await table.load(further.keys());
    const candidatesOf = new Map(others.map((record) => [record, createCandidates(rule)]));
    for (const [key, having] of further ?? [[hash, others] as const]) {
      if (table.records(key).length > blockSizeMax) continue;
      for (const record of having) candidatesOf.get(record)?.share(key, having);
    }
    for (const [record, candidates] of candidatesOf)
      for (const other of candidates.all()) if (other !== record) pairs.add(record, other);
  }
}

/** The keys that at least two of the records have, with these. */
async function sharedAmong(
  tx: Transaction,
  kind: EntityKind,
  numbers: readonly number[],
): Promise<Map<number, number[]>> {
  const having = new Map<number, number[]>();
  for (const { recordNo, keys } of await loadNumberedRecords(tx, kind, numbers)) {
    for (const hash of unpackHashes(keys)) {
      const records = having.get(hash) ?? [];
      records.push(recordNo as number);
      having.set(hash, records);
    }
  }
  for (const [hash, records] of having) if (records.length < 2) having.delete(hash);
  return having;
}

/**
 * A key that became too common founds no pair any more: edges between its records go, unless what these share besides is enough.
 * Edges of the changed records are scored anew anyway.
 */
async function dropUnfounded(tx: Transaction, kind: EntityKind, options: Crossing): Promise<Edge[]> {
  const { table, rule, blockSizeMax } = options;
  const numbers = new Set(options.crossed.filter(({ usable }) => !usable).flatMap(({ records }) => records));
  const records = (await loadNumberedRecords(tx, kind, [...numbers])).filter(
    ({ recordNo }) => recordNo !== null && !options.changedNumbers.has(recordNo),
  );
  const keysOf = new Map(records.map((record) => [record.ref, new Set(unpackHashes(record.keys))]));
  const edges = await edgesAmong(tx, [...keysOf.keys()]);
  const shared = new Map(
    edges.map((edge) => [edge, [...(keysOf.get(edge.left) ?? [])].filter((hash) => keysOf.get(edge.right)?.has(hash))]),
  );
  await table.load([...shared.values()].flat());
  const unfounded = edges.filter(
    (edge) => !rule.suffices((shared.get(edge) ?? []).filter((hash) => table.records(hash).length <= blockSizeMax)),
  );
  await deletePairs(tx, unfounded);
  return unfounded;
}

/** Brings the records of the numbers onto the shelf, those that stand there in another version than is stored, too, and notes which are living. */
async function fillShelf(
  tx: Transaction,
  kind: EntityKind,
  options: {
    readonly matcher: Matcher;
    readonly shelf: RecordShelf;
    readonly loan: KindLoan | undefined;
    readonly living: Set<number>;
    readonly numbers: ReadonlySet<number>;
  },
): Promise<void> {
  const { matcher, shelf, loan, living } = options;
  const numbers: number[] = [];
  for (const number of options.numbers) {
    if (living.has(number)) continue;
    if (loan?.isCurrent(number, shelf.versionOf(number)) === true) living.add(number);
    else numbers.push(number);
  }
  // Asked for in parts: while one is prepared here the server reads the next.
  const parts = Array.from({ length: Math.ceil(numbers.length / partNumbers) }, (_, part) => {
    const wanted = numbers.slice(part * partNumbers, (part + 1) * partNumbers);
    const known = wanted.map((number) => shelf.versionOf(number));
    return underway(loadCandidates(tx, kind, { numbers: wanted, known }));
  });
  for (const part of parts) {
    const candidates = await part;
    await turn();
    for (const { recordNo, ref, version, fields } of candidates) {
      if (fields !== null) shelf.put(recordNo, version, matcher.normalise(inputRecord({ ref, fields })));
      loan?.keepVersion(recordNo, version);
      living.add(recordNo);
    }
  }
}

/** Records that are asked for at once. */
const partNumbers = 400;
/** Pairs that are scored before statements that wait to be sent get their turn. */
const partPairs = 200;

/** Lets a statement that was just begun leave for the server before this thread goes on with something long. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Work that is waited for later: until then its failure is no unhandled one. */
function underway<T>(work: Promise<T>): Promise<T>;
function underway<T>(work: Promise<T> | undefined): Promise<T> | undefined;
function underway<T>(work: Promise<T> | undefined): Promise<T> | undefined {
  work?.catch(() => undefined);
  return work;
}

async function scorePairs(
  pairs: Iterable<readonly [number, number]>,
  options: { readonly shelf: RecordShelf; readonly living: ReadonlySet<number>; readonly floor: number },
): Promise<Edge[]> {
  const { shelf, living, floor } = options;
  const edges: Edge[] = [];
  let scored = 0;
  for (const [first, second] of pairs) {
    if (scored % partPairs === 0) await turn();
    scored += 1;
    if (!living.has(first) || !living.has(second)) continue;
    const found = shelf.match(first, second, floor);
    if (found === null) continue;
    const [a, b] = [shelf.idOf(first), shelf.idOf(second)];
    edges.push(a < b ? { left: a, right: b, ...found } : { left: b, right: a, ...found });
  }
  return edges;
}
