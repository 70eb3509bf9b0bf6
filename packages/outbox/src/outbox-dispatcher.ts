import type { EventBus } from '@kempt/event-bus';
import type { Database, Listener } from '@kempt/postgres';
import type { Logger, Metrics } from '@kempt/telemetry';
import { type Backoff, backoffMs } from './backoff.ts';
import { createBulkPace } from './bulk-pace.ts';
import { insertDeadLetters } from './dead-letter-store.ts';
import { createDispatchPace } from './dispatch-pace.ts';
import { createDispatchReader, type HeldTopics } from './dispatch-reader.ts';
import { type FailPoint, noFailPoint } from './fail-point.ts';
import { holdLanes } from './lane-leases.ts';
import { createLatch, type Latch } from './latch.ts';
import { outboxChannel } from './outbox-append.ts';
import { createOutboxMetrics } from './outbox-metrics.ts';
import { createOutboxPublisher, type RefusedRow } from './outbox-publisher.ts';
import { deleteFromOutbox, markLane, type OutboxRow, preferIndexes } from './outbox-store.ts';
import { pause } from './pause.ts';

export interface OutboxDispatcherOptions {
  readonly database: Database;
  readonly bus: EventBus;
  /**
   * Into how many lanes keys are split, 1 to 64. Each lane is published by one process at a time and costs one
   * connection. Default 1, which one process serves at more than 10,000 events a second. All dispatchers of a schema use
   * the number of the first one; a change takes effect once all of them were stopped.
   */
  readonly lanes?: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Default 500. */
  readonly batchRecords?: number;
  /** What bulk events wait for, so that live ones never wait long behind them. Default: nothing. */
  readonly bulkPace?: {
    /** Consumer groups of a topic that count. */
    readonly readersOf: (topic: string) => readonly string[];
    /** How many events of a topic may be published and not handled yet. */
    readonly behindMax: number;
  };
  /** Notifications wake the dispatcher; this is for those that got lost. Default 5,000. */
  readonly pollIntervalMs?: number;
  /** How often a lane that another process holds is asked for. Default 5,000. */
  readonly leaseRetryMs?: number;
  /** Pauses while the bus or the database is away. Default 200 ms to 30 s. */
  readonly backoff?: Backoff;
  /** How long `stop` waits for the batch at hand. Default 5,000. */
  readonly stopTimeoutMs?: number;
  readonly random?: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  readonly failpoint?: FailPoint;
}

/** Publishes what stands in the outbox of a service. Fits `Component`. */
export interface OutboxDispatcher {
  readonly name: string;
  start(): Promise<void>;
  /** Finishes the batch at hand. What the bus did not take stays in the outbox. */
  stop(): Promise<void>;
}

/**
 * Events leave in the order of their keys, at least once: a row is removed only after the bus has confirmed the event, so
 * a crash in between publishes it again, with the same `ce_id`.
 */
export function createOutboxDispatcher(options: OutboxDispatcherOptions): OutboxDispatcher {
  const { database, bus, logger } = options;
  const batchRecords = options.batchRecords ?? 500;
  const pollIntervalMs = options.pollIntervalMs ?? 5_000;
  const backoff = options.backoff ?? { baseMs: 200, maxMs: 30_000 };
  const random = options.random ?? Math.random;
  const now = options.now ?? (() => performance.now());
  const failpoint = options.failpoint ?? noFailPoint;
  const metrics = createOutboxMetrics({ metrics: options.metrics, database, logger });
  const stopping = new AbortController();
  const latches = new Set<Latch>();
  const wakeAll = (): void => {
    for (const latch of latches) latch.open();
  };
  const bulkPace =
    options.bulkPace === undefined
      ? undefined
      : createBulkPace({ ...options.bulkPace, bus, logger, now, onRelease: wakeAll });
  metrics.measureHeld(() => bulkPace?.heldTopics() ?? []);
  let listener: Listener | undefined;
  let running: Promise<void> = Promise.resolve();

  async function workOnLane(
    share: { readonly lane: number; readonly lanes: number },
    signal: AbortSignal,
  ): Promise<void> {
    const reader = createDispatchReader({ ...share, batchRecords, now });
    const publisher = createOutboxPublisher({ bus, metrics, logger, backoff, random, now });
    const pace = createDispatchPace({ now, pollIntervalMs });
    const latch = createLatch();
    latches.add(latch);
    // Whoever had the lane before may have left a mark.
    let markedBusy: boolean | undefined;
    let published: OutboxRow[] = [];
    let refused: RefusedRow[] = [];
    let failures = 0;

    /** Removes what is done and reads what comes next in one transaction: half the commits. */
    async function settleAndRead(read: boolean): Promise<readonly OutboxRow[]> {
      const { busy, batch } = await database.systemTransaction(async (tx) => {
        await preferIndexes(tx);
        await deleteFromOutbox(tx, published);
        if (refused.length > 0) {
          await insertDeadLetters(tx, refused.map(toDeadLetter));
          await deleteFromOutbox(
            tx,
            refused.map(({ row }) => row),
          );
        }
        const busy = read && pace.busy;
        if (markedBusy !== busy) await markLane(tx, share.lane, { busy });
        return { busy, batch: read ? await reader.next(tx, heldNow()) : undefined };
      });
      markedBusy = busy;
      published = [];
      refused = [];
      batch?.accept();
      return batch?.rows ?? [];
    }

    try {
      while (!signal.aborted) {
        try {
          bulkPace?.look();
          const rows = await settleAndRead(true);
          pace.noteRead(rows.length);
          await failpoint('dispatch-read');
          if (rows.length === 0) {
            failures = 0;
            if (pace.busy) await pause(pace.waitMs(), signal);
            else await latch.wait(idleMs(), signal);
            continue;
          }
          await publisher.publish(rows, {
            published: (taken) => {
              published = [...published, ...taken];
              noteBulk(taken);
            },
            refused: (row) => {
              refused = [...refused, row];
            },
          });
          failures = 0;
          await failpoint('dispatch-published');
        } catch (error) {
          failures += 1;
          reader.restart();
          const pauseMs = backoffMs(failures, backoff, random);
          logger.warn({ err: error, lane: share.lane, pauseMs }, 'Events could not be published; trying again');
          await pause(pauseMs, signal);
        }
      }
    } finally {
      latches.delete(latch);
      // What the bus took is taken, also when the lease is gone: nobody needs to publish it again.
      await settleAndRead(false).catch((error: unknown) => {
        logger.warn(
          { err: error, lane: share.lane },
          'Published events stay in the outbox and will be published again',
        );
      });
    }

    function heldNow(): HeldTopics {
      const ofAll = publisher.heldTopics();
      return { ofAll, ofBulk: [...new Set([...ofAll, ...(bulkPace?.heldTopics() ?? [])])] };
    }

    function noteBulk(taken: readonly OutboxRow[]): void {
      const bulk = Map.groupBy(
        taken.filter((row) => row.lane === 'bulk'),
        (row) => row.record.topic,
      );
      for (const [topic, rows] of bulk) bulkPace?.notePublished(topic, rows.length);
    }

    function idleMs(): number {
      const sweepDueMs = reader.sweepDueMs();
      const pollMs = pace.waitMs() * (0.75 + random() / 2);
      const lookDueMs = bulkPace?.lookDueMs() ?? Number.POSITIVE_INFINITY;
      return Math.min(pollMs, publisher.heldForMs(), sweepDueMs > 0 ? sweepDueMs : Number.POSITIVE_INFINITY, lookDueMs);
    }
  }

  return {
    name: 'outbox-dispatcher',
    async start() {
      listener = await database.listen(outboxChannel(database.schema), wakeAll);
      const leases = {
        database,
        wantedLanes: options.lanes ?? 1,
        retryMs: options.leaseRetryMs ?? 5_000,
        random,
        logger,
        work: workOnLane,
      };
      running = holdLanes(leases, stopping.signal);
    },
    async stop() {
      stopping.abort();
      await listener?.close();
      const timeoutMs = options.stopTimeoutMs ?? 5_000;
      const deadline = new AbortController();
      const inTime = await Promise.race([
        running.then(() => true),
        pause(timeoutMs, deadline.signal).then(() => false),
      ]);
      deadline.abort();
      if (!inTime) logger.warn({ timeoutMs }, 'The bus did not answer in time; unconfirmed events stay in the outbox');
    },
  };
}

function toDeadLetter({ row, failure }: RefusedRow): Parameters<typeof insertDeadLetters>[1][number] {
  return {
    tenantId: row.tenantId,
    consumer: 'outbox',
    record: { ...row.record, partition: -1, offset: BigInt(row.position), timestampMs: row.createdAt.getTime() },
    eventId: row.eventId,
    failure,
    attempts: 1,
    firstSeenAt: row.createdAt,
  };
}
