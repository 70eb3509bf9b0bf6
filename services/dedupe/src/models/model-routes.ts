import type { Database } from '@kempt/postgres';
import { type HttpServer, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { EntityKindSchema } from '../clusters/cluster-schemas.ts';
import { listModels } from './model-store.ts';

const ModelsSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      entityKind: EntityKindSchema,
      version: Type.String(),
      trainedOn: Type.Integer({ description: 'Records that the model was trained on' }),
      trainedAt: Type.String({ format: 'date-time' }),
      deciding: Type.Boolean({ description: 'This version decides today' }),
    }),
  ),
});

/** The match models of a tenant. */
export function registerModelRoutes({
  http,
  database,
}: {
  readonly http: HttpServer;
  readonly database: Database;
}): void {
  http.get(
    '/v1/models',
    {
      config: { scope: 'clusters:read' },
      schema: { summary: 'List match models', response: { 200: ModelsSchema } },
    },
    async (request) =>
      database.transaction(
        tenantOf(request),
        async (tx) => ({
          items: (await listModels(tx)).map((model) => ({ ...model, trainedAt: model.trainedAt.toISOString() })),
        }),
        { readOnly: true },
      ),
  );
}
