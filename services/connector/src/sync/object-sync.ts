import type { Lane, WireFormat } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Database, Transaction } from '@kempt/postgres';
import { addLogFields, type Logger } from '@kempt/telemetry';
import { v7 as uuidv7 } from 'uuid';
import type { Connection } from '../connections/connection.ts';
import type { ConnectionStatuses } from '../connections/connection-status.ts';
import { findByAccount } from '../connections/connection-store.ts';
import type { CrmRecord, ObjectReader, Position, SkippedRecord } from '../crm/crm-client.ts';
import { type ConnectorMetrics, countFromZero } from '../metrics.ts';
import type { CompiledFieldMap } from '../mirror/field-map.ts';
import type { FieldMaps } from '../mirror/field-maps.ts';
import type { AppliedPage, Mirror } from '../mirror/mirror.ts';
import { listDeleted, markPurged } from '../mirror/mirror-store.ts';
import { readFingerprint } from '../schema/object-schema.ts';
import {
  addKnown,
  beginBackfill,
  endBackfill,
  endDeletedReading,
  noteSuccess,
  readCursor,
  type SyncCursor,
  saveChanges,
  savePosition,
  takeRunNumber,
} from './cursor-store.ts';
import { holdLease, noteReadToEnd, readBlock, release, type SyncBlock } from './lease-store.ts';
import type { OpenReaders } from './open-readers.ts';
import { readAhead } from './read-ahead.ts';
import { syncRunEvent } from './sync-run-events.ts';
import {
  addToRun,
  findUnfinishedRun,
  finishRun,
  hasSkipped,
  insertRun,
  type SyncRun,
  type SyncRunKind,
  saveSkipped,
  trimRuns,
} from './sync-run-store.ts';
import type { SyncLease } from './sync-target.ts';

/** Reads one object under a lease, as far as there is something to read. */
export interface ObjectSync {
  /**
   * Goes on where the object stands: the full reading if it is not complete, then the changes, then, now and then, the
   * deleted records. Everything read is saved page by page, together with how far it was read.
   * When there is nothing more to read the lease is given back, due again after the interval. Rejects with what went
   * wrong; what was saved stays. Resolves to the connection as it was at the beginning, null if there is none to read.
   */
  run(lease: SyncLease, signal: AbortSignal): Promise<Connection | null>;
}

export interface ObjectSyncOptions {
  readonly database: Database;
  readonly readers: OpenReaders;
  readonly fieldMaps: FieldMaps;
  readonly mirror: Mirror;
  readonly statuses: ConnectionStatuses;
  readonly wireFormat: WireFormat;
  readonly metrics: ConnectorMetrics;
  readonly logger: Logger;
  /** Time between two looks at an object. */
  readonly intervalMs: number;
  /** How often deleted records are listed, where changes do not tell of them. */
  readonly deletedIntervalMs: number;
  readonly now: () => number;
}

/** What the steps of one run share. */
interface Context {
  readonly lease: SyncLease;
  readonly connection: Connection;
  readonly reader: ObjectReader;
  readonly fieldMap: CompiledFieldMap | null;
  readonly signal: AbortSignal;
  /** What has kept the object from being read since it was read last: its changes come late for that reason. */
  readonly block: SyncBlock | null;
  /** The run that what follows is counted in; null until there is something to count. */
  run: SyncRun | null;
  /** Whether records that could not be read are noted, which then have to be looked after. */
  hasSkipped: boolean;
}

interface PageToSave {
  readonly records: readonly CrmRecord[];
  readonly skipped: readonly SkippedRecord[];
  readonly kind: SyncRunKind;
  readonly lane: Lane;
  /** Saves how far was read, in the transaction of the records. */
  readonly saveProgress: (tx: Transaction, applied: AppliedPage) => Promise<void>;
  /** Ends the reading, in the same transaction, once the page is counted. */
  readonly saveEnd?: ((tx: Transaction) => Promise<void>) | undefined;
}

/** Runs of an object that are kept. */
const runsKept = 200;
const idsPerLook = 100;

export function createObjectSync(options: ObjectSyncOptions): ObjectSync {
  const { database, metrics } = options;

  /** A transaction that only the holder of the lease can commit. */
  function save<T>({ lease }: Context, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return database.transaction(lease.tenantId, async (tx) => {
      await holdLease(tx, lease);
      return await work(tx);
    });
  }

  async function startRun(tx: Transaction, context: Context, kind: SyncRunKind): Promise<SyncRun> {
    const unfinished = await findUnfinishedRun(tx, context.lease, kind);
    return unfinished ?? (await insertRun(tx, context.lease, { id: uuidv7(), kind, continues: kind === 'backfill' }));
  }

  async function savePage(context: Context, page: PageToSave): Promise<void> {
    const { lease, connection } = context;
    const saved = await save(context, async (tx) => {
      const applied = await options.mirror.apply(tx, {
        account: lease.account,
        object: lease.object,
        records: page.records,
        fieldMap: context.fieldMap,
        origin: page.kind,
        lane: page.lane,
      });
      if (page.skipped.length > 0 || context.hasSkipped) {
        await saveSkipped(tx, lease, { skipped: page.skipped, readIds: page.records.map((record) => record.recordId) });
      }
      await page.saveProgress(tx, applied);
      const counts = {
        recordsRead: page.records.length + page.skipped.length,
        recordsChanged: applied.changed,
        recordsSkipped: page.skipped.length,
      };
      const isWorthTelling = page.kind === 'backfill' || applied.changed > 0 || page.skipped.length > 0;
      if (context.run === null && !isWorthTelling) return { applied, run: null };
      const begun = context.run ?? (await startRun(tx, context, page.kind));
      const run = await addToRun(tx, begun.id, counts);
      await page.saveEnd?.(tx);
      return { applied, run };
    });
    context.run = saved.run;
    if (saved.run !== null) addLogFields({ run_id: saved.run.id });
    context.hasSkipped ||= page.skipped.length > 0;
    const labels = { system: connection.system, object: lease.object };
    metrics.recordsRead.inc(labels, page.records.length);
    for (const { reason } of page.skipped) metrics.recordsSkipped.inc({ ...labels, reason });
    for (const [kind, count] of Object.entries(saved.applied.changes))
      metrics.recordsChanged.inc({ ...labels, kind }, count);
    if (page.kind === 'incremental') measureDelays(context, saved.applied.changedAtMs);
  }

  /** Delays are those of our work: changes that nobody could have read earlier are counted apart. */
  function measureDelays({ connection: { system }, block }: Context, changedAtMs: readonly number[]): void {
    if (block !== null) return metrics.changesBlocked.inc({ system, reason: block }, changedAtMs.length);
    const now = options.now();
    for (const at of changedAtMs) metrics.changeDelaySeconds.observe({ system }, Math.max(0, now - at) / 1000);
  }

  /** Ends the run at hand, if there is one, and tells of it when it changed something or was a full reading. */
  async function endRun(tx: Transaction, context: Context): Promise<void> {
    if (context.run === null) return;
    const run = await finishRun(tx, context.run.id, { status: 'succeeded' });
    await trimRuns(tx, context.lease, runsKept);
    if (run.kind === 'incremental' && run.recordsChanged === 0) return;
    const number = await takeRunNumber(tx, context.lease);
    const event = syncRunEvent({ target: context.lease, run, outcome: 'succeeded', reason: '', ...number }, options);
    await appendToOutbox(tx, [event], { lane: run.kind === 'backfill' ? 'bulk' : 'live' });
  }

  /** Reads every record, and where they are listed apart every deleted one, from where the cursor stands. */
  async function backfill(context: Context, cursor: SyncCursor): Promise<void> {
    const { reader, signal, lease } = context;
    context.run = await save(context, (tx) => startRun(tx, context, 'backfill'));
    addLogFields({ run_id: context.run.id });
    const phases = [
      { phase: 'backfill' as const, read: reader.readAll.bind(reader) },
      ...(reader.readDeleted === undefined
        ? []
        : [{ phase: 'deleted' as const, read: reader.readDeleted.bind(reader) }]),
    ];
    const from = Math.max(
      0,
      phases.findIndex(({ phase }) => phase === cursor.phase),
    );
    for (const [index, { phase, read }] of phases.entries()) {
      if (index < from) continue;
      const start = index === from ? cursor.position : null;
      const following = phases[index + 1]?.phase;
      for await (const page of readAhead<Position, Awaited<ReturnType<typeof read>>>(start, (at) => read(at, signal))) {
        signal.throwIfAborted();
        await savePage(context, {
          ...page,
          kind: 'backfill',
          lane: 'bulk',
          saveProgress: (tx, { added }) =>
            savePosition(tx, lease, { phase: (page.next === null && following) || phase, position: page.next, added }),
          saveEnd: page.next === null && following === undefined ? (tx) => saveEndOfBackfill(tx, context) : undefined,
        });
      }
    }
    context.run = null;
  }

  async function saveEndOfBackfill(tx: Transaction, context: Context): Promise<void> {
    await endBackfill(tx, context.lease);
    await endRun(tx, context);
    await options.statuses.noteWorking(tx, context.lease.account);
  }

  /** Reads changes to their end, and gives the position at which the next reading begins; it is yet to be saved. */
  async function readChanges(context: Context, from: Position): Promise<Position> {
    const { reader, signal, lease } = context;
    let position = from;
    for (let more = true; more; ) {
      signal.throwIfAborted();
      const page = await reader.readChanges(position, signal);
      if (page.records.length + page.skipped.length > 0 || page.more) {
        await savePage(context, {
          ...page,
          kind: 'incremental',
          lane: 'live',
          saveProgress: (tx, { added }) => saveChanges(tx, lease, { changes: page.next, added }),
        });
      }
      position = page.next;
      more = page.more;
    }
    return position;
  }

  /** Lists the deleted records, and looks up those that the mirror takes for deleted and the list does not have. */
  async function readDeleted(context: Context): Promise<void> {
    const { reader, signal, lease } = context;
    const { readDeleted: read, readByIds } = reader;
    if (read === undefined || readByIds === undefined) return;
    const listed = new Set<string>();
    const page = {
      kind: 'incremental',
      lane: 'live',
      saveProgress: (tx: Transaction, { added }: AppliedPage) => addKnown(tx, lease, added),
    } as const;
    for await (const found of readAhead<Position, Awaited<ReturnType<typeof read>>>(null, (at) => read(at, signal))) {
      signal.throwIfAborted();
      for (const record of found.records) listed.add(record.recordId);
      await savePage(context, { ...page, ...found });
    }
    for (let after = ''; ; ) {
      const known = await save(context, (tx) => listDeleted(tx, lease, { after, limit: idsPerLook }));
      const last = known.at(-1);
      if (last === undefined) break;
      after = last;
      const unlisted = known.filter((id) => !listed.has(id));
      if (unlisted.length === 0) continue;
      const found = await readByIds(unlisted, signal);
      const back = new Set(found.records.map((record) => record.recordId));
      await savePage(context, { ...page, ...found });
      await save(context, (tx) =>
        markPurged(
          tx,
          lease,
          unlisted.filter((id) => !back.has(id)),
        ),
      );
    }
    await save(context, (tx) => endDeletedReading(tx, lease));
  }

  const isDeletedDue = (cursor: SyncCursor): boolean =>
    options.now() - (cursor.deletedReadAt?.getTime() ?? 0) >= options.deletedIntervalMs;

  return {
    async run(lease, signal) {
      const { tenantId, account, object } = lease;
      const loaded = await database.transaction(tenantId, async (tx) => {
        await holdLease(tx, lease);
        const connection = await findByAccount(tx, account);
        const isReadable =
          connection !== undefined && connection.status !== 'paused' && connection.status !== 'deleted';
        if (!isReadable) return null;
        return {
          connection,
          cursor: await readCursor(tx, lease),
          hasSkipped: await hasSkipped(tx, lease),
          block: await readBlock(tx, lease),
        };
      });
      if (loaded === null) return null;
      const { connection } = loaded;
      countFromZero(metrics, { system: connection.system, object });
      const reader = await options.readers.reader(connection, object, signal);
      const fieldMap = options.fieldMaps.of(connection.system, object);
      const context: Context = {
        lease,
        connection,
        reader,
        fieldMap,
        signal,
        block: loaded.block,
        run: null,
        hasSkipped: loaded.hasSkipped,
      };

      const fingerprint = readFingerprint(reader.schema, fieldMap?.source ?? null);
      let { cursor } = loaded;
      if (cursor?.fingerprint !== fingerprint) {
        // Before the first page is read, so that no change is missed while the reading goes on.
        const changes = await reader.beginChanges(signal);
        cursor = await save(context, (tx) => beginBackfill(tx, lease, { fingerprint, changes }));
      }
      const kind: SyncRunKind = cursor.phase === 'incremental' ? 'incremental' : 'backfill';
      const stopTimer = metrics.syncRunSeconds.startTimer({ system: connection.system, kind });
      if (kind === 'backfill') {
        options.logger.info({ account, object, phase: cursor.phase }, 'full reading goes on');
        await backfill(context, cursor);
      }
      const changes = await readChanges(context, cursor.changes);
      if (kind === 'incremental' && isDeletedDue(cursor)) await readDeleted(context);
      await save(context, async (tx) => {
        await endRun(tx, context);
        await saveChanges(tx, lease, { changes, added: 0 });
        await noteSuccess(tx, lease);
        await noteReadToEnd(tx, lease);
        if (connection.status === 'failing') await options.statuses.noteWorking(tx, account);
        await release(tx, lease, options.intervalMs);
      });
      stopTimer();
      metrics.syncRuns.inc({ system: connection.system, object, kind, outcome: 'succeeded' });
      options.logger.debug({ account, object, kind }, 'object was read to its end');
      metrics.syncLastSuccess.set({ system: connection.system, object }, options.now() / 1000);
      return connection;
    },
  };
}
