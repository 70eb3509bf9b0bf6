import { createLatch } from '@kempt/outbox';
import type { Database } from '@kempt/postgres';
import type { Component } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { findByAccount } from '../connections/connection-store.ts';
import { reasonOf } from '../errors.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import type { FieldMaps } from '../mirror/field-maps.ts';
import type { Mirror } from '../mirror/mirror.ts';
import { addKnown } from '../sync/cursor-store.ts';
import { borrow, holdLease, renew, returnBorrowed } from '../sync/lease-store.ts';
import type { OpenReaders } from '../sync/open-readers.ts';
import { saveSkipped } from '../sync/sync-run-store.ts';
import { LeaseLostError, type SyncLease, type SyncTarget } from '../sync/sync-target.ts';
import { readNoticed } from './notice-reader.ts';
import {
  dropUnread,
  endNotices,
  listNoticed,
  listNotices,
  postponeNotices,
  type WaitingNotice,
} from './webhook-notice-store.ts';

/** Reads the records that notices name. */
export interface NoticeWorker extends Component {
  /** Looks for notices at once. */
  wake(): void;
}

export interface NoticeWorkerOptions {
  readonly database: Database;
  readonly readers: Pick<OpenReaders, 'reader'>;
  readonly fieldMaps: FieldMaps;
  readonly mirror: Mirror;
  readonly metrics: ConnectorMetrics;
  readonly logger: Logger;
  /** Names this instance among others. */
  readonly holder: string;
  readonly leaseMs: number;
  /** How often notices are looked for that other instances took in. */
  readonly pollMs: number;
  readonly now: () => number;
}

const noticesTogether = 100;
const objectsTogether = 4;
/** How soon an object is tried again that is being read by somebody: a look takes moments, a full reading hours. */
const busyPauses = { firstMs: 100, longestMs: 2_000 };
const firstPauseMs = 500;
const longestPauseMs = 60_000;
const busyPauseMs = (looks: number): number =>
  Math.min(busyPauses.longestMs, busyPauses.firstMs * 2 ** Math.min(10, Math.floor(looks / 5)));

/** A record that cannot be read is left to the reading of changes after this many attempts: about half an hour. */
const attemptsPerNotice = 36;

/**
 * Reads noticed records under the lease of their object, so that nobody else reads the object meanwhile: of two readings
 * that overlap, the older one could bring back what the newer one saw deleted.
 */
export function createNoticeWorker(options: NoticeWorkerOptions): NoticeWorker {
  const { database, metrics, logger } = options;
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  const latch = createLatch();
  let loop: Promise<void> = Promise.resolve();

  /** Brings the records of some notices into the mirror. */
  async function read(lease: SyncLease, notices: readonly WaitingNotice[], signal: AbortSignal): Promise<void> {
    const { tenantId, account, object } = lease;
    const connection = await database.transaction(tenantId, (tx) => findByAccount(tx, account), { readOnly: true });
    if (connection === undefined) return;
    const reader = await options.readers.reader(connection, object, signal);
    const { records, skipped } = await readNoticed(reader, notices, signal);
    const applied = await database.transaction(tenantId, async (tx) => {
      await holdLease(tx, lease);
      const saved = await options.mirror.apply(tx, {
        account,
        object,
        records,
        fieldMap: options.fieldMaps.of(connection.system, object),
        origin: 'webhook',
        lane: 'live',
      });
      if (skipped.length > 0) await saveSkipped(tx, lease, { skipped, readIds: records.map((one) => one.recordId) });
      await addKnown(tx, lease, saved.added);
      await endNotices(tx, lease, notices);
      return saved;
    });
    const labels = { system: connection.system, object };
    metrics.recordsRead.inc(labels, records.length);
    for (const { reason } of skipped) metrics.recordsSkipped.inc({ ...labels, reason });
    for (const [kind, count] of Object.entries(applied.changes)) metrics.recordsChanged.inc({ ...labels, kind }, count);
    const now = options.now();
    for (const at of applied.changedAtMs) {
      metrics.changeDelaySeconds.observe({ system: connection.system }, Math.max(0, now - at) / 1000);
    }
    for (const { occurredAt } of notices) {
      metrics.webhookDelaySeconds.observe(Math.max(0, now - occurredAt.getTime()) / 1000);
    }
  }

  /** Puts notices off after a failure; those that failed too often are left to the reading of changes. */
  async function postpone(lease: SyncLease, notices: readonly WaitingNotice[], error: unknown): Promise<void> {
    const { tenantId, account, object } = lease;
    const { reasonCode, reason } = reasonOf(error);
    const attempts = Math.max(...notices.map((notice) => notice.attempts));
    const hopeless = notices.filter((notice) => notice.attempts + 1 >= attemptsPerNotice);
    const details = { tenantId, account, object, reasonCode, reason, notices: notices.length };
    logger.warn(details, 'noticed records cannot be read; trying again');
    if (hopeless.length > 0) metrics.webhookNotices.inc({ outcome: 'dropped' }, hopeless.length);
    const byMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(20, attempts));
    await database.transaction(tenantId, async (tx) => {
      await endNotices(tx, lease, hopeless);
      await postponeNotices(tx, lease, { notices, byMs });
    });
  }

  async function work(lease: SyncLease): Promise<void> {
    const lost = new AbortController();
    const timer = setInterval(() => {
      database
        .systemTransaction((tx) => renew(tx, lease, options.leaseMs))
        .then((kept) => {
          if (!kept) lost.abort(new LeaseLostError(lease));
        })
        .catch(() => undefined);
    }, options.leaseMs / 3);
    timer.unref();
    const signal = AbortSignal.any([stopping.signal, lost.signal]);
    try {
      while (!signal.aborted) {
        const notices = await database.transaction(lease.tenantId, (tx) => listNotices(tx, lease, noticesTogether), {
          readOnly: true,
        });
        if (notices.length === 0) break;
        try {
          await read(lease, notices, signal);
        } catch (error) {
          if (signal.aborted || error instanceof LeaseLostError) break;
          await postpone(lease, notices, error);
          break;
        }
      }
    } catch (error) {
      logger.warn({ err: error, account: lease.account }, 'notices cannot be worked on; trying again');
    } finally {
      clearInterval(timer);
      await database
        .systemTransaction((tx) => returnBorrowed(tx, lease))
        .catch((error: unknown) => logger.warn({ err: error }, 'lease not given back; it expires by itself'));
    }
  }

  const keyOf = ({ tenantId, account, object }: SyncTarget): string => `${tenantId} ${account} ${object}`;

  /** Begins work on objects with notices. True when one of them is being read by somebody else just now. */
  async function beginDue(): Promise<boolean> {
    const noticed = await database.systemTransaction((tx) => listNoticed(tx, 200), { readOnly: true });
    if (noticed.length === 0) return false;
    await database.systemTransaction(dropUnread);
    let isBusy = false;
    for (const target of noticed) {
      const key = keyOf(target);
      if (running.has(key)) continue;
      if (running.size >= objectsTogether) break;
      const lease = await database.systemTransaction((tx) => borrow(tx, target, options));
      if (lease === undefined) {
        isBusy = true;
        continue;
      }
      const worked = work(lease).finally(() => {
        running.delete(key);
        latch.open();
      });
      running.set(key, worked);
    }
    return isBusy;
  }

  async function workAlways(): Promise<void> {
    let failures = 0;
    let busyLooks = 0;
    while (!stopping.signal.aborted) {
      try {
        busyLooks = (await beginDue()) ? busyLooks + 1 : 0;
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) logger.warn({ err: error }, 'notices cannot be read; trying again');
      }
      const pauseMs = busyLooks > 0 ? busyPauseMs(busyLooks) : Math.min(longestPauseMs, options.pollMs * 2 ** failures);
      await latch.wait(pauseMs, stopping.signal);
    }
  }

  return {
    name: 'notice-worker',
    async start() {
      loop = workAlways();
    },
    wake: () => latch.open(),
    async stop() {
      stopping.abort(new Error('the service stops'));
      await loop;
      await Promise.all(running.values());
    },
  };
}
