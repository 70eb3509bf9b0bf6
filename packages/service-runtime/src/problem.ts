import { STATUS_CODES } from 'node:http';
import { type Static, Type } from 'typebox';

export const problemContentType = 'application/problem+json; charset=utf-8';

/** `application/problem+json` of RFC 9457: the body of every error answer. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'Stable name of the kind of problem' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 100, maximum: 599 }),
    detail: Type.String({ description: 'What went wrong this time and what helps' }),
    code: Type.String({ description: 'The kind of problem for programs' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer of the part of the request' }),
          detail: Type.String(),
        }),
      ),
    ),
    traceId: Type.Optional(Type.String({ description: 'Names this request in logs and traces' })),
  },
  { $id: 'Problem', title: 'Problem' },
);

export type Problem = Static<typeof ProblemSchema>;

export interface ProblemOptions {
  readonly status: number;
  /** Kebab case, stable. */
  readonly code: string;
  /** Sentence for the person who reads it: what is wrong and what helps. Goes to the client, so no internals. */
  readonly detail: string;
  /** Default: the phrase of the status. */
  readonly title?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  /** Sets `Retry-After`. */
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown by a route to answer with a problem. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly errors: ProblemOptions['errors'];
  readonly headers: Readonly<Record<string, string>>;

  constructor(options: ProblemOptions) {
    super(options.detail, { cause: options.cause });
    this.name = 'ProblemError';
    this.status = options.status;
    this.code = options.code;
    this.title = options.title ?? STATUS_CODES[options.status] ?? 'Error';
    this.errors = options.errors;
    this.headers = {
      ...options.headers,
      ...(options.retryAfterSeconds === undefined
        ? {}
        : { 'retry-after': String(Math.ceil(options.retryAfterSeconds)) }),
    };
  }

  /** Another try may succeed without any change to the request. */
  get retriable(): boolean {
    return this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  toProblem(traceId?: string): Problem {
    return {
      type: `urn:kempt:problem:${this.code}`,
      title: this.title,
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(this.errors === undefined ? {} : { errors: this.errors.map((one) => ({ ...one })) }),
      ...(traceId === undefined ? {} : { traceId }),
    };
  }
}

/** The answer for something that does not exist, or not for this tenant: the two must not be told apart. */
export function notFound(what: string): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', detail: `${what} does not exist.` });
}
