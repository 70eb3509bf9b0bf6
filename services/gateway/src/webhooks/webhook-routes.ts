import { type HttpServer, notFound, openScope, type Principal, ProblemError } from '@kempt/service-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { notInstalled, upstreamTimedOut, webhookRefusedForNow } from '../errors.ts';
import type { GatewayMetrics } from '../metrics.ts';
import { responseHeadersFrom } from '../upstreams/proxy-headers.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { readBody } from './request-body.ts';

export interface WebhookRoutesOptions {
  readonly http: HttpServer;
  /** `undefined` where there is none. */
  readonly connector: Upstream | undefined;
  readonly findTenant: (connection: { readonly id: string; readonly system: string }) => Promise<string | undefined>;
  /** Whether what is known of connections is up to date. */
  readonly isUpToDate: () => boolean;
  /** HubSpot counts an answer that takes longer than 5 s as none. */
  readonly timeoutMs: number;
  /** For each connection and replica. */
  readonly requestsPerMinute: number;
  readonly metrics: GatewayMetrics;
}

const bodyLimitBytes = 1_048_576;

/** What of a call goes on. The signature covers the bytes of the body, so these are handed on as they are. */
const passedHeaders = [
  'content-type',
  'user-agent',
  'x-hubspot-request-timestamp',
  'x-hubspot-signature',
  'x-hubspot-signature-v3',
  'x-hubspot-signature-version',
] as const;

/** By which the connector knows which connection a call is for. */
const connectionHeader = 'x-kempt-connection-id';

/**
 * Where CRMs tell of changes. A call has no API key: the connection that it names decides whose it is, and the connector
 * verifies its signature. Whatever happens, the answer comes in time, and one that asks for a repetition when the call was
 * not taken in.
 */
export async function addWebhookRoutes(options: WebhookRoutesOptions): Promise<void> {
  const { http, connector, findTenant, isUpToDate, timeoutMs, requestsPerMinute, metrics } = options;
  const count = http.createRateLimit({
    max: requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => `webhook:${connectionOf(request)}`,
  });

  await http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post(
      '/v1/webhooks/hubspot/:connectionId',
      {
        config: { scope: openScope },
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: {
          tags: ['webhooks'],
          operationId: 'receiveHubspotWebhook',
          summary: 'Where HubSpot tells of changes; signed by the app of the connection instead of an API key',
          params: Type.Object({ connectionId: Type.String({ format: 'uuid' }) }),
          response: { 204: Type.Null({ description: 'Taken in' }) },
        },
      },
      async (request, reply) => {
        try {
          return await receive(request, reply);
        } catch (error) {
          metrics.webhooks.inc({ outcome: outcomeOf(error) });
          throw error;
        }
      },
    );
  });

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const connectionId = connectionOf(request);
    const counted = await count(request);
    if (!counted.isAllowed && counted.isExceeded) throw webhookRefusedForNow(429, counted.ttlInSeconds);
    if (connector === undefined) throw notInstalled('connector');
    const body = await inTime(readBody(request.raw, bodyLimitBytes), deadline);
    const tenantId = await inTime(findTenant({ id: connectionId, system: 'hubspot' }), deadline);
    if (tenantId === undefined) {
      // While the bus is away a new connection is not known yet: the call has to come again.
      if (!isUpToDate()) throw webhookRefusedForNow(503, 30);
      throw notFound(`HubSpot connection ${connectionId}`);
    }
    const answer = await inTime(
      connector.send({
        method: 'POST',
        path: '/v1/webhooks/hubspot',
        headers: { ...passedOn(request), 'content-length': body.length, [connectionHeader]: connectionId },
        body,
        principal: principalOf(tenantId, connectionId),
        requestId: request.id,
        signal: deadline,
      }),
      deadline,
    );
    const status = answer.statusCode ?? 502;
    metrics.webhooks.inc({ outcome: status < 300 ? 'passed' : status < 500 ? 'refused' : 'unavailable' });
    return reply.code(status).headers(responseHeadersFrom(answer.headers, connector.url)).send(answer);
  }
}

function connectionOf(request: FastifyRequest): string {
  return (request.params as { readonly connectionId: string }).connectionId;
}

function passedOn(request: FastifyRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of passedHeaders) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

function principalOf(tenantId: string, connectionId: string): Principal {
  return { tenantId, subject: `webhook:${connectionId}`, scopes: new Set(['sync:write']) };
}

/** The work itself may go on; the caller is answered. */
async function inTime<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const expire = (): void => reject(upstreamTimedOut('connector', deadline.reason));
  if (deadline.aborted) expire();
  deadline.addEventListener('abort', expire, { once: true });
  work.catch(() => undefined);
  promise.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } catch (error) {
    if (deadline.aborted) throw upstreamTimedOut('connector', error);
    throw error;
  } finally {
    deadline.removeEventListener('abort', expire);
  }
}

function outcomeOf(error: unknown): string {
  const status = error instanceof ProblemError ? error.status : 500;
  if (status === 404) return 'unknown';
  if (status === 413) return 'too_large';
  if (status === 429) return 'rate_limited';
  return 'unavailable';
}
