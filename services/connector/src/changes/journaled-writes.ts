import type { Database, Transaction } from '@kempt/postgres';
import { PolicyError } from '@kempt/resilience';
import { CrmError } from '../crm/crm-error.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import { type Safety, SafetyError } from '../safety/safety.ts';
import type { AccountWriter } from './account-writers.ts';
import { type ChangeLease, holdChangeLease } from './change-lease-store.ts';
import { findChangeSet } from './change-set-store.ts';
import { examineWrite, type Finding, type ReadBack, readBackWrite, sendWrite } from './examine-write.ts';
import type { JournalEntry, Phase, Write, WriteResult } from './journal.ts';
import { closeStep, findOpenSteps, findStep, openStep, repeatStep } from './journal-store.ts';
import type { MirrorReadBack } from './mirror-read-back.ts';
import { patchOperation } from './operation-store.ts';
import { dropAlias, knownSuccessors, putAlias } from './record-alias-store.ts';

/** What a write came to. A write that failed may have reached the CRM all the same. */
export type WriteEnd =
  | { readonly outcome: 'done'; readonly result: WriteResult | null }
  | { readonly outcome: 'failed'; readonly reason: string; readonly result: WriteResult | null };

/**
 * Carries out the writes of one operation, each at most once, whatever happens in between: the intent is committed
 * before the CRM is asked, and what was read back is committed with the outcome. A write whose intent is open is first
 * looked for in the CRM.
 */
export interface JournaledWrites {
  /**
   * Carries out a write, or gives what came of it when it was carried out before. Rejects with SafetyError when it may
   * not be written at the moment, and with the error of the CRM when trying again later may help.
   */
  run(step: string, write: Write): Promise<WriteEnd>;
  /** Whether a write was carried out already. */
  isDone(step: string): Promise<boolean>;
  /** Finds out what became of a write that was under way when somebody died, and ends it. */
  settleOpen(): Promise<void>;
}

export interface JournaledWritesOptions {
  readonly database: Database;
  readonly lease: ChangeLease;
  /** Throws when the lease may be lost by the time that a write arrives. */
  readonly assertLeaseFresh: () => void;
  readonly safety: Safety;
  readonly account: AccountWriter;
  readonly operation: number;
  readonly phase: Phase;
  /** The plan that was approved; nothing is written for another. */
  readonly planHash: string;
  readonly mirror: MirrorReadBack;
  readonly metrics: ConnectorMetrics;
  /** Longest time that a call to a CRM takes. */
  readonly crmTimeoutMs: number;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** How often one write is sent before it counts as refused. */
const mostAttempts = 5;
const transientKinds: ReadonlySet<string> = new Set(['rate', 'quota', 'unavailable', 'malformed', 'auth', 'locked']);

/** Whether an error says that the write was not carried out, and that a later try may fare better. */
const isTransient = (error: unknown): boolean =>
  error instanceof PolicyError || (error instanceof CrmError && transientKinds.has(error.kind));

const isUncertain = (error: unknown): boolean =>
  (error instanceof CrmError && (error.kind === 'unknown-outcome' || error.mayBeDone)) ||
  (error instanceof PolicyError && error.code === 'timeout');

export function createJournaledWrites(options: JournaledWritesOptions): JournaledWrites {
  const { database, lease, safety, phase, signal, metrics } = options;
  const { connection, writer } = options.account;
  const { account, system } = connection;
  const { changeSetId } = lease;
  const place = { changeSetId, phase, operation: options.operation };

  /** A transaction that only the holder of the lease can commit. */
  const save = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
    database.transaction(lease.tenantId, async (tx) => {
      await holdChangeLease(tx, lease);
      return await work(tx);
    });

  /** The last look before a write: the switches, and that this very plan was approved. */
  async function assertAllowed(tx: Transaction): Promise<void> {
    await safety.assertWritable(tx, [account]);
    const changeSet = await findChangeSet(tx, changeSetId);
    const isRunning = changeSet?.state === (phase === 'apply' ? 'applying' : 'undoing');
    if (!isRunning || changeSet.planHash !== options.planHash || changeSet.approvedBy === null) {
      throw new SafetyError({
        code: 'not-approved',
        detail: `The change set ${changeSetId} is not approved for writing.`,
      });
    }
  }

  async function aliasAfter(tx: Transaction, write: Write, result: WriteResult | null): Promise<void> {
    if (write.kind === 'merge' && result !== null) {
      for (const recordId of [write.masterId, ...write.loserIds]) {
        if (recordId === result.recordId) continue;
        await putAlias(tx, changeSetId, {
          account,
          object: write.object,
          recordId,
          livesOnAs: result.recordId,
          reason: 'merged',
        });
      }
    } else if (write.kind === 'create' && result !== null) {
      await putAlias(tx, changeSetId, {
        account,
        object: write.object,
        recordId: write.insteadOf,
        livesOnAs: result.recordId,
        reason: 'recreated',
      });
    } else if (write.kind === 'undelete') {
      await dropAlias(tx, { account, object: write.object, recordId: write.recordId });
    }
  }

  async function end(
    entry: JournalEntry,
    finding: Finding,
    how: { outcome: 'done' | 'failed'; reason: string; written: boolean },
  ): Promise<WriteEnd> {
    const { outcome, reason, written } = how;
    await save(async (tx) => {
      await closeStep(tx, entry, { outcome, reason, result: finding.result, readBack: sealed(finding.readBack) });
      if (written) await patchOperation(tx, { changeSetId, index: options.operation }, { written: true });
      if (outcome === 'done') await aliasAfter(tx, entry.intent, finding.result);
      if (finding.readBack.length > 0) await options.mirror.save(tx, connection, finding.readBack);
    });
    metrics.crmWrites.inc({ system, operation: entry.intent.kind, outcome });
    return { outcome, reason, result: finding.result };
  }

  const nothing: Finding = { state: 'otherwise', reason: '', result: null, readBack: [] };

  async function examine(entry: JournalEntry): Promise<Finding> {
    const write = entry.intent;
    const sentAtMs = entry.intendedAt.getTime();
    let otherIds: ReadonlySet<string> = new Set();
    if (write.kind === 'create') {
      // The request may still be on its way, and the CRM may be late to show what it made.
      const shownAtMs =
        (entry.attemptedAt ?? entry.intendedAt).getTime() + options.crmTimeoutMs + writer.undo.indexLagMs;
      await options.wait(Math.max(0, shownAtMs - options.now()), signal);
      otherIds = await save((tx) => knownSuccessors(tx, { account, object: write.object }));
    }
    return await examineWrite(write, writer, { sentAtMs, otherIds, signal });
  }

  /** Sends a write whose intent is committed, and settles what came of it. */
  async function send(entry: JournalEntry): Promise<WriteEnd> {
    const write = entry.intent;
    const sentAtMs = entry.intendedAt.getTime();
    options.assertLeaseFresh();
    let createdId: string | null;
    try {
      createdId = await sendWrite(write, writer, { putsBack: phase === 'undo', signal });
    } catch (error) {
      if (signal.aborted) throw error;
      if (isUncertain(error) || write.kind === 'merge') return await settle(entry, error);
      if (isTransient(error) && entry.attempts < mostAttempts) throw error;
      if (!(error instanceof CrmError || error instanceof PolicyError)) throw error;
      return await end(entry, nothing, { outcome: 'failed', reason: error.message, written: false });
    }
    // Whatever goes wrong from here on leaves the intent open: who comes next finds out what became of it.
    const finding = await readBackWrite(write, writer, { sentAtMs, otherIds: new Set(), createdId, signal });
    if (finding.state === 'as-intended')
      return await end(entry, finding, { outcome: 'done', reason: '', written: true });
    const reason =
      finding.state === 'as-before'
        ? 'The CRM took the write, but shows nothing of it.'
        : `The CRM took the write, but ${finding.reason}`;
    return await end(entry, finding, { outcome: 'failed', reason, written: true });
  }

  /** Finds out from the CRM what became of a write, and sends it again when nothing did. */
  async function settle(entry: JournalEntry, error: unknown): Promise<WriteEnd> {
    const finding = await examine(entry);
    if (finding.state === 'as-intended')
      return await end(entry, finding, { outcome: 'done', reason: '', written: true });
    if (finding.state === 'otherwise') {
      return await end(entry, finding, { outcome: 'failed', reason: finding.reason, written: true });
    }
    const isRefused = error instanceof CrmError && !isUncertain(error) && !isTransient(error);
    if (isRefused || entry.attempts >= mostAttempts) {
      const reason =
        error instanceof Error ? error.message : `The CRM did not carry it out in ${entry.attempts} attempts.`;
      return await end(entry, finding, { outcome: 'failed', reason, written: false });
    }
    if (isTransient(error) && !isUncertain(error)) throw error;
    let again: JournalEntry;
    try {
      again = await save(async (tx) => {
        await assertAllowed(tx);
        return await repeatStep(tx, entry);
      });
    } catch (refusal) {
      if (refusal instanceof SafetyError)
        await end(entry, finding, { outcome: 'failed', reason: refusal.message, written: false });
      throw refusal;
    }
    return await send(again);
  }

  return {
    async settleOpen() {
      const open = await save((tx) => findOpenSteps(tx, place));
      for (const entry of open) await settle(entry, null);
    },

    isDone: async (step) => (await save((tx) => findStep(tx, { ...place, step })))?.outcome === 'done',

    async run(step, write) {
      signal.throwIfAborted();
      const known = await save((tx) => findStep(tx, { ...place, step }));
      if (known?.outcome === 'done') return { outcome: 'done', result: known.result };
      if (known !== undefined && known.outcome === null) return await settle(known, null);
      const entry = await save(async (tx) => {
        await assertAllowed(tx);
        return await openStep(tx, { ...place, step }, write);
      });
      return await send(entry);
    },
  };
}

/** What the journal's hash seals of records that were read back. */
const sealed = (readBack: readonly ReadBack[]): unknown =>
  readBack.map(({ object, record }) => ({
    object,
    recordId: record.recordId,
    modifiedAtMs: record.modifiedAtMs,
    deleted: record.deleted,
    mergedInto: record.mergedInto,
    fields: record.fields,
  }));
