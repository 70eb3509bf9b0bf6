import { type HttpServer, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { EntityKindSchema, ExplanationRowSchema, FieldsSchema } from '../clusters/cluster-schemas.ts';
import { unfitMatchQuestion } from '../errors.ts';
import { entityKindOfObject } from '../matching/entity-kind.ts';
import { knownObjects, readFields } from './known-fields.ts';
import type { MatchCheck } from './match-check.ts';

const TextSchema = Type.String({ maxLength: 10_000 });

const AnswerSchema = Type.Object({
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
  ignored: Type.Array(Type.String(), { description: 'Names of fields that are not compared' }),
});

/** Whether a person or organisation is there already, asked before a new record is created. */
export function registerMatchRoutes({ http, check }: { readonly http: HttpServer; readonly check: MatchCheck }): void {
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
      return { ...answer, ignored: [...ignored] };
    },
  );
}
