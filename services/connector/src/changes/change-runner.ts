import type { RecordRefFields } from '@kempt/contracts';
import type { Database, Transaction } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import { CrmError } from '../crm/crm-error.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import type { Safety } from '../safety/safety.ts';
import { SafetyError } from '../safety/safety.ts';
import { putEnvironment } from '../safety/safety-store.ts';
import { type AccountWriters, NoConnectionError } from './account-writers.ts';
import { applyOperation, type OperationContext, type OperationEnd } from './apply-operation.ts';
import { type ChangeLease, holdChangeLease, releaseChangeLease, retireChangeLease } from './change-lease-store.ts';
import { appliedState, type ChangeSet } from './change-set.ts';
import type { ChangeSetStates } from './change-set-states.ts';
import { findChangeSet, lockChangeSet } from './change-set-store.ts';
import type { ReadBack } from './examine-write.ts';
import type { Phase } from './journal.ts';
import { hasSteps } from './journal-store.ts';
import { createJournaledWrites } from './journaled-writes.ts';
import type { MirrorReadBack } from './mirror-read-back.ts';
import {
  mainRecord,
  type OperationResult,
  type OperationStatus,
  recordsOf,
  type StoredOperation,
} from './operation.ts';
import {
  countOperations,
  endOpenOperations,
  findNextOperation,
  listInputsHashes,
  listOperations,
  patchOperation,
  putPlans,
} from './operation-store.ts';
import { changeSincePlan, ownSurvivors } from './plan-operation.ts';
import { createFactReader, planOperations, readByIds } from './planner.ts';
import { aliasesOf, livingId } from './record-alias-store.ts';
import { releaseRecords, takeRecords } from './record-lock-store.ts';
import { undoOperation } from './undo-operation.ts';
import { createRunningHash } from './value-hash.ts';

/** Another change set is writing to one of the records; it will be done with them soon. */
export class RecordsBusyError extends Error {
  readonly code = 'records-busy';
  readonly retriable = true;

  constructor(ref: string) {
    super(`${ref} is being written to by another change set; this one waits for it.`);
    this.name = 'RecordsBusyError';
  }
}

/** Does what a change set has to do in the background. */
export interface ChangeRunner {
  /**
   * Plans, applies or undoes, from where it stands to its end, and retires the lease. Rejects with what makes it
   * impossible to go on at the moment; called again, it goes on.
   */
  run(lease: ChangeLease, guard: LeaseGuard, signal: AbortSignal): Promise<void>;
}

export interface LeaseGuard {
  /** Throws when the lease may be lost by the time that a write arrives. */
  assertFresh(): void;
}

export interface ChangeRunnerOptions {
  readonly database: Database;
  readonly states: ChangeSetStates;
  readonly writers: AccountWriters;
  readonly safety: Safety;
  readonly mirror: MirrorReadBack;
  readonly metrics: ConnectorMetrics;
  readonly logger: Logger;
  readonly crmTimeoutMs: number;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Errors of a CRM that trying again later does not mend. */
const finalKinds: ReadonlySet<string> = new Set([
  'permission',
  'validation',
  'not-found',
  'conflict',
  'not-supported',
  'auth',
]);

/** Why something cannot go on, now or later; null when later may be better. */
const reasonToEnd = (error: unknown): string | null =>
  error instanceof SafetyError ||
  error instanceof NoConnectionError ||
  (error instanceof CrmError && finalKinds.has(error.kind))
    ? error.message
    : null;

/** Operations that are read and planned together. */
const planChunk = 100;
const open: readonly OperationStatus[] = ['planned', 'applying'];

export function createChangeRunner(options: ChangeRunnerOptions): ChangeRunner {
  const { database, states, writers, safety, metrics } = options;
  const facts = createFactReader(writers);

  /** One run of one change set. */
  interface Run {
    readonly lease: ChangeLease;
    readonly guard: LeaseGuard;
    readonly signal: AbortSignal;
    readonly changeSet: ChangeSet;
  }

  const save = <T>({ lease }: Pick<Run, 'lease'>, work: (tx: Transaction) => Promise<T>): Promise<T> =>
    database.transaction(lease.tenantId, async (tx) => {
      await holdChangeLease(tx, lease);
      return await work(tx);
    });

  async function plan(run: Run): Promise<void> {
    const { lease, changeSet, signal } = run;
    const { tenantId, changeSetId } = lease;
    for (const account of changeSet.accounts) {
      const { writer } = await writers.of(tenantId, account);
      const environment = await writer.environment(signal);
      await save(run, (tx) => putEnvironment(tx, account, environment));
    }
    for (let from = 0; ; from += planChunk) {
      signal.throwIfAborted();
      const operations = await save(run, (tx) => listOperations(tx, changeSetId, { from, limit: planChunk }));
      if (operations.length === 0) break;
      const rows = await planOperations(facts, { tenantId, operations }, signal);
      await save(run, (tx) => putPlans(tx, changeSetId, rows));
    }
    await save(run, async (tx) => {
      const current = await lockChangeSet(tx, changeSetId);
      // Somebody changed or cancelled it meanwhile: the plan is of what is not there any more.
      if (current?.task === 'plan' && current.operationsHash === changeSet.operationsHash) {
        const hash = createRunningHash();
        hash.add(changeSet.operationsHash);
        for (const inputs of await listInputsHashes(tx, changeSetId)) hash.add(inputs);
        await states.enter(tx, changeSetId, { state: 'planned', task: null, planHash: hash.digest() });
      }
      const isAskedAgain = current?.task === 'plan' && current.operationsHash !== changeSet.operationsHash;
      if (isAskedAgain) await releaseChangeLease(tx, lease, { dueInMs: 0, isFailure: false });
      else await retireChangeLease(tx, lease);
    });
  }

  async function endPlanning(run: Run, reason: string): Promise<void> {
    await save(run, async (tx) => {
      const current = await lockChangeSet(tx, run.lease.changeSetId);
      if (current?.task === 'plan') {
        await states.enter(tx, current.id, { state: 'draft', task: null, planHash: null, reason });
      }
      await retireChangeLease(tx, run.lease);
    });
  }

  /** Takes every record that will be written to, so that no other change set writes to it meanwhile. */
  async function claimRecords(run: Run): Promise<void> {
    const { changeSetId } = run.lease;
    const busy = await save(run, async (tx) => {
      const records: RecordRefFields[] = [];
      for (let from = 0; ; from += 1_000) {
        const operations = await listOperations(tx, changeSetId, { from, limit: 1_000 });
        if (operations.length === 0) break;
        for (const { request, result } of operations) {
          records.push(...recordsOf(request));
          if (result !== null) records.push({ ...mainRecord(request), recordId: result.recordId });
        }
      }
      return await takeRecords(tx, changeSetId, records);
    });
    if (busy !== undefined) throw new RecordsBusyError(busy);
  }

  async function context(run: Run, operation: StoredOperation, phase: Phase): Promise<OperationContext> {
    const account = await writers.of(run.lease.tenantId, mainRecord(operation.request).account);
    const writes = createJournaledWrites({
      database,
      lease: run.lease,
      assertLeaseFresh: run.guard.assertFresh,
      safety,
      account,
      operation: operation.index,
      phase,
      planHash: run.changeSet.planHash ?? '',
      mirror: options.mirror,
      metrics,
      crmTimeoutMs: options.crmTimeoutMs,
      now: options.now,
      wait: options.wait,
      signal: run.signal,
    });
    return {
      account,
      writes,
      now: options.now,
      signal: run.signal,
      async livesAs(object, recordId) {
        const ref = { account: account.connection.account, object, recordId };
        return (await save(run, (tx) => livingId(tx, ref))) ?? recordId;
      },
    };
  }

  /** Why an operation cannot go on as planned; null when it can, or when it has begun. */
  async function staleness(run: Run, operation: StoredOperation): Promise<string | null> {
    const { lease, signal } = run;
    const place = { changeSetId: lease.changeSetId, phase: 'apply' as const, operation: operation.index };
    const before = await save(run, async (tx) => ({
      begun: await hasSteps(tx, place),
      aliases: await aliasesOf(tx, lease.changeSetId),
    }));
    if (before.begun || operation.plan === null) return null;
    const [now] = await facts.read(lease.tenantId, [operation.request], signal);
    if (now === undefined) return null;
    const survivors = ownSurvivors(before.aliases);
    return changeSincePlan(operation.request, operation.plan, { ...now, survivors });
  }

  async function endOperation(
    run: Run,
    operation: StoredOperation,
    end: Omit<OperationEnd, 'status'> & { readonly status: OperationStatus },
  ): Promise<void> {
    const isDone = end.status === 'applied' || end.status === 'undone';
    const linked = isDone ? await readLinked(run, operation, end.result) : [];
    await save(run, async (tx) => {
      await patchOperation(
        tx,
        { changeSetId: run.lease.changeSetId, index: operation.index },
        { status: end.status, reason: end.reason, ...(end.result === null ? {} : { result: end.result }) },
      );
      for (const { connection, readBack } of linked) await options.mirror.save(tx, connection, readBack);
    });
    metrics.changeSetOperations.inc({ outcome: end.status });
  }

  /** Records that an operation tied to others or set free: the mirror learns of them with the outcome. */
  async function readLinked(run: Run, { request, plan }: StoredOperation, result: OperationResult | null) {
    if (request.kind === 'update' || request.kind === 'undelete' || plan === null) return [];
    const main = mainRecord(request);
    const { connection, writer } = await writers.of(run.lease.tenantId, main.account);
    const wanted = new Map<string, Set<string>>();
    const want = (object: string, id: string): void => {
      if (connection.objects.includes(object)) wanted.set(object, (wanted.get(object) ?? new Set()).add(id));
    };
    for (const ref of recordsOf(request)) want(ref.object, ref.recordId);
    for (const id of [result?.recordId, ...Object.values(result?.recreated ?? {})]) {
      if (id !== undefined) want(main.object, id);
    }
    for (const link of Object.values(plan.links).flat()) {
      if (link.kind === 'reference') want(link.object, link.recordId);
      else want(link.toObject, link.toId);
    }
    const readBack: ReadBack[] = [];
    for (const [object, ids] of wanted) {
      const records = await readByIds(writer, { object, ids }, run.signal);
      for (const record of records.values()) readBack.push({ object, record });
    }
    return [{ connection, readBack }];
  }

  async function apply(run: Run): Promise<void> {
    const { changeSetId } = run.lease;
    await claimRecords(run);
    let stopped = '';
    while (stopped === '') {
      run.signal.throwIfAborted();
      const operation = await save(run, async (tx) => {
        const next = await findNextOperation(tx, changeSetId, { statuses: open, order: 'first', writtenOnly: false });
        if (next?.status === 'planned')
          await patchOperation(tx, { changeSetId, index: next.index }, { status: 'applying' });
        return next;
      });
      if (operation === undefined) break;
      try {
        const stale = await staleness(run, operation);
        if (stale !== null) {
          await endOperation(run, operation, { status: 'refused', reason: stale, result: null });
          continue;
        }
        await endOperation(run, operation, await applyOperation(operation, await context(run, operation, 'apply')));
      } catch (error) {
        const reason = reasonToEnd(error);
        if (reason === null) throw error;
        const now = await save(run, (tx) => listOperations(tx, changeSetId, { from: operation.index, limit: 1 }));
        const status = now[0]?.written === true ? 'failed' : 'refused';
        await endOperation(run, operation, { status, reason, result: null });
        // What forbids one write forbids those after it; what one record's CRM refuses, others may not meet.
        if (!(error instanceof CrmError)) stopped = reason;
      }
    }
    await save(run, async (tx) => {
      if (stopped !== '') {
        const count = await endOpenOperations(tx, changeSetId, { from: open, status: 'refused', reason: stopped });
        metrics.changeSetOperations.inc({ outcome: 'refused' }, count);
      }
      const counts = (await countOperations(tx, [changeSetId])).get(changeSetId);
      const state = appliedState({
        operations: run.changeSet.operations,
        applied: counts?.applied ?? 0,
        written: counts?.written ?? 0,
      });
      const reason = stopped !== '' ? stopped : state === 'applied' ? '' : await firstReason(tx, changeSetId);
      await finish(tx, run, { state, reason });
    });
  }

  async function firstReason(tx: Transaction, changeSetId: string): Promise<string> {
    const wanted = { order: 'first', writtenOnly: false } as const;
    const failed = await findNextOperation(tx, changeSetId, {
      ...wanted,
      statuses: ['failed', 'refused', 'undo-failed'],
    });
    return failed?.reason ?? '';
  }

  async function finish(
    tx: Transaction,
    run: Run,
    end: { readonly state: ChangeSet['state']; readonly reason: string },
  ): Promise<void> {
    await lockChangeSet(tx, run.lease.changeSetId);
    await releaseRecords(tx, run.lease.changeSetId);
    await states.enter(tx, run.lease.changeSetId, { ...end, task: null });
    await retireChangeLease(tx, run.lease);
  }

  async function undo(run: Run): Promise<void> {
    const { changeSetId } = run.lease;
    await claimRecords(run);
    let stopped = '';
    let beyond: number | undefined;
    while (stopped === '') {
      run.signal.throwIfAborted();
      const operation = await save(run, (tx) =>
        findNextOperation(tx, changeSetId, {
          statuses: ['applied', 'failed', 'undo-failed'],
          order: 'last',
          writtenOnly: true,
          beyond,
        }),
      );
      if (operation === undefined) break;
      beyond = operation.index;
      try {
        await endOperation(run, operation, await undoOperation(operation, await context(run, operation, 'undo')));
      } catch (error) {
        const reason = reasonToEnd(error);
        if (reason === null) throw error;
        if (error instanceof CrmError) {
          await endOperation(run, operation, { status: 'undo-failed', reason, result: null });
        } else stopped = reason;
      }
    }
    await save(run, async (tx) => {
      const wanted = { statuses: ['applied', 'failed', 'undo-failed'], order: 'first', writtenOnly: true } as const;
      const left = await findNextOperation(tx, changeSetId, wanted);
      const reason = stopped !== '' ? stopped : (left?.reason ?? '');
      await finish(tx, run, { state: left === undefined ? 'undone' : 'partly-undone', reason });
    });
  }

  return {
    async run(lease, guard, signal) {
      const changeSet = await database.transaction(lease.tenantId, async (tx) => {
        await holdChangeLease(tx, lease);
        const found = await findChangeSet(tx, lease.changeSetId);
        if (found?.task == null) await retireChangeLease(tx, lease);
        return found;
      });
      if (changeSet === undefined || changeSet.task === null) return;
      const run: Run = { lease, guard, signal, changeSet };
      options.logger.info({ changeSetId: changeSet.id, task: changeSet.task }, 'change set goes on');
      if (changeSet.task === 'plan') {
        await plan(run).catch(async (error: unknown) => {
          const reason = reasonToEnd(error);
          if (reason === null) throw error;
          await endPlanning(run, reason);
        });
      } else if (changeSet.task === 'apply') await apply(run);
      else await undo(run);
    },
  };
}
