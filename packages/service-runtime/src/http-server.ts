import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Logger, Metrics } from '@kempt/telemetry';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RouteOptions,
} from 'fastify';
import { observeRequests, traceIdOf } from './http-observation.ts';
import { type Authenticator, anyScope, openScope, type Principal, requireScope, scopes } from './principal.ts';
import { ProblemError, ProblemSchema, problemContentType } from './problem.ts';
import { problemOf } from './problem-of-error.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope that a caller must hold. Every route under `/v1` names one. */
    scope?: string;
  }
  interface FastifyRequest {
    /** Who calls; `null` outside `/v1`. */
    principal: Principal | null;
  }
}

/** Fastify with our logger and the TypeBox type provider. */
export type HttpServer = FastifyInstance<Server, IncomingMessage, ServerResponse, Logger, TypeBoxTypeProvider>;

/** An OpenAPI 3.1 document, as far as it is looked into. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [key: string]: unknown;
}

export interface HttpServerOptions {
  readonly service: string;
  readonly version: string;
  readonly description?: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bodyLimitBytes: number;
  readonly requestTimeoutMs: number;
  /** Asked for each request under `/v1`. */
  readonly authenticate: Authenticator;
  /** Changes what `/openapi.json` says. Default: nothing. */
  readonly describe?: (own: OpenApiDocument) => Promise<OpenApiDocument>;
  /** The node server to attach to. Default: one of its own. */
  readonly server?: (listener: RequestListener) => Server;
}

/**
 * The HTTP server of a service: problem+json for every error, validation of every part of a request, response schemas
 * required, callers under `/v1` authenticated and their scope checked, OpenAPI 3.1 at `/openapi.json`.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { service, version, logger, metrics, authenticate } = options;
  const http: HttpServer = fastify<Server, IncomingMessage, ServerResponse, Logger>({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Record references in paths are longer than the default of 100.
    routerOptions: { maxParamLength: 512 },
    bodyLimit: options.bodyLimitBytes,
    genReqId: requestIdOf,
    frameworkErrors: (error, request, reply) => void sendProblem(problemOf(error), request, reply),
    clientErrorHandler: answerClientError,
    serverFactory: (listener) =>
      limitServer((options.server ?? createServer)(listener as RequestListener), options.requestTimeoutMs),
  }).withTypeProvider<TypeBoxTypeProvider>();

  const validators = createValidators();
  http.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'body' ? validators.strict : validators.coercing).compile(schema as object),
  );
  http.addSchema(ProblemSchema);
  http.decorateRequest('principal', null);
  http.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500)
      request.log.error({ err: problem.cause ?? problem, code: problem.code }, 'request failed');
    return reply
      .code(problem.status)
      .headers(problem.headers)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .serializer(JSON.stringify)
      .send(problem.toProblem(traceIdOf(request)));
  });
  http.setNotFoundHandler((request) => {
    const path = request.url.split('?')[0];
    throw new ProblemError({
      status: 404,
      code: 'unknown-route',
      detail: `${request.method} ${path} does not exist. /openapi.json lists what does.`,
    });
  });

  observeRequests(http, metrics);
  http.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders).header('x-request-id', request.id);
    const scope = request.routeOptions.config.scope;
    if (scope === undefined) return;
    reply.header('cache-control', 'no-store');
    if (scope === openScope) return;
    const principal = await authenticate(request.headers);
    requireScope(principal, scope);
    request.principal = principal;
  });
  http.addHook('onSend', async (request, reply) => {
    // An answer that comes before the request is complete ends the connection: nobody is going to read the rest.
    if (!request.raw.complete) reply.header('connection', 'close');
  });
  http.addHook('onRoute', checkRoute);

  await http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: `Kempt ${service}`, version, description: options.description ?? '' },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      },
    },
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, index) => (typeof $id === 'string' ? $id : `schema-${index}`),
    },
  });
  http.get('/openapi.json', { schema: { hide: true } }, async () => {
    const own = http.swagger() as unknown as OpenApiDocument;
    return options.describe === undefined ? own : options.describe(own);
  });
  return http;
}

function sendProblem(problem: ProblemError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', problemContentType)
    .serializer(JSON.stringify)
    .send(problem.toProblem(traceIdOf(request)));
}

/** What is no HTTP, or did not arrive in time, never becomes a request; the answer is written by hand. */
function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, code, detail] = clientErrors[error.code ?? ''] ?? [
    400,
    'malformed-request',
    'The request is not HTTP.',
  ];
  const body = JSON.stringify(new ProblemError({ status, code, detail }).toProblem());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${problemContentType}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

const clientErrors: Readonly<Record<string, readonly [status: number, code: string, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request-timeout', 'The request did not arrive in time. Send it again.'],
  HPE_HEADER_OVERFLOW: [
    431,
    'headers-too-large',
    'The headers of the request are too large. Send fewer or shorter ones.',
  ],
};

/** The tenant on whose behalf a request is made. Throws on a route that has no scope, since nobody was authenticated there. */
export function tenantOf(request: FastifyRequest): string {
  if (request.principal === null) throw new Error(`${request.routeOptions.url} has no scope, so it knows no tenant.`);
  return request.principal.tenantId;
}

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
};

/** A mistake in a route is found at start, not by the first caller. */
function checkRoute(route: RouteOptions): void {
  if (!route.url.startsWith('/v1')) return;
  const name = `${[route.method].flat().join('|')} ${route.url}`;
  const schema = (route.schema ?? {}) as Record<string, unknown> & { response?: Record<string, unknown> };
  if (route.config?.scope === undefined) throw new Error(`Route ${name} names no scope: set config.scope.`);
  const knownScopes: readonly string[] = [...scopes, anyScope, openScope];
  if (!knownScopes.includes(route.config.scope)) {
    // No key could ever be given such a scope, so nobody could use the route.
    throw new Error(`Route ${name} names the scope ${route.config.scope}, which does not exist.`);
  }
  // Answers that are passed through as they came are nobody's to serialise.
  if (schema.hide === true && route.config.scope === anyScope) return;
  if (schema.response === undefined || Object.keys(schema.response).length === 0) {
    throw new Error(`Route ${name} has no response schema: without one, undeclared fields would leak.`);
  }
  const problem = { description: 'Problem', content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } } };
  schema.response = { ...schema.response, '4xx': problem, '5xx': problem };
  if (route.config.scope === openScope) schema.security ??= [];
  schema.security ??= [{ bearer: route.config.scope === anyScope ? [] : [route.config.scope] }];
  route.schema = schema;
}

function createValidators(): { readonly strict: Ajv; readonly coercing: Ajv } {
  const shared = { allErrors: true, useDefaults: true, strict: false, removeAdditional: false } as const;
  const strict = new Ajv({ ...shared, coerceTypes: false });
  // Everything in a URL or a header is text.
  const coercing = new Ajv({ ...shared, coerceTypes: 'array' });
  for (const ajv of [strict, coercing]) {
    formats.default(ajv);
    ajv.addSchema(ProblemSchema as object);
  }
  return { strict, coercing };
}

function limitServer(server: Server, requestTimeoutMs: number): Server {
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = Math.min(requestTimeoutMs, 15_000);
  // Longer than a usual load balancer keeps its side, so that it never sends into a connection that just closed.
  server.keepAliveTimeout = 72_000;
  return server;
}

/** The caller's id is kept when it is harmless, so that one request has one id all the way. */
function requestIdOf(request: { readonly headers: IncomingMessage['headers'] }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{8,128}$/.test(given) ? given : randomUUID();
}
