import { ProblemError } from '@kempt/service-runtime';

/** The service did not answer at all. Whether it has seen the request is unknown. */
export function upstreamUnreachable(service: string, cause: unknown): ProblemError {
  return new ProblemError({
    status: 502,
    code: 'upstream-unreachable',
    detail: `The service ${service} cannot be reached at the moment. Try again.`,
    retryAfterSeconds: 2,
    cause,
  });
}

/** The service failed so often, or has so much to do, that it is not asked. */
export function upstreamUnavailable(service: string, retryAfterMs: number | undefined, cause: unknown): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'upstream-unavailable',
    detail: `The service ${service} is not available at the moment. Try again later.`,
    retryAfterSeconds: Math.max(1, (retryAfterMs ?? 1_000) / 1_000),
    cause,
  });
}

/** The service took too long. Whether it goes on with the request is unknown. */
export function upstreamTimedOut(service: string, cause: unknown): ProblemError {
  return new ProblemError({
    status: 504,
    code: 'upstream-timeout',
    detail: `The service ${service} did not answer in time. A request that changes something may have taken effect.`,
    retryAfterSeconds: 5,
    cause,
  });
}

export function notInstalled(service: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'not-installed',
    detail: `The service ${service} is not part of this installation.`,
  });
}

export function malformedPath(): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'malformed-path',
    detail: 'The path holds an empty segment, a dot segment or a backslash. Send it in its plain form.',
  });
}

export function bodyTooLarge(limitBytes: number): ProblemError {
  return new ProblemError({
    status: 413,
    code: 'body-too-large',
    detail: `The request body is larger than ${limitBytes} bytes. Send less at once.`,
  });
}

export function tooManyRequests(retryAfterSeconds: number): ProblemError {
  return new ProblemError({
    status: 429,
    code: 'too-many-requests',
    detail: 'This API key sent more requests than it may. Wait for as long as Retry-After says.',
    retryAfterSeconds,
  });
}

/** The call was not taken in, and whoever sent it should do so again. */
export function webhookRefusedForNow(status: 429 | 503, retryAfterSeconds: number): ProblemError {
  return new ProblemError({
    status,
    code: status === 429 ? 'too-many-requests' : 'connections-not-known-yet',
    detail:
      status === 429
        ? 'More calls came for this connection than are taken in. Send this one again later.'
        : 'Whose this connection is cannot be said at the moment. Send the call again later.',
    retryAfterSeconds,
  });
}

/** Two services describe different things under one name, so no merged document would be true. */
export function conflictingDocuments(what: string): ProblemError {
  return new ProblemError({
    status: 502,
    code: 'conflicting-documents',
    detail: `The API description cannot be merged: ${what}.`,
  });
}
