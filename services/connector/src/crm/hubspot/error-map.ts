import { retryAfterMsOf } from '@kempt/resilience';
import { CrmError, type CrmErrorKind, shortText } from '../crm-error.ts';
import { networkFailure } from '../network-failure.ts';

/** What each of HubSpot's error categories means for the caller. */
const kindByCategory: Readonly<Record<string, CrmErrorKind>> = {
  INVALID_AUTHENTICATION: 'auth',
  EXPIRED_AUTHENTICATION: 'auth',
  REVOKED_AUTHENTICATION: 'auth',
  MISSING_SCOPES: 'permission',
  BANNED: 'permission',
  OBJECT_NOT_FOUND: 'not-found',
  VALIDATION_ERROR: 'validation',
  CONFLICT: 'conflict',
  LOCKED: 'locked',
  RATE_LIMITS: 'rate',
};

/** Waits that HubSpot documents for answers that do not say how long. */
const pauseByStatus: Readonly<Record<number, number>> = { 423: 2_000, 477: 60_000, 502: 2_000, 504: 2_000 };

const waitByPolicy: Readonly<Record<string, number>> = { TEN_SECONDLY_ROLLING: 1_000, SECONDLY: 500 };

interface HubSpotBody {
  readonly message?: unknown;
  readonly category?: unknown;
  readonly policyName?: unknown;
  readonly errors?: unknown;
  readonly context?: unknown;
}

function parseBody(text: string): HubSpotBody | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as HubSpotBody) : null;
  } catch {
    return null;
  }
}

function kindOfStatus(status: number): CrmErrorKind {
  if (status === 401) return 'auth';
  if (status === 403) return 'permission';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  if (status === 423) return 'locked';
  if (status === 429) return 'rate';
  if (status === 477 || status >= 500) return 'unavailable';
  return status >= 400 ? 'validation' : 'malformed';
}

/** The properties that the answer objects to, and why: codes and names, never the values. */
function refusedProperties(body: HubSpotBody): { readonly names: string[]; readonly reasons: string[] } {
  const listed = /\[\{.*\}\]/s.exec(typeof body.message === 'string' ? body.message : '')?.[0];
  const inMessage = listed === undefined ? [] : parseList(listed);
  const inErrors = Array.isArray(body.errors) ? body.errors : [];
  const names = [
    ...inMessage.map((entry) => entry?.name),
    ...inErrors.flatMap((error) => error?.context?.propertyName ?? []),
  ];
  const reasons = [...inMessage.map((entry) => entry?.error), ...inErrors.map((error) => error?.code)];
  const texts = (values: unknown[]) => [...new Set(values.filter((value) => typeof value === 'string'))];
  return { names: texts(names), reasons: texts(reasons) };
}

function parseList(text: string): { readonly name?: unknown; readonly error?: unknown }[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

/** Statuses from 500 on, and below, after which a write surely was not carried out: the request was not let in. */
const harmlessStatuses = new Set([423, 429, 477, 503]);

/** The scopes that the token lacks, as far as the answer names them. */
function missingScopes(body: HubSpotBody): string[] {
  const contexts = [body.context, ...(Array.isArray(body.errors) ? body.errors.map((error) => error?.context) : [])];
  const scopes = contexts.flatMap((context) => {
    const found = context?.requiredGranularScopes ?? context?.requiredScopes;
    return Array.isArray(found) ? found.map(String) : [];
  });
  return [...new Set(scopes)].sort();
}

/** The error of an answer with an error status. */
export function hubspotError(status: number, text: string, headers: { get(name: string): string | null }): CrmError {
  const body = parseBody(text);
  const retryAfterMs = retryAfterMsOf(headers.get('retry-after')) ?? pauseByStatus[status];
  if (body === null) {
    const kind = kindOfStatus(status);
    return new CrmError({
      kind: kind === 'auth' || kind === 'unavailable' || kind === 'rate' ? kind : 'malformed',
      code: `HTTP_${status}`,
      message: `HubSpot answered with status ${status} and a body that is not its API's. Check the address.`,
      pointer: '/baseUrl',
      retryAfterMs,
      mayBeDone: status < 400 || status >= 500,
    });
  }
  const category = typeof body.category === 'string' ? body.category : `HTTP_${status}`;
  const message = shortText(body.message);
  if (status === 429) {
    const policy = typeof body.policyName === 'string' ? body.policyName : '';
    return new CrmError({
      kind: policy === 'DAILY' ? 'quota' : 'rate',
      code: policy === '' ? 'RATE_LIMITS' : policy,
      message: `HubSpot says: ${message}`,
      retryAfterMs: retryAfterMs ?? waitByPolicy[policy],
    });
  }
  const kind = kindByCategory[category] ?? kindOfStatus(status);
  if (kind === 'auth') {
    return new CrmError({
      kind,
      code: category,
      message: `HubSpot does not accept the access token (${message}). Take the token of the private app, and check that the app still exists.`,
      pointer: '/credentials/accessToken',
    });
  }
  if (kind === 'permission') {
    const scopes = missingScopes(body);
    const remedy = scopes.length === 0 ? '' : ` Give the private app the scopes ${scopes.join(', ')}.`;
    return new CrmError({
      kind,
      code: category,
      message: `HubSpot refuses: ${message}${remedy}`,
      pointer: '/credentials/accessToken',
    });
  }
  const { names, reasons } = refusedProperties(body);
  const words =
    names.length === 0
      ? message
      : `the value of ${names.join(', ')} is refused (${reasons.join(', ') || 'no reason'}).`;
  return new CrmError({
    kind,
    code: category,
    message: `HubSpot says ${category}: ${words}`,
    fields: names,
    existingId: /Existing ID: (\d+)/i.exec(message)?.[1],
    retryAfterMs,
    mayBeDone: status >= 500 && !harmlessStatuses.has(status),
  });
}

/** The error of a call that got no whole answer. */
export const hubspotFailure = (error: unknown): CrmError =>
  networkFailure(error, { name: 'HubSpot', pointer: '/baseUrl' });
