import { type Static, Type } from 'typebox';
import type { ConfigProblem } from './config-problem.ts';

/** Settings that every service has. A service's own schema is merged into this one. */
export const runtimeConfigSchema = Type.Object({
  http: Type.Object({
    host: Type.String({
      default: '127.0.0.1',
      minLength: 1,
      description: 'Address to listen on; 0.0.0.0 in a container',
    }),
    port: Type.Integer({
      default: 8080,
      minimum: 0,
      maximum: 65535,
      description: 'Port to listen on; 0 takes a free one',
    }),
    bodyLimitBytes: Type.Integer({ default: 1_048_576, minimum: 1024, description: 'Largest request body' }),
    requestTimeoutMs: Type.Integer({
      default: 30_000,
      minimum: 100,
      description: 'A request must have arrived in this time',
    }),
    drainDelayMs: Type.Integer({
      default: 0,
      minimum: 0,
      description: 'How long a stopping service still takes requests, so that load balancers notice /readyz',
    }),
  }),
  database: Type.Object({
    url: Type.String({
      secret: true,
      minLength: 1,
      expected: 'a URL such as postgres://user:password@host:5432/kempt',
      description: "Postgres as the service's own role",
    }),
    adminUrl: Type.Optional(
      Type.String({
        secret: true,
        minLength: 1,
        description: 'Postgres as the owner of the schemas; only migrations use it',
      }),
    ),
    maxConnections: Type.Integer({
      default: 10,
      minimum: 1,
      maximum: 1000,
      description: 'Size of the connection pool',
    }),
  }),
  migrations: Type.Union([Type.Literal('on-start'), Type.Literal('check'), Type.Literal('off')], {
    default: 'check',
    description: 'on-start applies them (needs the admin URL), check waits until they have been applied, off trusts',
  }),
  bus: Type.Union([Type.Literal('postgres'), Type.Literal('kafka')], {
    default: 'postgres',
    description: 'Which event bus carries the events',
  }),
  busDatabaseUrl: Type.Optional(
    Type.String({
      secret: true,
      minLength: 1,
      description: 'Postgres of the Postgres bus; not set: the database of the service',
    }),
  ),
  busDatabaseAdminUrl: Type.Optional(
    Type.String({
      secret: true,
      minLength: 1,
      description:
        'Owner of the tables of the Postgres bus, for migrations; not set: KEMPT_DATABASE_ADMIN_URL where both are one database',
    }),
  ),
  kafka: Type.Object({
    brokers: Type.Optional(
      Type.Array(Type.String({ minLength: 1, example: 'kafka-0:9092' }), {
        minItems: 1,
        description: 'Bootstrap brokers',
      }),
    ),
    tls: Type.Boolean({ default: false, description: 'Encrypt connections to Kafka' }),
    tlsCa: Type.Optional(
      Type.String({ secret: true, minLength: 1, description: 'PEM of the authority that signed the brokers' }),
    ),
    tlsCertificate: Type.Optional(
      Type.String({ secret: true, minLength: 1, description: 'PEM of the client certificate' }),
    ),
    tlsKey: Type.Optional(
      Type.String({ secret: true, minLength: 1, description: 'PEM of the key of the client certificate' }),
    ),
    saslMechanism: Type.Optional(
      Type.Union(
        [
          Type.Literal('plain'),
          Type.Literal('scram-sha-256'),
          Type.Literal('scram-sha-512'),
          Type.Literal('oauthbearer'),
        ],
        { description: 'How to log in to Kafka' },
      ),
    ),
    saslUsername: Type.Optional(Type.String({ minLength: 1, description: 'User to log in as' })),
    saslPassword: Type.Optional(Type.String({ secret: true, minLength: 1, description: 'Password of that user' })),
    oauthTokenUrl: Type.Optional(
      Type.String({
        minLength: 1,
        example: 'https://login.example.com/oauth2/token',
        description: 'Token endpoint of oauthbearer, for the client credentials grant',
      }),
    ),
    oauthClientId: Type.Optional(Type.String({ minLength: 1, description: 'Client of oauthbearer' })),
    oauthClientSecret: Type.Optional(Type.String({ secret: true, minLength: 1, description: 'Secret of that client' })),
    oauthScope: Type.Optional(Type.String({ minLength: 1, description: 'Scope that is asked for' })),
    replicationFactor: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 32_767,
        description: 'Copies of each created topic; not set: what the cluster says',
      }),
    ),
  }),
  ensureTopics: Type.Boolean({
    default: true,
    description: 'Create missing topics at start; off where another tool declares them',
  }),
  topicPrefix: Type.String({
    default: '',
    pattern: '^([a-z0-9.-]+\\.)?$',
    expected: 'lower-case letters, digits, dashes and dots with a dot at the end, such as acme.',
    description: 'Put before every topic name',
  }),
  wireFormat: Type.Union([Type.Literal('protobuf'), Type.Literal('json'), Type.Literal('confluent')], {
    default: 'protobuf',
    description: 'How published events are encoded',
  }),
  bulkBehindMax: Type.Integer({
    default: 5_000,
    minimum: 0,
    description:
      'Bulk events wait in the outbox while a service of Kempt has more events of their topic than this to handle; 0: they never wait',
  }),
  schemaRegistryUrl: Type.Optional(
    Type.String({
      minLength: 1,
      example: 'http://registry:8081',
      description: 'Schema registry, for the wire format confluent',
    }),
  ),
  schemaRegistryUsername: Type.Optional(Type.String({ minLength: 1, description: 'User of the registry' })),
  schemaRegistryPassword: Type.Optional(
    Type.String({ secret: true, minLength: 1, description: 'Password of that user' }),
  ),
  internalTokenPublicKey: Type.Optional(
    Type.String({
      secret: true,
      minLength: 1,
      description: "Ed25519 public key (PEM) that verifies the gateway's internal tokens",
    }),
  ),
  cursorSecret: Type.Optional(
    Type.String({
      secret: true,
      minLength: 16,
      description: 'Signs the cursors of lists; replicas share it. Not set: cursors end with the process',
    }),
  ),
  logLevel: Type.Union(
    [
      Type.Literal('trace'),
      Type.Literal('debug'),
      Type.Literal('info'),
      Type.Literal('warn'),
      Type.Literal('error'),
      Type.Literal('fatal'),
      Type.Literal('silent'),
    ],
    { default: 'info', description: 'Least level that is logged' },
  ),
  traces: Type.Object(
    {
      endpoint: Type.Optional(
        Type.String({
          pattern: '^https?://',
          expected: 'an address such as http://collector:4318/v1/traces',
          description: 'Where spans are sent as OTLP over HTTP; not set: there are none',
        }),
      ),
      ratio: Type.Number({
        default: 1,
        minimum: 0,
        maximum: 1,
        description: 'Share of the traces that begin in this service and are sent',
      }),
    },
    { default: {} },
  ),
  startTimeoutMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'Give up starting after this time; not set: keep trying while dependencies are away',
    }),
  ),
  stopTimeoutMs: Type.Integer({
    default: 25_000,
    minimum: 100,
    description: 'Everything must have stopped in this time',
  }),
});

export type RuntimeConfig = Static<typeof runtimeConfigSchema>;

/** Rules between the common settings. */
export function runtimeConfigRules(config: RuntimeConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.bus === 'kafka' && config.kafka.brokers === undefined) {
    problems.push(missing('KEMPT_KAFKA_BROKERS', 'host:port of at least one broker', 'KEMPT_BUS is kafka'));
  }
  if (config.migrations === 'on-start' && config.database.adminUrl === undefined) {
    problems.push(missing('KEMPT_DATABASE_ADMIN_URL', 'the URL of the schema owner', 'KEMPT_MIGRATIONS is on-start'));
  }
  if (config.wireFormat === 'confluent' && config.schemaRegistryUrl === undefined) {
    problems.push(
      missing('KEMPT_SCHEMA_REGISTRY_URL', 'the URL of a schema registry', 'KEMPT_WIRE_FORMAT is confluent'),
    );
  }
  if (config.kafka.saslMechanism === 'oauthbearer') {
    const needed = [
      ['KEMPT_KAFKA_OAUTH_TOKEN_URL', config.kafka.oauthTokenUrl, 'the URL of a token endpoint'],
      ['KEMPT_KAFKA_OAUTH_CLIENT_ID', config.kafka.oauthClientId, 'a client'],
      ['KEMPT_KAFKA_OAUTH_CLIENT_SECRET', config.kafka.oauthClientSecret, 'its secret'],
    ] as const;
    for (const [key, value, expected] of needed) {
      if (value === undefined) problems.push(missing(key, expected, 'KEMPT_KAFKA_SASL_MECHANISM is oauthbearer'));
    }
  } else if (config.kafka.saslMechanism !== undefined) {
    if (config.kafka.saslUsername === undefined) {
      problems.push(missing('KEMPT_KAFKA_SASL_USERNAME', 'a user', 'KEMPT_KAFKA_SASL_MECHANISM is set'));
    }
    if (config.kafka.saslPassword === undefined) {
      problems.push(missing('KEMPT_KAFKA_SASL_PASSWORD', 'a password', 'KEMPT_KAFKA_SASL_MECHANISM is set'));
    }
  }
  if ((config.kafka.tlsCertificate === undefined) !== (config.kafka.tlsKey === undefined)) {
    const name = config.kafka.tlsKey === undefined ? 'KEMPT_KAFKA_TLS_KEY' : 'KEMPT_KAFKA_TLS_CERTIFICATE';
    problems.push(missing(name, 'certificate and key together', 'the other one of the pair is set'));
  }
  return problems;
}

function missing(key: string, expected: string, because: string): ConfigProblem {
  return { key, found: 'nothing', expected, remedy: `Set ${key}, since ${because}.` };
}
