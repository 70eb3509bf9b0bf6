import { type Static, Type } from 'typebox';

const address = (description: string) => Type.String({ format: 'uri', maxLength: 300, description });
const secret = (description: string) => Type.String({ minLength: 1, maxLength: 20_000, description });
const rate = (description: string) => Type.Number({ minimum: 0.1, maximum: 10_000, description });

const ClientCredentialsSchema = Type.Object(
  {
    grant: Type.Literal('client-credentials'),
    clientId: Type.String({ minLength: 1, maxLength: 500, description: 'Consumer key of the connected app' }),
    clientSecret: secret('Consumer secret of the connected app'),
  },
  { additionalProperties: false, title: 'Client credentials of a connected app' },
);

const JwtBearerSchema = Type.Object(
  {
    grant: Type.Literal('jwt-bearer'),
    clientId: Type.String({ minLength: 1, maxLength: 500, description: 'Consumer key of the connected app' }),
    username: Type.String({ minLength: 1, maxLength: 200, description: 'User to log in as' }),
    privateKey: secret('RSA key in PEM whose certificate the connected app knows'),
    audience: Type.Optional(
      address('https://login.salesforce.com (default), or https://test.salesforce.com for a sandbox'),
    ),
  },
  { additionalProperties: false, title: 'JWT bearer' },
);

const PrivateAppSchema = Type.Object(
  {
    grant: Type.Literal('private-app-token'),
    accessToken: secret('Access token of the private app'),
    webhookSecret: Type.Optional(secret('Client secret of the app whose webhooks tell of changes')),
  },
  { additionalProperties: false, title: 'Token of a private app' },
);

const salesforceAddress = {
  system: Type.Literal('salesforce'),
  loginUrl: address("The org's own address, https://<my domain>.my.salesforce.com"),
};

const hubspotAddress = {
  system: Type.Literal('hubspot'),
  baseUrl: Type.Optional(address('https://api.hubapi.com by default')),
  requestsPerSecond: Type.Optional(rate('Rate of calls; by default what HubSpot says that the account may do')),
  searchesPerSecond: Type.Optional(rate('Rate of searches; 4 by default')),
};

/** What a definition looks like, by system and grant. */
export const definitionSchemas = {
  salesforce: {
    'client-credentials': Type.Object({ ...salesforceAddress, credentials: ClientCredentialsSchema }),
    'jwt-bearer': Type.Object({ ...salesforceAddress, credentials: JwtBearerSchema }),
  },
  hubspot: {
    'private-app-token': Type.Object({ ...hubspotAddress, credentials: PrivateAppSchema }),
  },
} as const;

export type SalesforceDefinition =
  | Static<(typeof definitionSchemas.salesforce)['client-credentials']>
  | Static<(typeof definitionSchemas.salesforce)['jwt-bearer']>;
export type HubSpotDefinition = Static<(typeof definitionSchemas.hubspot)['private-app-token']>;

/** All it takes to reach a CRM account. */
export type ConnectionDefinition = SalesforceDefinition | HubSpotDefinition;

export const hubspotUrl = 'https://api.hubapi.com';

/** The address that credentials are sent to, with the pointer of the setting. */
export const addressOf = (definition: ConnectionDefinition): { readonly url: string; readonly pointer: string } =>
  definition.system === 'salesforce'
    ? { url: definition.loginUrl, pointer: '/loginUrl' }
    : { url: definition.baseUrl ?? hubspotUrl, pointer: '/baseUrl' };

/** The objects that are read when a connection names none; those that the account lacks or hides are left out. */
export const defaultObjects: Readonly<Record<ConnectionDefinition['system'], DefaultObjects>> = {
  salesforce: { needed: ['Account', 'Contact', 'Opportunity', 'Task', 'User'], optional: ['Case', 'Event', 'Lead'] },
  hubspot: {
    needed: ['companies', 'contacts', 'deals', 'owners'],
    optional: ['calls', 'emails', 'feedback_submissions', 'meetings', 'notes', 'tasks', 'tickets'],
  },
};

export interface DefaultObjects {
  readonly needed: readonly string[];
  readonly optional: readonly string[];
}
