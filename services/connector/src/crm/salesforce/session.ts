import { isSalesforceId, longSalesforceId } from '@kempt/contracts';
import type { Connection, HttpRequest } from 'jsforce';
import type { SalesforceDefinition } from '../connection-definition.ts';
import { CrmError } from '../crm-error.ts';
import { salesforceError, salesforceFailure, salesforceRowError } from './error-map.ts';
import { grantForm } from './grant.ts';
import { parseJson } from './parse-json.ts';
import { readSoapFault, readSoapResults, type SoapResult, soapEnvelope } from './soap.ts';
import { createTransport, type SalesforceAnswer } from './transport.ts';

export interface SalesforceSession {
  /** Sends a request and gives the JSON of the answer. Logs in when there is no session, and once more when it is over. */
  send(request: SalesforceRequest, signal: AbortSignal): Promise<unknown>;
  /** Sends a request and gives the text of the answer. */
  sendForText(request: SalesforceRequest, signal: AbortSignal): Promise<string>;
  /** Calls an operation of the SOAP API, the only one that merges and undeletes, and gives its results. */
  callSoap(operation: string, signal: AbortSignal): Promise<readonly SoapResult[]>;
  /** Logs in afresh and gives the 18-character id of the org. */
  login(signal: AbortSignal): Promise<string>;
}

export interface SalesforceRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Below `/services/data/v<version>`, such as `/queryAll?q=...`. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
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
async function exchange(
  connection: Connection,
  request: HttpRequest,
  signal: AbortSignal,
  errorOf: (answer: SalesforceAnswer) => CrmError = restError,
): Promise<string> {
  let answer: SalesforceAnswer | undefined;
  const transport = createTransport({ signal, onAnswer: (given) => void (answer = given) });
  try {
    const body = await connection.request<unknown>(request, { transport, responseType: 'text/plain' });
    if (answer !== undefined && answer.status < 300) return typeof body === 'string' ? body : '';
  } catch (error) {
    if (answer === undefined) throw signal.aborted ? signal.reason : salesforceFailure(error);
  }
  if (answer === undefined) throw salesforceFailure(new Error('no answer'));
  throw errorOf(answer);
}

const restError = ({ status, body, headers }: SalesforceAnswer): CrmError =>
  salesforceError(status, body, headers.get('retry-after'));

/** The SOAP API tells its errors in XML; what stands before it, such as a proxy, does not. */
const soapFault = (answer: SalesforceAnswer): CrmError => {
  const fault = readSoapFault(answer.body);
  return fault === null ? restError(answer) : salesforceRowError(fault);
};

function parseAnswer(text: string): unknown {
  if (text === '') return null;
  try {
    return parseJson(text);
  } catch (error) {
    throw new CrmError({
      kind: 'malformed',
      code: 'malformed-json',
      message: 'Salesforce sent a body that is not JSON.',
      mayBeDone: true,
      cause: error,
    });
  }
}

const isSessionOver = (error: unknown): boolean =>
  error instanceof CrmError && (error.code === 'INVALID_SESSION_ID' || error.code === 'HTTP_401');

/** The SOAP API takes access tokens that are JWTs from this version on. */
const soapTakesJwtFrom = 68;

const isJwt = (token: string): boolean => token.split('.').length === 3 && token.startsWith('ey');

/** An error of a login: whatever came of it, no record was written. */
function withoutEffect(error: unknown): unknown {
  if (!(error instanceof CrmError) || !error.mayBeDone) return error;
  const { kind, code, message, retryAfterMs, pointer, cause } = error;
  return new CrmError({ kind, code, message, retryAfterMs, pointer, cause });
}

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
    if (typeof accessToken !== 'string' || typeof instanceUrl !== 'string' || !isSalesforceId(orgId)) {
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
    return { connection, orgId: longSalesforceId(orgId) };
  }

  /** One login at a time: whoever needs one meanwhile waits for it. */
  function logIn(signal: AbortSignal): Promise<Login> {
    loggingIn ??= requestLogin(signal)
      .then(
        (login) => {
          current = login;
          return login;
        },
        (error: unknown) => {
          throw withoutEffect(error);
        },
      )
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
      ...request.headers,
    };
    return parseAnswer(
      await exchange(login.connection, { method: request.method, url: request.path, headers, ...body }, signal),
    );
  }

  async function exchangeSoap(login: Login, operation: string, signal: AbortSignal): Promise<readonly SoapResult[]> {
    const accessToken = login.connection.accessToken ?? '';
    if (isJwt(accessToken) && Number(options.apiVersion) < soapTakesJwtFrom) {
      throw new CrmError({
        kind: 'not-supported',
        code: 'soap-refuses-token',
        message: `The connected app gives out JWT-based access tokens, which the SOAP API takes from version ${soapTakesJwtFrom}.0 on. Set the API version, or let the app give out opaque tokens.`,
        pointer: '/credentials/clientId',
      });
    }
    const request: HttpRequest = {
      method: 'POST',
      url: `/services/Soap/u/${options.apiVersion}`,
      headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '""', accept: 'text/xml' },
      body: soapEnvelope(operation, { accessToken, client: callOptions.client }),
    };
    return readSoapResults(await exchange(login.connection, request, signal, soapFault));
  }

  /** Does something with a session: a new one when there is none, and once more with a new one when it is over. */
  async function inSession<T>(work: (login: Login) => Promise<T>, signal: AbortSignal): Promise<T> {
    const login = current ?? (await logIn(signal));
    try {
      return await work(login);
    } catch (error) {
      if (!isSessionOver(error)) throw error;
      // Another request may have logged in meanwhile.
      const renewed = current !== undefined && current !== login ? current : await logIn(signal);
      return await work(renewed);
    }
  }

  return {
    send: (request, signal) => inSession((login) => exchangeJson(login, request, signal), signal),
    sendForText: ({ method, path }, signal) =>
      inSession((login) => exchange(login.connection, { method, url: path }, signal), signal),
    callSoap: (operation, signal) => inSession((login) => exchangeSoap(login, operation, signal), signal),
    async login(signal) {
      return (await logIn(signal)).orgId;
    },
  };
}
