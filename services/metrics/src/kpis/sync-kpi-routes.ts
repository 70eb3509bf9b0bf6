import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { unknownSyncKpi } from '../errors.ts';
import type { SyncKpi } from './sync-kpi.ts';
import { listSyncKpis } from './sync-kpi-store.ts';

export interface SyncKpiRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
}

const count = (description: string) => Type.Integer({ minimum: 0, description });

const SyncKpiSchema = Type.Object(
  {
    account: Type.String({ description: 'The CRM: sf:<org id> or hs:<portal id>' }),
    object: Type.String({ description: 'The object as the CRM names it' }),
    lastRun: Type.Object({
      sequence: count('Number of the run; runs that found nothing are not numbered'),
      kind: Type.Union([Type.Literal('backfill'), Type.Literal('incremental'), Type.Literal('unknown')]),
      outcome: Type.Union([Type.Literal('succeeded'), Type.Literal('failed'), Type.Literal('unknown')]),
      reason: Type.Optional(Type.String({ description: 'Why it failed' })),
      finishedAt: Type.String({ format: 'date-time' }),
      recordsRead: count('Records that it read'),
      recordsChanged: count('Records of which Kempt had an older version or none'),
      recordsSkipped: count('Records that it could not take'),
    }),
    recordsKnown: count('Records of the object in the mirror when the run ended, deleted ones included'),
    lastSuccessAt: Type.Optional(
      Type.String({ format: 'date-time', description: 'End of the last run that succeeded' }),
    ),
  },
  { title: 'SyncKpi' },
);

const SyncKpiPageSchema = Type.Object(
  {
    items: Type.Array(SyncKpiSchema),
    nextCursor: Type.Optional(Type.String({ description: 'Give it as cursor to read on' })),
  },
  { title: 'SyncKpiPage' },
);

/** How the last sync run over each object went. */
export function registerSyncKpiRoutes({ http, database, cursors }: SyncKpiRoutesOptions): void {
  http.get(
    '/v1/kpis/sync',
    {
      config: { scope: 'kpis:read' },
      schema: {
        summary: 'List sync figures',
        description: 'The last run over each object of each account: what it read, changed and skipped, how it ended.',
        querystring: Type.Object({
          account: Type.Optional(Type.String({ description: 'Only this CRM' })),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
        }),
        response: { 200: SyncKpiPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { account, cursor, limit } = request.query;
      const list = { list: 'sync-kpis', tenantId, account };
      const [afterAccount, afterObject] = cursor === undefined ? [] : cursors.decode(list, cursor).map(String);
      const after =
        afterAccount === undefined || afterObject === undefined
          ? undefined
          : { account: afterAccount, object: afterObject };
      const found = await database.transaction(
        tenantId,
        (tx) => listSyncKpis(tx, { account, after, limit: limit + 1 }),
        { readOnly: true },
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(present),
        ...(found.length > limit && last !== undefined
          ? { nextCursor: cursors.encode(list, [last.account, last.object]) }
          : {}),
      };
    },
  );

  http.get(
    '/v1/kpis/sync/:account/:object',
    {
      config: { scope: 'kpis:read' },
      schema: {
        summary: 'Show the sync figures of an object',
        params: Type.Object({ account: Type.String({ minLength: 1 }), object: Type.String({ minLength: 1 }) }),
        response: { 200: SyncKpiSchema },
      },
    },
    async (request) => {
      const { account, object } = request.params;
      const [kpi] = await database.transaction(
        tenantOf(request),
        (tx) => listSyncKpis(tx, { account, object, limit: 1 }),
        { readOnly: true },
      );
      if (kpi === undefined) throw unknownSyncKpi(account, object);
      return present(kpi);
    },
  );
}

function present(kpi: SyncKpi): Static<typeof SyncKpiSchema> {
  return {
    account: kpi.account,
    object: kpi.object,
    lastRun: {
      sequence: kpi.sequence,
      kind: kpi.kind,
      outcome: kpi.outcome,
      ...(kpi.reason === '' ? {} : { reason: kpi.reason }),
      finishedAt: kpi.finishedAt.toISOString(),
      recordsRead: Number(kpi.recordsRead),
      recordsChanged: Number(kpi.recordsChanged),
      recordsSkipped: Number(kpi.recordsSkipped),
    },
    recordsKnown: Number(kpi.recordsKnown),
    ...(kpi.lastSuccessAt === null ? {} : { lastSuccessAt: kpi.lastSuccessAt.toISOString() }),
  };
}
