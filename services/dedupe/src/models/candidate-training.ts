import { type RecordTable, resolutionOf, resolveTable, type Schema, trainModel } from '@kempt/entity-resolution';
import type { Database } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import { loadRecords, type MatchRecord } from '../matching/match-record-store.ts';
import type { DedupeMetrics } from '../metrics.ts';
import { standingVerdicts } from '../reviews/review-store.ts';
import { constraintsOf, type StandingVerdict } from '../reviews/verdict-graph.ts';
import type { DecidingModels } from './deciding-model.ts';
import { judgeVerdicts } from './judged-pairs.ts';
import { goldenIdsOf } from './kind-record-store.ts';
import { livingEnds, tabulateKind } from './kind-table.ts';
import { clusterDrift, levelShifts, type ModelComparison, scoreOnVerdicts } from './model-comparison.ts';
import { dropOldCandidates, lockFreeState, saveComparison, saveModel } from './model-store.ts';
import { finishTask, type ModelTask } from './model-task-store.ts';
import { calibrateByVerdicts } from './verdict-calibration.ts';

/** So many candidates that never decided are kept. */
const candidatesKept = 5;

export interface CandidateTrainingOptions {
  readonly database: Database;
  readonly models: DecidingModels;
  readonly metrics: Pick<DedupeMetrics, 'models'>;
  readonly now: () => Date;
}

/** What a kind looked like at one moment. */
interface Snapshot {
  readonly deciding: string;
  readonly table: RecordTable;
  /** Living records on which verdicts stand. */
  readonly judged: readonly MatchRecord[];
  readonly clusterOf: ReadonlyMap<string, string>;
  readonly verdicts: readonly StandingVerdict[];
}

/** Trains models that do not decide yet, and compares them with the one that does. Nothing that consumers see changes. */
export function createCandidateTraining({ database, models, metrics, now }: CandidateTrainingOptions) {
  /** Trains a model on every record of the kind, lets the verdicts that stand correct its weights, and compares it. */
  async function train(tenantId: string, task: ModelTask, signal: AbortSignal): Promise<void> {
    const { entityKind: kind } = task;
    const snapshot = await take(tenantId, kind, { signal });
    if (snapshot === undefined) return;
    const { table } = snapshot;
    const trained = await trainModel(table, table.schema, { signal });
    const { model } = calibrateByVerdicts(trained, snapshot.judged, snapshot.verdicts);
    const isNew = await database.transaction(tenantId, async (tx) => {
      if (model.version === snapshot.deciding) {
        await finishTask(tx, task, `the records give the model that decides, ${model.version}`);
        return undefined;
      }
      return saveModel(tx, kind, {
        model,
        records: table.ids.length,
        origin: task.origin,
        requestedBy: task.requestedBy,
      });
    });
    if (isNew === undefined) return;
    if (isNew) metrics.models.inc({ entity_kind: kind, origin: task.origin });
    await judge(tenantId, { ...task, version: model.version }, { snapshot, signal });
  }

  /** Compares a model with the one that decides today. */
  async function compare(tenantId: string, task: ModelTask, signal: AbortSignal): Promise<void> {
    const { model } = await database.transaction(
      tenantId,
      (tx) => models.get(tx, task.entityKind, task.version ?? ''),
      { readOnly: true },
    );
    const snapshot = await take(tenantId, task.entityKind, { schema: model.schema, signal });
    if (snapshot !== undefined) await judge(tenantId, task, { snapshot, signal });
  }

  async function take(
    tenantId: string,
    kind: EntityKind,
    how: { readonly schema?: Schema; readonly signal: AbortSignal },
  ): Promise<Snapshot | undefined> {
    return database.transaction(
      tenantId,
      async (tx) => {
        const state = await lockFreeState(tx, kind);
        if (state.phase === 'collecting') return undefined;
        const verdicts = await standingVerdicts(tx, kind);
        const { table } = await tabulateKind(tx, kind, how);
        return {
          deciding: state.modelVersion,
          table,
          judged: await loadRecords(tx, [...livingEnds(verdicts, table.ids)]),
          clusterOf: await goldenIdsOf(tx, kind),
          verdicts,
        };
      },
      { isolation: 'repeatable read', readOnly: true, statementTimeoutMs: 300_000 },
    );
  }

  async function judge(
    tenantId: string,
    task: ModelTask,
    { snapshot, signal }: { readonly snapshot: Snapshot; readonly signal: AbortSignal },
  ): Promise<void> {
    const { entityKind: kind } = task;
    const version = task.version ?? '';
    const [deciding, candidate] = await database.transaction(
      tenantId,
      async (tx) => [await models.get(tx, kind, snapshot.deciding), await models.get(tx, kind, version)] as const,
      { readOnly: true },
    );
    const { table, verdicts } = snapshot;
    const constraints = constraintsOf(verdicts, livingEnds(verdicts, table.ids));
    const { clusters } = resolutionOf(table, await resolveTable(table, candidate.model, { signal, ...constraints }));
    await database.transaction(tenantId, async (tx) => {
      const [ofDeciding, ofCandidate] = await judgeVerdicts(tx, kind, [deciding, candidate]);
      const comparison: ModelComparison = {
        comparedWith: snapshot.deciding,
        comparedAt: now().toISOString(),
        verdicts: { deciding: scoreOnVerdicts(ofDeciding ?? []), candidate: scoreOnVerdicts(ofCandidate ?? []) },
        clusters: clusterDrift(snapshot.clusterOf, clusters),
        levels: levelShifts(deciding.model, candidate.model),
      };
      await saveComparison(tx, kind, { version, comparison });
      await dropOldCandidates(tx, kind, candidatesKept);
      await finishTask(tx, task, `${version} is compared with ${snapshot.deciding}`);
    });
  }

  return { train, compare };
}

export type CandidateTraining = ReturnType<typeof createCandidateTraining>;
