import { type KemptEvent, type SyncRunFinished, SyncRunKind, SyncRunOutcome, type topics } from '@kempt/contracts';

/** How a sync run ended. Counts are whole numbers of any size, as text. */
export interface FinishedRun {
  readonly account: string;
  readonly object: string;
  readonly sequence: number;
  readonly kind: 'backfill' | 'incremental' | 'unknown';
  readonly outcome: 'succeeded' | 'failed' | 'unknown';
  readonly reason: string;
  readonly recordsRead: string;
  readonly recordsChanged: string;
  readonly recordsSkipped: string;
  readonly recordsKnown: string;
  readonly finishedAt: Date;
}

/** The last run over an object, and the last one that succeeded. */
export interface SyncKpi extends FinishedRun {
  readonly lastSuccessAt: Date | null;
}

const kinds: Readonly<Record<SyncRunKind, FinishedRun['kind']>> = {
  [SyncRunKind.UNSPECIFIED]: 'unknown',
  [SyncRunKind.BACKFILL]: 'backfill',
  [SyncRunKind.INCREMENTAL]: 'incremental',
};

const outcomes: Readonly<Record<SyncRunOutcome, FinishedRun['outcome']>> = {
  [SyncRunOutcome.UNSPECIFIED]: 'unknown',
  [SyncRunOutcome.SUCCEEDED]: 'succeeded',
  [SyncRunOutcome.FAILED]: 'failed',
};

/** The run that an event tells of. A newer release may know kinds and outcomes that this one does not. */
export function finishedRunOf(
  event: KemptEvent<typeof topics.syncRunFinished.message>,
  run: SyncRunFinished,
): FinishedRun {
  return {
    account: run.account,
    object: run.object,
    sequence: event.sequence,
    kind: kinds[run.kind] ?? 'unknown',
    outcome: outcomes[run.outcome] ?? 'unknown',
    reason: run.reason,
    recordsRead: run.recordsRead.toString(),
    recordsChanged: run.recordsChanged.toString(),
    recordsSkipped: run.recordsSkipped.toString(),
    recordsKnown: run.recordsKnown.toString(),
    finishedAt: event.time,
  };
}

/** `sf` or `hs`. */
export function systemOf(account: string): string {
  return account.split(':', 1)[0] ?? '';
}
