import type { Database } from '@kempt/postgres';
import { createRepeatedWork, type RepeatedWork } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import {
  claimWatch,
  enrolWatch,
  listWatches,
  releaseWatch,
  renewWatch,
  type Watch,
  type WatchEnd,
  type WatchKind,
  WatchLostError,
} from './watch-store.ts';

/** How one kind of look is had. */
export interface WatchWork {
  /**
   * Has a look. Saves what it found in transactions that begin with `holdWatch`. What it rejects with is logged, and the
   * look is had again after `retryMs`.
   */
  look(watch: Watch, signal: AbortSignal): Promise<WatchEnd>;
  readonly retryMs: number;
  /** How many accounts this instance looks at together. */
  readonly concurrency: number;
}

export type WatchSchedule = RepeatedWork;

export interface WatchScheduleOptions {
  readonly database: Database;
  /** Kinds that are absent are not looked at. */
  readonly work: Readonly<Partial<Record<WatchKind, WatchWork>>>;
  /** Names this instance among others. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly logger: Logger;
}

const longestPauseMs = 10_000;

/** Begins looks when they are due, each account's in one instance, and ends them when the service stops. */
export function createWatchSchedule(options: WatchScheduleOptions): WatchSchedule {
  const { database, logger, leaseMs } = options;
  const kinds = Object.keys(options.work) as WatchKind[];
  const running = new Map<Watch, Promise<void>>();
  const stopping = new AbortController();

  /** Renews the watch while the look goes on; aborts the look when the watch is lost. */
  function keep(watch: Watch): { readonly signal: AbortSignal; stop(): void } {
    const lost = new AbortController();
    const timer = setInterval(() => {
      database
        .systemTransaction((tx) => renewWatch(tx, watch, leaseMs))
        .then((kept) => {
          if (!kept) lost.abort(new WatchLostError(watch));
        })
        // While Postgres is away nothing can be saved either; whoever saves later checks the epoch.
        .catch(() => undefined);
    }, leaseMs / 3);
    timer.unref();
    return { signal: lost.signal, stop: () => clearInterval(timer) };
  }

  async function look(watch: Watch, work: WatchWork): Promise<void> {
    const kept = keep(watch);
    const signal = AbortSignal.any([stopping.signal, kept.signal]);
    let end: WatchEnd = { dueInMs: 0, served: false };
    try {
      end = await work.look(watch, signal);
    } catch (error) {
      if (error instanceof WatchLostError || kept.signal.aborted) return;
      if (!stopping.signal.aborted) {
        const { tenantId, account, kind } = watch;
        logger.warn({ tenantId, account, kind, err: error }, 'look at an account failed; trying again');
        end = { dueInMs: work.retryMs, served: false };
      }
    } finally {
      kept.stop();
    }
    await database
      .systemTransaction((tx) => releaseWatch(tx, watch, end))
      .catch((error: unknown) => logger.warn({ err: error }, 'watch not given back; it expires by itself'));
  }

  function begin(watch: Watch, work: WatchWork): void {
    const run = look(watch, work).finally(() => {
      running.delete(watch);
      looks.wake();
    });
    running.set(watch, run);
  }

  async function beginDue(): Promise<void> {
    const { due, changes } = await database.systemTransaction((tx) => listWatches(tx, kinds), { readOnly: true });
    if (changes.length > 0) {
      await database.systemTransaction(async (tx) => {
        for (const { wanted, ...target } of changes) await enrolWatch(tx, target, wanted);
      });
      looks.wake();
    }
    for (const kind of kinds) {
      const work = options.work[kind] as WatchWork;
      const atWork = [...running.keys()].filter((watch) => watch.kind === kind).length;
      const targets = due.filter((target) => target.kind === kind).slice(0, Math.max(0, work.concurrency - atWork));
      for (const target of targets) {
        const watch = await database.systemTransaction((tx) => claimWatch(tx, target, options));
        if (watch !== undefined) begin(watch, work);
      }
    }
  }

  const looks = createRepeatedWork({
    name: 'watch-schedule',
    intervalMs: options.pollMs,
    longestPauseMs,
    turn: beginDue,
    onFailure: (error, failures) => {
      if (failures === 1) logger.warn({ err: error }, 'watches cannot be read; trying again');
    },
  });

  return {
    ...looks,
    async start() {
      if (kinds.length > 0) await looks.start();
    },
    async stop() {
      stopping.abort(new Error('the service stops'));
      await looks.stop();
      await Promise.all(running.values());
    },
  };
}
