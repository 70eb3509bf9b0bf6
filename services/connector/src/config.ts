import { type Static, Type } from 'typebox';
import { DeclaredConnectionSchema } from './connections/declared-connections.ts';
import { connectorRoles } from './role.ts';

/** Settings of the service besides the common ones. */
export const connectorConfigSchema = Type.Object({
  connections: Type.Array(DeclaredConnectionSchema, {
    default: [],
    secret: true,
    description: 'Connections that must exist; see the README for their form',
  }),
  fieldMaps: Type.Record(
    Type.String(),
    Type.Record(
      Type.String(),
      Type.Object({ entity: Type.Optional(Type.String()), fields: Type.Record(Type.String(), Type.Unknown()) }),
    ),
    { default: {}, description: 'Changes to the field maps: system, object, canonical field to vendor fields' },
  ),
  connector: Type.Object({
    sealingKey: Type.String({
      secret: true,
      minLength: 1,
      description: 'Seals the credentials of connections: 32 bytes in base64, from openssl rand -base64 32',
    }),
    allowedHosts: Type.Array(Type.String({ minLength: 1, example: '127.0.0.1:8443' }), {
      default: [],
      description: "Hosts besides the vendors' that credentials may be sent to, also over plain HTTP",
    }),
    salesforceApiVersion: Type.String({
      default: '62.0',
      pattern: '^\\d+\\.0$',
      description: 'Version of the Salesforce API',
    }),
    pollIntervalMs: Type.Integer({ default: 15_000, minimum: 50, description: 'Time between two looks for changes' }),
    deletedIntervalMs: Type.Integer({
      default: 300_000,
      minimum: 50,
      description: 'Time between two looks for deleted records, where changes do not tell of them (HubSpot)',
    }),
    staleAfterMs: Type.Integer({
      default: 300_000,
      minimum: 100,
      description: 'An object that was not read to its end for so long is stale',
    }),
    overlapMs: Type.Integer({
      default: 60_000,
      minimum: 0,
      description: 'How late a change can show up behind newer ones: late commits, an index that lags',
    }),
    schemaMaxAgeMs: Type.Integer({
      default: 3_600_000,
      minimum: 0,
      description: 'Time after which the fields of an object are looked up again',
    }),
    pageRecords: Type.Integer({
      default: 1_000,
      minimum: 1,
      maximum: 2_000,
      description: 'Records that are read and saved together',
    }),
    fieldListCharacters: Type.Integer({
      default: 12_000,
      minimum: 100,
      maximum: 14_000,
      description: 'Longest list of fields in the address of a request; longer ones are read in parts',
    }),
    concurrency: Type.Integer({ default: 4, minimum: 1, description: 'Objects that are read at the same time' }),
    concurrencyPerAccount: Type.Integer({
      default: 2,
      minimum: 1,
      description: 'Objects of one account that are read at the same time',
    }),
    leaseMs: Type.Integer({
      default: 30_000,
      minimum: 200,
      description: 'Time after which another instance takes over from one that died',
    }),
    scheduleMs: Type.Integer({ default: 1_000, minimum: 10, description: 'Time between two looks at the schedule' }),
    refusedRetryMs: Type.Integer({
      default: 60_000,
      minimum: 10,
      description: 'First pause after a CRM refused the credentials',
    }),
    quotaRetryMs: Type.Integer({
      default: 600_000,
      minimum: 10,
      description: 'Pause after the allowance of the day was used up',
    }),
    longestRetryMs: Type.Integer({ default: 900_000, minimum: 10, description: 'Longest pause after failures' }),
    crmTimeoutMs: Type.Integer({ default: 120_000, minimum: 100, description: 'A call to a CRM may take this long' }),
    crmAttempts: Type.Integer({ default: 5, minimum: 1, description: 'How often a call to a CRM is tried' }),
    crmRetryBaseMs: Type.Integer({ default: 500, minimum: 1, description: 'First pause before a call is tried again' }),
    probeIntervalMs: Type.Integer({
      default: 15_000,
      minimum: 0,
      description: 'Time between two probes of whether a CRM answers; 0 for none',
    }),
    probeTimeoutMs: Type.Integer({
      default: 10_000,
      minimum: 10,
      description: 'A CRM that has not answered a probe by then is down',
    }),
    allowanceIntervalMs: Type.Integer({
      default: 300_000,
      minimum: 0,
      description: 'Time between two looks at the API calls that are left, where a look costs one (Salesforce)',
    }),
    completenessIntervalMs: Type.Integer({
      default: 900_000,
      minimum: 0,
      description: 'Time between two counts of the records of a CRM; 0 for none',
    }),
    completenessSettleMs: Type.Integer({
      default: 5_000,
      minimum: 0,
      description: 'How long counts that differ are left to settle before they are taken again',
    }),
    auditIntervalMs: Type.Integer({
      default: 3_600_000,
      minimum: 0,
      description: 'Time between two readings of users, log-ins, apps, API usage and setup changes; 0 for none',
    }),
    publicWebhookUrl: Type.String({
      default: '',
      description:
        'Where HubSpot calls, without the id of the connection at its end: https://<host of the gateway>/v1/webhooks/hubspot',
    }),
    readOnly: Type.Boolean({
      default: false,
      description: 'Nothing is written to any CRM; cannot be switched off by REST',
    }),
    changeConcurrency: Type.Integer({
      default: 2,
      minimum: 1,
      description: 'Change sets that are worked on at the same time',
    }),
    roles: Type.Array(Type.Union([Type.Literal('sync'), Type.Literal('writer'), Type.Literal('webhooks')]), {
      default: [...connectorRoles],
      minItems: 1,
      description:
        'What this instance does besides answering requests: sync reads the CRMs, writer writes what was approved, webhooks takes up what HubSpot told',
    }),
    declaredPatienceMs: Type.Integer({
      default: 60_000,
      minimum: 0,
      description: 'How long the start waits for a declared CRM that does not answer',
    }),
  }),
});

export type ConnectorConfig = Static<typeof connectorConfigSchema>;
