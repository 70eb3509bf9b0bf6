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
    },
    { default: {} },
  ),
});

export type DedupeConfig = Static<typeof dedupeConfigSchema>;
