import type { MatchModel } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import { MatchModelMissingError } from '../errors.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { ModelComparison } from './model-comparison.ts';
import type { ModelOrigin } from './model-task-store.ts';

export type ResolutionState =
  | { readonly phase: 'collecting' }
  | { readonly phase: 'streaming'; readonly modelVersion: string };

export interface StateRow {
  readonly phase: 'collecting' | 'streaming';
  readonly model_version: string | null;
}

/** Makes sure that the kind has a state. */
export async function beginCollecting(tx: Transaction, kind: EntityKind): Promise<void> {
  await tx.execute(
    `insert into resolution_state (tenant_id, entity_kind, phase) values ($1, $2, 'collecting') on conflict do nothing`,
    [tx.tenantId, kind],
  );
}

/**
 * Takes the lock of a kind and says where it stands. While records are only collected many may hold it; from then on
 * one transaction at a time resolves changes, so that two of them can never miss each other's records.
 */
export async function lockState(tx: Transaction, kind: EntityKind): Promise<ResolutionState> {
  const unlocked = await readState(tx, kind, '');
  if (unlocked.phase === 'collecting') {
    const shared = await readState(tx, kind, 'for share');
    if (shared.phase === 'collecting') return shared;
  }
  return readState(tx, kind, 'for update');
}

/** Says where a kind stands, for readers. */
export async function lockFreeState(tx: Transaction, kind: EntityKind): Promise<ResolutionState> {
  return readState(tx, kind, '');
}

/** Takes the lock alone, to end the collecting or to change what is made of records, not these themselves. */
export async function lockStateAlone(tx: Transaction, kind: EntityKind): Promise<ResolutionState> {
  return readState(tx, kind, 'for update');
}

async function readState(tx: Transaction, kind: EntityKind, lock: string): Promise<ResolutionState> {
  const rows = await tx.query<StateRow>(
    `select phase, model_version from resolution_state where tenant_id = $1 and entity_kind = $2 ${lock}`,
    [tx.tenantId, kind],
  );
  return resolutionStateOf(rows[0]);
}

export function resolutionStateOf(row: StateRow | undefined): ResolutionState {
  if (row?.phase === 'streaming' && row.model_version !== null) {
    return { phase: 'streaming', modelVersion: row.model_version };
  }
  return { phase: 'collecting' };
}

/** From now on the version decides. The caller holds the lock of the kind. */
export async function setDeciding(tx: Transaction, kind: EntityKind, modelVersion: string): Promise<void> {
  await tx.execute(
    `update resolution_state set phase = 'streaming', model_version = $3 where tenant_id = $1 and entity_kind = $2`,
    [tx.tenantId, kind, modelVersion],
  );
}

export interface TrainedModel {
  readonly model: MatchModel;
  readonly records: number;
  readonly origin: ModelOrigin;
  readonly requestedBy: string;
}

/** @returns false when the very same model is there already */
export async function saveModel(tx: Transaction, kind: EntityKind, trained: TrainedModel): Promise<boolean> {
  const saved = await tx.execute(
    `insert into match_model (tenant_id, entity_kind, version, model, trained_on, origin, requested_by)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    [
      tx.tenantId,
      kind,
      trained.model.version,
      JSON.stringify(trained.model),
      trained.records,
      trained.origin,
      trained.requestedBy,
    ],
  );
  return saved > 0;
}

export async function saveComparison(
  tx: Transaction,
  kind: EntityKind,
  compared: { readonly version: string; readonly comparison: ModelComparison },
): Promise<void> {
  await tx.execute(
    `update match_model set comparison = $4 where tenant_id = $1 and entity_kind = $2 and version = $3`,
    [tx.tenantId, kind, compared.version, JSON.stringify(compared.comparison)],
  );
}

/** Forgets candidates that never decided, all but the newest ones. */
export async function dropOldCandidates(tx: Transaction, kind: EntityKind, keep: number): Promise<void> {
  await tx.execute(
    `delete from match_model as model
     where model.tenant_id = $1 and model.entity_kind = $2 and model.version in (
       select candidate.version from match_model as candidate
       where candidate.tenant_id = $1 and candidate.entity_kind = $2
         and not exists (
           select from model_promotion as promotion
           where promotion.tenant_id = $1 and promotion.entity_kind = $2
             and candidate.version in (promotion.version, promotion.previous))
         and not exists (
           select from resolution_state as state
           where state.tenant_id = $1 and state.entity_kind = $2 and state.model_version = candidate.version)
       order by candidate.trained_at desc, candidate.version offset $3)`,
    [tx.tenantId, kind, keep],
  );
}

export async function loadModel(tx: Transaction, kind: EntityKind, version: string): Promise<MatchModel> {
  const rows = await tx.query<{ model: MatchModel }>(
    `select model from match_model where tenant_id = $1 and entity_kind = $2 and version = $3`,
    [tx.tenantId, kind, version],
  );
  const row = rows[0];
  if (row === undefined) throw new MatchModelMissingError(kind, version);
  return row.model;
}

export interface ModelSummary {
  readonly entityKind: EntityKind;
  readonly version: string;
  readonly trainedOn: number;
  readonly trainedAt: Date;
  readonly origin: ModelOrigin;
  readonly requestedBy: string;
  readonly deciding: boolean;
  readonly hasDecided: boolean;
  readonly comparison: ModelComparison | null;
}

const summaries = `select model.entity_kind as "entityKind", model.version, model.trained_on as "trainedOn",
    model.trained_at as "trainedAt", model.origin, model.requested_by as "requestedBy", model.comparison,
    coalesce(state.model_version = model.version, false) as deciding,
    coalesce(state.model_version = model.version, false) or exists (
      select from model_promotion as promotion
      where promotion.tenant_id = model.tenant_id and promotion.entity_kind = model.entity_kind
        and model.version in (promotion.version, promotion.previous)) as "hasDecided"
  from match_model as model
  left join resolution_state as state
    on state.tenant_id = model.tenant_id and state.entity_kind = model.entity_kind`;

export async function listModels(tx: Transaction): Promise<ModelSummary[]> {
  return tx.query<ModelSummary>(
    `${summaries} where model.tenant_id = $1 order by model.entity_kind, model.trained_at desc, model.version`,
    [tx.tenantId],
  );
}

/** A version names its kind: two models of different kinds never have the same content. */
export async function findModel(tx: Transaction, version: string): Promise<ModelSummary | undefined> {
  const rows = await tx.query<ModelSummary>(`${summaries} where model.tenant_id = $1 and model.version = $2`, [
    tx.tenantId,
    version,
  ]);
  return rows[0];
}
