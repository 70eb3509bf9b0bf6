import type { InternalTokenSigner, Principal } from '@kempt/service-runtime';

export interface TokenCacheOptions {
  readonly sign: InternalTokenSigner;
  /** How long a token is used again. Well below its lifetime of 60 s, so that none expires on its way. Default 20,000. */
  readonly reuseMs?: number;
  /** Default 1,000. */
  readonly maxEntries?: number;
  /** Milliseconds, never running backwards. */
  readonly now: () => number;
}

/**
 * Signs once for the requests that a principal sends in short order: a signature costs more than everything else that the
 * gateway does for a request. The key of the client is looked at for each request all the same.
 */
export function createTokenCache(options: TokenCacheOptions): InternalTokenSigner {
  const { sign, reuseMs = 20_000, maxEntries = 1_000, now } = options;
  const tokens = new Map<string, { readonly token: Promise<string>; readonly signedAtMs: number }>();

  return (principal) => {
    const key = keyOf(principal);
    const known = tokens.get(key);
    if (known !== undefined && now() - known.signedAtMs < reuseMs) return known.token;
    const token = sign(principal);
    tokens.delete(key);
    tokens.set(key, { token, signedAtMs: now() });
    token.catch(() => tokens.delete(key));
    const [oldest] = tokens.keys();
    if (tokens.size > maxEntries && oldest !== undefined) tokens.delete(oldest);
    return token;
  };
}

/** Everything that the token says: a key that lost a scope gets another token. */
function keyOf({ tenantId, subject, scopes }: Principal): string {
  return JSON.stringify([tenantId, subject, ...scopes]);
}
