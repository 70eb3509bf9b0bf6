import type { Database } from '@kempt/postgres';
import { type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { type CrmStatus, listStatuses } from './crm-status-store.ts';

const CrmStatusSchema = Type.Object(
  {
    account: Type.String({ description: 'sf:<org id> or hs:<portal id>' }),
    system: Type.Union([Type.Literal('salesforce'), Type.Literal('hubspot')]),
    outcome: Type.Union([Type.Literal('up'), Type.Literal('down'), Type.Literal('refused')]),
    since: Type.String({ format: 'date-time', description: 'Since when the outcome is what it is' }),
    reason: Type.Optional(Type.String({ description: 'Why it is not up, for people' })),
    probedAt: Type.String({ format: 'date-time' }),
    intervalMs: Type.Integer({ description: 'How long after a probe the next one is due' }),
    latencyMs: Type.Integer({ description: '0 when there was no answer' }),
    callsRemaining: Type.Optional(Type.Integer({ description: 'API calls of the day that are left' })),
    callsAllowed: Type.Optional(Type.Integer({ description: 'API calls that the account may make a day' })),
    sequence: Type.Integer({ description: 'Probes of the account so far' }),
  },
  { title: 'CrmStatus' },
);

const bodyOf = (status: CrmStatus): Static<typeof CrmStatusSchema> => ({
  account: status.account,
  system: status.system,
  outcome: status.outcome,
  since: status.since.toISOString(),
  ...(status.reason === '' ? {} : { reason: status.reason }),
  probedAt: status.probedAt.toISOString(),
  intervalMs: status.intervalMs,
  latencyMs: status.latencyMs,
  ...(status.callsRemaining === null ? {} : { callsRemaining: status.callsRemaining }),
  ...(status.callsAllowed === null ? {} : { callsAllowed: status.callsAllowed }),
  sequence: status.sequence,
});

export function registerProbeRoutes(options: { readonly http: HttpServer; readonly database: Database }): void {
  options.http.get(
    '/v1/crm-status',
    {
      config: { scope: 'connections:read' },
      schema: {
        tags: ['probes'],
        operationId: 'listCrmStatus',
        summary: 'Whether each CRM answers, how fast, and what is left of its allowance',
        response: { 200: Type.Object({ items: Type.Array(CrmStatusSchema) }) },
      },
    },
    async (request) => {
      const found = await options.database.transaction(tenantOf(request), listStatuses, { readOnly: true });
      return { items: found.map(bodyOf) };
    },
  );
}
