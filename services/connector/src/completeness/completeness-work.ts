import { setTimeout as sleep } from 'node:timers/promises';
import type { WireFormat } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Database } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import type { Connection } from '../connections/connection.ts';
import { findByAccount } from '../connections/connection-store.ts';
import { reasonOf } from '../errors.ts';
import type { OpenReaders } from '../sync/open-readers.ts';
import type { WatchWork } from '../watches/watch-schedule.ts';
import { holdWatch, type Watch } from '../watches/watch-store.ts';
import { completenessEvent } from './completeness-events.ts';
import { countMirror, putCompleteness } from './completeness-store.ts';
import { completenessRatio, createObjectMeasurement, type ObjectMeasurement } from './measurement.ts';
import type { SyncPasses } from './sync-passes.ts';

export interface CompletenessWorkOptions {
  readonly database: Database;
  readonly readers: Pick<OpenReaders, 'reader'>;
  readonly passes: SyncPasses;
  readonly wireFormat: WireFormat;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** How long counts that differ are left to settle before they are taken again: an index may lag. */
  readonly settleMs: number;
  /** How soon a connection that is still being read for the first time is looked at again. */
  readonly notReadyMs: number;
  readonly now: () => number;
}

/** Looks at counts that differ, the first one included, before the difference is told. */
const looks = 3;
const longestRetryMs = 60_000;
const accountsTogether = 2;
/** Counting the mirror of a large object reads all of it. */
const countTimeoutMs = 300_000;

/**
 * Counts the records of each object in the CRM and in the mirror, and tells both. Counts that differ are taken again after
 * the object was read once more, so that changes under way are not taken for missing records.
 */
export function createCompletenessWork(options: CompletenessWorkOptions): WatchWork {
  const { database, logger } = options;

  const mirrorOf = (watch: Watch, object: string): Promise<number> =>
    database.transaction(watch.tenantId, (tx) => countMirror(tx, { ...watch, object }), {
      readOnly: true,
      statementTimeoutMs: countTimeoutMs,
    });

  async function count(
    connection: Connection,
    watch: Watch,
    counted: { readonly object: string; readonly measurement: ObjectMeasurement },
    signal: AbortSignal,
  ): Promise<void> {
    const { object, measurement } = counted;
    measurement.noteMirror(await mirrorOf(watch, object));
    const reader = await options.readers.reader(connection, object, signal);
    measurement.noteCrm(await reader.count(signal));
    measurement.noteMirror(await mirrorOf(watch, object));
  }

  /** Counts every object until both sides agree, or the difference has lasted. Objects that cannot be counted are missing. */
  async function measure(
    connection: Connection,
    watch: Watch,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ObjectMeasurement>> {
    const { tenantId, account } = watch;
    const measurements = new Map(connection.objects.map((object) => [object, createObjectMeasurement()]));
    let open = [...measurements.keys()];
    for (let look = 1; open.length > 0; look += 1) {
      if (look > 1) {
        await sleep(options.settleMs * (look - 1), undefined, { signal });
        await options.passes.pass({ tenantId, account, objects: open }, signal);
      }
      for (const object of open) {
        const measurement = measurements.get(object) as ObjectMeasurement;
        if (look > 1) {
          // The mirror may have come past what the CRM counted before.
          measurement.noteMirror(await mirrorOf(watch, object));
          if (measurement.isSettled()) continue;
        }
        try {
          await count(connection, watch, { object, measurement }, signal);
        } catch (error) {
          signal.throwIfAborted();
          logger.warn({ tenantId, account, object, ...reasonOf(error) }, 'records cannot be counted');
          measurements.delete(object);
        }
      }
      open = look < looks ? open.filter((object) => measurements.get(object)?.isSettled() === false) : [];
    }
    return measurements;
  }

  return {
    retryMs: Math.min(longestRetryMs, options.intervalMs),
    concurrency: accountsTogether,
    async look(watch, signal) {
      const { tenantId, account, asked } = watch;
      const connection = await database.transaction(tenantId, (tx) => findByAccount(tx, account), { readOnly: true });
      const isReadable = connection !== undefined && !['paused', 'deleted'].includes(connection.status);
      if (!isReadable) return { dueInMs: options.intervalMs, served: false };
      if (connection.status === 'backfilling') return { dueInMs: options.notReadyMs, served: false };
      const measurements = await measure(connection, watch, signal);
      const measuredAt = new Date(options.now());
      await database.transaction(tenantId, async (tx) => {
        await holdWatch(tx, watch);
        for (const runId of asked.length === 0 ? [''] : asked) {
          for (const [object, measurement] of measurements) {
            const counts = measurement.counts();
            const noted = await putCompleteness(tx, {
              account,
              object,
              system: connection.system,
              crmRecords: counts.crm,
              mirrorRecords: counts.mirror,
              measuredAt,
              runId,
            });
            await appendToOutbox(tx, [completenessEvent(tenantId, noted, options)]);
          }
        }
      });
      for (const [object, measurement] of measurements) {
        const counts = measurement.counts();
        if (completenessRatio(counts) < 1)
          logger.warn({ tenantId, account, object, ...counts }, 'mirror is not complete');
      }
      const isWhole = measurements.size === connection.objects.length;
      return isWhole
        ? { dueInMs: options.intervalMs, served: true }
        : { dueInMs: Math.min(longestRetryMs, options.intervalMs), served: measurements.size > 0 };
    },
  };
}
