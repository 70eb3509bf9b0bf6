import type { RecordRefFields } from '@kempt/contracts';
import type { Database, Transaction } from '@kempt/postgres';
import { ProblemError } from '@kempt/service-runtime';
import { v7 as uuidv7 } from 'uuid';
import type { WritableField } from '../crm/crm-writer.ts';
import type { Safety } from '../safety/safety.ts';
import { type AccountWriters, NoConnectionError } from './account-writers.ts';
import { enqueue } from './change-lease-store.ts';
import { allowedFrom, type ChangeSet, type ChangeSetState, type ChangeSetStep } from './change-set.ts';
import type { ChangeSetStates, DraftContent } from './change-set-states.ts';
import { lockChangeSet, patchChangeSet } from './change-set-store.ts';
import { knownRecords } from './known-record-store.ts';
import { mainRecord, type Operation, recordsOf } from './operation.ts';
import { checkOperation, shapeProblems } from './operation-check.ts';
import type { OperationProblem } from './operation-request.ts';
import { countOperations } from './operation-store.ts';
import { readByIds } from './planner.ts';

/** What people do with change sets. Every step throws ProblemError when it is not allowed as things stand. */
export interface ChangeSets {
  /** Checks operations against the CRM and stores them as a draft. */
  create(tenantId: string, draft: DraftContent, signal: AbortSignal): Promise<ChangeSet>;
  /** Puts other operations in the place of those of a draft or planned change set. */
  edit(place: ChangeSetPlace, operations: readonly Operation[], signal: AbortSignal): Promise<ChangeSet>;
  plan(place: ChangeSetPlace): Promise<ChangeSet>;
  approve(place: ChangeSetPlace, planHash: string): Promise<ChangeSet>;
  apply(place: ChangeSetPlace, planHash: string): Promise<ChangeSet>;
  undo(place: ChangeSetPlace): Promise<ChangeSet>;
  cancel(place: ChangeSetPlace): Promise<ChangeSet>;
}

export interface ChangeSetPlace {
  readonly tenantId: string;
  readonly id: string;
  /** Who does it, such as `user:api-key:42`. */
  readonly by: string;
}

export interface ChangeSetsOptions {
  readonly database: Database;
  readonly states: ChangeSetStates;
  readonly writers: AccountWriters;
  readonly safety: Safety;
  readonly now: () => number;
  /** Called when something became due. */
  readonly onDue: () => void;
}

const mostProblems = 50;
export const mostOperations = 10_000;

export function createChangeSets(options: ChangeSetsOptions): ChangeSets {
  const { database, states, writers, safety } = options;

  /** The operations with their values in the kinds of their fields; throws a problem that names all that is wrong. */
  async function checked(
    tenantId: string,
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<Operation[]> {
    if (operations.length > mostOperations) {
      throw refusal([
        { pointer: '', detail: `There are ${operations.length} operations; a change set takes ${mostOperations}.` },
      ]);
    }
    const problems = shapeProblems(operations);
    const fields = new Map<string, ReadonlyMap<string, WritableField>>();
    const typed: Operation[] = [];
    for (const [index, operation] of operations.entries()) {
      const main = mainRecord(operation);
      const key = `${main.account}:${main.object}`;
      const writable = fields.get(key) ?? (await writableFields(tenantId, main, { index, problems, signal }));
      fields.set(key, writable);
      const { operation: one, problems: wrong } = checkOperation(operation, writable);
      typed.push(one);
      if (writable.size === 0) continue;
      for (const { field, detail } of wrong) problems.push({ pointer: `/${index}/fields/${field}`, detail });
    }
    if (problems.length === 0) problems.push(...(await unknownRecords(tenantId, operations, signal)));
    if (problems.length > 0) throw refusal(problems);
    return typed;
  }

  async function writableFields(
    tenantId: string,
    place: RecordRefFields,
    context: { readonly index: number; readonly problems: OperationProblem[]; readonly signal: AbortSignal },
  ): Promise<ReadonlyMap<string, WritableField>> {
    try {
      const { writer } = await writers.of(tenantId, place.account);
      return await writer.writableFields(place.object, context.signal);
    } catch (error) {
      const { kind, message } = error as { kind?: unknown; message?: unknown };
      if (!(error instanceof NoConnectionError) && kind !== 'not-found' && kind !== 'validation') throw error;
      context.problems.push({ pointer: `/${context.index}`, detail: String(message) });
      return new Map();
    }
  }

  /** Records that neither the mirror nor the CRM knows. */
  async function unknownRecords(
    tenantId: string,
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<OperationProblem[]> {
    const wanted = operations.flatMap((operation, index) => recordsOf(operation).map((ref) => ({ index, ref })));
    const known = await database.transaction(
      tenantId,
      (tx) =>
        knownRecords(
          tx,
          wanted.map(({ ref }) => ref),
        ),
      { readOnly: true },
    );
    const missing = wanted.filter(({ ref }) => !known.has(`${ref.account}:${ref.object}:${ref.recordId}`));
    const problems: OperationProblem[] = [];
    for (const group of Map.groupBy(missing, ({ ref }) => `${ref.account}:${ref.object}`).values()) {
      const place = group[0]?.ref;
      if (place === undefined) continue;
      const { writer } = await writers.of(tenantId, place.account);
      const found = await readByIds(
        writer,
        { object: place.object, ids: group.map(({ ref }) => ref.recordId) },
        signal,
      );
      for (const { index, ref } of group) {
        if (found.has(ref.recordId)) continue;
        problems.push({
          pointer: `/${index}`,
          detail: `${ref.account}:${ref.object}:${ref.recordId} does not exist, or the connection may not see it.`,
        });
      }
    }
    return problems;
  }

  /** Takes a step on a change set whose state admits it, in a transaction that holds its row. */
  async function step(
    place: ChangeSetPlace,
    name: ChangeSetStep,
    work: (tx: Transaction, changeSet: ChangeSet) => Promise<ChangeSet>,
  ): Promise<ChangeSet> {
    return await database.transaction(place.tenantId, async (tx) => {
      const changeSet = await lockChangeSet(tx, place.id);
      if (changeSet === undefined) {
        throw new ProblemError({
          status: 404,
          code: 'not-found',
          detail: `The change set ${place.id} does not exist.`,
        });
      }
      const admitted: readonly ChangeSetState[] = allowedFrom[name];
      if (!admitted.includes(changeSet.state)) {
        throw new ProblemError({
          status: 409,
          code: 'wrong-state',
          detail: `The change set is ${changeSet.state}; ${name} needs one that is ${admitted.join(' or ')}.`,
        });
      }
      return await work(tx, changeSet);
    });
  }

  async function assertWritable(tx: Transaction, changeSet: ChangeSet): Promise<void> {
    const [first] = await safety.blocks(tx, changeSet.accounts);
    if (first !== undefined) throw new ProblemError({ status: 409, code: first.code, detail: first.detail });
  }

  function assertPlan(changeSet: ChangeSet, planHash: string): void {
    if (changeSet.task === 'plan') {
      throw new ProblemError({
        status: 409,
        code: 'planning',
        detail: 'The change set is being planned. Wait for it.',
      });
    }
    if (changeSet.planHash === null || changeSet.planHash !== planHash) {
      throw new ProblemError({
        status: 409,
        code: 'other-plan',
        detail: 'The plan has another hash: it was made again since. Read it, then use the hash that it has now.',
        errors: [{ pointer: '/body/planHash', detail: 'is not the hash of the plan.' }],
      });
    }
  }

  async function due(changeSet: Promise<ChangeSet>): Promise<ChangeSet> {
    const changed = await changeSet;
    options.onDue();
    return changed;
  }

  return {
    async create(tenantId, draft, signal) {
      const operations = await checked(tenantId, draft.operations, signal);
      return await database.transaction(tenantId, async (tx) => {
        const created = await states.create(tx, { ...draft, operations, id: uuidv7() });
        if (created === undefined) throw new Error('A new change set has the id of another.');
        return created;
      });
    },

    async edit(place, operations, signal) {
      const typed = await checked(place.tenantId, operations, signal);
      return await step(place, 'edit', (tx) => states.replace(tx, place.id, typed));
    },

    plan: (place) =>
      due(
        step(place, 'plan', async (tx, changeSet) => {
          await enqueue(tx, place.id);
          // A plan that is made again takes the agreement to the old one with it, at once.
          if (changeSet.state === 'draft') return await patchChangeSet(tx, place.id, { task: 'plan', reason: '' });
          return await states.enter(tx, place.id, {
            state: 'draft',
            task: 'plan',
            planHash: null,
            approvedBy: null,
            reason: '',
          });
        }),
      ),

    approve: (place, planHash) =>
      step(place, 'approve', async (tx, changeSet) => {
        assertPlan(changeSet, planHash);
        await assertWritable(tx, changeSet);
        const counts = (await countOperations(tx, [place.id])).get(place.id);
        if ((counts?.planned ?? 0) === 0) {
          throw new ProblemError({
            status: 409,
            code: 'nothing-to-apply',
            detail: 'Every operation was refused when it was planned. Read why, change them and plan again.',
          });
        }
        return await states.enter(tx, place.id, { state: 'approved', approvedBy: place.by });
      }),

    apply: (place, planHash) =>
      due(
        step(place, 'apply', async (tx, changeSet) => {
          assertPlan(changeSet, planHash);
          await assertWritable(tx, changeSet);
          await enqueue(tx, place.id);
          return await states.enter(tx, place.id, {
            state: 'applying',
            task: 'apply',
            appliedBy: place.by,
            reason: '',
          });
        }),
      ),

    undo: (place) =>
      due(
        step(place, 'undo', async (tx, changeSet) => {
          await assertWritable(tx, changeSet);
          await enqueue(tx, place.id);
          return await states.enter(tx, place.id, { state: 'undoing', task: 'undo', undoneBy: place.by, reason: '' });
        }),
      ),

    cancel: (place) =>
      step(place, 'cancel', (tx) =>
        states.enter(tx, place.id, { state: 'cancelled', task: null, cancelledBy: place.by, approvedBy: null }),
      ),
  };
}

function refusal(problems: readonly OperationProblem[]): ProblemError {
  const shown = problems.slice(0, mostProblems);
  const more = problems.length > shown.length ? ` And ${problems.length - shown.length} more.` : '';
  return new ProblemError({
    status: 422,
    code: 'invalid-operations',
    title: 'Operations that cannot be carried out',
    detail: `${shown
      .slice(0, 5)
      .map(({ detail }) => detail)
      .join(' ')}${more}`,
    errors: shown.map(({ pointer, detail }) => ({ pointer: `/body/operations${pointer}`, detail })),
  });
}
