import type { Database } from '@kempt/postgres';
import { type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { listSources, type SourceState } from './audit-store.ts';

const AuditSourceSchema = Type.Object(
  {
    account: Type.String({ description: 'sf:<org id> or hs:<portal id>' }),
    source: Type.String({
      description: 'users, log-ins, apps, api-usage, setup-changes, audit-log, security-activity',
    }),
    outcome: Type.Union([Type.Literal('read'), Type.Literal('not-available'), Type.Literal('failed')], {
      description: 'not-available: the account does not offer it, or not to these credentials',
    }),
    reason: Type.Optional(Type.String({ description: 'Why it was not read, for people' })),
    records: Type.Integer({ description: 'What the last reading showed' }),
    triedAt: Type.String({ format: 'date-time' }),
    lastReadAt: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { title: 'AuditSource' },
);

const bodyOf = (state: SourceState): Static<typeof AuditSourceSchema> => ({
  account: state.account,
  source: state.source,
  outcome: state.outcome,
  ...(state.reason === '' ? {} : { reason: state.reason }),
  records: state.records,
  triedAt: state.triedAt.toISOString(),
  ...(state.readAt === null ? {} : { lastReadAt: state.readAt.toISOString() }),
});

export function registerAuditRoutes(options: { readonly http: HttpServer; readonly database: Database }): void {
  options.http.get(
    '/v1/audit/sources',
    {
      config: { scope: 'audit:read' },
      schema: {
        tags: ['audit'],
        operationId: 'listAuditSources',
        summary: 'What of each CRM an audit can look at, when it was last read, and why not',
        querystring: Type.Object({ account: Type.Optional(Type.String()) }),
        response: { 200: Type.Object({ items: Type.Array(AuditSourceSchema) }) },
      },
    },
    async (request) => {
      const account = request.query.account ?? null;
      const found = await options.database.transaction(tenantOf(request), (tx) => listSources(tx, account), {
        readOnly: true,
      });
      return { items: found.map(bodyOf) };
    },
  );
}
