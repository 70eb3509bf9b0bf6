import type { Database, Transaction } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { unknownScore } from '../errors.ts';
import type { ObjectRef } from '../profiles/profile-store.ts';
import { dimensions, type Rule } from '../rules/rule.ts';
import { loadRules } from '../rules/rule-store.ts';
import { type Score, scoreOf } from './score.ts';
import { objectCounts, ownerCounts, recordFigures, scoredObjects, scoreHistory } from './score-store.ts';

const points = Type.Number({ minimum: 0, maximum: 100 });

const DimensionScoreSchema = Type.Object({
  dimension: Type.Enum([...dimensions]),
  score: points,
  weight: Type.Number({ description: 'Share of the whole score' }),
  checked: Type.Integer({ description: 'How often a rule of the dimension applied' }),
  failed: Type.Integer(),
});

const scoreProperties = {
  account: Type.String(),
  object: Type.String(),
  score: Type.Optional(Type.Number({ description: '0 to 100; absent when no rule applied' })),
  records: Type.Integer({ description: 'Living records that rules apply to' }),
  openIssues: Type.Integer(),
  dimensions: Type.Array(DimensionScoreSchema),
};

const ScoreSchema = Type.Object(scoreProperties, { title: 'QualityScore' });

const ScorePageSchema = Type.Object(
  { items: Type.Array(ScoreSchema), nextCursor: Type.Optional(Type.String()) },
  { title: 'QualityScorePage' },
);

const ExplainedScoreSchema = Type.Object(
  {
    ...scoreProperties,
    losses: Type.Array(
      Type.Object({
        ruleId: Type.String(),
        dimension: Type.Enum([...dimensions]),
        checked: Type.Integer(),
        failed: Type.Integer(),
        points: Type.Number({ description: 'What the rule takes away from 100' }),
        message: Type.String(),
      }),
      { description: 'Why the score is not 100, most points first. They sum to what is missing.' },
    ),
    owners: Type.Array(
      Type.Object({
        ownerId: Type.Optional(Type.String({ description: 'Absent: records that nobody owns' })),
        score: points,
        failed: Type.Integer(),
        checked: Type.Integer(),
      }),
      { description: 'The same score over the records of each owner, worst first' },
    ),
  },
  { title: 'ExplainedQualityScore' },
);

const HistorySchema = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        sequence: Type.Integer(),
        measuredAt: Type.String({ format: 'date-time' }),
        score: points,
        records: Type.Integer(),
        openIssues: Type.Integer(),
        dimensions: Type.Array(DimensionScoreSchema),
      }),
    ),
    nextCursor: Type.Optional(Type.String()),
  },
  { title: 'QualityScoreHistory' },
);

export interface ScoreRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
}

async function scored(
  tx: Transaction,
  ref: ObjectRef,
  rules: readonly Rule[],
): Promise<{ readonly shown: Static<typeof ScoreSchema>; readonly score: Score }> {
  const score = scoreOf(await objectCounts(tx, ref), rules);
  const figures = await recordFigures(tx, ref);
  return {
    score,
    shown: {
      account: ref.account,
      object: ref.object,
      ...(score.score === null ? {} : { score: score.score }),
      ...figures,
      dimensions: [...score.dimensions],
    },
  };
}

/** Scores as they are now; the history holds those that were measured. */
export function registerScoreRoutes({ http, database, cursors }: ScoreRoutesOptions): void {
  http.get(
    '/v1/data-quality/scores',
    {
      config: { scope: 'quality:read' },
      schema: {
        summary: 'List scores',
        description: 'How good the records of each object are, from 0 to 100.',
        querystring: Type.Object({
          account: Type.Optional(Type.String()),
          object: Type.Optional(Type.String()),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
        }),
        response: { 200: ScorePageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { account, object, cursor, limit } = request.query;
      const list = { list: 'scores', tenantId, account, object };
      const [afterAccount, afterObject] = cursor === undefined ? [] : cursors.decode(list, cursor).map(String);
      const after =
        afterAccount === undefined || afterObject === undefined
          ? undefined
          : { account: afterAccount, object: afterObject };
      return database.transaction(
        tenantId,
        async (tx) => {
          const found = await scoredObjects(tx, { account, object, after, limit: limit + 1 });
          const page = found.slice(0, limit);
          const { rules } = await loadRules(tx);
          const items: Static<typeof ScoreSchema>[] = [];
          for (const ref of page) items.push((await scored(tx, ref, rules)).shown);
          const last = page.at(-1);
          return {
            items,
            ...(found.length > limit && last !== undefined
              ? { nextCursor: cursors.encode(list, [last.account, last.object]) }
              : {}),
          };
        },
        { readOnly: true },
      );
    },
  );

  const params = Type.Object({ account: Type.String({ minLength: 1 }), object: Type.String({ minLength: 1 }) });

  http.get(
    '/v1/data-quality/scores/:account/:object',
    {
      config: { scope: 'quality:read' },
      schema: {
        summary: 'Explain a score',
        description: 'What each rule takes away, and how the records of each owner score.',
        params,
        response: { 200: ExplainedScoreSchema },
      },
    },
    async (request) => {
      const ref = request.params;
      return database.transaction(
        tenantOf(request),
        async (tx) => {
          const { rules } = await loadRules(tx);
          const { shown, score } = await scored(tx, ref, rules);
          if (score.score === null) throw unknownScore(ref.account, ref.object);
          const messages = new Map(rules.map(({ id, message }) => [id, message]));
          const byOwner = Map.groupBy(await ownerCounts(tx, ref), ({ ownerId }) => ownerId);
          const owners = [...byOwner].flatMap(([ownerId, counts]) => {
            const own = scoreOf(counts, rules);
            if (own.score === null) return [];
            return {
              ...(ownerId === '' ? {} : { ownerId }),
              score: own.score,
              checked: own.dimensions.reduce((sum, { checked }) => sum + checked, 0),
              failed: own.dimensions.reduce((sum, { failed }) => sum + failed, 0),
            };
          });
          return {
            ...shown,
            losses: score.losses.map((loss) => ({ ...loss, message: messages.get(loss.ruleId) ?? '' })),
            owners: owners.sort((a, b) => a.score - b.score),
          };
        },
        { readOnly: true },
      );
    },
  );

  http.get(
    '/v1/data-quality/scores/:account/:object/history',
    {
      config: { scope: 'quality:read' },
      schema: {
        summary: 'List measured scores',
        description: 'Newest first.',
        params,
        querystring: Type.Object({
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 100, minimum: 1, maximum: 1_000 }),
        }),
        response: { 200: HistorySchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const ref = request.params;
      const { cursor, limit } = request.query;
      const list = { list: 'score-history', tenantId, ...ref };
      const before = cursor === undefined ? undefined : Number(cursors.decode(list, cursor)[0]);
      const found = await database.transaction(tenantId, (tx) => scoreHistory(tx, ref, { before, limit: limit + 1 }), {
        readOnly: true,
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(({ measuredAt, dimensions: parts, ...rest }) => ({
          ...rest,
          measuredAt: measuredAt.toISOString(),
          dimensions: [...parts],
        })),
        ...(found.length > limit && last !== undefined ? { nextCursor: cursors.encode(list, [last.sequence]) } : {}),
      };
    },
  );
}
