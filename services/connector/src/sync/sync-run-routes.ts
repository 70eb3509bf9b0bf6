import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { listRuns, listSkipped, type NotedSkip, type ShownRun } from './sync-run-store.ts';

const SyncRunSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    account: Type.String(),
    object: Type.String(),
    kind: Type.Union([Type.Literal('backfill'), Type.Literal('incremental')]),
    status: Type.Union([Type.Literal('running'), Type.Literal('succeeded'), Type.Literal('failed')]),
    recordsRead: Type.Integer(),
    recordsChanged: Type.Integer(),
    recordsSkipped: Type.Integer({ description: 'Records that could not be read; see /v1/skipped-records' }),
    reasonCode: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String({ description: 'Why it failed, for people' })),
    startedAt: Type.String({ format: 'date-time' }),
    finishedAt: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { title: 'SyncRun' },
);

const SkippedRecordSchema = Type.Object(
  {
    account: Type.String(),
    object: Type.String(),
    recordId: Type.String({ description: 'Empty when even the id is missing' }),
    reason: Type.String(),
    detail: Type.String(),
    seenAt: Type.String({ format: 'date-time' }),
  },
  { title: 'SkippedRecord' },
);

const pageOf = <T extends Parameters<typeof Type.Array>[0]>(item: T) =>
  Type.Object({ items: Type.Array(item), nextCursor: Type.Optional(Type.String()) });

const QuerySchema = Type.Object({
  account: Type.Optional(Type.String({ description: 'sf:<org id> or hs:<portal id>' })),
  object: Type.Optional(Type.String()),
  cursor: Type.Optional(Type.String()),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
});

function runBody(run: ShownRun): Static<typeof SyncRunSchema> {
  return {
    id: run.id,
    account: run.account,
    object: run.object,
    kind: run.kind,
    status: run.status,
    recordsRead: run.recordsRead,
    recordsChanged: run.recordsChanged,
    recordsSkipped: run.recordsSkipped,
    ...(run.reasonCode === null ? {} : { reasonCode: run.reasonCode }),
    ...(run.reason === null ? {} : { reason: run.reason }),
    startedAt: run.startedAt.toISOString(),
    ...(run.finishedAt === null ? {} : { finishedAt: run.finishedAt.toISOString() }),
  };
}

const skipBody = (skip: NotedSkip): Static<typeof SkippedRecordSchema> => ({
  ...skip,
  seenAt: skip.seenAt.toISOString(),
});

export function registerSyncRoutes(options: {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
}): void {
  const { http, database, cursors } = options;
  const tags = ['sync'];
  const config = { scope: 'connections:read' };

  http.get(
    '/v1/sync-runs',
    {
      config,
      schema: {
        tags,
        operationId: 'listSyncRuns',
        summary: 'What was read, newest first',
        description: 'Readings that found nothing are not listed.',
        querystring: QuerySchema,
        response: { 200: pageOf(SyncRunSchema) },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit, ...filter } = request.query;
      const scope = { list: 'sync-runs', tenant: tenantId, ...filter };
      const before = cursor === undefined ? null : String(cursors.decode(scope, cursor)[0]);
      const found = await database.transaction(tenantId, (tx) => listRuns(tx, filter, { before, limit: limit + 1 }), {
        readOnly: true,
      });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: shown.map(runBody),
        ...(found.length > limit && last !== undefined ? { nextCursor: cursors.encode(scope, [last.id]) } : {}),
      };
    },
  );

  http.get(
    '/v1/skipped-records',
    {
      config,
      schema: {
        tags,
        operationId: 'listSkippedRecords',
        summary: 'Records that could not be read, with the reason, until they can',
        querystring: QuerySchema,
        response: { 200: pageOf(SkippedRecordSchema) },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit, ...filter } = request.query;
      const scope = { list: 'skipped-records', tenant: tenantId, ...filter };
      const after = cursor === undefined ? null : (cursors.decode(scope, cursor) as [string, string, string, string]);
      const found = await database.transaction(tenantId, (tx) => listSkipped(tx, filter, { after, limit: limit + 1 }), {
        readOnly: true,
      });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const hasMore = found.length > limit && last !== undefined;
      return {
        items: shown.map(skipBody),
        ...(hasMore
          ? { nextCursor: cursors.encode(scope, [last.account, last.object, last.recordId, last.reason]) }
          : {}),
      };
    },
  );
}
