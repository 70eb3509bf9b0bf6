import type { Database } from '@kempt/postgres';
import { createRepeatedWork, type RepeatedWork } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { chooseFairly, type FairLimits } from './fair-choice.ts';
import { claim, listDue } from './lease-store.ts';
import type { SyncRunner } from './sync-runner.ts';
import type { SyncLease } from './sync-target.ts';

/** Begins runs when they are due, fairly between accounts, and ends them when the service stops. */
export type SyncScheduler = RepeatedWork;

export interface SyncSchedulerOptions {
  readonly database: Database;
  readonly runner: SyncRunner;
  readonly limits: FairLimits;
  /** Names this instance among others. */
  readonly holder: string;
  readonly leaseMs: number;
  /** How often the schedule is looked at, for what other instances put there. */
  readonly pollMs: number;
  readonly logger: Logger;
}

const candidates = 500;
const longestPauseMs = 10_000;

export function createSyncScheduler(options: SyncSchedulerOptions): SyncScheduler {
  const { database, logger } = options;
  const running = new Map<SyncLease, Promise<void>>();
  const stopping = new AbortController();
  /** Whether more was due at the last look than might begin. */
  let isCrowded = false;

  function begin(lease: SyncLease): void {
    const run = options.runner.execute(lease, stopping.signal).finally(() => {
      running.delete(lease);
      // Otherwise the end of a run makes room for nobody, and the next look is soon enough.
      if (isCrowded) looks.wake();
    });
    running.set(lease, run);
  }

  async function beginDue(): Promise<void> {
    if (running.size >= options.limits.total) {
      isCrowded = true;
      return;
    }
    const leases = await database.systemTransaction(async (tx) => {
      const due = await listDue(tx, candidates);
      const chosen = chooseFairly(due, [...running.keys()], options.limits);
      isCrowded = due.length > chosen.length;
      const claimed: SyncLease[] = [];
      for (const target of chosen) {
        const lease = await claim(tx, target, { holder: options.holder, leaseMs: options.leaseMs });
        if (lease !== undefined) claimed.push(lease);
      }
      return claimed;
    });
    for (const lease of leases) begin(lease);
  }

  const looks = createRepeatedWork({
    name: 'sync-scheduler',
    intervalMs: options.pollMs,
    longestPauseMs,
    turn: beginDue,
    onFailure: (error, failures) => {
      if (failures === 1) logger.warn({ err: error }, 'schedule cannot be read; trying again');
    },
  });

  return {
    ...looks,
    async stop() {
      stopping.abort(new Error('the service stops'));
      await looks.stop();
      await Promise.all(running.values());
    },
  };
}
