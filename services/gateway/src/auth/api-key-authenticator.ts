import { type Authenticator, bearerTokenOf, unauthenticated } from '@kempt/service-runtime';
import type { GatewayMetrics } from '../metrics.ts';
import { hashApiKey, isSameHash, parseApiKey, type StoredApiKey } from './api-key.ts';
import type { ApiKeyCache } from './api-key-cache.ts';

export interface ApiKeyAuthenticatorOptions {
  readonly keys: ApiKeyCache;
  /** Told of each use of a valid key. */
  readonly onUse: (key: StoredApiKey) => void;
  readonly metrics: GatewayMetrics;
  /** Default: the system's clock. */
  readonly now?: () => Date;
}

/**
 * Accepts `Authorization: Bearer kempt_<environment>_<id>_<secret>`. The tenant is the key's, and nothing that the caller
 * sends can change it. Only who holds the right secret learns that a key has expired or was revoked.
 */
export function createApiKeyAuthenticator(options: ApiKeyAuthenticatorOptions): Authenticator {
  const { keys, onUse, metrics, now = () => new Date() } = options;
  return async (headers) => {
    const text = bearerTokenOf(headers);
    if (text === undefined) {
      metrics.authentications.inc({ outcome: 'missing' });
      throw unauthenticated('An API key is missing. Send it as: Authorization: Bearer kempt_...');
    }
    const parts = parseApiKey(text);
    const key = parts === undefined ? undefined : await findKey(parts.id, text);
    if (key === undefined) {
      metrics.authentications.inc({ outcome: 'unknown' });
      throw unauthenticated('The API key is not known.');
    }
    if (key.revokedAt !== null) {
      metrics.authentications.inc({ outcome: 'revoked' });
      throw unauthenticated(`The API key ${key.id} was revoked. Use another one.`);
    }
    if (key.expiresAt !== null && key.expiresAt <= now()) {
      metrics.authentications.inc({ outcome: 'expired' });
      throw unauthenticated(`The API key ${key.id} has expired. Use another one.`);
    }
    metrics.authentications.inc({ outcome: 'ok' });
    onUse(key);
    return { tenantId: key.tenantId, subject: `api-key:${key.id}`, scopes: new Set(key.scopes) };
  };

  async function findKey(id: string, text: string): Promise<StoredApiKey | undefined> {
    const hash = hashApiKey(text);
    try {
      return (await keys.find(id)).find((candidate) => isSameHash(candidate.keyHash, hash));
    } catch (error) {
      metrics.authentications.inc({ outcome: 'store_away' });
      throw error;
    }
  }
}
