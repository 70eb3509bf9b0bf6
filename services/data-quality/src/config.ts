import { type Static, Type } from 'typebox';

/** Settings of the service besides the common ones. */
export const dataQualityConfigSchema = Type.Object({
  dataQuality: Type.Object(
    {
      chunkRecords: Type.Integer({
        default: 500,
        minimum: 1,
        maximum: 5_000,
        description: 'How many record states are counted in one transaction at most',
      }),
      scoreIntervalMs: Type.Integer({
        default: 15_000,
        minimum: 100,
        description: 'How often scores are measured of objects whose records changed',
      }),
      reassessmentIntervalMs: Type.Integer({
        default: 60_000,
        minimum: 100,
        description: 'How often records are looked for that a new day or a changed rule judges differently',
      }),
    },
    { default: {} },
  ),
});

export type DataQualityConfig = Static<typeof dataQualityConfigSchema>;
