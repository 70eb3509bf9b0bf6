import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { EntityKindSchema } from '../clusters/cluster-schemas.ts';
import { unknownReview } from '../errors.ts';
import { entityKinds } from '../matching/entity-kind.ts';
import { loadRecords } from '../matching/match-record-store.ts';
import type { DecidingModels } from '../models/deciding-model.ts';
import { lockFreeState } from '../models/model-store.ts';
import { gateSample } from './gate-queue-store.ts';
import { type QueuedPair, reviewQueue } from './review-queue.ts';
import { QueueSchema, ReviewPageSchema, ReviewSchema, VerdictSchema } from './review-schemas.ts';
import { listReviews, loadReview, type Review } from './review-store.ts';
import type { Reviews } from './reviews.ts';

export interface ReviewRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly reviews: Reviews;
  readonly models: DecidingModels;
  readonly cursors: CursorCodec;
  /** Match probability of the pairs that count for the gate of automatic merges. */
  readonly gateProbabilityMin: number;
}

const RefSchema = Type.String({ description: 'account:object:recordId', minLength: 7, maxLength: 400 });
const IdParamsSchema = Type.Object({ id: Type.String({ format: 'uuid' }) });

/** What people say of two records, and which two are most worth asking about. */
export function registerReviewRoutes(options: ReviewRoutesOptions): void {
  const { http, database, reviews, models, cursors } = options;
  http.post(
    '/v1/reviews',
    {
      config: { scope: 'reviews:write' },
      schema: {
        summary: 'Say whether two records are the same',
        description:
          'The verdict outweighs every model until it is revoked. Clusters and proposals that it touches have changed when the answer comes. A verdict that others rule out is refused with 409, which names them.',
        body: Type.Object({
          left: RefSchema,
          right: RefSchema,
          verdict: VerdictSchema,
          note: Type.String({ default: '', maxLength: 2_000 }),
        }),
        response: { 200: ReviewSchema, 201: ReviewSchema },
      },
    },
    async (request, reply) => {
      const { review, isNew } = await reviews.decide(tenantOf(request), {
        ...request.body,
        by: request.principal?.subject ?? '',
      });
      return reply.code(isNew ? 201 : 200).send(answerOf(review));
    },
  );

  http.get(
    '/v1/reviews',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'List reviews',
        querystring: Type.Object({
          verdict: Type.Optional(VerdictSchema),
          record: Type.Optional(RefSchema),
          includeRevoked: Type.Boolean({ default: false }),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
        }),
        response: { 200: ReviewPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { verdict, record, includeRevoked, cursor, limit } = request.query;
      const list = { list: 'reviews', tenantId, verdict, record, includeRevoked };
      const after = cursor === undefined ? '' : String(cursors.decode(list, cursor)[0]);
      const found = await database.transaction(
        tenantId,
        (tx) => listReviews(tx, { verdict, record, includeRevoked, after, limit: limit + 1 }),
        { readOnly: true },
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(answerOf),
        ...(found.length > limit && last !== undefined ? { nextCursor: cursors.encode(list, [last.decisionId]) } : {}),
      };
    },
  );

  http.get(
    '/v1/reviews/queue',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'List the pairs most worth a look',
        description:
          'Pairs on which no verdict stands, ordered by the value of one: the nearer to the threshold and the larger the clusters, the more it decides. With the purpose gate, a sample without favour of the pairs from which the precision of automatic merges is told.',
        querystring: Type.Object({
          entityKind: Type.Optional(EntityKindSchema),
          purpose: Type.Union([Type.Literal('value'), Type.Literal('gate')], { default: 'value' }),
          limit: Type.Integer({ default: 20, minimum: 1, maximum: 200 }),
        }),
        response: { 200: QueueSchema },
      },
    },
    async (request) => {
      const { entityKind, limit, purpose } = request.query;
      return database.transaction(
        tenantOf(request),
        async (tx) => {
          const pairs: QueuedPair[] = [];
          for (const kind of entityKind === undefined ? entityKinds : [entityKind]) {
            const state = await lockFreeState(tx, kind);
            if (state.phase === 'collecting') continue;
            if (purpose === 'gate') {
              const sample = await gateSample(tx, kind, { probabilityMin: options.gateProbabilityMin, limit });
              pairs.push(...sample.map((edge) => ({ ...edge, together: true, value: 1 })));
              continue;
            }
            const { model } = await models.get(tx, kind, state.modelVersion);
            pairs.push(...(await reviewQueue(tx, kind, { model, limit })));
          }
          const best = pairs.toSorted((left, right) => right.value - left.value).slice(0, limit);
          const records = await loadRecords(tx, [...new Set(best.flatMap((pair) => [pair.left, pair.right]))]);
          const fieldsOf = new Map(records.map((record) => [record.ref, record.fields]));
          return {
            items: best.map((pair) => ({
              ...pair,
              leftFields: fieldsOf.get(pair.left) ?? {},
              rightFields: fieldsOf.get(pair.right) ?? {},
            })),
          };
        },
        { readOnly: true },
      );
    },
  );

  http.get(
    '/v1/reviews/:id',
    {
      config: { scope: 'clusters:read' },
      schema: { summary: 'Show a review', params: IdParamsSchema, response: { 200: ReviewSchema } },
    },
    async (request) => {
      const review = await database.transaction(tenantOf(request), (tx) => loadReview(tx, request.params.id), {
        readOnly: true,
      });
      if (review === undefined) throw unknownReview(request.params.id);
      return answerOf(review);
    },
  );

  http.delete(
    '/v1/reviews/:id',
    {
      config: { scope: 'reviews:write' },
      schema: {
        summary: 'Revoke a review',
        description: 'The models decide on the two records again. Revoking twice changes nothing.',
        params: IdParamsSchema,
        response: { 200: ReviewSchema },
      },
    },
    async (request) =>
      answerOf(await reviews.revoke(tenantOf(request), request.params.id, request.principal?.subject ?? '')),
  );
}

function answerOf({ decisionId, decidedAt, ...rest }: Review) {
  return { id: decisionId, ...rest, decidedAt: decidedAt.toISOString() };
}
