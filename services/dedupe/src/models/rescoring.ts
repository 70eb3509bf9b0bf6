import type { Database, Transaction } from '@kempt/postgres';
import type { ChangeLocks } from '../matching/change-lock.ts';
import type { ChangeResolution } from '../matching/change-resolution.ts';
import { replaceKeys } from '../matching/edge-scoring.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import { loadKind } from '../matching/match-record-store.ts';
import type { DedupeMetrics } from '../metrics.ts';
import type { DecidingModels } from './deciding-model.ts';
import { finishTask, loadTask, type ModelTask, saveProgress } from './model-task-store.ts';

export interface RescoringOptions {
  readonly database: Database;
  readonly changes: ChangeResolution;
  readonly locks: ChangeLocks;
  readonly models: DecidingModels;
  readonly metrics: Pick<DedupeMetrics, 'rescoredRecords' | 'clusterChanges'>;
  /** Records of one step, which is one transaction under the lock of the kind. */
  readonly stepRecords: number;
  /** Between two steps, so that changes of the stream that wait come first. */
  readonly pauseMs: number;
  /** Called in the transaction that ends a rescoring. */
  readonly onScored: (tx: Transaction, kind: EntityKind) => Promise<unknown>;
}

/**
 * Scores every record of a kind anew after another model was promoted, step by step beside the stream. There are two
 * rounds: `keys` gives each record the blocking keys of the new model, so that `edges`, which resolves each record as if
 * it had just changed, compares every pair that the new model compares. When both are through, the clusters are those of
 * a batch with the new model. How far it has come is saved with each step, so a crash costs one step.
 */
export function createRescoring(options: RescoringOptions) {
  const { database, changes, locks, models, metrics } = options;

  /** @returns false when nothing is left to do */
  async function step(tenantId: string, { entityKind: kind, task }: ModelTask): Promise<boolean> {
    return database.transaction(tenantId, async (tx) => {
      const lock = await locks(tx, kind);
      const { state } = lock;
      const current = await loadTask(tx, kind, task);
      if (state.phase === 'collecting' || current === undefined) return false;
      if (current.phase !== 'keys' && current.phase !== 'edges') return false;
      const deciding = await models.get(tx, kind, state.modelVersion);
      const limit = options.stepRecords;
      const records = await loadKind(tx, kind, { after: current.afterRef, limit });
      const last = records.at(-1)?.ref;
      if (current.phase === 'keys') {
        await replaceKeys(tx, kind, { matcher: deciding.matcher, refs: records.map((record) => record.ref), lock });
        const phase = last === undefined ? 'edges' : 'keys';
        await saveProgress(tx, current, { phase, afterRef: last ?? '', records: 0 });
        return true;
      }
      if (last === undefined) {
        await finishTask(tx, current, `${current.recordsDone} records were scored with ${state.modelVersion}`);
        await options.onScored(tx, kind);
        return false;
      }
      const counts = await changes.resolve(tx, kind, { deciding, lock, refs: records.map((record) => record.ref) });
      await saveProgress(tx, current, { phase: 'edges', afterRef: last, records: records.length });
      metrics.rescoredRecords.inc({ entity_kind: kind }, records.length);
      metrics.clusterChanges.inc({ entity_kind: kind }, counts.clusters);
      return true;
    });
  }

  return {
    /** Goes on until every record is scored or the signal aborts. */
    async run(tenantId: string, task: ModelTask, signal: AbortSignal): Promise<void> {
      while (!signal.aborted && (await step(tenantId, task))) {
        await new Promise((done) => setTimeout(done, options.pauseMs));
      }
    },
  };
}

export type Rescoring = ReturnType<typeof createRescoring>;
