import { Type } from 'typebox';

export const EntityKindSchema = Type.Union([Type.Literal('person'), Type.Literal('organisation')]);

export const FieldsSchema = Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())]));

export const MemberSchema = Type.Object({
  record: Type.String({ description: 'account:object:recordId', examples: ['hs:1234567:contacts:51'] }),
  probability: Type.Number({ description: 'Match probability that ties the record to the rest; 1 when it is alone' }),
  fields: FieldsSchema,
});

export const ClusterSummarySchema = Type.Object({
  goldenId: Type.String(),
  entityKind: EntityKindSchema,
  version: Type.Integer(),
  memberCount: Type.Integer(),
  members: Type.Array(Type.String({ description: 'account:object:recordId' })),
});

export const ClusterPageSchema = Type.Object({
  items: Type.Array(ClusterSummarySchema),
  nextCursor: Type.Optional(Type.String()),
});

export const ClusterSchema = Type.Object({
  goldenId: Type.String(),
  entityKind: EntityKindSchema,
  version: Type.Integer(),
  members: Type.Array(MemberSchema),
});

export const IdentitySchema = Type.Object({
  asked: Type.String(),
  goldenId: Type.String({ description: 'What the identity means today' }),
  entityKind: EntityKindSchema,
  members: Type.Array(Type.String({ description: 'account:object:recordId' })),
});

export const ExplanationRowSchema = Type.Object({
  column: Type.String(),
  level: Type.String(),
  left: Type.Union([Type.String(), Type.Null()]),
  right: Type.Union([Type.String(), Type.Null()]),
  weight: Type.Number(),
  termFrequencyWeight: Type.Number(),
});

/** Why two records match, or why not. */
export const PairExplanationSchema = Type.Object({
  left: Type.String(),
  right: Type.String(),
  weight: Type.Number({ description: 'Match weight in bits: the prior and every row added up' }),
  probability: Type.Number(),
  conflict: Type.Boolean({ description: 'The pair may never be one cluster, whatever the weight' }),
  outcome: Type.Union([
    Type.Literal('match'),
    Type.Literal('near'),
    Type.Literal('no match'),
    Type.Literal('conflict'),
  ]),
  sharedKeys: Type.Array(Type.String(), {
    description: 'What the two share that makes them be compared; without any they never are',
  }),
  summary: Type.String({ description: 'The same in a few sentences' }),
  prior: Type.Number({ description: 'Match weight of two records of which nothing is known' }),
  rows: Type.Array(ExplanationRowSchema),
});

export const ExplanationSchema = Type.Object({
  goldenId: Type.String(),
  modelVersion: Type.String(),
  threshold: Type.Number({ description: 'Match probability from which two records count as one' }),
  pairs: Type.Array(PairExplanationSchema),
  merges: Type.Array(
    Type.Object({
      left: Type.Array(Type.String()),
      right: Type.Array(Type.String()),
      meanWeight: Type.Union([Type.Number(), Type.Null()], {
        description: 'Mean match weight over all pairs across; null where a verdict joined them',
      }),
      neededWeight: Type.Union([Type.Number(), Type.Null()]),
      reason: Type.String(),
      summary: Type.String(),
    }),
    { description: 'How the cluster was built, in order' },
  ),
});
