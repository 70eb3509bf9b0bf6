import type { Database } from '@kempt/postgres';
import { type HttpServer, requireScope, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { EntityKindSchema } from '../clusters/cluster-schemas.ts';
import { noModelYet, unknownModel } from '../errors.ts';
import { listPromotions, type ModelPromotion } from './model-promotion-store.ts';
import type { ModelPromotions } from './model-promotions.ts';
import { ModelSchema, ModelsSchema, PromotionSchema, PromotionsSchema, TaskSchema } from './model-schemas.ts';
import { findModel, listModels, loadModel, lockFreeState, type ModelSummary } from './model-store.ts';
import { listTasks, type ModelTask, requestTask } from './model-task-store.ts';

export interface ModelRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly promotions: ModelPromotions;
  /** Called when there is work to take up. */
  readonly wake: () => void;
}

const VersionParamsSchema = Type.Object({ version: Type.String({ minLength: 1, maxLength: 200 }) });

/** The match models of a tenant: what decides, what might, how they compare, and which of them is to decide. */
export function registerModelRoutes({ http, database, promotions, wake }: ModelRoutesOptions): void {
  http.get(
    '/v1/models',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'List match models',
        description: 'Each with how it compared with the model that decided when it was trained, and the work on them.',
        response: { 200: ModelsSchema },
      },
    },
    async (request) =>
      database.transaction(
        tenantOf(request),
        async (tx) => ({ items: (await listModels(tx)).map(summaryOf), tasks: (await listTasks(tx)).map(taskOf) }),
        { readOnly: true },
      ),
  );

  http.post(
    '/v1/models',
    {
      config: { scope: 'models:write' },
      schema: {
        summary: 'Train a match model',
        description:
          'A candidate is trained on every record of the tenant and compared with the model that decides, in the background. It decides nothing until it is promoted.',
        body: Type.Object({ entityKind: EntityKindSchema }),
        response: { 202: TaskSchema },
      },
    },
    async (request, reply) => {
      const { entityKind } = request.body;
      const task = await database.transaction(tenantOf(request), async (tx) => {
        if ((await lockFreeState(tx, entityKind)).phase === 'collecting') throw noModelYet();
        const requestedBy = request.principal?.subject ?? '';
        return requestTask(tx, { entityKind, task: 'training', version: null, origin: 'request', requestedBy });
      });
      wake();
      return reply.code(202).send(taskOf(task));
    },
  );

  http.get(
    '/v1/models/promotions',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'List promotions of match models',
        querystring: Type.Object({ limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }) }),
        response: { 200: PromotionsSchema },
      },
    },
    async (request) =>
      database.transaction(
        tenantOf(request),
        async (tx) => ({ items: (await listPromotions(tx, request.query.limit)).map(promotionOf) }),
        { readOnly: true },
      ),
  );

  http.get(
    '/v1/models/:version',
    {
      config: { scope: 'clusters:read' },
      schema: { summary: 'Show a match model', params: VersionParamsSchema, response: { 200: ModelSchema } },
    },
    async (request) =>
      database.transaction(
        tenantOf(request),
        async (tx) => {
          const found = await findModel(tx, request.params.version);
          if (found === undefined) throw unknownModel(request.params.version);
          const model = await loadModel(tx, found.entityKind, found.version);
          return {
            ...summaryOf(found),
            threshold: model.threshold,
            diagnostics: { ...model.diagnostics, untrainedLevels: [...model.diagnostics.untrainedLevels] },
            columns: model.features.map((feature) => ({
              column: feature.name,
              levels: feature.levels.map(({ label, m, u, weight, trained }) => ({
                level: label,
                m,
                u,
                weight,
                trained,
              })),
            })),
          };
        },
        { readOnly: true },
      ),
  );

  http.post(
    '/v1/models/:version/comparison',
    {
      config: { scope: 'models:write' },
      schema: {
        summary: 'Compare a match model with the one that decides',
        description: 'In the background, on the records and verdicts of today.',
        params: VersionParamsSchema,
        response: { 202: TaskSchema },
      },
    },
    async (request, reply) => {
      const { version } = request.params;
      const task = await database.transaction(tenantOf(request), async (tx) => {
        const found = await findModel(tx, version);
        if (found === undefined) throw unknownModel(version);
        const { entityKind } = found;
        const requestedBy = request.principal?.subject ?? '';
        return requestTask(tx, { entityKind, task: 'comparison', version, origin: 'request', requestedBy });
      });
      wake();
      return reply.code(202).send(taskOf(task));
    },
  );

  http.post(
    '/v1/models/:version/promotion',
    {
      config: { scope: 'models:write' },
      schema: {
        summary: 'Let a match model decide',
        description:
          'From the next change on it decides; every record is scored anew in the background, and consumers see the cluster changes that follow. Refused with 409 and reasons when it is worse than the model that decides, unless somebody with the scope admin sets force. A version that decided before may always be gone back to.',
        params: VersionParamsSchema,
        body: Type.Object({
          force: Type.Boolean({ default: false }),
          note: Type.String({ default: '', maxLength: 2_000 }),
        }),
        response: { 200: Type.Object({ promotion: Type.Union([PromotionSchema, Type.Null()]) }) },
      },
    },
    async (request) => {
      const { force, note } = request.body;
      if (force && request.principal !== null) requireScope(request.principal, 'admin');
      const promotion = await promotions.promote(tenantOf(request), {
        version: request.params.version,
        force,
        note,
        by: request.principal?.subject ?? '',
      });
      return { promotion: promotion === undefined ? null : promotionOf(promotion) };
    },
  );
}

function summaryOf({ comparison, trainedAt, ...rest }: ModelSummary) {
  return {
    ...rest,
    trainedAt: trainedAt.toISOString(),
    comparison: comparison === null ? null : { ...comparison, levels: [...comparison.levels] },
  };
}

function taskOf({ requestedAt, finishedAt, ...rest }: ModelTask) {
  return { ...rest, requestedAt: requestedAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null };
}

function promotionOf({ promotedAt, objections, ...rest }: ModelPromotion) {
  return { ...rest, objections: [...objections], promotedAt: promotedAt.toISOString() };
}
