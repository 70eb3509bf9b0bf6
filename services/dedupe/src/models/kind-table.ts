import {
  type InputRecord,
  prepareRecords,
  type RecordTable,
  type Schema,
  settleDateOrders,
} from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import { schemaFor } from '../matching/entity-schema.ts';
import { loadKind, loadVersionsPage, type MatchRecord } from '../matching/match-record-store.ts';
import { recordPages } from '../matching/record-pages.ts';
import { inputRecord } from '../matching/record-scorer.ts';
import type { StandingVerdict } from '../reviews/verdict-graph.ts';
import { anyLinks, countKind } from './kind-record-store.ts';

/** Every living record of a kind at one moment, as training and resolving work on it: the records themselves are not kept. */
export interface KindTable {
  readonly table: RecordTable;
  /** By row the version of the record. */
  readonly versions: Int32Array;
}

/**
 * Reads a kind page by page. Give it one snapshot. How dates are written is seen from the first page. Without a schema it is the one to train
 * a model with.
 */
export async function tabulateKind(
  tx: Transaction,
  kind: EntityKind,
  { schema, signal }: { readonly schema?: Schema; readonly signal: AbortSignal },
): Promise<KindTable> {
  const expected = await countKind(tx, kind);
  const arrived = new Int32Array(expected);
  let read = 0;
  const pages = recordPages((page) => loadKind(tx, kind, page));
  const first = (await pages.next()).value ?? [];
  const batches = async function* (): AsyncGenerator<readonly InputRecord[]> {
    for (let page: readonly MatchRecord[] | undefined = first; page !== undefined; ) {
      for (const { version } of page) {
        arrived[read] = version;
        read += 1;
      }
      yield page.map(inputRecord);
      page = (await pages.next()).value;
    }
  };
  const settled = settleDateOrders(
    schema ?? schemaFor(kind, { linked: await anyLinks(tx, kind) }),
    first.map((record) => inputRecord(record).fields),
  );
  const table = await prepareRecords({ batches: batches() }, settled, { signal, expected });
  return { table, versions: Int32Array.from(table.arrivals, (place) => arrived[place] as number) };
}

/** Records of a kind that came, changed or went since the table was made, sorted. */
export async function changedSince(
  tx: Transaction,
  kind: EntityKind,
  { table: { ids }, versions }: KindTable,
): Promise<string[]> {
  const changed: string[] = [];
  for await (const page of recordPages((page) => loadVersionsPage(tx, kind, page))) {
    for (const { ref, version, deleted } of page) {
      const row = rowOf(ids, ref);
      if (row < 0 ? !deleted : versions[row] !== version) changed.push(ref);
    }
  }
  return changed.toSorted();
}

/** Those records of verdicts that are among the ids. */
export function livingEnds(verdicts: readonly StandingVerdict[], ids: readonly string[]): Set<string> {
  return new Set(verdicts.flatMap(({ left, right }) => [left, right]).filter((ref) => rowOf(ids, ref) >= 0));
}

/** The row of an id; below 0 when there is none. */
export function rowOf(ids: readonly string[], id: string): number {
  let from = 0;
  let to = ids.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((ids[middle] as string) < id) from = middle + 1;
    else to = middle;
  }
  return ids[from] === id ? from : -1;
}
