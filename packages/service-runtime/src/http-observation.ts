import type { IncomingMessage } from 'node:http';
import {
  extractTrace,
  failSpan,
  type Metrics,
  type Span,
  spanContextOf,
  startSpan,
  withLogFields,
} from '@kempt/telemetry';
import { context, trace } from '@opentelemetry/api';
import type { FastifyRequest } from 'fastify';
import type { HttpServer } from './http-server.ts';

const spans = new WeakMap<IncomingMessage, Span>();

/** Measures every request, logs the failed ones, and runs each inside a server span when a tracer is registered. */
export function observeRequests(http: HttpServer, metrics: Metrics): void {
  const duration = metrics.histogram(
    'kempt_http_request_duration_seconds',
    'Time from the first byte of a request to the last of its answer.',
    {
      labels: ['route', 'method', 'status_class'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10],
    },
  );

  http.addHook('onRequest', (request, _reply, next) => {
    const route = routeOf(request);
    const span = startSpan(
      { name: `${request.method} ${route}`, kind: 'server', parent: extractTrace(request.headers) },
      { 'http.request.method': request.method, 'http.route': route },
    );
    spans.set(request.raw, span);
    context.with(trace.setSpan(context.active(), span), next);
  });
  // Reading a body goes on in the connection's own context; the handler is to run in that of the request.
  http.addHook('preHandler', (request, _reply, next) => {
    const span = spans.get(request.raw);
    const tenant = request.principal?.tenantId;
    withLogFields(tenant === undefined ? {} : { tenant }, () => {
      if (span === undefined) next();
      else context.with(trace.setSpan(context.active(), span), next);
    });
  });
  http.addHook('onError', async (request, _reply, error) => {
    const span = spans.get(request.raw);
    if (span !== undefined && (error.statusCode ?? 500) >= 500) failSpan(span, error);
  });
  http.addHook('onResponse', async (request, reply) => {
    const labels = {
      route: routeOf(request),
      method: request.method,
      status_class: `${Math.floor(reply.statusCode / 100)}xx`,
    };
    duration.observe(labels, reply.elapsedTime / 1000);
    request.log.debug(
      { ...labels, status: reply.statusCode, durationMs: Math.round(reply.elapsedTime) },
      'request done',
    );
    endSpan(request, reply.statusCode);
  });
  http.addHook('onRequestAbort', async (request) => endSpan(request, 499));
}

/** What names this request to the people who look for it: its trace where there is one, else its request id. */
export function traceIdOf(request: FastifyRequest): string {
  const span = spans.get(request.raw)?.spanContext();
  if (span !== undefined && !/^0+$/.test(span.traceId)) return span.traceId;
  return spanContextOf(request.headers)?.traceId ?? request.id;
}

/** The pattern of the route, never the URL itself: labels must have few values and ids do not belong into metrics. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unknown';
}

function endSpan(request: FastifyRequest, status: number): void {
  const span = spans.get(request.raw);
  if (span === undefined) return;
  spans.delete(request.raw);
  span.setAttribute('http.response.status_code', status);
  span.end();
}
