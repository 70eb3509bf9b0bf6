import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, notFound, ProblemError, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { problemOfCrm } from '../errors.ts';
import { listProgress, type ObjectProgress } from '../sync/cursor-store.ts';
import type { Connection } from './connection.ts';
import { ProbeError } from './connection-probe.ts';
import { ConnectionRequestSchema, parseConnectionRequest } from './connection-request.ts';
import type { Connections } from './connections.ts';

const ObjectSchema = Type.Object({
  object: Type.String(),
  backfilled: Type.Boolean({ description: 'Every record was read at least once' }),
  recordsRead: Type.Integer({ description: 'Records of the object in the mirror, deleted ones included' }),
  failures: Type.Integer({ description: 'Readings that failed since one succeeded' }),
  lastSuccessAt: Type.Optional(Type.String({ format: 'date-time' })),
});

const ConnectionSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    account: Type.String({ description: 'sf:<org id> or hs:<portal id>' }),
    system: Type.Union([Type.Literal('salesforce'), Type.Literal('hubspot')]),
    name: Type.String(),
    status: Type.Union([
      Type.Literal('backfilling'),
      Type.Literal('connected'),
      Type.Literal('failing'),
      Type.Literal('paused'),
    ]),
    reasonCode: Type.Optional(Type.String({ description: 'Why it is failing, for programs' })),
    reason: Type.Optional(Type.String({ description: 'Why it is failing, for people' })),
    settings: Type.Object({
      grant: Type.String(),
      loginUrl: Type.Optional(Type.String()),
      baseUrl: Type.Optional(Type.String()),
      requestsPerSecond: Type.Optional(Type.Number()),
      searchesPerSecond: Type.Optional(Type.Number()),
    }),
    objects: Type.Array(ObjectSchema),
    version: Type.Integer(),
    createdAt: Type.String({ format: 'date-time' }),
    updatedAt: Type.String({ format: 'date-time' }),
  },
  { title: 'Connection' },
);

const ConnectionPageSchema = Type.Object({
  items: Type.Array(ConnectionSchema),
  nextCursor: Type.Optional(Type.String()),
});
const ParamsSchema = Type.Object({ id: Type.String({ format: 'uuid' }) });

type ConnectionBody = Static<typeof ConnectionSchema>;

function bodyOf(connection: Connection, progress: readonly ObjectProgress[]): ConnectionBody {
  const byObject = new Map(
    progress.filter((one) => one.account === connection.account).map((one) => [one.object, one]),
  );
  return {
    id: connection.id,
    account: connection.account,
    system: connection.system,
    name: connection.displayName,
    status: connection.status as ConnectionBody['status'],
    ...(connection.reasonCode === null ? {} : { reasonCode: connection.reasonCode }),
    ...(connection.reason === null ? {} : { reason: connection.reason }),
    settings: connection.settings,
    objects: connection.objects.map((object) => {
      const known = byObject.get(object);
      return {
        object,
        backfilled: known?.backfilled ?? false,
        recordsRead: known?.recordsKnown ?? 0,
        failures: known?.failures ?? 0,
        ...(known?.succeededAt == null ? {} : { lastSuccessAt: known.succeededAt.toISOString() }),
      };
    }),
    version: connection.version,
    createdAt: connection.createdAt.toISOString(),
    updatedAt: connection.updatedAt.toISOString(),
  };
}

const tags = ['connections'];
const read = { scope: 'connections:read' };
const write = { scope: 'connections:write' };

export function registerConnectionRoutes(options: {
  readonly http: HttpServer;
  readonly database: Database;
  readonly connections: Connections;
  readonly cursors: CursorCodec;
}): void {
  const { http, database, connections, cursors } = options;

  async function bodiesOf(tenantId: string, shown: readonly Connection[]): Promise<ConnectionBody[]> {
    const accounts = shown.map((connection) => connection.account);
    const progress = await database.transaction(tenantId, (tx) => listProgress(tx, accounts), { readOnly: true });
    return shown.map((connection) => bodyOf(connection, progress));
  }

  async function show(tenantId: string, id: string, found: Connection | undefined): Promise<ConnectionBody> {
    if (found === undefined) throw notFound(`The connection ${id}`);
    const [body] = await bodiesOf(tenantId, [found]);
    return body as ConnectionBody;
  }

  http.post(
    '/v1/connections',
    {
      config: write,
      schema: {
        tags,
        operationId: 'createConnection',
        summary: 'Connect a CRM account',
        description:
          'The credentials and objects are tried before anything is stored. An account that is connected already is ' +
          'changed to what is asked for.',
        body: ConnectionRequestSchema,
        response: { 201: ConnectionSchema },
      },
    },
    async (request, reply) => {
      const tenantId = tenantOf(request);
      const parsed = parseConnectionRequest(request.body);
      if ('problems' in parsed) {
        throw new ProblemError({
          status: 400,
          code: 'invalid-request',
          title: 'Invalid request',
          detail: parsed.problems.map(({ pointer, detail }) => `${pointer} ${detail}`).join(' '),
          errors: parsed.problems.map(({ pointer, detail }) => ({ pointer: `/body${pointer}`, detail })),
        });
      }
      const gone = new AbortController();
      request.raw.once('close', () => {
        if (!reply.sent) gone.abort(new Error('the client went away'));
      });
      const probed = await connections.probe(parsed.request, gone.signal).catch((error: unknown) => {
        throw error instanceof ProbeError ? problemOfCrm(error.errors) : error;
      });
      const [stored] = await connections.store(tenantId, [probed]);
      const body = await show(tenantId, stored?.id ?? '', stored);
      return reply.code(201).header('location', `/v1/connections/${body.id}`).send(body);
    },
  );

  http.get(
    '/v1/connections',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listConnections',
        summary: 'The CRM accounts that are connected',
        querystring: Type.Object({
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
        }),
        response: { 200: ConnectionPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit } = request.query;
      const scope = { list: 'connections', tenant: tenantId };
      const after = cursor === undefined ? '' : String(cursors.decode(scope, cursor)[0]);
      const found = await connections.list(tenantId, { after, limit: limit + 1 });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: await bodiesOf(tenantId, shown),
        ...(found.length > limit && last !== undefined ? { nextCursor: cursors.encode(scope, [last.account]) } : {}),
      };
    },
  );

  http.get(
    '/v1/connections/:id',
    {
      config: read,
      schema: {
        tags,
        operationId: 'getConnection',
        summary: 'One connection, and where its objects stand',
        params: ParamsSchema,
        response: { 200: ConnectionSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { id } = request.params;
      return await show(tenantId, id, await connections.find(tenantId, id));
    },
  );

  http.delete(
    '/v1/connections/:id',
    {
      config: write,
      schema: {
        tags,
        operationId: 'deleteConnection',
        summary: 'Stop reading an account and forget its credentials',
        description:
          'What was read stays, or is deleted with it: then every record gets a tombstone on record-state, in the background. ' +
          'Connecting the account again goes on with the versions of its records.',
        params: ParamsSchema,
        querystring: Type.Object({
          data: Type.Union([Type.Literal('keep'), Type.Literal('delete')], {
            default: 'keep',
            description: 'What becomes of the records that were read',
          }),
        }),
        response: {
          202: Type.Null({ description: 'Deleted; its data is being deleted' }),
          204: Type.Null({ description: 'Deleted; its data stays' }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { data } = request.query;
      const removed = await connections.remove(tenantOf(request), id, { data });
      if (removed === undefined) throw notFound(`The connection ${id}`);
      return reply.code(data === 'delete' ? 202 : 204).send(null);
    },
  );

  http.post(
    '/v1/connections/:id/pause',
    {
      config: write,
      schema: {
        tags,
        operationId: 'pauseConnection',
        summary: 'Stop reading until it is resumed',
        params: ParamsSchema,
        response: { 200: ConnectionSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { id } = request.params;
      return await show(tenantId, id, await connections.pause(tenantId, id));
    },
  );

  http.post(
    '/v1/connections/:id/resume',
    {
      config: write,
      schema: {
        tags,
        operationId: 'resumeConnection',
        summary: 'Go on reading, now',
        params: ParamsSchema,
        response: { 200: ConnectionSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { id } = request.params;
      return await show(tenantId, id, await connections.resume(tenantId, id));
    },
  );

  http.post(
    '/v1/connections/:id/sync',
    {
      config: { scope: 'sync:write' },
      schema: {
        tags,
        operationId: 'syncConnection',
        summary: 'Read now instead of at the next interval',
        params: ParamsSchema,
        querystring: Type.Object({
          full: Type.Boolean({ default: false, description: 'Read every record again, not only what changed' }),
        }),
        response: { 202: ConnectionSchema },
      },
    },
    async (request, reply) => {
      const tenantId = tenantOf(request);
      const { id } = request.params;
      const found = await connections.sync(tenantId, id, { full: request.query.full });
      return reply.code(202).send(await show(tenantId, id, found));
    },
  );
}
