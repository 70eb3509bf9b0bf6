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
    },
    { default: {} },
  ),
});

export type DedupeConfig = Static<typeof dedupeConfigSchema>;
