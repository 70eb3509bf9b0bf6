import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { dimensions, severities } from '../rules/rule.ts';
import { listIssues } from './issue-store.ts';

const IssueSchema = Type.Object(
  {
    issueId: Type.String(),
    version: Type.Integer(),
    state: Type.Enum(['open', 'closed']),
    account: Type.String(),
    object: Type.String(),
    recordId: Type.String(),
    ruleId: Type.String(),
    dimension: Type.Enum([...dimensions]),
    severity: Type.Enum([...severities]),
    field: Type.Optional(Type.String({ description: 'Canonical field; absent when it is about the whole record' })),
    message: Type.String({ description: 'What is wrong and what to do' }),
    ownerId: Type.Optional(Type.String({ description: 'Owner of the record in the CRM' })),
    changedAt: Type.String({ format: 'date-time', description: 'When the record changed that opened or closed it' }),
  },
  { title: 'QualityIssue' },
);

const IssuePageSchema = Type.Object(
  { items: Type.Array(IssueSchema), nextCursor: Type.Optional(Type.String()) },
  { title: 'QualityIssuePage' },
);

export interface IssueRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
}

/** Which records break which rules. */
export function registerIssueRoutes({ http, database, cursors }: IssueRoutesOptions): void {
  http.get(
    '/v1/data-quality/issues',
    {
      config: { scope: 'quality:read' },
      schema: {
        summary: 'List issues',
        description: 'Records that break a rule, or once did.',
        querystring: Type.Object({
          account: Type.Optional(Type.String()),
          object: Type.Optional(Type.String()),
          record: Type.Optional(Type.String({ description: 'Only issues of the record with this id' })),
          ruleId: Type.Optional(Type.String()),
          ownerId: Type.Optional(Type.String()),
          severity: Type.Optional(Type.Enum([...severities])),
          state: Type.Enum(['open', 'closed', 'all'], { default: 'open' }),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 500 }),
        }),
        response: { 200: IssuePageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit, record, state, ...filter } = request.query;
      const list = { list: 'issues', tenantId, record, state, ...filter };
      const [account, object, recordId, ruleId] = cursor === undefined ? [] : cursors.decode(list, cursor).map(String);
      const found = await database.transaction(
        tenantId,
        (tx) =>
          listIssues(tx, {
            ...filter,
            recordId: record,
            open: state === 'all' ? undefined : state === 'open',
            after:
              account === undefined || object === undefined || recordId === undefined || ruleId === undefined
                ? undefined
                : [account, object, recordId, ruleId],
            limit: limit + 1,
          }),
        { readOnly: true },
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(({ open, field, ownerId, changedAt, ...issue }) => ({
          ...issue,
          state: open ? ('open' as const) : ('closed' as const),
          ...(field === '' ? {} : { field }),
          ...(ownerId === '' ? {} : { ownerId }),
          changedAt: changedAt.toISOString(),
        })),
        ...(found.length > limit && last !== undefined
          ? { nextCursor: cursors.encode(list, [last.account, last.object, last.recordId, last.ruleId]) }
          : {}),
      };
    },
  );
}
