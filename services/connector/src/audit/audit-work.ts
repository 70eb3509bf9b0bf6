import type { WireFormat } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Database, Transaction } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import type { Connection } from '../connections/connection.ts';
import { findByAccount } from '../connections/connection-store.ts';
import type { AuditRecord, AuditSource } from '../crm/audit-reader.ts';
import type { Position, System } from '../crm/crm-client.ts';
import { CrmError } from '../crm/crm-error.ts';
import { reasonOf } from '../errors.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import type { OpenReaders } from '../sync/open-readers.ts';
import type { WatchWork } from '../watches/watch-schedule.ts';
import { holdWatch, type Watch, WatchLostError } from '../watches/watch-store.ts';
import { changedRows, vanishedIds, vanishedRows } from './audit-change.ts';
import { auditEvent } from './audit-events.ts';
import {
  forgetLogins,
  lastLogins,
  listRecordMakers,
  listSources,
  lockKnown,
  putOutcome,
  putRows,
  readContents,
  savePosition,
} from './audit-store.ts';

export interface AuditWorkOptions {
  readonly database: Database;
  readonly readers: Pick<OpenReaders, 'client'>;
  readonly wireFormat: WireFormat;
  readonly metrics: ConnectorMetrics;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** How soon a connection that is still being read for the first time is looked at again. */
  readonly notReadyMs: number;
  readonly now: () => number;
}

const accountsTogether = 2;
const longestRetryMs = 300_000;
const recordsPerTransaction = 500;
const pagesPerReading = 100;
const loginsKeptMs = 100 * 86_400_000;

/** Why a source is not there: the account's edition, the permissions of the user, the scopes of the app. */
const absences: ReadonlySet<string> = new Set(['permission', 'not-found', 'validation']);

/**
 * Which apps created records of a portal, as the records in the mirror say: HubSpot has no list of the apps that are
 * connected.
 */
function recordMakers(database: Database, tenantId: string, account: string): AuditSource {
  return {
    name: 'apps',
    kind: 'app',
    isWhole: true,
    async read() {
      const makers = await database.transaction(tenantId, (tx) => listRecordMakers(tx, account), {
        readOnly: true,
        statementTimeoutMs: longestRetryMs,
      });
      const records = makers.map(({ appId, content }): AuditRecord => ({ kind: 'app', auditId: appId, content }));
      return { records: records.filter(({ auditId }) => !auditId.includes(':')), next: null, more: false };
    },
  };
}

/** Reads what an audit looks at and tells what differs from the last reading. */
export function createAuditWork(options: AuditWorkOptions): WatchWork {
  const { database, logger } = options;

  async function tell(tx: Transaction, watch: Watch, rows: ReturnType<typeof changedRows>, at: Date): Promise<void> {
    const { tenantId, account } = watch;
    await putRows(tx, account, rows);
    const events = rows.map(({ record, version, removed }) =>
      auditEvent({ tenantId, account, record, version, removed, at }, options),
    );
    if (events.length > 0) await appendToOutbox(tx, events, { lane: 'bulk' });
  }

  /** Saves what is new or different, a part at a time. */
  async function save(watch: Watch, source: AuditSource, records: readonly AuditRecord[], at: Date): Promise<void> {
    const { account } = watch;
    const scope = { account, kind: source.kind };
    for (let from = 0; from < records.length; from += recordsPerTransaction) {
      const part = records.slice(from, from + recordsPerTransaction);
      await database.transaction(watch.tenantId, async (tx) => {
        await holdWatch(tx, watch);
        const known = await lockKnown(
          tx,
          scope,
          part.map((record) => record.auditId),
        );
        await tell(tx, watch, changedRows(part, known), at);
      });
    }
  }

  async function removeVanished(watch: Watch, source: AuditSource, records: readonly AuditRecord[], at: Date) {
    const scope = { account: watch.account, kind: source.kind };
    await database.transaction(watch.tenantId, async (tx) => {
      await holdWatch(tx, watch);
      const known = await lockKnown(tx, scope, null);
      const contents = await readContents(tx, scope, vanishedIds(records, known));
      await tell(tx, watch, vanishedRows(contents, known), at);
    });
  }

  /** Users whose CRM does not say when they came last: their log-ins do. */
  async function withLastLogins(watch: Watch, records: readonly AuditRecord[]): Promise<readonly AuditRecord[]> {
    const isOpen = (record: AuditRecord): boolean => record.kind === 'user' && record.content.lastLoginAtMs === null;
    if (!records.some(isOpen)) return records;
    const last = await database.transaction(watch.tenantId, (tx) => lastLogins(tx, watch.account), { readOnly: true });
    return records.map((record) =>
      record.kind === 'user' && isOpen(record)
        ? { ...record, content: { ...record.content, lastLoginAtMs: last.get(record.auditId) ?? null } }
        : record,
    );
  }

  /** Reads a source to its end and gives how many audit records it showed. */
  async function readSource(
    watch: Watch,
    source: AuditSource,
    start: Position | null,
    signal: AbortSignal,
  ): Promise<number> {
    const { tenantId, account } = watch;
    let position = start;
    let count = 0;
    for (let page = 1; page <= pagesPerReading; page += 1) {
      const read = await source.read(position, signal);
      const at = new Date(options.now());
      const records = await withLastLogins(watch, read.records);
      await save(watch, source, records, at);
      if (source.isWhole) await removeVanished(watch, source, records, at);
      count += records.length;
      position = read.next;
      if (position !== null) {
        const place = { account, source: source.name, position, at };
        await database.transaction(tenantId, async (tx) => {
          await holdWatch(tx, watch);
          await savePosition(tx, place);
        });
      }
      if (!read.more) break;
    }
    return count;
  }

  /** Reads a source and notes how that ended. False when it is worth trying again soon. */
  async function trySource(
    watch: Watch,
    source: AuditSource,
    given: { readonly position: Position | null; readonly system: System },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { tenantId, account } = watch;
    let outcome: 'read' | 'not-available' | 'failed' = 'read';
    let reason = '';
    let records = 0;
    try {
      records = await readSource(watch, source, given.position, signal);
    } catch (error) {
      if (signal.aborted || error instanceof WatchLostError) throw error;
      outcome = error instanceof CrmError && absences.has(error.kind) ? 'not-available' : 'failed';
      reason = reasonOf(error).reason;
      logger.warn({ tenantId, account, source: source.name, outcome, reason }, 'audit source not read');
    }
    options.metrics.auditReadings.inc({ system: given.system, source: source.name, outcome });
    await database.transaction(tenantId, async (tx) => {
      await holdWatch(tx, watch);
      const at = new Date(options.now());
      await putOutcome(tx, { account, source: source.name, outcome, reason, records, at });
    });
    return outcome !== 'failed';
  }

  async function sourcesOf(connection: Connection): Promise<readonly AuditSource[]> {
    const client = await options.readers.client(connection);
    const own = client.audit.sources;
    return connection.system === 'hubspot'
      ? [...own, recordMakers(database, connection.tenantId, connection.account)]
      : own;
  }

  return {
    retryMs: Math.min(longestRetryMs, options.intervalMs),
    concurrency: accountsTogether,
    async look(watch, signal) {
      const { tenantId, account } = watch;
      const { connection, states } = await database.transaction(
        tenantId,
        async (tx) => ({ connection: await findByAccount(tx, account), states: await listSources(tx, account) }),
        { readOnly: true },
      );
      const isReadable = connection !== undefined && !['paused', 'deleted'].includes(connection.status);
      if (!isReadable) return { dueInMs: options.intervalMs, served: true };
      if (connection.status === 'backfilling') return { dueInMs: options.notReadyMs, served: false };
      const positions = new Map(states.map(({ source, position }) => [source, position]));
      let isWhole = true;
      for (const source of await sourcesOf(connection)) {
        const given = { position: positions.get(source.name) ?? null, system: connection.system };
        if (!(await trySource(watch, source, given, signal))) isWhole = false;
      }
      await database.transaction(tenantId, (tx) => forgetLogins(tx, account, new Date(options.now() - loginsKeptMs)));
      return { dueInMs: isWhole ? options.intervalMs : Math.min(longestRetryMs, options.intervalMs), served: true };
    },
  };
}
