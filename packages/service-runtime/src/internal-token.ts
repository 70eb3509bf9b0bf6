import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { type Authenticator, type Principal, unauthenticated } from './principal.ts';

/** The gateway signs, every service verifies: who calls is known without trusting the network between them. */
const issuer = 'kempt-gateway';
const audience = 'kempt-internal';
const algorithm = 'EdDSA';
/** Clocks of two machines may differ by this much. */
const clockToleranceSeconds = 5;

export const internalTokenLifetimeSeconds = 60;

/** Makes the token for one request. */
export type InternalTokenSigner = (principal: Principal) => Promise<string>;

/** Thrown when a key is not an Ed25519 key in PEM. */
export class InternalTokenKeyError extends Error {
  readonly code = 'internal-token-key';
  readonly retriable = false;

  constructor(kind: 'private' | 'public', cause: unknown) {
    super(`The internal token's ${kind} key must be an Ed25519 ${kind} key in PEM.`, { cause });
    this.name = 'InternalTokenKeyError';
  }
}

/** Throws `InternalTokenKeyError` at once when the PEM is not a private Ed25519 key. */
export function createInternalTokenSigner(privateKeyPem: string): InternalTokenSigner {
  const key = readKey('private', () => createPrivateKey(privateKeyPem));
  return ({ tenantId, subject, scopes }) =>
    new SignJWT({ tenant: tenantId, scopes: [...scopes] })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(`${internalTokenLifetimeSeconds}s`)
      .sign(key);
}

/** The public half of a signer's key, as PEM: what services are configured with. */
export function internalTokenPublicKey(privateKeyPem: string): string {
  const key = readKey('private', () => createPrivateKey(privateKeyPem));
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

/**
 * Accepts only tokens that are signed with the one key by the one algorithm, name issuer and audience, have not expired
 * and say on behalf of which tenant they speak.
 */
export function createInternalTokenAuthenticator(publicKeyPem: string): Authenticator {
  const key = readKey('public', () => createPublicKey(publicKeyPem));
  return async (headers) => {
    const token = bearerTokenOf(headers);
    if (token === undefined) throw unauthenticated('An internal token is missing: calls come through the gateway.');
    return verify(token, key);
  };
}

async function verify(token: string, key: KeyObject): Promise<Principal> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer,
      audience,
      clockTolerance: clockToleranceSeconds,
      maxTokenAge: internalTokenLifetimeSeconds,
      requiredClaims: ['exp', 'iat', 'sub', 'tenant', 'scopes'],
    });
    const { tenant, sub, scopes } = payload;
    if (typeof tenant !== 'string' || tenant === '' || typeof sub !== 'string' || !isTextList(scopes)) {
      throw new Error('claims tenant, sub or scopes are malformed');
    }
    return { tenantId: tenant, subject: sub, scopes: new Set(scopes) };
  } catch (error) {
    throw unauthenticated('The internal token is not valid.', error);
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearerTokenOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const header = headers.authorization;
  return typeof header === 'string' ? /^Bearer +([^\s]+)$/i.exec(header)?.[1] : undefined;
}

function readKey(kind: 'private' | 'public', read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw new InternalTokenKeyError(kind, error);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new InternalTokenKeyError(kind, new Error(`its type is ${key.asymmetricKeyType}`));
  }
  return key;
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
