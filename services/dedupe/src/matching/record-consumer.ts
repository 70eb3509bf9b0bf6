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
import type { ChangeResolution } from './change-resolution.ts';
import { type EntityKind, entityKindOfObject, entityKinds } from './entity-kind.ts';
import { comparableFields } from './entity-schema.ts';
import { type RecordUpdate, saveRecords } from './match-record-store.ts';

export interface RecordConsumerOptions {
  readonly changes: ChangeResolution;
  readonly models: DecidingModels;
  readonly metrics: DedupeMetrics;
  readonly firstResolution: Pick<FirstResolution, 'wake'>;
}

/** What dedupe does with the events it listens to. Each function works in the transaction of the inbox. */
export function createRecordConsumer(options: RecordConsumerOptions) {
  const { changes, models, metrics, firstResolution } = options;

  async function recordState(tx: Transaction, events: readonly PositionedRecord[]): Promise<void> {
    const updates = new Map<EntityKind, RecordUpdate[]>();
    for (const event of events) {
      const update = recordUpdate(event);
      if (update !== undefined) updates.set(update.entityKind, [...(updates.get(update.entityKind) ?? []), update]);
    }
    for (const kind of entityKinds) {
      const ofKind = updates.get(kind);
      if (ofKind === undefined) continue;
      await beginCollecting(tx, kind);
      const state = await lockState(tx, kind);
      const changed = await saveRecords(tx, ofKind);
      if (state.phase === 'streaming' && changed.length > 0) {
        const deciding = await models.get(tx, kind, state.modelVersion);
        const counts = await changes.resolve(tx, kind, { deciding, refs: changed });
        metrics.candidates.inc({ entity_kind: kind }, counts.candidates);
        metrics.edges.inc({ entity_kind: kind }, counts.edges);
        metrics.clusterChanges.inc({ entity_kind: kind }, counts.clusters);
      }
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

function recordUpdate(event: PositionedRecord): RecordUpdate | undefined {
  const { data, sequence } = decodeEvent(topics.recordState, event);
  const { ref } = parseRecordKey(event.key);
  const entityKind = entityKindOfObject(ref.object);
  if (entityKind === undefined) return undefined;
  const fields = data === null || data.deleted ? undefined : comparableFields(data.canonical);
  return {
    ref: formatRecordRef(ref),
    entityKind,
    account: ref.account,
    object: ref.object,
    version: data?.version ?? sequence,
    fields,
    mergedInto: data?.mergedInto === undefined ? undefined : formatRecordRef(data.mergedInto),
  };
}
