import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { riskyActionOf, riskyActions } from './setup-change.ts';
import { listSetupChanges } from './setup-change-store.ts';

export interface SetupChangeRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
  readonly historyDays: number;
  readonly now: () => Date;
}

const SetupChangePageSchema = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          account: Type.String({ description: 'The CRM: sf:<org id> or hs:<portal id>' }),
          changeId: Type.String(),
          at: Type.String({ format: 'date-time' }),
          userId: Type.String(),
          userName: Type.Optional(Type.String()),
          action: Type.String({ description: 'As the CRM names it' }),
          section: Type.String(),
          display: Type.String({ description: 'What it was, in the words of the CRM' }),
          risk: Type.Optional(Type.String({ description: 'What it opens; absent for everyday changes' })),
          severity: Type.Optional(Type.Enum(['low', 'medium', 'high'])),
        },
        { title: 'SetupChange' },
      ),
    ),
    nextCursor: Type.Optional(Type.String()),
  },
  { title: 'SetupChangePage' },
);

const dayMs = 86_400_000;

/** What was changed about the configuration of the CRMs. */
export function registerSetupChangeRoutes(options: SetupChangeRoutesOptions): void {
  const { http, database, cursors, historyDays, now } = options;
  http.get(
    '/v1/setup-changes',
    {
      config: { scope: 'audit:read' },
      schema: {
        summary: 'List setup changes',
        description: 'Newest first.',
        querystring: Type.Object({
          account: Type.Optional(Type.String()),
          userId: Type.Optional(Type.String()),
          risky: Type.Boolean({ default: false, description: 'Only changes that open a door' }),
          days: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_650, description: 'Only of so many days' })),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 500 }),
        }),
        response: { 200: SetupChangePageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { account, userId, risky, days, cursor, limit } = request.query;
      const list = { list: 'setup-changes', tenantId, account, userId, risky, days };
      const [at, fromAccount, changeId] = cursor === undefined ? [] : cursors.decode(list, cursor).map(String);
      const found = await database.transaction(
        tenantId,
        (tx) =>
          listSetupChanges(tx, {
            account,
            userId,
            actions: risky ? riskyActions.map(({ action }) => action) : undefined,
            since: new Date(now().getTime() - Math.min(days ?? historyDays, historyDays) * dayMs),
            before:
              at === undefined || fromAccount === undefined || changeId === undefined
                ? undefined
                : [at, fromAccount, changeId],
            limit: limit + 1,
          }),
        { readOnly: true },
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(({ at: happened, userName, ...change }) => {
          const known = riskyActionOf.get(change.action);
          return {
            ...change,
            at: happened.toISOString(),
            ...(userName === '' ? {} : { userName }),
            ...(known === undefined ? {} : { risk: known.risk, severity: known.severity }),
          };
        }),
        ...(found.length > limit && last !== undefined
          ? { nextCursor: cursors.encode(list, [last.at.toISOString(), last.account, last.changeId]) }
          : {}),
      };
    },
  );
}
