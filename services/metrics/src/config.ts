import { type Static, Type } from 'typebox';

/** Settings of the service besides the common ones. */
export const metricsConfigSchema = Type.Object({
  metrics: Type.Object(
    {
      chunkRecords: Type.Integer({
        default: 500,
        minimum: 1,
        maximum: 5_000,
        description: 'How many sync runs are taken up in one transaction at most',
      }),
    },
    { default: {} },
  ),
});

export type MetricsConfig = Static<typeof metricsConfigSchema>;
