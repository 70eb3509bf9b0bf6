import type { ConfigProblem } from '@kempt/service-runtime';
import { createInternalTokenSigner } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { parseApiKey } from './auth/api-key.ts';

function upstreamUrl(service: string) {
  return Type.Optional(
    Type.String({
      pattern: '^https?://[^/]+/?$',
      expected: `http(s)://host:port such as http://kempt-${service}:8080`,
      description: `Where the service ${service} listens; not set: it is not part of this installation`,
    }),
  );
}

/** Settings of the service besides the common ones. */
export const gatewayConfigSchema = Type.Object({
  gateway: Type.Object({
    signingKey: Type.String({
      secret: true,
      minLength: 1,
      expected: 'an Ed25519 private key in PEM',
      description: 'Signs the internal tokens; make one with openssl genpkey -algorithm ed25519',
    }),
    bootstrapApiKey: Type.Optional(
      Type.String({
        secret: true,
        minLength: 1,
        expected: 'kempt_<environment>_<id>_<secret>, the secret of at least 32 characters',
        description: 'An API key with every scope that exists from the first start on',
      }),
    ),
    bootstrapTenant: Type.String({
      default: 'default',
      pattern: '^[a-z0-9][a-z0-9_-]{0,62}$',
      expected: 'lower-case letters, digits, _ and -, at most 63',
      description: 'Tenant of the bootstrap key',
    }),
    keyEnvironment: Type.String({
      default: 'live',
      pattern: '^[a-z0-9]{1,16}$',
      expected: 'lower-case letters and digits, at most 16',
      description: 'Second part of the keys that are created',
    }),
    keyCacheMs: Type.Integer({
      default: 5_000,
      minimum: 0,
      maximum: 60_000,
      description: 'How long a replica may take to notice that a key was revoked by another',
    }),
    rateLimit: Type.Object({
      requests: Type.Integer({ default: 6_000, minimum: 1, description: 'Requests per key, replica and window' }),
      windowMs: Type.Integer({ default: 60_000, minimum: 1_000, description: 'Length of the window' }),
    }),
    events: Type.Object({
      heartbeatMs: Type.Integer({
        default: 15_000,
        minimum: 100,
        maximum: 300_000,
        description: 'How often a stream of events that is silent gives a sign of life and its key is looked at again',
      }),
      slowClientMs: Type.Integer({
        default: 10_000,
        minimum: 100,
        description: 'A client that does not take its events for so long is cut off; it can go on where it was',
      }),
      maxStreams: Type.Integer({ default: 500, minimum: 1, description: 'Streams of events open at once per replica' }),
    }),
    webhooks: Type.Object({
      timeoutMs: Type.Integer({
        default: 4_500,
        minimum: 100,
        maximum: 4_900,
        description: 'A webhook of a CRM is answered in this time, whatever happens',
      }),
      requestsPerMinute: Type.Integer({
        default: 1_200,
        minimum: 1,
        description: 'Webhooks per connection and replica',
      }),
    }),
    upstreams: Type.Object({
      connector: upstreamUrl('connector'),
      dedupe: upstreamUrl('dedupe'),
      dataQuality: upstreamUrl('data-quality'),
      integrationAudit: upstreamUrl('integration-audit'),
      metrics: upstreamUrl('metrics'),
    }),
    upstreamTimeoutMs: Type.Integer({
      default: 30_000,
      minimum: 100,
      description: 'A service must have begun to answer in this time',
    }),
    upstreamIdleMs: Type.Integer({
      default: 60_000,
      minimum: 100,
      description: 'An answer that stands still for so long is given up',
    }),
    upstreamConcurrency: Type.Integer({
      default: 64,
      minimum: 1,
      description: 'Requests at work at one service at the same time',
    }),
  }),
});

export type GatewayConfig = Static<typeof gatewayConfigSchema>;

/** What a pattern cannot say. The values are secrets, so none is shown. */
export function gatewayConfigRules({ gateway }: GatewayConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  try {
    createInternalTokenSigner(gateway.signingKey);
  } catch {
    problems.push({
      key: 'KEMPT_GATEWAY_SIGNING_KEY',
      found: 'something else',
      expected: 'an Ed25519 private key in PEM',
      remedy: 'Make one with: openssl genpkey -algorithm ed25519.',
    });
  }
  if (gateway.bootstrapApiKey !== undefined && parseApiKey(gateway.bootstrapApiKey) === undefined) {
    problems.push({
      key: 'KEMPT_GATEWAY_BOOTSTRAP_API_KEY',
      found: 'something else',
      expected: 'kempt_<environment>_<id>_<secret>, the secret of at least 32 characters',
      remedy: 'Correct the key, or remove it.',
    });
  }
  return problems;
}
