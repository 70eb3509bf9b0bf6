import type { RecordRefFields } from '@kempt/contracts';
import type { AssociationType, CrmWriter, FreshRecord, RecordLink, WritableField } from '../crm/crm-writer.ts';
import type { AccountWriters } from './account-writers.ts';
import { mainRecord, type Operation, recordsOf } from './operation.ts';
import type { PlannedRow } from './operation-store.ts';
import { type OperationFacts, planOperation } from './plan-operation.ts';

const idsPerRead = 100;

/** Reads what operations touch. */
export interface FactReader {
  /** Everything that is needed to plan these operations, which may be of several accounts. */
  read(tenantId: string, operations: readonly Operation[], signal: AbortSignal): Promise<readonly OperationFacts[]>;
  /** What may be written to an object. */
  writable(tenantId: string, place: RecordRefFields, signal: AbortSignal): Promise<ReadonlyMap<string, WritableField>>;
}

/** Reads records by ids, as many at a time as a CRM likes; by the id that each was asked for by. */
export async function readByIds(
  writer: CrmWriter,
  place: { readonly object: string; readonly ids: Iterable<string> },
  signal: AbortSignal,
): Promise<Map<string, FreshRecord>> {
  const found = new Map<string, FreshRecord>();
  const ids = [...new Set(place.ids)];
  for (let from = 0; from < ids.length; from += idsPerRead) {
    const records = await writer.read(place.object, ids.slice(from, from + idsPerRead), signal);
    for (const record of records) found.set(record.requestedId, record);
  }
  return found;
}

export function createFactReader(writers: AccountWriters): FactReader {
  return {
    async writable(tenantId, { account, object }, signal) {
      const { writer } = await writers.of(tenantId, account);
      return await writer.writableFields(object, signal);
    },

    async read(tenantId, operations, signal) {
      const wanted = new Map<string, { ref: RecordRefFields; ids: Set<string> }>();
      for (const ref of operations.flatMap(recordsOf)) {
        const key = `${ref.account}:${ref.object}`;
        const entry = wanted.get(key) ?? { ref, ids: new Set<string>() };
        entry.ids.add(ref.recordId);
        wanted.set(key, entry);
      }
      const records = new Map<string, Map<string, FreshRecord>>();
      const writable = new Map<string, ReadonlyMap<string, WritableField>>();
      for (const [key, { ref, ids }] of wanted) {
        const { writer } = await writers.of(tenantId, ref.account);
        writable.set(key, await writer.writableFields(ref.object, signal));
        records.set(key, await readByIds(writer, { object: ref.object, ids }, signal));
      }
      const facts: OperationFacts[] = [];
      for (const operation of operations) {
        const main = mainRecord(operation);
        const key = `${main.account}:${main.object}`;
        const { writer } = await writers.of(tenantId, main.account);
        facts.push({
          records: records.get(key) ?? new Map(),
          links: await linksOf(operation, writer, signal),
          writable: writable.get(key) ?? new Map(),
          associationTypes: await associationTypesOf(operation, writer, signal),
          undo: writer.undo,
        });
      }
      return facts;
    },
  };
}

async function linksOf(
  operation: Operation,
  writer: CrmWriter,
  signal: AbortSignal,
): Promise<Map<string, readonly RecordLink[]>> {
  const links = new Map<string, readonly RecordLink[]>();
  const linked =
    operation.kind === 'merge'
      ? recordsOf(operation)
      : operation.kind === 'associate' || operation.kind === 'dissociate'
        ? [operation.from]
        : [];
  for (const { object, recordId } of linked) links.set(recordId, await writer.links(object, recordId, signal));
  return links;
}

async function associationTypesOf(
  operation: Operation,
  writer: CrmWriter,
  signal: AbortSignal,
): Promise<readonly AssociationType[]> {
  if (operation.kind !== 'associate' && operation.kind !== 'dissociate') return [];
  return await writer.associationTypes(operation.from.object, operation.to.object, signal);
}

/** Plans operations from fresh readings of everything that they touch. */
export async function planOperations(
  facts: FactReader,
  given: {
    readonly tenantId: string;
    readonly operations: readonly { readonly index: number; readonly request: Operation }[];
  },
  signal: AbortSignal,
): Promise<PlannedRow[]> {
  const { tenantId, operations } = given;
  const read = await facts.read(
    tenantId,
    operations.map(({ request }) => request),
    signal,
  );
  return operations.map((operation, at) => planOperation(operation, read[at] as OperationFacts));
}
