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
    },
    { default: {} },
  ),
});

export type DataQualityConfig = Static<typeof dataQualityConfigSchema>;
