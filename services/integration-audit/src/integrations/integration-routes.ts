import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { unknownIntegration } from '../errors.ts';
import type { Integration } from './integration.ts';
import { findIntegration, listIntegrations } from './integration-store.ts';

export interface IntegrationRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
}

const StatusSchema = Type.Union([
  Type.Literal('backfilling'),
  Type.Literal('connected'),
  Type.Literal('failing'),
  Type.Literal('paused'),
  Type.Literal('deleted'),
  Type.Literal('unknown'),
]);

const IntegrationSchema = Type.Object(
  {
    id: Type.String({ description: 'Names the entry for ever' }),
    kind: Type.Literal('kempt-connection', { description: 'A connection of Kempt itself' }),
    account: Type.String({ description: 'The CRM: sf:<org id> or hs:<portal id>' }),
    system: Type.String({ description: 'salesforce or hubspot' }),
    name: Type.String(),
    status: StatusSchema,
    statusSince: Type.String({ format: 'date-time', description: 'Since when it has this status' }),
    registeredAt: Type.String({ format: 'date-time', description: 'Since when it has been known' }),
    objects: Type.Array(Type.String(), { description: 'What it reads' }),
    version: Type.Integer({ minimum: 0, description: 'Rises with every change' }),
  },
  { title: 'Integration' },
);

const IntegrationPageSchema = Type.Object(
  {
    items: Type.Array(IntegrationSchema),
    nextCursor: Type.Optional(Type.String({ description: 'Give it as cursor to read on' })),
  },
  { title: 'IntegrationPage' },
);

/** The register of what has access to the CRMs. */
export function registerIntegrationRoutes({ http, database, cursors }: IntegrationRoutesOptions): void {
  http.get(
    '/v1/integrations',
    {
      config: { scope: 'connections:read' },
      schema: {
        summary: 'List integrations',
        description: 'What has access to the connected CRMs, where each stands and since when.',
        querystring: Type.Object({
          status: Type.Optional(StatusSchema),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
        }),
        response: { 200: IntegrationPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { status, cursor, limit } = request.query;
      const list = { list: 'integrations', tenantId, status };
      const after = cursor === undefined ? '' : String(cursors.decode(list, cursor)[0]);
      const found = await database.transaction(
        tenantId,
        (tx) => listIntegrations(tx, { status, after, limit: limit + 1 }),
        { readOnly: true },
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(present),
        ...(found.length > limit && last !== undefined ? { nextCursor: cursors.encode(list, [last.id]) } : {}),
      };
    },
  );

  http.get(
    '/v1/integrations/:id',
    {
      config: { scope: 'connections:read' },
      schema: {
        summary: 'Show an integration',
        params: Type.Object({ id: Type.String({ minLength: 1 }) }),
        response: { 200: IntegrationSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      const found = await database.transaction(tenantOf(request), (tx) => findIntegration(tx, id), { readOnly: true });
      if (found === undefined) throw unknownIntegration(id);
      return present(found);
    },
  );
}

function present(integration: Integration): Static<typeof IntegrationSchema> {
  const { statusSince, registeredAt, objects, ...rest } = integration;
  return {
    ...rest,
    statusSince: statusSince.toISOString(),
    registeredAt: registeredAt.toISOString(),
    objects: [...objects],
  };
}
