import { formatRecordRef, InvalidKeyError, parseRecordRef } from '@kempt/contracts';
import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, notFound, ProblemError, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { livingId } from '../changes/record-alias-store.ts';
import { plainOf } from '../schema/field-value.ts';
import { findRecord, listRecords, type StoredRecord } from './mirror-store.ts';

const RecordSchema = Type.Object(
  {
    ref: Type.String({ description: 'account:object:recordId' }),
    account: Type.String(),
    object: Type.String(),
    recordId: Type.String(),
    version: Type.Integer({ description: 'Rises by one with every change' }),
    modifiedAt: Type.String({ format: 'date-time', description: "The CRM's modification stamp" }),
    modifiedBy: Type.Optional(Type.String({ description: 'User id of whoever changed it last' })),
    contentHash: Type.String(),
    deleted: Type.Boolean(),
    mergedInto: Type.Optional(Type.String({ description: 'ref of the survivor' })),
    livesOnAs: Type.Optional(
      Type.String({
        description: 'ref of the record that it is now: the last survivor, or the one made again in its place',
      }),
    ),
    fields: Type.Record(Type.String(), Type.Unknown(), {
      description: 'Vendor fields that are not blank. Numbers are decimal text, points in time ISO 8601',
    }),
    canonical: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
      description: 'The record in words that both CRMs share: { person: { ... } }',
    }),
  },
  { title: 'Record' },
);

const RecordPageSchema = Type.Object({ items: Type.Array(RecordSchema), nextCursor: Type.Optional(Type.String()) });

type RecordBody = Static<typeof RecordSchema>;

function bodyOf(record: StoredRecord, livesOnAs?: string): RecordBody {
  const { account, object } = record;
  return {
    ref: formatRecordRef(record),
    account,
    object,
    recordId: record.recordId,
    version: record.version,
    modifiedAt: record.modifiedAt.toISOString(),
    ...(record.modifiedBy === '' ? {} : { modifiedBy: record.modifiedBy }),
    contentHash: record.contentHash,
    deleted: record.deleted,
    ...(record.mergedInto === null
      ? {}
      : { mergedInto: formatRecordRef({ account, object, recordId: record.mergedInto }) }),
    ...(livesOnAs === undefined ? {} : { livesOnAs: formatRecordRef({ account, object, recordId: livesOnAs }) }),
    fields: Object.fromEntries(Object.entries(record.fields).map(([name, value]) => [name, plainOf(value)])),
    canonical: record.canonical,
  };
}

function parseRef(text: string) {
  try {
    return parseRecordRef(text);
  } catch (error) {
    if (!(error instanceof InvalidKeyError)) throw error;
    throw new ProblemError({
      status: 400,
      code: 'invalid-record-ref',
      detail: `${error.message}.`,
      errors: [{ pointer: '/params/ref', detail: 'must look like sf:<org id>:<object>:<record id>.' }],
    });
  }
}

export function registerRecordRoutes(options: {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
}): void {
  const { http, database, cursors } = options;
  const tags = ['records'];
  const config = { scope: 'records:read' };

  http.get(
    '/v1/records',
    {
      config,
      schema: {
        tags,
        operationId: 'listRecords',
        summary: 'Records of the mirror, by account, object and id',
        querystring: Type.Object({
          account: Type.Optional(Type.String({ description: 'sf:<org id> or hs:<portal id>' })),
          object: Type.Optional(Type.String()),
          includeDeleted: Type.Boolean({ default: false, description: 'Also those that are deleted or merged away' }),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
        }),
        response: { 200: RecordPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit, ...filter } = request.query;
      const scope = { list: 'records', tenant: tenantId, ...filter };
      const after = cursor === undefined ? null : (cursors.decode(scope, cursor) as [string, string, string]);
      const found = await database.transaction(tenantId, (tx) => listRecords(tx, filter, { after, limit: limit + 1 }), {
        readOnly: true,
      });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const hasMore = found.length > limit && last !== undefined;
      return {
        items: shown.map((record) => bodyOf(record)),
        ...(hasMore ? { nextCursor: cursors.encode(scope, [last.account, last.object, last.recordId]) } : {}),
      };
    },
  );

  http.get(
    '/v1/records/:ref',
    {
      config,
      schema: {
        tags,
        operationId: 'getRecord',
        summary: 'One record, also a deleted or merged one',
        description:
          'A record that the mirror never had, but that a change set merged away, is answered with its survivor.',
        params: Type.Object({ ref: Type.String({ description: 'account:object:recordId' }) }),
        response: { 200: RecordSchema },
      },
    },
    async (request) => {
      const ref = parseRef(request.params.ref);
      const found = await database.transaction(
        tenantOf(request),
        async (tx) => {
          const livesOnAs = await livingId(tx, ref);
          const record = await findRecord(tx, ref);
          if (record !== undefined || livesOnAs === undefined) return { record, livesOnAs };
          return { record: await findRecord(tx, { ...ref, recordId: livesOnAs }), livesOnAs: undefined };
        },
        { readOnly: true },
      );
      if (found.record === undefined) throw notFound(`The record ${request.params.ref}`);
      return bodyOf(found.record, found.livesOnAs);
    },
  );
}
