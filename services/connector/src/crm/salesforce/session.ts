import type { Connection, HttpRequest } from 'jsforce';
import type { SalesforceDefinition } from '../connection-definition.ts';
import { CrmError } from '../crm-error.ts';
import { salesforceError, salesforceFailure } from './error-map.ts';
import { grantForm } from './grant.ts';
import { parseJson } from './parse-json.ts';
import { isRecordId, longId } from './record-id.ts';
import { createTransport, type SalesforceAnswer } from './transport.ts';

export interface SalesforceSession {
  /** Sends a request and gives the JSON of the answer. Logs in when there is no session, and once more when it is over. */
  send(request: SalesforceRequest, signal: AbortSignal): Promise<unknown>;
  /** Logs in afresh and gives the 18-character id of the org. */
  login(signal: AbortSignal): Promise<string>;
}

export interface SalesforceRequest {
  readonly method: 'GET' | 'POST';
  /** Below `/services/data/v<version>`, such as `/queryAll?q=...`. */
  readonly path: string;
  readonly body?: unknown;
}

export interface SessionOptions {
  readonly loginUrl: string;
  readonly apiVersion: string;
  readonly credentials: SalesforceDefinition['credentials'];
  /** Why an address may not be spoken to, or null. */
  readonly refusal: (address: string) => string | null;
  readonly now: () => number;
}

interface Login {
  readonly connection: Connection;
  readonly orgId: string;
}

interface TokenAnswer {
  readonly access_token?: unknown;
  readonly instance_url?: unknown;
  readonly id?: unknown;
}

const callOptions = { client: 'kempt' };

/** Loads jsforce when the first org is connected: services without one do not pay for it. */
async function newConnection(config: ConstructorParameters<typeof Connection>[0]): Promise<Connection> {
  const { default: jsforce } = await import('jsforce');
  return new jsforce.Connection(config);
}

/** Sends by jsforce and gives the body as text: numbers are read with all their digits, errors with their status. */
async function exchange(connection: Connection, request: HttpRequest, signal: AbortSignal): Promise<string> {
  let answer: SalesforceAnswer | undefined;
  const transport = createTransport({ signal, onAnswer: (given) => void (answer = given) });
  try {
    const body = await connection.request<unknown>(request, { transport, responseType: 'text/plain' });
    if (answer !== undefined && answer.status < 300) return typeof body === 'string' ? body : '';
  } catch (error) {
    if (answer === undefined) throw signal.aborted ? signal.reason : salesforceFailure(error);
  }
  if (answer === undefined) throw salesforceFailure(new Error('no answer'));
  throw salesforceError(answer.status, answer.body, answer.headers.get('retry-after'));
}

function parseAnswer(text: string): unknown {
  if (text === '') return null;
  try {
    return parseJson(text);
  } catch (error) {
    throw new CrmError({
      kind: 'malformed',
      code: 'malformed-json',
      message: 'Salesforce sent a body that is not JSON.',
      cause: error,
    });
  }
}

const isSessionOver = (error: unknown): boolean =>
  error instanceof CrmError && (error.code === 'INVALID_SESSION_ID' || error.code === 'HTTP_401');

/**
 * A session with an org. jsforce's own refresh is not used: it knows no grant but the refresh token, and turns in a
 * circle when the org refuses the session it has just given.
 */
export function createSalesforceSession(options: SessionOptions): SalesforceSession {
  const loginUrl = options.loginUrl.replace(/\/+$/, '');
  let current: Login | undefined;
  let loggingIn: Promise<Login> | undefined;

  async function requestLogin(signal: AbortSignal): Promise<Login> {
    const form = await grantForm(options.credentials, options.now());
    const loginConnection = await newConnection({
      loginUrl,
      instanceUrl: loginUrl,
      version: options.apiVersion,
      callOptions,
    });
    const text = await exchange(
      loginConnection,
      {
        method: 'POST',
        url: `${loginUrl}/services/oauth2/token`,
        body: form.toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
      signal,
    );
    const { access_token: accessToken, instance_url: instanceUrl, id } = (parseAnswer(text) ?? {}) as TokenAnswer;
    const orgId = typeof id === 'string' ? id.split('/').at(-2) : undefined;
    if (typeof accessToken !== 'string' || typeof instanceUrl !== 'string' || !isRecordId(orgId)) {
      throw new CrmError({
        kind: 'malformed',
        code: 'malformed-token',
        message: 'The login address answered without a session. Check that it is the address of a Salesforce org.',
        pointer: '/loginUrl',
      });
    }
    const refusal = options.refusal(instanceUrl);
    if (refusal !== null) {
      throw new CrmError({
        kind: 'validation',
        code: 'instance-refused',
        message: `The org wants to be reached at ${instanceUrl}. ${refusal}`,
        pointer: '/loginUrl',
      });
    }
    const connection = await newConnection({
      loginUrl,
      instanceUrl: instanceUrl.replace(/\/+$/, ''),
      accessToken,
      version: options.apiVersion,
      callOptions,
    });
    return { connection, orgId: longId(orgId) };
  }

  /** One login at a time: whoever needs one meanwhile waits for it. */
  function logIn(signal: AbortSignal): Promise<Login> {
    loggingIn ??= requestLogin(signal)
      .then((login) => {
        current = login;
        return login;
      })
      .finally(() => {
        loggingIn = undefined;
      });
    return loggingIn;
  }

  async function exchangeJson(login: Login, request: SalesforceRequest, signal: AbortSignal): Promise<unknown> {
    const body = request.body === undefined ? {} : { body: JSON.stringify(request.body) };
    const headers = {
      accept: 'application/json',
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return parseAnswer(
      await exchange(login.connection, { method: request.method, url: request.path, headers, ...body }, signal),
    );
  }

  return {
    async send(request, signal) {
      const login = current ?? (await logIn(signal));
      try {
        return await exchangeJson(login, request, signal);
      } catch (error) {
        if (!isSessionOver(error)) throw error;
        // Another request may have logged in meanwhile.
        const renewed = current !== undefined && current !== login ? current : await logIn(signal);
        return await exchangeJson(renewed, request, signal);
      }
    },
    async login(signal) {
      return (await logIn(signal)).orgId;
    },
  };
}
