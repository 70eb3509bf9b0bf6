import { type TSchema, Type } from 'typebox';
import { choice, flag, group, image, objects, resources, text, textMap, whole } from './schema.ts';

/** Values of the umbrella besides `global` and those of the services. */
export const platformValues: Readonly<Record<string, TSchema>> = {
  tools: group('The `kempt` command, which provisions and tests', {
    image: image('kempt/tools'),
    resources: resources('Resources of its pods', { cpu: '50m', memory: '256Mi' }),
  }),
  provisioning: group('Roles and schemas of Postgres, by a Job before each release', {
    enabled: flag('Whether Kempt makes them; otherwise you do', true),
  }),
  externalSecrets: group('ExternalSecret resources, for the external-secrets operator', {
    enabled: flag('Whether there are any', false),
    apiVersion: choice(
      'Version of the resources',
      ['external-secrets.io/v1', 'external-secrets.io/v1beta1'],
      'external-secrets.io/v1',
    ),
    refreshInterval: text('How often they are read anew', '1h'),
    secretStore: group('Where secrets come from', {
      name: text('Name of the store'),
      kind: choice('Kind of the store', ['SecretStore', 'ClusterSecretStore'], 'ClusterSecretStore'),
    }),
    secrets: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1 }),
          from: Type.String(),
          data: Type.Object(
            {},
            {
              additionalProperties: Type.Object(
                { key: Type.String(), property: Type.String() },
                { additionalProperties: false },
              ),
            },
          ),
        },
        { additionalProperties: false },
      ),
      {
        description:
          'Secrets to make: a name, and either `from` (everything under that key) or `data` (key: {key, property})',
        default: ['kempt-keys', 'kempt-database', 'kempt-database-admin'].map((name) => ({ name, from: name })),
      },
    ),
  }),
  simulators: group('Simulated CRMs, where `global.simulators.enabled` is set', {
    image: image('kempt/simulators'),
    resources: resources('Resources of the pod', { cpu: '100m', memory: '768Mi' }),
    seed: text('What the records are made from', 'kempt'),
    sizes: Type.Object(
      {},
      { additionalProperties: Type.Integer(), default: {}, description: 'How many records of each kind' },
    ),
    realData: flag('Whether public data sets are among the records', true),
    salesforce: group('Credentials that the simulated Salesforce accepts', {
      clientId: text('Client', '3MVG9simulatedConsumerKey.KemptConnector'),
      clientSecret: text('Secret', 'simulated-consumer-secret'),
    }),
    hubspot: group('Credentials that the simulated HubSpot accepts', {
      accessToken: text('Token', 'pat-na1-00000000-5117-4a1e-8e0d-simulated0001'),
    }),
  }),
  tests: group('`helm test`', {
    enabled: flag('Whether there is a canary to send through the whole installation', true),
    timeoutSeconds: whole('It must be back in this time', 180, 10),
    apiKey: group('API key of the canary', {
      existingSecret: text('Secret that holds it. Default: that of the bootstrap key'),
      key: text('Key in it. Default: that of the bootstrap key'),
    }),
  }),
  labels: textMap('Labels of the objects of the umbrella'),
  annotations: textMap('Annotations of the objects of the umbrella'),
  podLabels: textMap('Labels of the pods of the umbrella'),
  extraObjects: objects('Further objects; templates in them are rendered'),
};
