import type { Database } from '@kempt/postgres';
import { createRepeatedWork, type RepeatedWork } from '@kempt/service-runtime';
import { extractTrace, type Logger, withLogFields, withSpan } from '@kempt/telemetry';
import { CrmError } from '../crm/crm-error.ts';
import { reasonOf } from '../errors.ts';
import {
  type ChangeLease,
  ChangeLeaseLostError,
  claimChangeSet,
  leaseFailures,
  listDueChangeSets,
  releaseChangeLease,
  renewChangeLease,
} from './change-lease-store.ts';
import { type ChangeRunner, RecordsBusyError } from './change-runner.ts';
import { RecordTakenError } from './record-lock-store.ts';

/** Works on change sets that have something to do, several at a time, each under a lease. */
export type ChangeWorker = RepeatedWork;

export interface ChangeWorkerOptions {
  readonly database: Database;
  readonly runner: ChangeRunner;
  /** Change sets that one instance works on at the same time. */
  readonly concurrency: number;
  /** Names this instance among others. */
  readonly holder: string;
  readonly leaseMs: number;
  /** How often work is looked for that other instances were asked for. */
  readonly pollMs: number;
  /** First and longest pause after the CRM could not go on. */
  readonly pauses: { readonly firstMs: number; readonly longestMs: number; readonly quotaMs: number };
  readonly logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

const busyPauseMs = 250;
/** Share of a lease after which, without a renewal, nothing is written any more. */
const freshShare = 0.7;

export function createChangeWorker(options: ChangeWorkerOptions): ChangeWorker {
  const { database, logger, leaseMs } = options;
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();

  /** Renews the lease while the work goes on, and says whether it is still good enough to write under. */
  function keepLease(lease: ChangeLease, claimedAt: number) {
    const lost = new AbortController();
    let renewedAt = claimedAt;
    const timer = setInterval(() => {
      const askedAt = options.clock();
      database
        .systemTransaction((tx) => renewChangeLease(tx, lease, leaseMs))
        .then((kept) => {
          if (kept) renewedAt = askedAt;
          else lost.abort(new ChangeLeaseLostError(lease));
        })
        // While Postgres is away no intent can be committed, so nothing is written either.
        .catch(() => undefined);
    }, leaseMs / 4);
    timer.unref();
    return {
      signal: lost.signal,
      guard: {
        assertFresh() {
          if (options.clock() - renewedAt > leaseMs * freshShare) throw new ChangeLeaseLostError(lease);
        },
      },
      stop: () => clearInterval(timer),
    };
  }

  async function pauseAfter(lease: ChangeLease, error: unknown): Promise<number> {
    if (error instanceof RecordsBusyError || error instanceof RecordTakenError) return busyPauseMs;
    const { firstMs, longestMs, quotaMs } = options.pauses;
    if (error instanceof CrmError && error.kind === 'quota') return Math.max(quotaMs, error.retryAfterMs ?? 0);
    const failures = await database.systemTransaction((tx) => leaseFailures(tx, lease), { readOnly: true });
    const asked = (error as { retryAfterMs?: number } | null)?.retryAfterMs ?? 0;
    return Math.max(asked, Math.min(longestMs, firstMs * 2 ** Math.min(16, failures)));
  }

  async function putOff(lease: ChangeLease, error: unknown): Promise<void> {
    const { reasonCode, reason } = reasonOf(error);
    const details = { changeSetId: lease.changeSetId, reasonCode, reason };
    const isBusy = error instanceof RecordsBusyError || error instanceof RecordTakenError;
    if (reasonCode === 'internal')
      logger.error({ ...details, err: error }, 'change set cannot go on; tried again later');
    else if (!isBusy) logger.warn(details, 'change set cannot go on; tried again later');
    try {
      const dueInMs = await pauseAfter(lease, error);
      await database.systemTransaction((tx) => releaseChangeLease(tx, lease, { dueInMs, isFailure: !isBusy }));
    } catch (second) {
      logger.warn({ err: second, changeSetId: lease.changeSetId }, 'lease not given back; it expires by itself');
    }
  }

  async function execute(lease: ChangeLease, claimedAt: number): Promise<void> {
    const kept = keepLease(lease, claimedAt);
    try {
      await options.runner.run(lease, kept.guard, AbortSignal.any([stopping.signal, kept.signal]));
    } catch (error) {
      if (error instanceof ChangeLeaseLostError || kept.signal.aborted) {
        logger.info({ changeSetId: lease.changeSetId }, 'lease lost; another instance goes on');
      } else if (stopping.signal.aborted) {
        await database
          .systemTransaction((tx) => releaseChangeLease(tx, lease, { dueInMs: 0, isFailure: false }))
          .catch(() => undefined);
      } else await putOff(lease, error);
    } finally {
      kept.stop();
    }
  }

  /** What is done for a request, even after it was answered, belongs to its trace. */
  function executeTraced(lease: ChangeLease, claimedAt: number): Promise<void> {
    const parent = extractTrace({ traceparent: lease.traceparent });
    return withLogFields({ tenant: lease.tenantId }, () =>
      withSpan({ name: 'work on change set', parent }, { 'kempt.tenant': lease.tenantId }, () =>
        execute(lease, claimedAt),
      ),
    );
  }

  async function beginDue(): Promise<void> {
    const free = options.concurrency - running.size;
    if (free <= 0) return;
    const due = await database.systemTransaction((tx) => listDueChangeSets(tx, free), { readOnly: true });
    for (const target of due) {
      const claimedAt = options.clock();
      const lease = await database.systemTransaction((tx) =>
        claimChangeSet(tx, target, { holder: options.holder, leaseMs }),
      );
      if (lease === undefined) continue;
      const work = executeTraced(lease, claimedAt).finally(() => {
        running.delete(work);
        looks.wake();
      });
      running.add(work);
    }
  }

  const looks = createRepeatedWork({
    name: 'change-worker',
    intervalMs: options.pollMs,
    longestPauseMs: options.pauses.longestMs,
    turn: beginDue,
    onFailure: (error, failures) => {
      if (failures === 1) logger.warn({ err: error }, 'change sets cannot be looked for; trying again');
    },
  });

  return {
    ...looks,
    async stop() {
      stopping.abort(new Error('the service stops'));
      await looks.stop();
      await Promise.all(running);
    },
  };
}
