import type { Database } from '@kempt/postgres';
import { type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { type Completeness, listCompleteness } from './completeness-store.ts';
import { completenessRatio } from './measurement.ts';

const CompletenessSchema = Type.Object(
  {
    account: Type.String({ description: 'sf:<org id> or hs:<portal id>' }),
    object: Type.String(),
    crmRecords: Type.Integer({ description: 'Living records that the CRM counts' }),
    mirrorRecords: Type.Integer({ description: 'Living records in the mirror at the same moment' }),
    ratio: Type.Number({ description: '1 when both have as many; less the more one has that the other lacks' }),
    measuredAt: Type.String({ format: 'date-time' }),
    runId: Type.Optional(Type.String({ description: 'Run of the maintenance calendar that asked for it' })),
    sequence: Type.Integer({ description: 'Measurements of the object so far' }),
  },
  { title: 'Completeness' },
);

const bodyOf = (measured: Completeness): Static<typeof CompletenessSchema> => ({
  account: measured.account,
  object: measured.object,
  crmRecords: measured.crmRecords,
  mirrorRecords: measured.mirrorRecords,
  ratio: completenessRatio({ crm: measured.crmRecords, mirror: measured.mirrorRecords }),
  measuredAt: measured.measuredAt.toISOString(),
  ...(measured.runId === '' ? {} : { runId: measured.runId }),
  sequence: measured.sequence,
});

export function registerCompletenessRoutes(options: { readonly http: HttpServer; readonly database: Database }): void {
  options.http.get(
    '/v1/completeness',
    {
      config: { scope: 'connections:read' },
      schema: {
        tags: ['completeness'],
        operationId: 'listCompleteness',
        summary: 'How many records each CRM counts, and how many the mirror has',
        querystring: Type.Object({
          account: Type.Optional(Type.String()),
          object: Type.Optional(Type.String()),
        }),
        response: { 200: Type.Object({ items: Type.Array(CompletenessSchema) }) },
      },
    },
    async (request) => {
      const filter = request.query;
      const found = await options.database.transaction(tenantOf(request), (tx) => listCompleteness(tx, filter), {
        readOnly: true,
      });
      return { items: found.map(bodyOf) };
    },
  );
}
