import {
  create,
  type EventRecord,
  encodeEvent,
  SyncRunKind as KindMessage,
  objectKey,
  SyncRunFinishedSchema,
  SyncRunOutcome,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { SyncRun } from './sync-run-store.ts';
import type { SyncTarget } from './sync-target.ts';

const kinds = { backfill: KindMessage.BACKFILL, incremental: KindMessage.INCREMENTAL } as const;
const outcomes = { succeeded: SyncRunOutcome.SUCCEEDED, failed: SyncRunOutcome.FAILED } as const;

export interface FinishedRun {
  readonly target: SyncTarget;
  readonly run: SyncRun;
  readonly outcome: keyof typeof outcomes;
  readonly sequence: number;
  readonly recordsKnown: number;
  /** Empty unless it failed. */
  readonly reason: string;
}

/** `sync-run-finished` of a run. */
export function syncRunEvent(
  finished: FinishedRun,
  options: { readonly wireFormat: WireFormat; readonly now: () => number },
): EventRecord {
  const { target, run } = finished;
  const time = new Date(options.now());
  return encodeEvent(
    {
      topic: topics.syncRunFinished,
      id: uuidv7(),
      tenantId: target.tenantId,
      source: '/kempt/connector',
      subject: `${target.account}/${target.object}`,
      key: objectKey(target.tenantId, target.account, target.object),
      time,
      recordedTime: time,
      sequence: finished.sequence,
      data: create(SyncRunFinishedSchema, {
        account: target.account,
        object: target.object,
        kind: kinds[run.kind],
        outcome: outcomes[finished.outcome],
        sequence: finished.sequence,
        recordsRead: BigInt(run.recordsRead),
        recordsChanged: BigInt(run.recordsChanged),
        recordsSkipped: BigInt(run.recordsSkipped),
        recordsKnown: BigInt(finished.recordsKnown),
        reason: finished.reason,
      }),
    },
    options.wireFormat,
  );
}
