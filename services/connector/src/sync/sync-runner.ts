import type { WireFormat } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import { type Database, findDatabaseError } from '@kempt/postgres';
import { type Logger, withLogFields, withSpan } from '@kempt/telemetry';
import { v7 as uuidv7 } from 'uuid';
import type { Connection } from '../connections/connection.ts';
import type { ConnectionStatuses } from '../connections/connection-status.ts';
import { findByAccount } from '../connections/connection-store.ts';
import { reasonOf } from '../errors.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import { noteFailure, takeRunNumber } from './cursor-store.ts';
import { blockAccount, holdLease, makeDue, postpone, release, renew } from './lease-store.ts';
import type { ObjectSync } from './object-sync.ts';
import type { OpenReaders } from './open-readers.ts';
import { type FailureResponse, type FailureTimes, respondToFailure } from './sync-failure.ts';
import { syncRunEvent } from './sync-run-events.ts';
import { failRun, trimRuns } from './sync-run-store.ts';
import { LeaseLostError, type SyncLease } from './sync-target.ts';

/** Runs a lease to its end and gives it back, whatever happens. */
export interface SyncRunner {
  /** Never rejects. The signal ends the run; what was saved stays, and the object is due again at once. */
  execute(lease: SyncLease, signal: AbortSignal): Promise<void>;
}

export interface SyncRunnerOptions {
  readonly database: Database;
  readonly objectSync: ObjectSync;
  readonly readers: OpenReaders;
  readonly statuses: ConnectionStatuses;
  readonly wireFormat: WireFormat;
  readonly metrics: ConnectorMetrics;
  readonly logger: Logger;
  readonly times: FailureTimes;
  readonly leaseMs: number;
  readonly now: () => number;
}

const runsKept = 200;
/** Pause after a failure of our own database, during which it is not asked for more. */
const databasePauseMs = 2_000;

export function createSyncRunner(options: SyncRunnerOptions): SyncRunner {
  const { database, metrics, logger, times } = options;

  /** Renews the lease while the run goes on; aborts the run when the lease is lost. */
  function keepLease(lease: SyncLease): { readonly signal: AbortSignal; stop(): void } {
    const lost = new AbortController();
    const timer = setInterval(() => {
      database
        .systemTransaction((tx) => renew(tx, lease, options.leaseMs))
        .then((kept) => {
          if (!kept) lost.abort(new LeaseLostError(lease));
        })
        // While Postgres is away nothing can be saved either; whoever saves later checks the lease.
        .catch(() => undefined);
    }, options.leaseMs / 3);
    timer.unref();
    return { signal: lost.signal, stop: () => clearInterval(timer) };
  }

  async function giveBack(lease: SyncLease, dueInMs: number): Promise<void> {
    try {
      await database.systemTransaction((tx) => release(tx, lease, dueInMs));
    } catch (error) {
      logger.warn({ err: error, object: lease.object }, 'lease not given back; it expires by itself');
    }
  }

  /** Keeps the failure where people and programs see it, in one transaction. Rejects when even that fails. */
  async function noteInDatabase(lease: SyncLease, error: unknown): Promise<FailureResponse> {
    const reason = reasonOf(error);
    return await database.transaction(lease.tenantId, async (tx) => {
      await holdLease(tx, lease);
      const { failures, kind } = await noteFailure(tx, lease);
      const response = respondToFailure(error, failures, times);
      const run = await failRun(tx, lease, { id: uuidv7(), kind, ...reason });
      await trimRuns(tx, lease, runsKept);
      const number = await takeRunNumber(tx, lease);
      const finished = { target: lease, run, outcome: 'failed' as const, reason: reason.reason, ...number };
      const lane = run.kind === 'backfill' ? 'bulk' : 'live';
      await appendToOutbox(tx, [syncRunEvent(finished, options)], { lane });
      if (response.isConnectionFailing) await options.statuses.noteFailing(tx, lease.account, reason);
      if (response.block !== null) await blockAccount(tx, lease.account, response.block);
      return response;
    });
  }

  async function fail(lease: SyncLease, error: unknown): Promise<void> {
    const { tenantId, account, object } = lease;
    const databaseError = findDatabaseError(error);
    const { reasonCode, reason } = reasonOf(databaseError ?? error);
    const details = { tenantId, account, object, reasonCode, reason };
    if (reasonCode === 'internal') logger.error({ ...details, err: error }, 'sync run failed');
    else logger.warn(details, 'sync run failed');
    try {
      const response = await noteInDatabase(lease, databaseError ?? error);
      await giveBack(lease, response.retryMs);
      const connection = await database.transaction(tenantId, (tx) => findByAccount(tx, account));
      if (response.isSchemaDoubtful && connection !== undefined) options.readers.forget(connection, object);
      if (connection !== undefined) countRun(connection, object, 'failed');
      if (response.accountPauseMs > 0) {
        await database.transaction(tenantId, (tx) => postpone(tx, account, response.accountPauseMs));
      }
    } catch (second) {
      if (second instanceof LeaseLostError) return lost(lease);
      logger.error({ ...details, err: second }, 'failed sync run could not be noted; the object is tried again');
      await giveBack(lease, databasePauseMs);
    }
  }

  function countRun(connection: Connection, object: string, outcome: 'failed' | 'interrupted'): void {
    const kind = connection.status === 'backfilling' ? 'backfill' : 'incremental';
    metrics.syncRuns.inc({ system: connection.system, object, kind, outcome });
  }

  function lost(lease: SyncLease): void {
    metrics.leasesLost.inc();
    logger.info({ account: lease.account, object: lease.object }, 'lease lost; what was read last is dropped');
  }

  return {
    execute: (lease, stop) =>
      withLogFields({ tenant: lease.tenantId }, () =>
        withSpan(`sync ${lease.object}`, { 'kempt.tenant': lease.tenantId }, () => execute(lease, stop)),
      ),
  };

  async function execute(lease: SyncLease, stop: AbortSignal): Promise<void> {
    const kept = keepLease(lease);
    try {
      const connection = await options.objectSync.run(lease, AbortSignal.any([stop, kept.signal]));
      if (connection?.status === 'failing') {
        // The others were put off when the connection began to fail.
        await database.transaction(lease.tenantId, (tx) => makeDue(tx, lease.account));
      }
    } catch (error) {
      if (error instanceof LeaseLostError || kept.signal.aborted) lost(lease);
      else if (stop.aborted) await giveBack(lease, 0);
      else await fail(lease, error);
    } finally {
      kept.stop();
    }
  }
}
