import {
  decodeEvent,
  formatRecordRef,
  type PositionedRecord,
  parseRecordKey,
  SyncRunKind,
  SyncRunOutcome,
  topics,
} from '@kempt/contracts';
import type { Transaction } from '@kempt/postgres';
import type { DedupeMetrics } from '../metrics.ts';
import { markPending, saveAccount, saveBackfill } from '../models/account-progress-store.ts';
import type { DecidingModels } from '../models/deciding-model.ts';
import type { FirstResolution } from '../models/first-resolution.ts';
import { beginCollecting, lockState } from '../models/model-store.ts';
import { deleteVendorRecords, saveVendorRecords, type VendorRecordRow } from '../proposals/vendor-record-store.ts';
import { vendorFields } from '../proposals/vendor-value.ts';
import { anyReviews, forgetNotes } from '../reviews/review-store.ts';
import type { ChangeLock, ChangeLocks } from './change-lock.ts';
import type { ChangeResolution } from './change-resolution.ts';
import { type EntityKind, entityKindOfObject, entityKinds } from './entity-kind.ts';
import { comparableFields } from './entity-schema.ts';
import { type RecordUpdate, type SavedRecords, saveRecords } from './match-record-store.ts';

export interface RecordConsumerOptions {
  readonly changes: ChangeResolution;
  readonly locks: ChangeLocks;
  readonly models: DecidingModels;
  readonly metrics: DedupeMetrics;
  readonly firstResolution: Pick<FirstResolution, 'wake'>;
}

/** What dedupe does with the events it listens to. Each function works in the transaction of the inbox. */
export function createRecordConsumer(options: RecordConsumerOptions) {
  const { changes, locks, models, metrics, firstResolution } = options;
  /** Kinds of tenants that were found to stream, which they never cease to: their lock is taken without asking first. */
  const streaming = new Set<string>();

  async function lockAndSave(
    tx: Transaction,
    kind: EntityKind,
    states: readonly ReadState[],
  ): Promise<{
    readonly lock: ChangeLock | undefined;
    readonly saved: SavedRecords<ReadState>;
    readonly isReviewed?: boolean;
  }> {
    const name = `${tx.tenantId}\n${kind}`;
    if (!streaming.has(name)) {
      await beginCollecting(tx, kind);
      if ((await lockState(tx, kind)).phase === 'collecting') {
        return { lock: undefined, saved: await saveRecords(tx, states) };
      }
      streaming.add(name);
    }
    const [lock, saved, isReviewed] = await Promise.all([locks(tx, kind), saveRecords(tx, states), anyReviews(tx)]);
    return { lock, saved, isReviewed };
  }

  async function recordState(tx: Transaction, events: readonly PositionedRecord[]): Promise<void> {
    const read = events.map(readState).filter((state) => state !== undefined);
    const statesOf = Map.groupBy(read, (state) => state.entityKind);
    for (const kind of entityKinds) {
      const states = statesOf.get(kind);
      if (states === undefined) continue;
      const { lock, saved, isReviewed } = await lockAndSave(tx, kind, states);
      const { taken, changed } = saved;
      if (lock?.state.phase !== 'streaming' || taken.length === 0) {
        await keepVendorFields(tx, taken);
      } else {
        const deciding = await models.get(tx, kind, lock.state.modelVersion);
        const changedRefs = new Set(changed.map(({ ref }) => ref));
        const counts = await changes.resolve(tx, kind, {
          deciding,
          lock,
          refs: [...changedRefs],
          saved: changed,
          ...(isReviewed === undefined ? {} : { isReviewed }),
          otherRefs: taken.map(({ ref }) => ref).filter((ref) => !changedRefs.has(ref)),
          alongside: () => keepVendorFields(tx, taken),
        });
        metrics.unchanged.inc({ entity_kind: kind }, taken.length - changed.length);
        metrics.candidates.inc({ entity_kind: kind }, counts.candidates);
        metrics.edges.inc({ entity_kind: kind }, counts.edges);
        metrics.clusterChanges.inc({ entity_kind: kind }, counts.clusters);
      }
      // Of a record that was erased its reference and version stay, and verdicts, but not what people wrote of it.
      await forgetNotes(
        tx,
        states.filter((record) => record.erased).map((record) => record.ref),
      );
    }
  }

  async function connectionChanged(tx: Transaction, events: readonly PositionedRecord[]): Promise<void> {
    for (const event of events) {
      const connection = decodeEvent(topics.connectionChanged, event).data;
      if (connection === null) continue;
      for (const kind of entityKinds) await beginCollecting(tx, kind);
      await markPending(tx);
      await saveAccount(tx, connection);
    }
    firstResolution.wake();
  }

  async function syncRunFinished(tx: Transaction, events: readonly PositionedRecord[]): Promise<void> {
    for (const event of events) {
      const run = decodeEvent(topics.syncRunFinished, event).data;
      if (run === null || run.kind !== SyncRunKind.BACKFILL || run.outcome !== SyncRunOutcome.SUCCEEDED) continue;
      await saveBackfill(tx, run);
    }
    firstResolution.wake();
  }

  return { recordState, connectionChanged, syncRunFinished };
}

/** A state with what its CRM keeps of the record; no JSON when it is gone. */
interface ReadState extends RecordUpdate {
  readonly modifiedMs: number;
  readonly fieldsJson: string | undefined;
  /** A tombstone: the record is to be forgotten. */
  readonly erased: boolean;
}

function readState(event: PositionedRecord): ReadState | undefined {
  const { ref } = parseRecordKey(event.key);
  const entityKind = entityKindOfObject(ref.object);
  if (entityKind === undefined) return undefined;
  const { data, sequence, time } = decodeEvent(topics.recordState, event);
  const living = data === null || data.deleted ? undefined : data;
  return {
    ref: formatRecordRef(ref),
    entityKind,
    account: ref.account,
    object: ref.object,
    version: data?.version ?? sequence,
    fields: living === undefined ? undefined : comparableFields(living.canonical),
    mergedInto: data?.mergedInto === undefined ? undefined : formatRecordRef(data.mergedInto),
    modifiedMs: time.getTime(),
    fieldsJson: living === undefined ? undefined : JSON.stringify(vendorFields(living.fields)),
    erased: data === null,
  };
}

async function keepVendorFields(tx: Transaction, saved: readonly ReadState[]): Promise<void> {
  const gone: string[] = [];
  const rows: VendorRecordRow[] = [];
  for (const { ref, modifiedMs, fields, fieldsJson } of saved) {
    if (fields === undefined || fieldsJson === undefined) gone.push(ref);
    else rows.push({ ref, modifiedMs, fieldsJson });
  }
  await deleteVendorRecords(tx, gone);
  await saveVendorRecords(tx, rows);
}
