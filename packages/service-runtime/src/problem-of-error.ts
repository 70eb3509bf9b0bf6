import type { FastifyError } from 'fastify';
import { ProblemError } from './problem.ts';

/** What ajv says about one part of a request. */
interface ValidationFailure {
  readonly instancePath?: string;
  readonly keyword?: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Fastify's own errors that are the client's, by its code. */
const clientErrors: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'body-too-large',
    'The request body is larger than this service takes. Send less at once.',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported-media-type',
    'The content type of the request is not supported. Send application/json.',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: [
    'malformed-body',
    'The request body is empty. Send JSON, or leave out the content type.',
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed-body', 'The request body is not JSON. Correct its syntax.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['malformed-body', 'The request body is not as long as Content-Length says.'],
};

/** Turns whatever was thrown into a problem. Nothing of an unexpected error reaches the client. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const failure = error as Partial<FastifyError> & { retriable?: unknown };
  if (Array.isArray(failure.validation)) return invalidRequest(failure.validation, failure.validationContext, error);
  const known = clientErrors[failure.code ?? ''];
  if (known !== undefined) {
    return new ProblemError({ status: failure.statusCode ?? 400, code: known[0], detail: known[1], cause: error });
  }
  const status = failure.statusCode;
  if (status !== undefined && status >= 400 && status < 500) {
    return new ProblemError({ status, code: 'bad-request', detail: failure.message ?? 'Bad request', cause: error });
  }
  if (failure.retriable === true) {
    return new ProblemError({
      status: 503,
      code: 'temporarily-unavailable',
      detail: 'Something this service depends on does not answer at the moment. Try again.',
      retryAfterSeconds: 1,
      cause: error,
    });
  }
  return new ProblemError({
    status: 500,
    code: 'internal',
    detail: 'The service failed. The log names the reason under the trace id.',
    cause: error,
  });
}

function invalidRequest(failures: readonly ValidationFailure[], part = 'body', cause: unknown): ProblemError {
  const errors = failures.map((failure) => ({ pointer: pointerOf(failure, part), detail: detailOf(failure) }));
  const first = errors[0];
  return new ProblemError({
    status: 400,
    code: 'invalid-request',
    title: 'Invalid request',
    detail: `${errors.length === 1 && first ? `${first.pointer}: ${first.detail}` : `${errors.length} parts of the request are wrong; see errors.`}`,
    errors,
    cause,
  });
}

/** Pointers begin with the part of the request: `/querystring/limit`, `/body/name`. */
function pointerOf({ instancePath = '', keyword, params = {} }: ValidationFailure, part: string): string {
  const missing = keyword === 'required' ? params.missingProperty : undefined;
  const extra = keyword === 'additionalProperties' ? params.additionalProperty : undefined;
  const last = missing ?? extra;
  return `/${part}${instancePath}${typeof last === 'string' ? `/${last.replaceAll('~', '~0').replaceAll('/', '~1')}` : ''}`;
}

function detailOf({ keyword, message = 'is not valid', params = {} }: ValidationFailure): string {
  switch (keyword) {
    case 'required':
      return 'is missing. Add it.';
    case 'additionalProperties':
      return 'is not known. Remove it.';
    case 'enum':
      return `must be one of ${(params.allowedValues as readonly unknown[]).map(String).join(', ')}.`;
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}.`;
    default:
      return `${message}.`;
  }
}
