import type { AssociationLink } from '../crm/crm-writer.ts';
import type { Fields } from '../schema/field-value.ts';
import type { AccountWriter } from './account-writers.ts';
import { missingChanges } from './field-comparison.ts';
import type { WriteResult } from './journal.ts';
import type { JournaledWrites, WriteEnd } from './journaled-writes.ts';
import {
  type MergeOperation,
  mainRecord,
  type OperationPlan,
  type OperationResult,
  type StoredOperation,
} from './operation.ts';
import { linkName } from './plan-operation.ts';

/** How an operation ended. */
export interface OperationEnd {
  readonly status: 'applied' | 'failed';
  readonly reason: string;
  readonly result: OperationResult | null;
}

/** What carrying out an operation needs. */
export interface OperationContext {
  readonly account: AccountWriter;
  readonly writes: JournaledWrites;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** The id under which a record of the account lives by now, as far as change sets made it another. */
  livesAs(object: string, recordId: string): Promise<string>;
}

/** Carries out an operation as planned. Called again after a crash, it goes on where it stood. */
export async function applyOperation(stored: StoredOperation, context: OperationContext): Promise<OperationEnd> {
  const { request, plan } = stored;
  if (plan === null) throw new Error(`The operation ${stored.index} has no plan.`);
  const before = plan.before[0]?.fields ?? {};
  const recordId = mainRecord(request).recordId;
  const unwritten: WriteResult = { recordId, after: before };
  switch (request.kind) {
    case 'update': {
      if (Object.keys(plan.writes).length === 0) return applied(unwritten, context);
      const end = await context.writes.run('update', {
        kind: 'update',
        object: request.record.object,
        recordId,
        fields: plan.writes,
        before: valuesBefore(plan, before),
      });
      return ended(end, unwritten, context);
    }
    case 'merge':
      return await applyMerge(request, plan, context);
    case 'undelete': {
      if (plan.before[0]?.deleted === false) return applied(unwritten, context);
      const { object } = request.record;
      return ended(await context.writes.run('undelete', { kind: 'undelete', object, recordId }), unwritten, context);
    }
    case 'associate':
    case 'dissociate': {
      const link = plan.links[recordId]?.[0] as AssociationLink;
      if (plan.calls <= 2) return applied(unwritten, context);
      const end = await context.writes.run(
        request.kind,
        request.kind === 'associate'
          ? { kind: 'tie', link, holder: { object: link.fromObject, recordId }, from: null }
          : { kind: 'untie', link },
      );
      return ended(end, unwritten, context);
    }
  }
}

/** The planned fields as they were. */
const valuesBefore = (plan: OperationPlan, before: Fields) =>
  Object.fromEntries(Object.keys(plan.writes).map((name) => [name, before[name] ?? null]));

/** Losers that are merged in one call. */
const losersPerCall = (context: OperationContext): number => (context.account.writer.undo.merge === 'new-id' ? 1 : 2);

async function applyMerge(
  operation: MergeOperation,
  plan: OperationPlan,
  context: OperationContext,
): Promise<OperationEnd> {
  const { object } = operation.master;
  const losers = operation.losers.map(({ recordId }) => recordId);
  const perCall = losersPerCall(context);
  let survivor: WriteResult = { recordId: operation.master.recordId, after: plan.before[0]?.fields ?? {} };
  for (let from = 0; from < losers.length; from += perCall) {
    const isLast = from + perCall >= losers.length;
    const end = await context.writes.run(`merge-${from}`, {
      kind: 'merge',
      object,
      masterId: survivor.recordId,
      loserIds: losers.slice(from, from + perCall),
      fields: isLast ? plan.writes : {},
    });
    if (end.outcome === 'failed' || end.result === null) return ended(end, survivor, context);
    survivor = end.result;
  }
  // A merge that went through may have left fields as the CRM likes them: what was agreed to is written then.
  const missing = missingChanges(operation.fields, survivor.after);
  if (Object.keys(missing).length === 0) return await withLinks(applied(survivor, context), object, context);
  const end = await context.writes.run('fields', {
    kind: 'update',
    object,
    recordId: survivor.recordId,
    fields: missing,
    before: Object.fromEntries(Object.keys(missing).map((name) => [name, survivor.after[name] ?? null])),
  });
  return await withLinks(ended(end, survivor, context), object, context);
}

/** Notes what the survivor is tied to, so that an undo can tell what others untied afterwards. */
async function withLinks(end: OperationEnd, object: string, context: OperationContext): Promise<OperationEnd> {
  const { writer } = context.account;
  if (writer.undo.merge !== 'new-id' || end.result === null) return end;
  const links = await writer.links(object, end.result.recordId, context.signal);
  return { ...end, result: { ...end.result, links: links.map(linkName) } };
}

const resultOf = (result: WriteResult, context: OperationContext): OperationResult => ({
  ...result,
  appliedAt: new Date(context.now()).toISOString(),
});

const applied = (result: WriteResult, context: OperationContext): OperationEnd => ({
  status: 'applied',
  reason: '',
  result: resultOf(result, context),
});

const ended = (end: WriteEnd, fallback: WriteResult, context: OperationContext): OperationEnd =>
  end.outcome === 'done'
    ? applied(end.result ?? fallback, context)
    : { status: 'failed', reason: end.reason, result: resultOf(end.result ?? fallback, context) };
