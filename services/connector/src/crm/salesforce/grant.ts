import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { SalesforceDefinition } from '../connection-definition.ts';
import { CrmError } from '../crm-error.ts';

const assertionSeconds = 180;

function parsePrivateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem.includes('\\n') && !pem.includes('\n') ? pem.replaceAll('\\n', '\n') : pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // The reason names parts of the key; what follows says all that helps.
  }
  throw new CrmError({
    kind: 'auth',
    code: 'invalid-private-key',
    message: 'The private key cannot be read. Give an RSA key in PEM, beginning with -----BEGIN PRIVATE KEY-----.',
    pointer: '/credentials/privateKey',
  });
}

/** The form that asks the token endpoint for a session. Throws CrmError of kind `auth` for a key that is none. */
export async function grantForm(
  credentials: SalesforceDefinition['credentials'],
  nowMs: number,
): Promise<URLSearchParams> {
  if (credentials.grant === 'client-credentials') {
    return new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
    });
  }
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(credentials.clientId)
    .setSubject(credentials.username)
    .setAudience(credentials.audience ?? 'https://login.salesforce.com')
    .setExpirationTime(Math.floor(nowMs / 1000) + assertionSeconds)
    .sign(parsePrivateKey(credentials.privateKey));
  return new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
}
