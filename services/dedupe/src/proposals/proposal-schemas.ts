import { Type } from 'typebox';
import { EntityKindSchema, ExplanationRowSchema } from '../clusters/cluster-schemas.ts';

const RefSchema = Type.String({ description: 'account:object:recordId' });

const ValueSchema = Type.Unknown({
  description: 'Text, true or false, or a list; numbers and points in time are text',
});

export const ProposalStateSchema = Type.Union([Type.Literal('open'), Type.Literal('held'), Type.Literal('withdrawn')]);

const GuardSchema = Type.Union(
  [
    Type.Literal('too-many-records'),
    Type.Literal('verdict'),
    Type.Literal('hierarchy'),
    Type.Literal('conflict'),
    Type.Literal('improbable'),
    Type.Literal('frozen'),
  ],
  { description: 'Which guard holds the proposal back' },
);

const HindranceSchema = Type.Union(
  [Type.Literal('gate'), Type.Literal('weak-pair'), Type.Literal('consent'), Type.Literal('owners')],
  { description: 'Why an open proposal must not be applied without a look' },
);

const summary = {
  proposalId: Type.String(),
  state: ProposalStateSchema,
  version: Type.Integer({ description: 'How many times the proposal was told; 0 when a guard always held it back' }),
  entityKind: EntityKindSchema,
  goldenId: Type.String(),
  account: Type.String(),
  object: Type.String(),
  master: RefSchema,
  losers: Type.Array(RefSchema),
  probability: Type.Number({ description: 'Smallest match probability that ties any of the records to the rest' }),
  modelVersion: Type.String(),
  reason: Type.String({ description: 'Why the master is the master; why the proposal is held back or withdrawn' }),
  guard: Type.Optional(GuardSchema),
  automatic: Type.Boolean({ description: 'Nothing speaks against applying it without a look' }),
  hindrance: Type.Optional(HindranceSchema),
  choices: Type.Array(
    Type.Object({
      field: Type.String(),
      value: ValueSchema,
      from: RefSchema,
      policy: Type.String({ description: 'filled, most-recent, longest, union or strictest' }),
    }),
    { description: 'Fields of the survivor that differ from those of the master' },
  ),
};

export const ProposalSummarySchema = Type.Object(summary);

export const ProposalPageSchema = Type.Object({
  items: Type.Array(ProposalSummarySchema),
  nextCursor: Type.Optional(Type.String()),
});

export const ProposalSchema = Type.Object({
  ...summary,
  members: Type.Array(
    Type.Object({
      record: RefSchema,
      role: Type.Union([Type.Literal('master'), Type.Literal('loser')]),
      modifiedAt: Type.String({ format: 'date-time' }),
      fields: Type.Record(Type.String(), ValueSchema, { description: 'Vendor fields that are not blank' }),
    }),
    { description: 'The records as they are now, the master first' },
  ),
  fields: Type.Array(
    Type.Object({
      field: Type.String(),
      values: Type.Array(Type.Union([ValueSchema, Type.Null()]), {
        description: 'One for each member in their order; null where it is blank',
      }),
      survivor: Type.Union([ValueSchema, Type.Null()]),
      from: Type.Union([RefSchema, Type.Null()], { description: 'The record that the survivor has the value from' }),
      policy: Type.String({ description: 'The rule that chose; "master" where none did' }),
      differs: Type.Boolean({ description: 'Not every record that has a value has the same' }),
    }),
    { description: 'The members side by side, one row a field, sorted by name' },
  ),
  explanations: Type.Array(
    Type.Object({
      left: RefSchema,
      right: RefSchema,
      weight: Type.Number({ description: 'Match weight in bits: the prior and every row added up' }),
      probability: Type.Number(),
      conflict: Type.Boolean(),
      prior: Type.Number(),
      rows: Type.Array(ExplanationRowSchema),
    }),
    { description: 'Why the master and each other record are believed to be the same' },
  ),
});

export const GateSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      entityKind: EntityKindSchema,
      open: Type.Boolean({ description: 'Merges may be proposed as automatic' }),
      reason: Type.String(),
      verdicts: Type.Object({ same: Type.Integer(), different: Type.Integer(), unsure: Type.Integer() }),
      precision: Type.Union([Type.Number(), Type.Null()], { description: 'Share that says the same' }),
      lowerBound: Type.Number({ description: 'One-sided lower confidence bound of the precision' }),
      method: Type.Literal('clopper-pearson'),
      confidence: Type.Number(),
      precisionTarget: Type.Number(),
      probabilityMin: Type.Number({ description: 'Match probability of the pairs that count' }),
      verdictsMissing: Type.Integer({ description: 'Verdicts in a row that say the same and would open it' }),
      automaticProposals: Type.Integer({ description: 'Open proposals that may go through without a look' }),
    }),
  ),
});
