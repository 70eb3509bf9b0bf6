import { Type } from 'typebox';
import { EntityKindSchema } from '../clusters/cluster-schemas.ts';

const ScoreSchema = Type.Object({
  verdicts: Type.Integer({ description: 'Standing verdicts on records that are there' }),
  agreement: Type.Union([Type.Number(), Type.Null()], { description: 'Share that the model decides alike' }),
  logLoss: Type.Union([Type.Number(), Type.Null()], {
    description: 'Mean negative logarithm of the probability given to what people said, in nats',
  }),
});

const ComparisonSchema = Type.Object({
  comparedWith: Type.String({ description: 'The version that decided when they were compared' }),
  comparedAt: Type.String({ format: 'date-time' }),
  verdicts: Type.Object({ deciding: ScoreSchema, candidate: ScoreSchema }),
  clusters: Type.Object({
    clusters: Type.Integer(),
    changed: Type.Integer({ description: 'Clusters that would not have the same records any more' }),
    share: Type.Number(),
  }),
  levels: Type.Array(
    Type.Object({
      column: Type.String(),
      matches: Type.Union([Type.Number(), Type.Null()], {
        description:
          'Population stability index of the levels among matches: below 0.1 little changed, above 0.25 it is another population; null when the levels are others',
      }),
      others: Type.Union([Type.Number(), Type.Null()], { description: 'The same among records of different entities' }),
    }),
  ),
});

const OriginSchema = Type.Union([
  Type.Literal('first'),
  Type.Literal('request'),
  Type.Literal('schedule'),
  Type.Literal('growth'),
]);

export const TaskSchema = Type.Object({
  entityKind: EntityKindSchema,
  task: Type.Union([
    Type.Literal('training'),
    Type.Literal('comparison'),
    Type.Literal('rescoring'),
    Type.Literal('proposals'),
  ]),
  version: Type.Union([Type.String(), Type.Null()]),
  origin: OriginSchema,
  requestedBy: Type.String(),
  requestedAt: Type.String({ format: 'date-time' }),
  phase: Type.Union(
    [
      Type.Literal('waiting'),
      Type.Literal('keys'),
      Type.Literal('edges'),
      Type.Literal('done'),
      Type.Literal('failed'),
    ],
    { description: 'keys and edges are the two rounds of a rescoring' },
  ),
  recordsDone: Type.Integer(),
  outcome: Type.String({ description: 'What came of it, or why it failed last' }),
  finishedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
});

const summary = {
  entityKind: EntityKindSchema,
  version: Type.String(),
  trainedOn: Type.Integer({ description: 'Records that the model was trained on' }),
  trainedAt: Type.String({ format: 'date-time' }),
  origin: OriginSchema,
  requestedBy: Type.String(),
  deciding: Type.Boolean({ description: 'This version decides today' }),
  hasDecided: Type.Boolean({ description: 'This version decides or decided: it may always be gone back to' }),
  comparison: Type.Union([ComparisonSchema, Type.Null()]),
};

export const ModelsSchema = Type.Object({
  items: Type.Array(Type.Object(summary)),
  tasks: Type.Array(TaskSchema, { description: 'Work on models, the last one of each sort' }),
});

export const ModelSchema = Type.Object({
  ...summary,
  threshold: Type.Number({ description: 'Match probability from which on records are joined' }),
  diagnostics: Type.Object({
    records: Type.Integer(),
    candidatePairs: Type.Integer(),
    expectedMatches: Type.Integer(),
    untrainedLevels: Type.Array(Type.String(), {
      description: 'Levels of which the records held too few pairs, so that starting values decide',
    }),
    iterations: Type.Integer(),
  }),
  columns: Type.Array(
    Type.Object({
      column: Type.String(),
      levels: Type.Array(
        Type.Object({
          level: Type.String(),
          m: Type.Number({ description: 'Probability among matching records' }),
          u: Type.Number({ description: 'Probability among records of different entities' }),
          weight: Type.Number({ description: 'Match weight in bits' }),
          trained: Type.Boolean(),
        }),
      ),
    }),
  ),
});

export const PromotionSchema = Type.Object({
  entityKind: EntityKindSchema,
  sequence: Type.Integer(),
  version: Type.String(),
  previous: Type.Union([Type.String(), Type.Null()]),
  promotedBy: Type.String(),
  promotedAt: Type.String({ format: 'date-time' }),
  forced: Type.Boolean(),
  objections: Type.Array(Type.String(), { description: 'What spoke against it' }),
  note: Type.String(),
});

export const PromotionsSchema = Type.Object({ items: Type.Array(PromotionSchema) });
