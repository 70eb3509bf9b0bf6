import type { Database } from '@kempt/postgres';
import { type HttpServer, ProblemError, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { EntityKindSchema, ExplanationRowSchema, FieldsSchema } from '../clusters/cluster-schemas.ts';
import { noModelYet, unfitMatchQuestion, unknownIdentity } from '../errors.ts';
import { entityKindOfObject } from '../matching/entity-kind.ts';
import { loadRecords, recordKinds } from '../matching/match-record-store.ts';
import { employerFields } from './employer-fields.ts';
import { knownObjects, readFields } from './known-fields.ts';
import type { MatchAnswer, MatchCheck, MatchQuestion } from './match-check.ts';

export interface MatchRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly check: MatchCheck;
}

const TextSchema = Type.String({ maxLength: 10_000 });

const foundSchema = {
  entityKind: EntityKindSchema,
  modelVersion: Type.String(),
  threshold: Type.Number({ description: 'Match probability from which on two records count as one' }),
  exists: Type.Boolean({ description: 'The best match is at or above the threshold' }),
  goldenId: Type.Union([Type.String(), Type.Null()], {
    description: 'Who it is, when it exists; null when it does not',
  }),
  matches: Type.Array(
    Type.Object({
      record: Type.String({ description: 'account:object:recordId' }),
      goldenId: Type.Union([Type.String(), Type.Null()]),
      probability: Type.Number(),
      weight: Type.Number({ description: 'Match weight in bits' }),
      fields: FieldsSchema,
      explanation: Type.Optional(
        Type.Object({
          prior: Type.Number({ description: 'Match weight of two records of which nothing is known' }),
          rows: Type.Array(ExplanationRowSchema, { description: 'Add up, with the prior, to the weight' }),
        }),
      ),
    }),
    { description: 'The best first' },
  ),
};

const FoundSchema = Type.Object(foundSchema);

const AnswerSchema = Type.Object({
  ...foundSchema,
  ignored: Type.Array(Type.String(), { description: 'Names of fields that are not compared' }),
  organisation: Type.Optional(
    Type.Union([FoundSchema, Type.Null()], {
      description:
        'Existing organisations that a person would belong to; null when nothing tells, or no model decides on organisations yet',
    }),
  ),
});

/** Whether a person or organisation is there already, asked before a new record is created. */
export function registerMatchRoutes({ http, database, check }: MatchRoutesOptions): void {
  http.post(
    '/v1/match',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'Find existing records that a new one would match',
        description:
          'Ask before creating a record. Fields go by the names of the object in its CRM, by canonical names, or by the names that clusters are shown with. Nothing is stored.',
        body: Type.Object({
          entityKind: Type.Optional(EntityKindSchema),
          object: Type.Optional(
            Type.String({ description: `One of ${knownObjects.join(', ')}; says the kind, too`, maxLength: 100 }),
          ),
          account: Type.Optional(
            Type.String({
              description:
                'The account in which the object would be created; some accounts are freer of duplicates than others',
              maxLength: 200,
            }),
          ),
          fields: Type.Record(
            Type.String({ maxLength: 200 }),
            Type.Union([TextSchema, Type.Array(TextSchema, { maxItems: 50 }), Type.Null()]),
            { maxProperties: 500 },
          ),
          minProbability: Type.Number({ default: 0.5, minimum: 0, maximum: 1 }),
          limit: Type.Integer({ default: 5, minimum: 1, maximum: 50 }),
          explain: Type.Boolean({ default: true }),
          organisation: Type.Boolean({
            default: false,
            description: 'Of a person, the existing organisations that it would belong to, too',
          }),
        }),
        response: { 200: AnswerSchema },
      },
    },
    async (request) => {
      const { object, account, fields, minProbability, limit, explain } = request.body;
      const ofObject = object === undefined ? undefined : entityKindOfObject(object);
      if (object !== undefined && ofObject === undefined) {
        throw unfitMatchQuestion('/object', `${object} is not matched; ${knownObjects.join(', ')} are.`);
      }
      const entityKind = ofObject ?? request.body.entityKind;
      if (entityKind === undefined) throw unfitMatchQuestion('/entityKind', 'Give the entityKind or the object.');
      if (request.body.entityKind !== undefined && request.body.entityKind !== entityKind) {
        throw unfitMatchQuestion('/entityKind', `${object} holds records of the kind ${entityKind}.`);
      }
      const { columns, ignored } = readFields(entityKind, object, fields);
      if (Object.keys(columns).length === 0) {
        throw unfitMatchQuestion('/fields', 'None of the fields is compared: there is nothing to look for.');
      }
      const source = account === undefined || object === undefined ? '' : `${account}:${object}`;
      const answer = await check.find(tenantOf(request), {
        entityKind,
        fields: columns,
        source,
        minProbability,
        limit,
        explain,
      });
      const employer = request.body.organisation && entityKind === 'person' ? employerFields(columns) : undefined;
      return {
        ...answer,
        ignored: [...ignored],
        ...(request.body.organisation && entityKind === 'person'
          ? { organisation: await organisationOf(tenantOf(request), employer, { minProbability, limit, explain }) }
          : {}),
      };
    },
  );

  http.get(
    '/v1/match/:ref/organisation',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'Find the organisation of a person',
        description:
          'From a lead or contact to accounts and companies of every CRM, by the name of the employer and the domains of the mail addresses. Free mail tells nothing.',
        params: Type.Object({ ref: Type.String({ minLength: 7, maxLength: 400 }) }),
        querystring: Type.Object({
          minProbability: Type.Number({ default: 0.5, minimum: 0, maximum: 1 }),
          limit: Type.Integer({ default: 5, minimum: 1, maximum: 50 }),
        }),
        response: { 200: Type.Object({ organisation: Type.Union([FoundSchema, Type.Null()]) }) },
      },
    },
    async (request) => {
      const { ref } = request.params;
      const record = await database.transaction(
        tenantOf(request),
        async (tx) => ({
          kind: (await recordKinds(tx, [ref])).get(ref),
          fields: (await loadRecords(tx, [ref]))[0]?.fields,
        }),
        { readOnly: true },
      );
      if (record.kind !== 'person' || record.fields === undefined) throw unknownIdentity(ref);
      const employer = employerFields(record.fields);
      return { organisation: await organisationOf(tenantOf(request), employer, { ...request.query, explain: true }) };
    },
  );

  async function organisationOf(
    tenantId: string,
    employer: Record<string, string | string[]> | undefined,
    asked: Pick<MatchQuestion, 'minProbability' | 'limit' | 'explain'>,
  ): Promise<MatchAnswer | null> {
    if (employer === undefined) return null;
    try {
      return await check.find(tenantId, { entityKind: 'organisation', fields: employer, source: '', ...asked });
    } catch (error) {
      if (error instanceof ProblemError && error.code === noModelYet().code) return null;
      throw error;
    }
  }
}
