import { type HttpServer, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { EntityKindSchema, ExplanationRowSchema } from '../clusters/cluster-schemas.ts';
import type { BulkReviews } from './bulk-reviews.ts';

const LevelSchema = Type.String({ maxLength: 200 });

const OutcomeSchema = Type.Object({
  dryRun: Type.Boolean(),
  matched: Type.Integer({ description: 'Pairs that fit, at most limit' }),
  accepted: Type.Integer({ description: 'Verdicts that were given; 0 in a dry run' }),
  skipped: Type.Array(Type.Object({ left: Type.String(), right: Type.String(), reason: Type.String() })),
  scanned: Type.Integer({ description: 'Pairs that were looked at' }),
  more: Type.Boolean({ description: 'There may be more pairs that fit: ask again' }),
  samples: Type.Array(
    Type.Object({
      left: Type.String(),
      right: Type.String(),
      weight: Type.Number({ description: 'Match weight in bits' }),
      probability: Type.Number(),
      rows: Type.Array(ExplanationRowSchema),
    }),
    { description: 'Up to five of the pairs, from the most to the least probable' },
  ),
});

const PatternsSchema = Type.Object({
  patterns: Type.Array(
    Type.Object({
      pattern: Type.Record(Type.String(), Type.String(), {
        description: 'Level by column: what /v1/reviews/bulk takes',
      }),
      pairs: Type.Integer(),
      minProbability: Type.Number(),
      maxProbability: Type.Number(),
      left: Type.String({ description: 'With right, the most probable of the pairs' }),
      right: Type.String(),
    }),
    { description: 'Those with most pairs first' },
  ),
  scanned: Type.Integer({ description: 'Pairs that were looked at, the most probable first' }),
  more: Type.Boolean({ description: 'There are more pairs than were looked at' }),
});

/** One verdict on many pairs of one pattern, and the patterns that there are. */
export function registerBulkRoutes({ http, bulk }: { readonly http: HttpServer; readonly bulk: BulkReviews }): void {
  http.post(
    '/v1/reviews/bulk',
    {
      config: { scope: 'reviews:write' },
      schema: {
        summary: 'Give one verdict on many pairs of a pattern',
        description:
          'Takes pairs on which no verdict stands, the most probable first. A dry run, which is the default, counts them and shows samples. Each verdict is recorded with who gave it, and can be revoked alone; a pair that earlier verdicts rule out is skipped. Verdicts given in bulk do not count for the gate of automatic merges.',
        body: Type.Object({
          filter: Type.Object({
            entityKind: EntityKindSchema,
            pattern: Type.Record(
              Type.String({ maxLength: 100 }),
              Type.Union([LevelSchema, Type.Array(LevelSchema, { minItems: 1, maxItems: 20 })]),
              {
                default: {},
                maxProperties: 50,
                description: 'Level by column as explanations name them; several levels mean any of them',
              },
            ),
            minProbability: Type.Number({ default: 0.9, minimum: 0, maximum: 1 }),
            maxProbability: Type.Number({ default: 1, minimum: 0, maximum: 1 }),
            account: Type.Optional(Type.String({ maxLength: 200 })),
            object: Type.Optional(Type.String({ maxLength: 100 })),
          }),
          verdict: Type.Union([Type.Literal('same'), Type.Literal('different')], { default: 'same' }),
          note: Type.String({ default: '', maxLength: 2_000 }),
          limit: Type.Integer({ default: 100, minimum: 1, maximum: 500 }),
          dryRun: Type.Boolean({ default: true }),
        }),
        response: { 200: OutcomeSchema },
      },
    },
    async (request) => {
      const { filter, verdict, note, limit, dryRun } = request.body;
      const outcome = await bulk.give(tenantOf(request), {
        filter: { ...filter, account: filter.account, object: filter.object },
        verdict,
        note,
        limit,
        dryRun,
        by: request.principal?.subject ?? '',
      });
      return { dryRun, ...outcome, skipped: [...outcome.skipped], samples: [...outcome.samples] };
    },
  );

  http.get(
    '/v1/reviews/patterns',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'List the patterns of pairs without a verdict',
        description:
          'How the columns of two records compare, and how many pairs compare so: what to give verdicts on in bulk.',
        querystring: Type.Object({
          entityKind: EntityKindSchema,
          minProbability: Type.Number({ default: 0.5, minimum: 0, maximum: 1 }),
          maxProbability: Type.Number({ default: 1, minimum: 0, maximum: 1 }),
          account: Type.Optional(Type.String({ maxLength: 200 })),
          object: Type.Optional(Type.String({ maxLength: 100 })),
          limit: Type.Integer({ default: 20, minimum: 1, maximum: 200 }),
        }),
        response: { 200: PatternsSchema },
      },
    },
    async (request) => {
      const { limit, account, object, ...filter } = request.query;
      const list = await bulk.patterns(tenantOf(request), { ...filter, account, object }, limit);
      return { ...list, patterns: [...list.patterns] };
    },
  );
}
