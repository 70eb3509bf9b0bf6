import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { type ConnectionDefinition, definitionSchemas } from '../crm/connection-definition.ts';
import type { ConnectionRequest } from './connections.ts';

/**
 * A connection as it is asked for. Which of the fields belong together depends on the system and the grant; that is
 * checked by `parseConnectionRequest`, which can say what is missing in fewer words than a union.
 */
export const ConnectionRequestSchema = Type.Object(
  {
    system: Type.Union([Type.Literal('salesforce'), Type.Literal('hubspot')]),
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'Default: what the CRM calls itself' }),
    ),
    objects: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
        minItems: 1,
        maxItems: 100,
        description: 'Objects to read. Default: the standard ones that the account has',
      }),
    ),
    loginUrl: Type.Optional(Type.String({ description: 'Salesforce: https://<my domain>.my.salesforce.com' })),
    baseUrl: Type.Optional(Type.String({ description: 'HubSpot: https://api.hubapi.com by default' })),
    requestsPerSecond: Type.Optional(Type.Number({ description: 'HubSpot: by default what the account may do' })),
    searchesPerSecond: Type.Optional(Type.Number({ description: 'HubSpot: 4 by default' })),
    credentials: Type.Object(
      {
        grant: Type.Union([
          Type.Literal('client-credentials'),
          Type.Literal('jwt-bearer'),
          Type.Literal('private-app-token'),
        ]),
        clientId: Type.Optional(Type.String({ description: 'Salesforce: consumer key of the connected app' })),
        clientSecret: Type.Optional(Type.String({ description: 'Salesforce, client credentials' })),
        username: Type.Optional(Type.String({ description: 'Salesforce, JWT bearer' })),
        privateKey: Type.Optional(Type.String({ description: 'Salesforce, JWT bearer: RSA key in PEM' })),
        audience: Type.Optional(Type.String({ description: 'Salesforce, JWT bearer' })),
        accessToken: Type.Optional(Type.String({ description: 'HubSpot: token of the private app' })),
        webhookSecret: Type.Optional(
          Type.String({ description: 'HubSpot: client secret of the app whose webhooks tell of changes' }),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

export type ConnectionRequestBody = Static<typeof ConnectionRequestSchema>;

export interface RequestProblem {
  /** JSON pointer within the request. */
  readonly pointer: string;
  readonly detail: string;
}

export type ParsedRequest = { readonly request: ConnectionRequest } | { readonly problems: readonly RequestProblem[] };

interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message: string;
  readonly params: {
    readonly requiredProperties?: readonly string[];
    readonly additionalProperties?: readonly string[];
  };
}

function problemsOf(error: SchemaError): RequestProblem[] {
  const at = (name: string): string => `${error.instancePath}/${name}`;
  if (error.keyword === 'required') {
    return (error.params.requiredProperties ?? []).map((name) => ({
      pointer: at(name),
      detail: 'is missing. Add it.',
    }));
  }
  if (error.keyword === 'additionalProperties') {
    const names = error.params.additionalProperties ?? [];
    return names.map((name) => ({ pointer: at(name), detail: 'does not belong to this system and grant. Remove it.' }));
  }
  return [{ pointer: error.instancePath, detail: `${error.message}.` }];
}

/** Checks a request as a whole. Problems never quote a value: it may be a secret. */
export function parseConnectionRequest(body: ConnectionRequestBody): ParsedRequest {
  const { name, objects, ...rest } = body;
  const grants: Readonly<Record<string, TSchema>> = definitionSchemas[body.system];
  const schema = grants[body.credentials.grant];
  if (schema === undefined) {
    const known = Object.keys(grants).join(' or ');
    return { problems: [{ pointer: '/credentials/grant', detail: `must be ${known} for ${body.system}.` }] };
  }
  const strict = { ...schema, additionalProperties: false };
  const problems = [...Value.Errors(strict, rest)].flatMap((error) => problemsOf(error as unknown as SchemaError));
  if (problems.length > 0) return { problems };
  return { request: { definition: rest as ConnectionDefinition, displayName: name, objects } };
}
