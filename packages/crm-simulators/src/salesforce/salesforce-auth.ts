import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { SimulatorClock } from '../clock.ts';
import type { SimulatorReply, SimulatorRequest } from '../http/http-server.ts';
import type { Random } from '../random.ts';
import { SalesforceError } from './salesforce-error.ts';

/** What a client needs to connect. */
export interface SalesforceCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The user the client runs as; `sub` of the JWT flow. */
  readonly username: string;
  readonly refreshToken: string;
}

export interface SalesforceSession {
  readonly userId: string;
  readonly expiresAtMs: number;
  /** The refresh token family it came from, or null. */
  readonly family: number | null;
}

export interface SalesforceAuth {
  /** Answers the token and revocation endpoints. */
  token(request: SimulatorRequest): SimulatorReply;
  revoke(request: SimulatorRequest): SimulatorReply;
  /** The session of a request, or throws INVALID_SESSION_ID. */
  authenticate(request: SimulatorRequest): SalesforceSession;
  /** A session for a token, for the APIs that carry it elsewhere than in the header. */
  session(token: string): SalesforceSession | null;
  /** Registers the certificate or public key of the connected app, for the JWT flow. */
  registerCertificate(pem: string): void;
  /** Ends every session: the next call of each client gets INVALID_SESSION_ID. */
  expireSessions(): void;
  /** Refresh tokens are exchanged for new ones; using an old one revokes the whole family. */
  setRotation(isOn: boolean): void;
  /** The refresh token that works now. */
  currentRefreshToken(): string;
  /** Tokens issued so far, by grant type. */
  issuedTokens(): Readonly<Record<string, number>>;
}

export interface SalesforceAuthOptions {
  readonly credentials: SalesforceCredentials;
  readonly orgId: string;
  readonly userId: string;
  readonly clock: SimulatorClock;
  readonly random: Random;
  readonly sessionLifetimeMs: number;
  readonly url: () => string;
  readonly rotation: boolean;
}

const jsonHeaders = { 'Content-Type': 'application/json;charset=UTF-8', 'Cache-Control': 'no-store' } as const;
const tokenLetters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._');

function failure(error: string, description: string, status = 400): SimulatorReply {
  return { status, headers: jsonHeaders, body: JSON.stringify({ error, error_description: description }) };
}

interface Jwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: string;
  readonly signature: Buffer;
}

function decodeJwt(text: string): Jwt | null {
  const parts = text.split('.');
  if (parts.length !== 3) return null;
  try {
    const [header, claims] = parts
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
    return {
      header,
      claims,
      signed: `${parts[0]}.${parts[1]}`,
      signature: Buffer.from(parts[2] as string, 'base64url'),
    };
  } catch {
    return null;
  }
}

export function createSalesforceAuth(options: SalesforceAuthOptions): SalesforceAuth {
  const { credentials, clock, random } = options;
  const sessions = new Map<string, SalesforceSession>();
  const publicKeys: KeyObject[] = [];
  const issued: Record<string, number> = {};
  let rotation = options.rotation;
  let family = 1;
  let isFamilyAlive = true;
  let refreshToken = credentials.refreshToken;
  const spentRefreshTokens = new Set<string>();

  const letters = (count: number) => Array.from({ length: count }, () => random.pick(tokenLetters)).join('');

  const success = (grant: string, extra: Record<string, unknown>, tokenFamily: number | null): SimulatorReply => {
    const token = `${options.orgId.slice(0, 15)}!AQ${letters(88)}`;
    sessions.set(token, {
      userId: options.userId,
      expiresAtMs: clock.now() + options.sessionLifetimeMs,
      family: tokenFamily,
    });
    issued[grant] = (issued[grant] ?? 0) + 1;
    const body = {
      access_token: token,
      signature: Buffer.from(letters(24)).toString('base64'),
      scope: 'api refresh_token',
      instance_url: options.url(),
      id: `${options.url()}/id/${options.orgId}/${options.userId}`,
      token_type: 'Bearer',
      issued_at: String(clock.now()),
      ...extra,
    };
    return { status: 200, headers: jsonHeaders, body: JSON.stringify(body) };
  };

  const clientOf = (request: SimulatorRequest, form: URLSearchParams): { id: string | null; secret: string | null } => {
    const basic = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (basic === undefined) return { id: form.get('client_id'), secret: form.get('client_secret') };
    const text = Buffer.from(basic, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return { id: decodeURIComponent(text.slice(0, colon)), secret: decodeURIComponent(text.slice(colon + 1)) };
  };

  const clientCredentials = (request: SimulatorRequest, form: URLSearchParams): SimulatorReply => {
    const client = clientOf(request, form);
    if (client.id !== credentials.clientId) return failure('invalid_client_id', 'client identifier invalid');
    if (client.secret !== credentials.clientSecret) return failure('invalid_client', 'invalid client credentials');
    return success('client_credentials', {}, null);
  };

  const jwtBearer = (form: URLSearchParams): SimulatorReply => {
    const jwt = decodeJwt(form.get('assertion') ?? '');
    if (jwt === null) return failure('invalid_grant', 'invalid assertion');
    const { claims } = jwt;
    if (claims.iss !== credentials.clientId) return failure('invalid_client_id', 'client identifier invalid');
    const isSigned =
      jwt.header.alg === 'RS256' &&
      publicKeys.some((key) => verify('RSA-SHA256', Buffer.from(jwt.signed), key, jwt.signature));
    if (!isSigned) return failure('invalid_grant', 'invalid assertion');
    const audiences = ['https://login.salesforce.com', 'https://test.salesforce.com', options.url()];
    if (typeof claims.aud !== 'string' || !audiences.includes(claims.aud.replace(/\/$/, ''))) {
      return failure('invalid_grant', 'audience is invalid');
    }
    // Clocks may differ a little; an assertion may not live longer than a few minutes.
    const nowSeconds = clock.now() / 1000;
    if (typeof claims.exp !== 'number' || claims.exp < nowSeconds || claims.exp > nowSeconds + 360) {
      return failure('invalid_grant', 'expired authorization code');
    }
    if (claims.sub !== credentials.username) return failure('invalid_grant', "user hasn't approved this consumer");
    return success('urn:ietf:params:oauth:grant-type:jwt-bearer', {}, null);
  };

  const refresh = (request: SimulatorRequest, form: URLSearchParams): SimulatorReply => {
    const client = clientOf(request, form);
    if (client.id !== credentials.clientId) return failure('invalid_client_id', 'client identifier invalid');
    if (client.secret !== null && client.secret !== credentials.clientSecret) {
      return failure('invalid_client', 'invalid client credentials');
    }
    const given = form.get('refresh_token') ?? '';
    if (spentRefreshTokens.has(given)) {
      isFamilyAlive = false;
      for (const [token, session] of sessions) if (session.family === family) sessions.delete(token);
      return failure('invalid_grant', 'expired access/refresh token');
    }
    if (given !== refreshToken || !isFamilyAlive) return failure('invalid_grant', 'expired access/refresh token');
    if (!rotation) return success('refresh_token', {}, family);
    spentRefreshTokens.add(refreshToken);
    refreshToken = `5Aep861${letters(64)}`;
    return success('refresh_token', { refresh_token: refreshToken }, family);
  };

  const session = (token: string): SalesforceSession | null => {
    const found = sessions.get(token);
    if (found === undefined) return null;
    if (found.expiresAtMs > clock.now()) return found;
    sessions.delete(token);
    return null;
  };

  return {
    token(request) {
      const form = request.form();
      switch (form.get('grant_type')) {
        case 'client_credentials':
          return clientCredentials(request, form);
        case 'urn:ietf:params:oauth:grant-type:jwt-bearer':
          return jwtBearer(form);
        case 'refresh_token':
          return refresh(request, form);
        default:
          return failure('unsupported_grant_type', 'grant type not supported');
      }
    },
    revoke(request) {
      const token = request.form().get('token') ?? '';
      if (token === refreshToken) {
        isFamilyAlive = false;
        for (const [key, entry] of sessions) if (entry.family === family) sessions.delete(key);
        return { status: 200, headers: jsonHeaders, body: '' };
      }
      if (!sessions.delete(token)) return failure('unsupported_token_type', 'this token type is not supported');
      return { status: 200, headers: jsonHeaders, body: '' };
    },
    authenticate(request) {
      const header = request.headers.authorization;
      if (header === undefined) throw new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
      const token = /^(?:Bearer|OAuth)\s+(\S+)$/i.exec(header)?.[1];
      if (token === undefined) throw new SalesforceError(401, 'INVALID_AUTH_HEADER', 'INVALID_HEADER_TYPE');
      const found = session(token);
      if (found === null) throw new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
      return found;
    },
    session,
    registerCertificate: (pem) => void publicKeys.push(createPublicKey(pem)),
    expireSessions: () => sessions.clear(),
    setRotation(isOn) {
      rotation = isOn;
      if (isOn && !isFamilyAlive) {
        family += 1;
        isFamilyAlive = true;
      }
    },
    currentRefreshToken: () => refreshToken,
    issuedTokens: () => ({ ...issued }),
  };
}
