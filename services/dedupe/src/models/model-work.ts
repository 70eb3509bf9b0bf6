import type { Database } from '@kempt/postgres';
import { createRepeatedWork, type RepeatedWork } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { ProposalRefresh } from '../proposals/proposal-refresh.ts';
import type { CandidateTraining } from './candidate-training.ts';
import { countKind } from './kind-record-store.ts';
import { reasonToTrain, type ScheduleLimits } from './model-schedule.ts';
import { listModels, lockFreeState } from './model-store.ts';
import {
  loadTask,
  type ModelTask,
  type ModelTaskName,
  recordFailure,
  requestTask,
  takeDueLooks,
  undoneTasks,
} from './model-task-store.ts';
import type { Rescoring } from './rescoring.ts';

export interface ModelWorkOptions {
  readonly database: Database;
  readonly training: CandidateTraining;
  readonly rescoring: Rescoring;
  readonly proposals: ProposalRefresh;
  readonly schedule: ScheduleLimits;
  readonly logger: Logger;
  readonly intervalMs: number;
  readonly now: () => Date;
}

/** How often the age and the growth of each kind are looked at. */
const lookIntervalMs = 3_600_000;
/** A task that failed so often in a row is given up. */
const failuresMax = 5;

/**
 * Takes up what is to be done beside the stream: trainings, comparisons, rescorings, proposals to be looked at again, the schedule. Several pods may run it: each task
 * is held by one of them, and taken up by another when that one ends.
 */
export function createModelWork(options: ModelWorkOptions): RepeatedWork {
  const { database, training, rescoring, proposals, logger } = options;

  async function runTask(tenantId: string, task: ModelTask, signal: AbortSignal): Promise<void> {
    if (task.task === 'training') await training.train(tenantId, task, signal);
    else if (task.task === 'comparison') await training.compare(tenantId, task, signal);
    else if (task.task === 'rescoring') await rescoring.run(tenantId, task, signal);
    else await proposals.run(tenantId, task, signal);
  }

  async function takeUp(
    tenantId: string,
    { entityKind, task: name }: { readonly entityKind: EntityKind; readonly task: ModelTaskName },
    signal: AbortSignal,
  ): Promise<void> {
    const task = await database.transaction(tenantId, (tx) => loadTask(tx, entityKind, name), { readOnly: true });
    if (task === undefined || task.phase === 'done' || task.phase === 'failed') return;
    const begun = performance.now();
    try {
      await runTask(tenantId, task, signal);
      const seconds = (performance.now() - begun) / 1000;
      logger.info({ tenant: tenantId, entityKind, task: name, seconds }, 'work on a match model went on');
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ tenant: tenantId, entityKind, task: name, err: error }, 'work on a match model failed');
      const reason = error instanceof Error ? error.message : String(error);
      await database.transaction(tenantId, (tx) => recordFailure(tx, task, { reason, failuresMax }));
    }
  }

  async function look(tenantId: string, kind: EntityKind): Promise<void> {
    await database.transaction(tenantId, async (tx) => {
      if ((await lockFreeState(tx, kind)).phase === 'collecting') return;
      const newest = (await listModels(tx)).find((model) => model.entityKind === kind);
      if (newest === undefined) return;
      const today = { now: options.now(), records: await countKind(tx, kind) };
      const origin = reasonToTrain(newest, today, options.schedule);
      if (origin === undefined) return;
      await requestTask(tx, { entityKind: kind, task: 'training', version: null, origin, requestedBy: 'dedupe' });
    });
  }

  return createRepeatedWork({
    name: 'model-work',
    intervalMs: options.intervalMs,
    longestPauseMs: Math.max(60_000, options.intervalMs),
    turn: async (signal) => {
      if (options.schedule.intervalHours > 0) {
        for (const { tenantId, entityKind } of await database.systemTransaction((tx) =>
          takeDueLooks(tx, lookIntervalMs),
        )) {
          await look(tenantId, entityKind);
        }
      }
      for (const { tenantId, ...named } of await database.systemTransaction(undoneTasks)) {
        if (signal.aborted) return;
        await database.tryAdvisoryLock(`model-task:${tenantId}:${named.entityKind}:${named.task}`, (lost) =>
          takeUp(tenantId, named, AbortSignal.any([signal, lost])),
        );
      }
    },
    onFailure: (error) => logger.warn({ err: error }, 'work on match models could not go on; it is tried again'),
  });
}
