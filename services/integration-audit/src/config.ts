import { type Static, Type } from 'typebox';

/** Settings of the service besides the common ones. */
export const integrationAuditConfigSchema = Type.Object({
  integrationAudit: Type.Object(
    {
      chunkRecords: Type.Integer({
        default: 500,
        minimum: 1,
        maximum: 5_000,
        description: 'How many changes are taken into the register in one transaction at most',
      }),
    },
    { default: {} },
  ),
});

export type IntegrationAuditConfig = Static<typeof integrationAuditConfigSchema>;
