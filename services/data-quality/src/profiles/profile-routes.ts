import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { unknownProfile } from '../errors.ts';
import { ProfilePageSchema, ProfileSchema } from './profile-schemas.ts';
import { listProfiles, type ObjectProfile } from './profile-store.ts';

export interface ProfileRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
}

/** How complete each object of each account is. */
export function registerProfileRoutes({ http, database, cursors }: ProfileRoutesOptions): void {
  http.get(
    '/v1/data-quality/profiles',
    {
      config: { scope: 'quality:read' },
      schema: {
        summary: 'List profiles',
        description: 'How many records each object of each account has, and in how many of them each field is filled.',
        querystring: Type.Object({
          account: Type.Optional(Type.String({ description: 'Only this CRM' })),
          object: Type.Optional(Type.String({ description: 'Only objects of this name' })),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
        }),
        response: { 200: ProfilePageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { account, object, cursor, limit } = request.query;
      const list = { list: 'profiles', tenantId, account, object };
      const [afterAccount, afterObject] = cursor === undefined ? [] : cursors.decode(list, cursor).map(String);
      const after =
        afterAccount === undefined || afterObject === undefined
          ? undefined
          : { account: afterAccount, object: afterObject };
      const found = await database.transaction(
        tenantId,
        (tx) => listProfiles(tx, { account, object, after, limit: limit + 1 }),
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
    '/v1/data-quality/profiles/:account/:object',
    {
      config: { scope: 'quality:read' },
      schema: {
        summary: 'Show a profile',
        params: Type.Object({ account: Type.String({ minLength: 1 }), object: Type.String({ minLength: 1 }) }),
        response: { 200: ProfileSchema },
      },
    },
    async (request) => {
      const { account, object } = request.params;
      const [profile] = await database.transaction(
        tenantOf(request),
        (tx) => listProfiles(tx, { account, object, limit: 1 }),
        { readOnly: true },
      );
      if (profile === undefined) throw unknownProfile(account, object);
      return present(profile);
    },
  );
}

function present(profile: ObjectProfile): Static<typeof ProfileSchema> {
  const { account, object, records, deletedRecords, newestChangeAt, fields } = profile;
  return {
    account,
    object,
    records,
    deletedRecords,
    ...(newestChangeAt === null ? {} : { newestChangeAt: newestChangeAt.toISOString() }),
    fields: fields.map(({ field, filledRecords }) => ({
      field,
      filledRecords,
      ...(records === 0 ? {} : { filledRatio: filledRecords / records }),
    })),
  };
}
