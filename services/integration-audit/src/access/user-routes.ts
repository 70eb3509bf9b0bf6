import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { administrativePowers } from './user.ts';
import { type KnownUser, listUsers } from './user-store.ts';

export interface UserRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
  readonly now: () => Date;
}

const UserSchema = Type.Object(
  {
    account: Type.String({ description: 'The CRM: sf:<org id> or hs:<portal id>' }),
    userId: Type.String(),
    name: Type.String(),
    email: Type.String(),
    username: Type.String(),
    active: Type.Boolean(),
    userType: Type.Optional(Type.String({ description: 'As the CRM calls it' })),
    roles: Type.Array(Type.String(), { description: 'Profile, permission sets and roles' }),
    powers: Type.Array(Type.String(), { description: 'What goes beyond ordinary work' }),
    lastLoginAt: Type.Optional(Type.String({ format: 'date-time', description: 'Absent: the CRM shows none' })),
    createdAt: Type.Optional(Type.String({ format: 'date-time' })),
    lastAdministrationAt: Type.Optional(
      Type.String({ format: 'date-time', description: 'Their newest setup change that is known' }),
    ),
  },
  { title: 'AccessUser' },
);

const UserPageSchema = Type.Object(
  { items: Type.Array(UserSchema), nextCursor: Type.Optional(Type.String()) },
  { title: 'AccessUserPage' },
);

const dayMs = 86_400_000;

/** Who can log in to the CRMs, and what they may do there. */
export function registerUserRoutes({ http, database, cursors, now }: UserRoutesOptions): void {
  http.get(
    '/v1/access/users',
    {
      config: { scope: 'audit:read' },
      schema: {
        summary: 'List users of the CRMs',
        querystring: Type.Object({
          account: Type.Optional(Type.String()),
          active: Type.Optional(Type.Boolean()),
          powers: Type.Optional(
            Type.String({
              description: 'Only users with this power; several separated by commas; "any" for those of administration',
            }),
          ),
          inactiveDays: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 3_650, description: 'Only users without a log-in for so many days' }),
          ),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 500 }),
        }),
        response: { 200: UserPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { account, active, powers, inactiveDays, cursor, limit } = request.query;
      const list = { list: 'access-users', tenantId, account, active, powers, inactiveDays };
      const [fromAccount, fromUser] = cursor === undefined ? [] : cursors.decode(list, cursor).map(String);
      const found = await database.transaction(
        tenantId,
        (tx) =>
          listUsers(tx, {
            account,
            active,
            powers: powers === undefined ? undefined : powers === 'any' ? administrativePowers : powers.split(','),
            noLoginSince: inactiveDays === undefined ? undefined : new Date(now().getTime() - inactiveDays * dayMs),
            after: fromAccount === undefined || fromUser === undefined ? undefined : [fromAccount, fromUser],
            limit: limit + 1,
          }),
        { readOnly: true },
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(present),
        ...(found.length > limit && last !== undefined
          ? { nextCursor: cursors.encode(list, [last.account, last.userId]) }
          : {}),
      };
    },
  );
}

function present(user: KnownUser): Static<typeof UserSchema> {
  const { account, userId, name, email, username, active, userType, roles, powers } = user;
  const { lastLoginAt, createdAt, lastAdministrationAt } = user;
  return {
    account,
    userId,
    name,
    email,
    username,
    active,
    roles: [...roles],
    powers: [...powers],
    ...(userType === '' ? {} : { userType }),
    ...(lastLoginAt === null ? {} : { lastLoginAt: lastLoginAt.toISOString() }),
    ...(createdAt === null ? {} : { createdAt: createdAt.toISOString() }),
    ...(lastAdministrationAt === null ? {} : { lastAdministrationAt: lastAdministrationAt.toISOString() }),
  };
}
