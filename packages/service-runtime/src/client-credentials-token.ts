import { EventBusError } from '@kempt/event-bus';

export interface ClientCredentialsOptions {
  /** Token endpoint of the authorisation server. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

interface Token {
  readonly value: string;
  /** From then on another one is fetched. */
  readonly renewAt: number;
}

const timeoutMs = 10_000;
/** A token is renewed when a fifth of its time is left, so that none expires between here and the broker. */
const usedShare = 0.8;

/**
 * Access tokens of the OAuth 2.0 client credentials grant (RFC 6749, section 4.4) for brokers that ask for OAUTHBEARER. A token is
 * used until it is nearly over; callers that come together share one request. Rejects with an `EventBusError`:
 * `bus-unavailable` while the server is away, `bus-misconfigured` when it refuses.
 */
export function createClientCredentialsToken(options: ClientCredentialsOptions): () => Promise<string> {
  const now = options.now ?? Date.now;
  let token: Token | undefined;
  let fetching: Promise<Token> | undefined;
  return async () => {
    if (token !== undefined && now() < token.renewAt) return token.value;
    fetching ??= fetchToken(options, now).finally(() => {
      fetching = undefined;
    });
    token = await fetching;
    return token.value;
  };
}

async function fetchToken(options: ClientCredentialsOptions, now: () => number): Promise<Token> {
  const { tokenUrl, clientId, clientSecret, scope } = options;
  const asked = now();
  let answer: Response;
  try {
    answer = await fetch(tokenUrl, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`,
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }),
      // The secret of the client must not follow wherever an answer points.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    throw away(tokenUrl, 'does not answer', error);
  }
  const body = (await answer.json().catch(() => undefined)) as
    | { readonly access_token?: unknown; readonly expires_in?: unknown; readonly error?: unknown }
    | undefined;
  if (answer.status >= 500 || answer.status === 429) throw away(tokenUrl, `answered with ${answer.status}`);
  if (!answer.ok || typeof body?.access_token !== 'string') {
    const reason = typeof body?.error === 'string' ? body.error : `status ${answer.status} without a token`;
    throw new EventBusError(
      'bus-misconfigured',
      `The token endpoint ${tokenUrl} refuses to give a token for Kafka (${reason}). Check KEMPT_KAFKA_OAUTH_TOKEN_URL, _CLIENT_ID, _CLIENT_SECRET and _SCOPE.`,
    );
  }
  const lifetimeMs = (typeof body.expires_in === 'number' ? body.expires_in : 60) * 1_000;
  return { value: body.access_token, renewAt: asked + lifetimeMs * usedShare };
}

function away(tokenUrl: string, what: string, cause?: unknown): EventBusError {
  return new EventBusError(
    'bus-unavailable',
    `The token endpoint ${tokenUrl} ${what}, so there is no token for Kafka. It can be tried again.`,
    { cause },
  );
}
