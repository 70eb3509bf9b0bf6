import type { SimulatorClock } from '../clock.ts';
import type { SimulatorReply, SimulatorRequest } from '../http/http-server.ts';
import type { Random } from '../random.ts';
import { HubSpotError } from './hubspot-error.ts';

/** What a client needs to connect: either the token of a private app, or an OAuth app with a refresh token. */
export interface HubSpotCredentials {
  readonly privateAppToken: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
}

export interface HubSpotSession {
  readonly kind: 'private-app' | 'oauth';
}

export interface HubSpotAuth {
  token(request: SimulatorRequest): SimulatorReply;
  accessTokenInfo(token: string): SimulatorReply;
  refreshTokenInfo(token: string): SimulatorReply;
  /** The session of a request, or throws INVALID_AUTHENTICATION or EXPIRED_AUTHENTICATION. */
  authenticate(request: SimulatorRequest): HubSpotSession;
  /** Throws MISSING_SCOPES unless the app holds the scope. */
  needScope(scope: string): void;
  /** The scopes of the app; replaces the ones before. */
  setScopes(scopes: readonly string[]): void;
  scopes(): readonly string[];
  /** Lets every OAuth access token expire. */
  expireTokens(): void;
  /** Makes the private app's token and the refresh token invalid. */
  revoke(): void;
  /** OAuth access tokens issued so far. */
  issuedTokens(): number;
}

export interface HubSpotAuthOptions {
  readonly credentials: HubSpotCredentials;
  readonly portalId: number;
  readonly userId: number;
  readonly appId: number;
  readonly clock: SimulatorClock;
  readonly random: Random;
  readonly tokenLifetimeMs: number;
  readonly scopes: readonly string[];
}

const headers = { 'Content-Type': 'application/json;charset=utf-8' } as const;
const tokenLetters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

export function createHubSpotAuth(options: HubSpotAuthOptions): HubSpotAuth {
  const { credentials, clock, random } = options;
  const tokens = new Map<string, number>();
  let scopes = [...options.scopes];
  let isRevoked = false;
  let issued = 0;

  const letters = (count: number) => Array.from({ length: count }, () => random.pick(tokenLetters)).join('');
  const refuse = (status: string, message: string): SimulatorReply => ({
    status: 400,
    headers,
    body: JSON.stringify({ status, message, correlationId: random.uuid() }),
  });

  return {
    token(request) {
      const form = request.form();
      if (form.get('grant_type') !== 'refresh_token') {
        return refuse('BAD_GRANT_TYPE', 'missing or unknown grant type');
      }
      if (form.get('client_id') !== credentials.clientId)
        return refuse('BAD_CLIENT_ID', 'missing or unknown client id');
      if (form.get('client_secret') !== credentials.clientSecret) {
        return refuse('BAD_CLIENT_SECRET', 'missing or invalid client secret');
      }
      if (isRevoked || form.get('refresh_token') !== credentials.refreshToken) {
        return refuse('BAD_REFRESH_TOKEN', 'missing or invalid refresh token');
      }
      const token = `CK${letters(70)}`;
      tokens.set(token, clock.now() + options.tokenLifetimeMs);
      issued += 1;
      const body = {
        token_type: 'bearer',
        refresh_token: credentials.refreshToken,
        access_token: token,
        expires_in: Math.floor(options.tokenLifetimeMs / 1000),
        hub_id: options.portalId,
        scopes,
        user_id: options.userId,
        token_use: 'access_token',
      };
      return { status: 200, headers, body: JSON.stringify(body) };
    },
    accessTokenInfo(token) {
      const expiresAt = tokens.get(token);
      if (expiresAt === undefined || expiresAt <= clock.now()) {
        throw new HubSpotError(404, 'OBJECT_NOT_FOUND', 'access token is invalid or expired');
      }
      const body = {
        token,
        user: 'integration@fernhill-demo.example',
        hub_domain: 'fernhill-demo.example',
        scopes,
        hub_id: options.portalId,
        app_id: options.appId,
        expires_in: Math.floor((expiresAt - clock.now()) / 1000),
        user_id: options.userId,
        token_type: 'access',
      };
      return { status: 200, headers, body: JSON.stringify(body) };
    },
    refreshTokenInfo(token) {
      if (token !== credentials.refreshToken || isRevoked) {
        throw new HubSpotError(404, 'OBJECT_NOT_FOUND', 'refresh token is invalid, expired or revoked');
      }
      const body = {
        token,
        user: 'integration@fernhill-demo.example',
        hub_domain: 'fernhill-demo.example',
        scopes,
        hub_id: options.portalId,
        client_id: credentials.clientId,
        user_id: options.userId,
        token_type: 'refresh',
      };
      return { status: 200, headers, body: JSON.stringify(body) };
    },
    authenticate(request) {
      const token = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
      if (token === credentials.privateAppToken && !isRevoked) return { kind: 'private-app' };
      const expiresAt = token === undefined ? undefined : tokens.get(token);
      if (expiresAt === undefined) {
        throw new HubSpotError(
          401,
          'INVALID_AUTHENTICATION',
          'Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview',
        );
      }
      if (expiresAt <= clock.now()) {
        const sinceSeconds = Math.floor((clock.now() - expiresAt) / 1000);
        throw new HubSpotError(
          401,
          'EXPIRED_AUTHENTICATION',
          `The OAuth token used to make this call expired ${sinceSeconds} second(s) ago.`,
        );
      }
      return { kind: 'oauth' };
    },
    needScope(scope) {
      if (scopes.includes(scope)) return;
      throw new HubSpotError(
        403,
        'MISSING_SCOPES',
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
        {
          errors: [
            {
              message: 'One or more of the following scopes are required.',
              context: { requiredGranularScopes: [scope] },
            },
          ],
          links: { scopes: 'https://developers.hubspot.com/scopes' },
        },
      );
    },
    setScopes(next) {
      scopes = [...next];
    },
    scopes: () => scopes,
    expireTokens() {
      for (const token of tokens.keys()) tokens.set(token, clock.now() - 1000);
    },
    revoke() {
      isRevoked = true;
      tokens.clear();
    },
    issuedTokens: () => issued,
  };
}
