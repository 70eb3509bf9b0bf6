import { Type } from 'typebox';
import { EntityKindSchema, FieldsSchema } from '../clusters/cluster-schemas.ts';

const RefSchema = Type.String({ description: 'account:object:recordId' });

export const VerdictSchema = Type.Union([Type.Literal('same'), Type.Literal('different'), Type.Literal('unsure')]);

export const ReviewSchema = Type.Object({
  id: Type.String(),
  entityKind: EntityKindSchema,
  left: RefSchema,
  right: RefSchema,
  leftNow: Type.String({ description: 'The record that stands for the left one today, after merges in the CRM' }),
  rightNow: Type.String({ description: 'The record that stands for the right one today, after merges in the CRM' }),
  verdict: VerdictSchema,
  note: Type.String(),
  decidedBy: Type.String(),
  decidedAt: Type.String({ format: 'date-time' }),
  version: Type.Integer({ description: 'How many verdicts there were on these two records' }),
  revoked: Type.Boolean(),
  origin: Type.Union([Type.Literal('single'), Type.Literal('bulk')], {
    description: 'Whether somebody looked at the pair, or accepted it among others of its pattern',
  }),
  probability: Type.Union([Type.Number(), Type.Null()], {
    description: 'Match probability when the verdict was given; null when it was too small to be kept',
  }),
});

export const ReviewPageSchema = Type.Object({
  items: Type.Array(ReviewSchema),
  nextCursor: Type.Optional(Type.String()),
});

export const QueueSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      left: RefSchema,
      right: RefSchema,
      entityKind: EntityKindSchema,
      weight: Type.Number({ description: 'Match weight in bits' }),
      probability: Type.Number(),
      together: Type.Boolean({ description: 'The two are in one cluster today' }),
      value: Type.Number({ description: 'How much a verdict decides; 1 for two lone records at the threshold' }),
      leftGoldenId: Type.String(),
      rightGoldenId: Type.String(),
      leftSize: Type.Integer({ description: 'Records in the cluster of the left one' }),
      rightSize: Type.Integer({ description: 'Records in the cluster of the right one' }),
      leftFields: FieldsSchema,
      rightFields: FieldsSchema,
    }),
  ),
});
