import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';

export type ModelTaskName = 'training' | 'comparison' | 'rescoring' | 'proposals';
export type ModelTaskPhase = 'waiting' | 'keys' | 'edges' | 'done' | 'failed';
/** Why a model was trained. */
export type ModelOrigin = 'first' | 'request' | 'schedule' | 'growth';

/** Work on a model that goes on beside the stream. */
export interface ModelTask {
  readonly entityKind: EntityKind;
  readonly task: ModelTaskName;
  /** The model that is compared or scored with; null for a training. */
  readonly version: string | null;
  readonly origin: ModelOrigin;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly phase: ModelTaskPhase;
  /** Every record, or cluster, up to this one is done in the phase. */
  readonly afterRef: string;
  readonly recordsDone: number;
  readonly outcome: string;
  readonly finishedAt: Date | null;
}

const columns = `entity_kind as "entityKind", task, version, origin, requested_by as "requestedBy",
  requested_at as "requestedAt", phase, after_ref as "afterRef", records_done as "recordsDone", outcome,
  finished_at as "finishedAt"`;

export interface ModelTaskRequest {
  readonly entityKind: EntityKind;
  readonly task: ModelTaskName;
  readonly version: string | null;
  readonly origin: ModelOrigin;
  readonly requestedBy: string;
}

/**
 * Asks for a task. One that waits or runs for the same model goes on as it is; a rescoring and a look at all proposals begin
 * anew, since whoever asks for them has just changed what they depend on.
 */
export async function requestTask(tx: Transaction, request: ModelTaskRequest): Promise<ModelTask> {
  await tx.execute(
    `insert into model_task (tenant_id, entity_kind, task, version, origin, requested_by, phase)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (tenant_id, entity_kind, task) do update
       set version = excluded.version, origin = excluded.origin, requested_by = excluded.requested_by,
           requested_at = now(), phase = excluded.phase, after_ref = '', records_done = 0, failures = 0, outcome = '',
           finished_at = null
       where model_task.phase in ('done', 'failed') or model_task.version is distinct from excluded.version
          or excluded.task in ('rescoring', 'proposals')`,
    [
      tx.tenantId,
      request.entityKind,
      request.task,
      request.version,
      request.origin,
      request.requestedBy,
      request.task === 'rescoring' ? 'keys' : 'waiting',
    ],
  );
  const task = await loadTask(tx, request.entityKind, request.task);
  if (task === undefined) throw new Error('a task that was just written is not there');
  return task;
}

export async function loadTask(tx: Transaction, kind: EntityKind, task: ModelTaskName): Promise<ModelTask | undefined> {
  const rows = await tx.query<ModelTask>(
    `select ${columns} from model_task where tenant_id = $1 and entity_kind = $2 and task = $3`,
    [tx.tenantId, kind, task],
  );
  return rows[0];
}

/** The tasks of a tenant, done ones included. */
export async function listTasks(tx: Transaction): Promise<ModelTask[]> {
  return tx.query<ModelTask>(`select ${columns} from model_task where tenant_id = $1 order by entity_kind, task`, [
    tx.tenantId,
  ]);
}

/** Tasks of all tenants that are not done, the oldest first. Takes a system transaction. */
export async function undoneTasks(
  tx: Transaction,
): Promise<{ readonly tenantId: string; readonly entityKind: EntityKind; readonly task: ModelTaskName }[]> {
  return tx.query(
    `select tenant_id as "tenantId", entity_kind as "entityKind", task from model_task
     where phase not in ('done', 'failed') order by requested_at, tenant_id, entity_kind, task`,
  );
}

export async function saveProgress(
  tx: Transaction,
  { entityKind, task }: Pick<ModelTask, 'entityKind' | 'task'>,
  progress: { readonly phase: ModelTaskPhase; readonly afterRef: string; readonly records: number },
): Promise<void> {
  await tx.execute(
    `update model_task set phase = $4, after_ref = $5, records_done = records_done + $6, failures = 0
     where tenant_id = $1 and entity_kind = $2 and task = $3`,
    [tx.tenantId, entityKind, task, progress.phase, progress.afterRef, progress.records],
  );
}

export async function finishTask(
  tx: Transaction,
  { entityKind, task }: Pick<ModelTask, 'entityKind' | 'task'>,
  outcome: string,
): Promise<void> {
  await tx.execute(
    `update model_task set phase = 'done', outcome = $4, finished_at = now()
     where tenant_id = $1 and entity_kind = $2 and task = $3`,
    [tx.tenantId, entityKind, task, outcome],
  );
}

/** Counts a failure. After `failuresMax` in a row the task is given up, and says why. */
export async function recordFailure(
  tx: Transaction,
  { entityKind, task }: Pick<ModelTask, 'entityKind' | 'task'>,
  failure: { readonly reason: string; readonly failuresMax: number },
): Promise<void> {
  await tx.execute(
    `update model_task
     set failures = failures + 1, outcome = $4,
         phase = case when failures + 1 >= $5 then 'failed' else phase end,
         finished_at = case when failures + 1 >= $5 then now() end
     where tenant_id = $1 and entity_kind = $2 and task = $3`,
    [tx.tenantId, entityKind, task, failure.reason, failure.failuresMax],
  );
}

/** Has the models of the kind looked after from now on. */
export async function watchModels(tx: Transaction, kind: EntityKind): Promise<void> {
  await tx.execute(`insert into model_watch (tenant_id, entity_kind) values ($1, $2) on conflict do nothing`, [
    tx.tenantId,
    kind,
  ]);
}

/** Kinds of all tenants that a model decides. Takes a system transaction. */
export async function watchedKinds(
  tx: Transaction,
): Promise<{ readonly tenantId: string; readonly entityKind: EntityKind }[]> {
  return tx.query(
    `select tenant_id as "tenantId", entity_kind as "entityKind" from model_watch order by tenant_id, entity_kind`,
  );
}

/** Kinds of all tenants on which a look is due; the next one is due after `intervalMs`. Takes a system transaction. */
export async function takeDueLooks(
  tx: Transaction,
  intervalMs: number,
): Promise<{ readonly tenantId: string; readonly entityKind: EntityKind }[]> {
  return tx.query(
    `update model_watch set next_look = now() + $1 * interval '1 millisecond'
     where next_look <= now() returning tenant_id as "tenantId", entity_kind as "entityKind"`,
    [intervalMs],
  );
}
