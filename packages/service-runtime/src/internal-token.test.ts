import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import {
  createInternalTokenAuthenticator,
  createInternalTokenSigner,
  InternalTokenKeyError,
  internalTokenPublicKey,
} from './internal-token.ts';
import type { Principal } from './principal.ts';

function newPrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const privateKey = newPrivateKey();
const authenticate = createInternalTokenAuthenticator(internalTokenPublicKey(privateKey));
const principal: Principal = { tenantId: 'acme', subject: 'api-key:k1', scopes: new Set(['records:read']) };

interface Claims {
  readonly iss?: string;
  readonly aud?: string;
  readonly sub?: string;
  readonly tenant?: unknown;
  readonly scopes?: unknown;
  readonly iat?: number;
  readonly exp?: number;
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** A token that is right but for what is given. */
async function token(claims: Claims = {}, key = privateKey): Promise<string> {
  const { createPrivateKey } = await import('node:crypto');
  const now = nowSeconds();
  const all = {
    iss: 'kempt-gateway',
    aud: 'kempt-internal',
    sub: 'api-key:k1',
    tenant: 'acme',
    scopes: ['records:read'],
    iat: now,
    exp: now + 60,
    ...claims,
  };
  return new SignJWT(all as never).setProtectedHeader({ alg: 'EdDSA' }).sign(createPrivateKey(key));
}

function bearer(value: string): Record<string, string> {
  return { authorization: `Bearer ${value}` };
}

describe('a token of the gateway', () => {
  test('names tenant, subject and scopes', async () => {
    const sign = createInternalTokenSigner(privateKey);
    await expect(authenticate(bearer(await sign(principal)))).resolves.toEqual(principal);
    await expect(authenticate(bearer(await token()))).resolves.toEqual(principal);
  });

  test('lives sixty seconds', async () => {
    const signed = await createInternalTokenSigner(privateKey)(principal);
    const claims = JSON.parse(Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString()) as {
      iat: number;
      exp: number;
    };
    expect(claims.exp - claims.iat).toBe(60);
  });
});

describe('refused', () => {
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(
    JSON.stringify({
      iss: 'kempt-gateway',
      aud: 'kempt-internal',
      sub: 'x',
      tenant: 'acme',
      scopes: [],
      iat: nowSeconds(),
      exp: nowSeconds() + 60,
    }),
  ).toString('base64url')}.`;

  test.each<[string, () => Promise<string> | string]>([
    ['expired', () => token({ iat: nowSeconds() - 120, exp: nowSeconds() - 60 })],
    ['valid for years', () => token({ iat: nowSeconds() - 3_600, exp: nowSeconds() + 100_000_000 })],
    ['without an end', () => token({ exp: undefined as never })],
    ['for another audience', () => token({ aud: 'public' })],
    ['of another issuer', () => token({ iss: 'somebody' })],
    ['signed with another key', () => token({}, newPrivateKey())],
    ['not signed (alg none)', () => unsigned],
    ['without a tenant', () => token({ tenant: undefined })],
    ['with an empty tenant', () => token({ tenant: '' })],
    ['with a tenant that is no text', () => token({ tenant: { $ne: '' } })],
    ['with scopes that are no list', () => token({ scopes: 'records:read' })],
    ['garbage', () => 'abc.def.ghi'],
  ])('%s', async (_, make) => {
    await expect(authenticate(bearer(await make()))).rejects.toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  test('signed by a shared secret made of the public key (algorithm confusion)', async () => {
    const publicKey = internalTokenPublicKey(privateKey);
    const forged = await new SignJWT({ tenant: 'acme', scopes: [] })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('kempt-gateway')
      .setAudience('kempt-internal')
      .setSubject('x')
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(new TextEncoder().encode(publicKey));
    await expect(authenticate(bearer(forged))).rejects.toMatchObject({ status: 401 });
  });

  test.each([{}, { authorization: '' }, { authorization: 'Basic abc' }, { authorization: ['Bearer a', 'Bearer b'] }])(
    'no bearer token: %j',
    async (headers) => {
      await expect(authenticate(headers)).rejects.toMatchObject({ status: 401 });
    },
  );

  test('the answer does not say why', async () => {
    const error = await authenticate(bearer(await token({ aud: 'public' }))).catch((refusal: Error) => refusal);
    expect((error as Error).message).toBe('The internal token is not valid.');
  });
});

test('a key that is not Ed25519, or no key, is refused at once', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  expect(() => createInternalTokenSigner(pem)).toThrow(InternalTokenKeyError);
  expect(() => createInternalTokenSigner('nonsense')).toThrow('must be an Ed25519 private key in PEM');
  expect(() => createInternalTokenAuthenticator('nonsense')).toThrow('must be an Ed25519 public key in PEM');
});
