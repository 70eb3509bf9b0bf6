import { retryAfterMsOf } from '@kempt/resilience';
import { CrmError, type CrmErrorKind, shortText } from '../crm-error.ts';
import { networkFailure } from '../network-failure.ts';

/** What each of Salesforce's error codes means for the caller. */
const kindByCode: Readonly<Record<string, CrmErrorKind>> = {
  INVALID_SESSION_ID: 'auth',
  INVALID_AUTH_HEADER: 'auth',
  INVALID_LOGIN: 'auth',
  PASSWORD_LOCKOUT: 'auth',
  ORG_LOCKED: 'auth',
  API_DISABLED_FOR_ORG: 'permission',
  API_CURRENTLY_DISABLED: 'permission',
  FUNCTIONALITY_NOT_ENABLED: 'permission',
  INSUFFICIENT_ACCESS: 'permission',
  INSUFFICIENT_ACCESS_OR_READONLY: 'permission',
  CANNOT_READ: 'permission',
  INVALID_TYPE: 'not-found',
  NOT_FOUND: 'not-found',
  ENTITY_IS_DELETED: 'not-found',
  INVALID_FIELD: 'validation',
  MALFORMED_QUERY: 'validation',
  MALFORMED_ID: 'validation',
  INVALID_QUERY_FILTER_OPERATOR: 'validation',
  QUERY_TOO_COMPLICATED: 'validation',
  NUMBER_OUTSIDE_VALID_RANGE: 'validation',
  QUERY_TIMEOUT: 'unavailable',
  REQUEST_RUNNING_TOO_LONG: 'unavailable',
  SERVER_UNAVAILABLE: 'unavailable',
  UNKNOWN_EXCEPTION: 'unavailable',
  UNABLE_TO_LOCK_ROW: 'unavailable',
  invalid_grant: 'auth',
  invalid_client: 'auth',
  invalid_client_id: 'auth',
  invalid_client_credentials: 'auth',
  invalid_app_access: 'auth',
  unauthorized_client: 'auth',
  unsupported_grant_type: 'auth',
  inactive_user: 'auth',
  inactive_org: 'auth',
  invalid_assertion: 'auth',
  rate_limit_exceeded: 'rate',
  login_rate_exceeded: 'rate',
};

/** What to do about an error, and which part of the connection is at fault. */
const remedies: readonly { readonly matches: RegExp; readonly pointer: string; readonly remedy: string }[] = [
  {
    matches: /invalid_client_id|client identifier invalid/i,
    pointer: '/credentials/clientId',
    remedy: 'Take the consumer key of the connected app.',
  },
  {
    matches: /invalid_client\b|invalid client credentials|invalid_client_credentials/i,
    pointer: '/credentials/clientSecret',
    remedy: 'Take the consumer secret of the connected app.',
  },
  {
    matches: /no client credentials user enabled/i,
    pointer: '/credentials/clientId',
    remedy: 'Name a run-as user in the client credentials flow of the connected app.',
  },
  {
    matches: /not supported on this domain/i,
    pointer: '/loginUrl',
    remedy: "Use the org's own address, https://<my domain>.my.salesforce.com.",
  },
  {
    matches: /audience is invalid/i,
    pointer: '/credentials/audience',
    remedy: 'Use https://login.salesforce.com, or https://test.salesforce.com for a sandbox.',
  },
  {
    matches: /hasn't approved this consumer|not admin approved/i,
    pointer: '/credentials/username',
    remedy: 'Pre-authorise the user for the connected app.',
  },
  {
    matches: /invalid assertion|invalid_assertion/i,
    pointer: '/credentials/privateKey',
    remedy: 'Use the private key whose certificate is registered with the connected app.',
  },
  { matches: /invalid_grant/i, pointer: '/credentials', remedy: 'Check the user and the connected app it logs in by.' },
  {
    matches: /API_DISABLED_FOR_ORG|API_CURRENTLY_DISABLED/,
    pointer: '/credentials',
    remedy: 'Enable API access for the user.',
  },
];

interface VendorError {
  readonly code: string;
  readonly message: string;
}

/** The code and message of an error body: a list of errors, one error, or what the token endpoint sends. */
function bodyError(body: string): VendorError | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  const first = (Array.isArray(parsed) ? parsed[0] : parsed) as Record<string, unknown> | null | undefined;
  if (typeof first?.errorCode === 'string') return { code: first.errorCode, message: shortText(first.message) };
  if (typeof first?.error === 'string')
    return { code: first.error, message: shortText(first.error_description ?? first.error) };
  return null;
}

function kindOf(error: VendorError, status: number): CrmErrorKind {
  if (error.code === 'REQUEST_LIMIT_EXCEEDED') return /TotalRequests|daily/i.test(error.message) ? 'quota' : 'rate';
  if (/already being processed/i.test(error.message)) return 'unavailable';
  return kindByCode[error.code] ?? kindOfStatus(status);
}

function kindOfStatus(status: number): CrmErrorKind {
  if (status === 401) return 'auth';
  if (status === 403) return 'permission';
  if (status === 404 || status === 410) return 'not-found';
  if (status === 420 || status === 429) return 'rate';
  if (status >= 500) return 'unavailable';
  return status >= 400 ? 'validation' : 'malformed';
}

/** The error of an answer that is not a success: a redirect, or an error status. */
export function salesforceError(status: number, body: string, retryAfter: string | null = null): CrmError {
  const error = bodyError(body);
  const retryAfterMs = retryAfterMsOf(retryAfter);
  if (error === null) {
    const kind = kindOfStatus(status);
    return new CrmError({
      // A page instead of JSON means that something else than the API answered.
      kind: kind === 'auth' || kind === 'unavailable' || kind === 'rate' ? kind : 'malformed',
      code: `HTTP_${status}`,
      message: `Salesforce answered with status ${status} and a body that is not its API's. Check the address of the org.`,
      pointer: '/loginUrl',
      retryAfterMs,
    });
  }
  const found = remedies.find(({ matches }) => matches.test(`${error.code} ${error.message}`));
  return new CrmError({
    kind: kindOf(error, status),
    code: error.code,
    message: `Salesforce says ${error.code}: ${error.message}${found === undefined ? '' : ` ${found.remedy}`}`,
    pointer: found?.pointer,
    retryAfterMs,
  });
}

/** The error of a call that got no whole answer. */
export const salesforceFailure = (error: unknown): CrmError =>
  networkFailure(error, { name: 'Salesforce', pointer: '/loginUrl' });
