import { type Static, Type } from 'typebox';

/** Settings of the service besides the common ones. */
export const dedupeConfigSchema = Type.Object({
  dedupe: Type.Object(
    {
      firstResolutionPatienceMs: Type.Integer({
        default: 600_000,
        minimum: 0,
        description: 'How long an account that fails holds up the first resolution, in milliseconds.',
      }),
      firstResolutionIntervalMs: Type.Integer({
        default: 1_000,
        minimum: 50,
        description: 'How often tenants that wait for their first resolution are looked at, in milliseconds.',
      }),
      cachedRecords: Type.Integer({
        default: 200_000,
        minimum: 1_000,
        description:
          'How many records are kept in memory ready for comparison, about 1.3 KB each with their keys, beside the heap and for a while nearly twice as much; more of them make changes of large tenants faster.',
      }),
      proposalRecordsMax: Type.Integer({
        default: 10,
        minimum: 2,
        description: 'How many records of one object a merge proposal may hold; larger ones are held back.',
      }),
      proposalProbabilityMin: Type.Number({
        default: 0.9,
        minimum: 0,
        maximum: 1,
        description: 'Mean match probability from which records are proposed for merging.',
      }),
      automaticPrecisionTarget: Type.Number({
        default: 0.99,
        minimum: 0.5,
        maximum: 0.9999,
        description:
          'Precision that verdicts must show, by its lower confidence bound, before merges are proposed as automatic.',
      }),
      automaticProbabilityMin: Type.Number({
        default: 0.99,
        minimum: 0.5,
        maximum: 1,
        description: 'Match probability that every two records of an automatic merge must have.',
      }),
      modelTrainingIntervalHours: Type.Integer({
        default: 168,
        minimum: 0,
        description:
          'How old the newest match model may become before a candidate is trained, in hours; 0 trains on demand only.',
      }),
      modelGrowthMax: Type.Number({
        default: 0.5,
        minimum: 0,
        description:
          'How far the number of records may move from what the newest model was trained on before a candidate is trained, as a share.',
      }),
      modelClustersChangedMax: Type.Number({
        default: 0.1,
        minimum: 0,
        maximum: 1,
        description: 'Share of the clusters that the promotion of a model may change without somebody insisting.',
      }),
      modelWorkIntervalMs: Type.Integer({
        default: 5_000,
        minimum: 50,
        description: 'How often work on models (training, comparison, rescoring) is looked for, in milliseconds.',
      }),
      rescoringStepRecords: Type.Integer({
        default: 200,
        minimum: 1,
        maximum: 5_000,
        description: 'Records that are scored anew in one step after a promotion.',
      }),
      rescoringPauseMs: Type.Integer({
        default: 20,
        minimum: 0,
        description: 'Pause between two such steps, in milliseconds, in which changes of records come first.',
      }),
    },
    { default: {} },
  ),
});

export type DedupeConfig = Static<typeof dedupeConfigSchema>;
