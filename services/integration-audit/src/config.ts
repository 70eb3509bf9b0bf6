import { type Static, Type } from 'typebox';

/** Settings of the service besides the common ones. */
export const integrationAuditConfigSchema = Type.Object({
  integrationAudit: Type.Object(
    {
      chunkRecords: Type.Integer({
        default: 500,
        minimum: 1,
        maximum: 5_000,
        description: 'How many events are taken up in one transaction at most',
      }),
      settleMs: Type.Integer({
        default: 5_000,
        minimum: 0,
        description:
          'An account is assessed when nothing new was heard of it for so long, or after twelve times as long',
      }),
      assessIntervalMs: Type.Integer({
        default: 3_600_000,
        minimum: 100,
        description: 'How often an account is assessed of which nothing new was heard: time alone makes findings',
      }),
      pollIntervalMs: Type.Integer({
        default: 1_000,
        minimum: 50,
        description: 'How often it is looked for accounts that are to be assessed',
      }),
      historyDays: Type.Integer({
        default: 180,
        minimum: 91,
        description: 'How long log-ins and setup changes are kept; daily calls are kept twice as long',
      }),
      unusedAfterDays: Type.Integer({
        default: 90,
        minimum: 1,
        description: 'From so many days on without use, an integration is unused and a user has stayed away',
      }),
      newForDays: Type.Integer({
        default: 30,
        minimum: 0,
        description: 'Users and apps younger than this are not yet expected to have been used',
      }),
      idlePowerDays: Type.Integer({
        default: 30,
        minimum: 1,
        description: 'Powers of administration without a log-in for so long are more than their user needs',
      }),
      administrationDays: Type.Integer({
        default: 90,
        minimum: 1,
        description: 'Powers of administration without a setup change for so long are more than their user needs',
      }),
      recentChangeDays: Type.Integer({
        default: 30,
        minimum: 1,
        description: 'Risky setup changes and failed log-ins of so many days are findings',
      }),
      callSharePercent: Type.Integer({
        default: 25,
        minimum: 1,
        maximum: 100,
        description: "From this share of the account's daily calls on, an integration makes many",
      }),
      failedLogins: Type.Integer({
        default: 5,
        minimum: 2,
        description: 'So many failed log-ins of one user within the window are a burst',
      }),
      failedLoginWindowMinutes: Type.Integer({ default: 60, minimum: 1, description: 'The window of a burst' }),
      ownApps: Type.Array(Type.String({ minLength: 1, example: 'Kempt Connector' }), {
        default: ['Kempt Connector'],
        description: 'Names under which Kempt itself comes to the CRMs: shown on the register, not judged',
      }),
    },
    { default: {} },
  ),
});

export type IntegrationAuditConfig = Static<typeof integrationAuditConfigSchema>;
