import { isSalesforceId } from '@kempt/contracts';
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
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: 'permission',
  ENTITY_IS_LOCKED: 'permission',
  INVALID_TYPE: 'not-found',
  NOT_FOUND: 'not-found',
  ENTITY_IS_DELETED: 'not-found',
  INVALID_CROSS_REFERENCE_KEY: 'not-found',
  DUPLICATES_DETECTED: 'conflict',
  DUPLICATE_VALUE: 'conflict',
  MERGE_FAILED: 'conflict',
  UNDELETE_FAILED: 'conflict',
  DELETE_FAILED: 'conflict',
  INVALID_TYPE_FOR_OPERATION: 'not-supported',
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
  UNABLE_TO_LOCK_ROW: 'locked',
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

/** Codes whose messages repeat the value, and what is said instead. */
const wordsByCode: Readonly<Record<string, string>> = {
  STRING_TOO_LONG: 'the text is too long',
  INVALID_EMAIL_ADDRESS: 'it is not an e-mail address',
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: 'it is not one of the choices',
  DUPLICATE_VALUE: 'another record has the value already',
  FIELD_INTEGRITY_EXCEPTION: 'it does not fit the other fields or the record that it names',
  INVALID_CROSS_REFERENCE_KEY: 'it names a record that does not exist or may not be named here',
  MALFORMED_ID: 'it is not the id of a record',
  NUMBER_OUTSIDE_VALID_RANGE: 'the number is out of range',
  JSON_PARSER_ERROR: 'a value is not of the type of its field',
};

/** Codes after which a write may have been carried out all the same. */
const doubtfulCodes = new Set(['UNKNOWN_EXCEPTION', 'REQUEST_RUNNING_TOO_LONG', 'QUERY_TIMEOUT']);

/** An error as the API tells it: in the body of an answer, or of one record in an answer that is a success. */
export interface VendorError {
  readonly code: string;
  readonly message: string;
  readonly fields: readonly string[];
  readonly existingId?: string | undefined;
}

/** The record that a duplicate rule or a unique field found. The key was misspelt for years. */
function existingIdOf(error: Readonly<Record<string, unknown>>): string | undefined {
  const result = (error.duplicateResult ?? error.duplicateResut) as
    | { matchResults?: { matchRecords?: { record?: { Id?: unknown } }[] }[] }
    | undefined;
  const match = result?.matchResults?.[0]?.matchRecords?.[0]?.record?.Id;
  const told = /with id: (\w{15,18})/.exec(String(error.message))?.[1];
  return [match, told].find(isSalesforceId);
}

const namesOf = (fields: unknown): string[] =>
  Array.isArray(fields) ? fields.filter((name) => typeof name === 'string') : [];

/** The code and message of an error body: a list of errors, one error, or what the token endpoint sends. */
function bodyError(body: string): VendorError | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  const first = (Array.isArray(parsed) ? parsed[0] : parsed) as Record<string, unknown> | null | undefined;
  if (typeof first?.errorCode === 'string') {
    return {
      code: first.errorCode,
      message: shortText(first.message),
      fields: namesOf(first.fields),
      existingId: existingIdOf(first),
    };
  }
  if (typeof first?.error === 'string') {
    return { code: first.error, message: shortText(first.error_description ?? first.error), fields: [] };
  }
  return null;
}

function kindOf(error: VendorError, status: number): CrmErrorKind {
  if (error.code === 'REQUEST_LIMIT_EXCEEDED') return /TotalRequests|daily/i.test(error.message) ? 'quota' : 'rate';
  if (/already being processed/i.test(error.message)) return 'unavailable';
  const kind = kindByCode[error.code] ?? kindOfStatus(status);
  // A record that is missing is the fault of the field that names it.
  return kind === 'not-found' && error.fields.length > 0 ? 'validation' : kind;
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
      mayBeDone: status < 400 || status >= 500,
    });
  }
  const mayBeDone = doubtfulCodes.has(error.code) || (status >= 500 && kindByCode[error.code] === undefined);
  return vendorFailure(error, { status, retryAfterMs, mayBeDone });
}

/** The error that Salesforce tells of one record, or in the fault of a SOAP answer. */
export const salesforceRowError = (error: VendorError): CrmError =>
  vendorFailure(error, { status: 400, retryAfterMs: undefined, mayBeDone: doubtfulCodes.has(error.code) });

function vendorFailure(
  error: VendorError,
  answer: { readonly status: number; readonly retryAfterMs: number | undefined; readonly mayBeDone: boolean },
): CrmError {
  const found = remedies.find(({ matches }) => matches.test(`${error.code} ${error.message}`));
  return new CrmError({
    kind: kindOf(error, answer.status),
    code: error.code,
    message: `Salesforce says ${wordsOf(error)}${found === undefined ? '' : ` ${found.remedy}`}`,
    pointer: found?.pointer,
    fields: error.fields,
    existingId: error.existingId,
    retryAfterMs: answer.retryAfterMs,
    mayBeDone: answer.mayBeDone,
  });
}

/** What the error says, without the value where the vendor repeats it. */
function wordsOf({ code, message, fields }: VendorError): string {
  const of = fields.length === 0 ? '' : ` of ${fields.join(', ')}`;
  const words = wordsByCode[code];
  if (words === undefined) return `${code}${of}: ${message}`;
  const most = /max length=(\d+)/.exec(message)?.[1];
  return `${code}${of}: ${words}${most === undefined ? '' : `, ${most} characters at most`}.`;
}

/** The error of a call that got no whole answer. */
export const salesforceFailure = (error: unknown): CrmError =>
  networkFailure(error, { name: 'Salesforce', pointer: '/loginUrl' });
