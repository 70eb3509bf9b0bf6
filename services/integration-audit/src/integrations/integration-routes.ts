import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { userNames } from '../access/user-store.ts';
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

const KindSchema = Type.Enum(['kempt-connection', 'app', 'client'], {
  description: 'A connection of Kempt itself, an app of the CRM, or a client that only gives a name',
});

const IntegrationSchema = Type.Object(
  {
    id: Type.String({ description: 'Names the entry for ever' }),
    kind: KindSchema,
    account: Type.String({ description: 'The CRM: sf:<org id> or hs:<portal id>' }),
    system: Type.String({ description: 'salesforce or hubspot' }),
    name: Type.String(),
    status: StatusSchema,
    statusSince: Type.String({ format: 'date-time', description: 'Since when it has this status' }),
    registeredAt: Type.String({ format: 'date-time', description: 'Since when it has been known' }),
    objects: Type.Array(Type.String(), { description: 'What a connection of Kempt reads' }),
    version: Type.Integer({ minimum: 0, description: 'Rises with every change' }),
    appKind: Type.Optional(Type.String({ description: 'connected-app, oauth-app or private-app' })),
    lastUsedAt: Type.Optional(Type.String({ format: 'date-time', description: 'Newest trace of it in the CRM' })),
    calls: Type.Optional(Type.Integer({ description: 'Calls in the last 30 days that the CRM told of' })),
    peak: Type.Optional(
      Type.Object(
        {
          day: Type.String({ format: 'date' }),
          calls: Type.Integer(),
          dailyLimit: Type.Integer({ description: 'Calls that the account may make a day; 0: not known' }),
        },
        { description: 'Its busiest day of the last 30' },
      ),
    ),
    userIds: Type.Optional(Type.Array(Type.String(), { description: 'Users who granted it access' })),
    users: Type.Optional(
      Type.Array(Type.Object({ userId: Type.String(), name: Type.String(), active: Type.Boolean() }), {
        description: 'The same with names, where one entry is asked for',
      }),
    ),
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
      config: { scope: 'audit:read' },
      schema: {
        summary: 'List integrations',
        description: 'What has access to the connected CRMs, where each stands and since when.',
        querystring: Type.Object({
          status: Type.Optional(StatusSchema),
          kind: Type.Optional(KindSchema),
          account: Type.Optional(Type.String()),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
        }),
        response: { 200: IntegrationPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit, ...filter } = request.query;
      const list = { list: 'integrations', tenantId, ...filter };
      const after = cursor === undefined ? '' : String(cursors.decode(list, cursor)[0]);
      const found = await database.transaction(
        tenantId,
        (tx) => listIntegrations(tx, { ...filter, after, limit: limit + 1 }),
        { readOnly: true },
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map((integration) => present(integration)),
        ...(found.length > limit && last !== undefined ? { nextCursor: cursors.encode(list, [last.id]) } : {}),
      };
    },
  );

  http.get(
    '/v1/integrations/:id',
    {
      config: { scope: 'audit:read' },
      schema: {
        summary: 'Show an integration',
        params: Type.Object({ id: Type.String({ minLength: 1 }) }),
        response: { 200: IntegrationSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      return database.transaction(
        tenantOf(request),
        async (tx) => {
          const found = await findIntegration(tx, id);
          if (found === undefined) throw unknownIntegration(id);
          if (found.use === null) return present(found);
          const names = await userNames(tx, found.account, found.use.userIds);
          const users = found.use.userIds.map((userId) => ({ userId, name: '', active: false, ...names.get(userId) }));
          return { ...present(found), users };
        },
        { readOnly: true },
      );
    },
  );
}

function present(integration: Integration): Static<typeof IntegrationSchema> {
  const { statusSince, registeredAt, objects, use, ...rest } = integration;
  return {
    ...rest,
    statusSince: statusSince.toISOString(),
    registeredAt: registeredAt.toISOString(),
    objects: [...objects],
    ...(use === null
      ? {}
      : {
          ...(use.appKind === '' ? {} : { appKind: use.appKind }),
          ...(use.lastUsedAt === null ? {} : { lastUsedAt: use.lastUsedAt.toISOString() }),
          ...(use.peak === null ? {} : { peak: { ...use.peak } }),
          calls: use.calls,
          userIds: [...use.userIds],
        }),
  };
}
